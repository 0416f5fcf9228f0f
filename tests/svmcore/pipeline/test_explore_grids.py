"""What grid a parameter set gives, known before anything is drizzled."""

from dataclasses import asdict

import pytest

from svmcore.drizzling.grid import grid_wcs
from svmcore.io.drizzle_results import read_grids
from svmcore.io.raw import write_json
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.decisions import ParameterChange
from svmcore.pipeline.drizzle import cosmic_ray_tasks
from svmcore.pipeline.explore import product_grids, total_grid
from svmcore.pipeline.prepare import decide, prepare_visit
from svmcore.pipeline.tasks import TaskCall
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

CONFIG = VisitConfig(
    instrument="wfc3/uvis",
    filters=("F814W",),
    exposures=2,
    chip_shape=(80, 90),
    has_rejected=False,
    density=0.0,
)
TRIALS = {
    "usual": [],
    "as the first exposure": [("final_rot", None)],
    "rotation": [("final_rot", -33.0)],
    "scale": [("final_scale", 0.06)],
    "size and place": [
        ("final_outnx", 70),
        ("final_outny", 55),
        ("final_ra", 84.675),
        ("final_dec", -69.1),
        ("final_crpix1", 30.0),
        ("final_crpix2", 20.0),
    ],
    "own frame": [("final_wcs", False)],
    "no distortion": [("coeffs", False)],
}


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("visit"), CONFIG)


@pytest.fixture(scope="module")
def solutions(visit, tmp_path_factory):
    """Result of the alignment: the WCS of the headers."""
    (total,) = prepare_visit(visit.exposure_list).tree.totals
    folder = tmp_path_factory.mktemp("fit")
    aligned = [
        as_aligned(one.rootname, "IDC_TEST", read_chip_wcs(one.path))
        for one in total.exposures
    ]
    write_json(
        folder / "wcs.json",
        {"solutions": [asdict(one) for one in aligned], "set_aside": []},
    )
    return folder


def grids_of_run(chosen, solutions, folder):
    (total,) = chosen.tree.totals
    task = cosmic_ray_tasks(total, parameters=chosen.parameters, fit_task="fit")[0]
    task.function(TaskCall(task.payload, {"fit": (solutions,)}, folder, folder))
    return read_grids(folder).products


@pytest.mark.parametrize("name", list(TRIALS))
@pytest.mark.parametrize("for_total", [True, False], ids=["all", "filter"])
def test_grids_are_those_of_a_run(visit, solutions, tmp_path, name, for_total):
    prepared = prepare_visit(visit.exposure_list)
    (total,) = prepared.tree.totals
    product = "*" if for_total else total.filters[0].basename
    changes = [
        ParameterChange(product, "astrodrizzle", key, value)
        for key, value in TRIALS[name]
    ]
    decisions = prepared.decisions
    for change in changes:
        decisions = decisions.with_parameter(change)
    chosen = decide(prepared.visit, decisions)
    found = product_grids(chosen, total)
    made = grids_of_run(chosen, solutions, tmp_path)
    assert set(found) == set(made)
    for basename, grid in found.items():
        assert grid.shape == made[basename].shape
        assert grid.crpix == pytest.approx(made[basename].crpix)
        assert grid.crval_deg == pytest.approx(made[basename].crval_deg, abs=1e-12)
        assert grid.scale_arcsec == pytest.approx(made[basename].scale_arcsec)
        assert grid.orientation_deg == pytest.approx(
            made[basename].orientation_deg, abs=1e-9
        )
    assert total_grid(chosen, total) == found[total.basename]
    ra_deg, dec_deg = found[total.basename].center_deg
    ny, nx = found[total.basename].shape
    middle = grid_wcs(found[total.basename]).wcs_pix2world(
        [[(nx - 1) / 2, (ny - 1) / 2]], 0
    )[0]
    assert (ra_deg, dec_deg) == pytest.approx(tuple(middle), abs=1e-9)
