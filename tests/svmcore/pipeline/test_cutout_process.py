"""Cutouts from a worker process equal those made here; the process is replaced."""

import numpy as np
import pytest

from svmcore.errors import DrizzleError
from svmcore.pipeline.cutout import drizzle_cutout
from svmcore.pipeline.cutout_process import CutoutProcess, CutoutQuestion
from svmcore.pipeline.cutout_source import open_cutouts
from svmcore.pipeline.prepare import prepare_visit
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("visit")
    config = VisitConfig(
        chip_shape=(120, 130), exposures=3, has_rejected=False, density=2500.0
    )
    return prepare_visit(write_visit(folder, config).exposure_list)


@pytest.fixture(scope="module")
def process():
    made = CutoutProcess()
    yield made
    made.close()


def question(prepared, **changes):
    (total,) = prepared.tree.totals
    values = {
        "total": total,
        "results": (),
        "product": total.filters[0].basename,
        "center_deg": None,
        "size": 40,
        "parameters": (prepared.parameters,),
    }
    return CutoutQuestion(**(values | changes))


def test_cutout_is_that_of_this_process(prepared, process):
    asked = question(prepared)
    answer = process.ask(asked)
    (found,) = answer.cutouts
    here = drizzle_cutout(
        open_cutouts(asked.total),
        asked.total.filters[0],
        center_deg=answer.center_deg,
        size=40,
        parameters=prepared.parameters,
    )
    assert np.array_equal(found.science, here.science, equal_nan=True)
    assert np.array_equal(found.weight, here.weight)
    assert np.array_equal(found.hits, here.hits)
    assert sum(int(h.sum()) for h in found.separate_hits.values()) > 0


def test_cosmic_rays_of_each_exposure_lie_on_its_separate_image(prepared, process):
    (found,) = process.ask(question(prepared)).cutouts
    assert found.separate_hits.keys() == found.separate.keys()
    for rootname, image in found.separate.items():
        assert found.separate_hits[rootname].shape == image.shape


def test_place_outside_is_refused_and_the_process_goes_on(prepared, process):
    with pytest.raises(DrizzleError, match="lies outside"):
        process.ask(question(prepared, center_deg=(0.0, 0.0)))
    assert process.ask(question(prepared)).cutouts


def test_product_that_is_not_there_is_refused(prepared, process):
    with pytest.raises(DrizzleError, match="is no product of"):
        process.ask(question(prepared, product="hst_1_total"))


def test_size_is_at_most_that_of_the_product(prepared, process):
    (found,) = process.ask(question(prepared, size=5000, with_error=True)).cutouts
    assert found.science.shape == (max(found.grid.shape),) * 2
    assert found.error.shape == found.science.shape
    assert np.array_equal(np.isnan(found.error), np.isnan(found.science))


def test_killed_process_is_replaced(prepared, process):
    first = process.ask(question(prepared))
    for worker in list(process._pool._processes.values()):
        worker.kill()
        worker.join(10)
    second = process.ask(question(prepared))
    assert second.center_deg == first.center_deg
