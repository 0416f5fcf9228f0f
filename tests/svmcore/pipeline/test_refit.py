"""Fits from stored sources, compared with those that a run makes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table
from single_tasks import run_task

from svmcore.alignment.settings import FIT_PARAMETERS, alignment_settings
from svmcore.errors import AlignmentError, ReferenceCatalogError
from svmcore.io.alignment import (
    find_positions,
    read_group_fit,
    read_source_lists,
)
from svmcore.model.decisions import (
    AlignmentDecisions,
    Decisions,
    ExcludedRegion,
    ParameterChange,
)
from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.align import alignment_tasks
from svmcore.pipeline.align_steps import positions_key
from svmcore.pipeline.prepare import decide, prepare_visit
from svmcore.pipeline.refit import Refitter
from svmcore.simulation.config import PointingErrors, VisitConfig
from svmcore.simulation.visit import write_visit


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Return what fits a visit by decisions, as its tasks do: task, folder."""
    folder = tmp_path_factory.mktemp("visit")
    # Undersampled stars whose centroids follow the pixel phase: positions are
    # refined, and depended on which matches were used.
    config = VisitConfig(
        exposures=2,
        density=900.0,
        chip_shape=(400, 400),
        seed=33,
        has_grism=False,
        has_rejected=False,
        pointing=PointingErrors(visit_offset_mas=(300.0, -200.0)),
    )
    write_visit(folder, config)
    prepared = prepare_visit(folder)
    (total,) = prepared.tree.totals
    output = tmp_path_factory.mktemp("results")
    folders = {}

    def fit(name, decisions, changes=(), reference=folder / "gaia.ecsv"):
        parameters = decide(prepared.visit, Decisions(parameters=changes)).parameters
        tasks = alignment_tasks(
            total,
            parameters=parameters[total.basename],
            reference=ReferenceChoice.from_user(reference),
            decisions=decisions,
        )
        for task in tasks:
            detects = task.step == "detect sources"
            if task.step == "write exposure" or (
                detects and task.identifier in folders
            ):
                continue  # sources do not change in these tests
            where = output / name / task.subject
            run_task(task, where, results=folders, output=output)
        task = next(task for task in tasks if task.step == "fit alignment")
        return task, folders[task.identifier]

    fit.catalog = folder / "gaia.ecsv"
    return fit


def assert_same_fit(live, run):
    # A millionth of a mas is 3e-13 degrees.
    for one, two in zip(live.wcs, run.wcs, strict=True):
        assert one.chips[0].crval_deg == pytest.approx(
            two.chips[0].crval_deg, rel=0, abs=3e-13
        )
        assert np.array(one.chips[0].cd_deg) == pytest.approx(
            np.array(two.chips[0].cd_deg), rel=1e-13
        )
    assert live.matches.residual_mas == pytest.approx(
        run.matches.residual_mas, rel=0, abs=1e-6
    )
    assert (live.matches.identifier == run.matches.identifier).all()


@pytest.fixture(scope="module")
def plain(fits):
    """Task and folder of the fit that nobody changed."""
    return fits("plain", AlignmentDecisions())


FIT_CHANGES = {
    "geometry": ("match_relative_fit.fitgeom", "shift"),
    "ladder": ("run_align.mosaic_fitgeom_list", {"rscale": 4, "general": 6}),
    "limit": ("determine_fit_quality.MIN_FIT_MATCHES", 12),
    "judgement": ("determine_fit_quality.MAX_FIT_RMS", 0.01),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIT_CHANGES)
def test_a_live_refit_with_other_parameters_is_the_fit_of_a_run(name, fits, plain):
    key, value = FIT_CHANGES[name]
    change = ParameterChange("*", "alignment", key, value, "test")
    task, folder = fits(name, AlignmentDecisions(), (change,))
    live = Refitter(task, plain[1])
    assert live.can_fit(task.payload.settings)
    assert task.payload.settings != plain[0].payload.settings
    run = read_group_fit(folder)
    assert_same_fit(live(AlignmentDecisions(), task.payload.settings), run)
    if name == "geometry":
        assert {each.terms.fitgeom for each in run.exposures} == {"shift"}


def test_parameters_that_find_other_sources_are_not_fitted_live(plain):
    task, folder = plain
    live = Refitter(task, folder)
    finer = replace(task.payload.settings, threshold_sigma=5.0)
    assert not live.can_fit(finer)
    with pytest.raises(AlignmentError, match="other sources"):
        live(AlignmentDecisions(), finer)


@pytest.mark.parametrize("name", sorted(FIT_PARAMETERS))
def test_parameters_of_the_fit_alone_leave_the_refinement_as_it_is(name):
    values = {
        "run_align.mosaic_fitgeom_list": {"general": 7},
        "run_align.mosaic_relgeom_list": {"general": 7},
        "match_relative_fit.fitgeom": "general",
        "match_2dhist_fit.tolerance": 3.0,
        "determine_fit_quality.GOOD_FIT_QUALITY_VALUES": [1],
    }
    shipped = alignment_settings({})
    changed = alignment_settings({name: values.get(name, 2)})
    assert changed != shipped
    assert changed.for_refinement(shipped) == shipped


@pytest.mark.slow
def test_a_live_refit_is_the_fit_of_the_run(fits, plain):
    task, plain = plain
    first = read_group_fit(plain)
    assert any("phase" in line for line in first.history)
    table = first.matches
    middle = int(np.flatnonzero(table.is_used)[3])
    decisions = AlignmentDecisions(
        excluded_matches=frozenset(table.identifier[table.is_used][::4].tolist()),
        excluded_regions=(
            ExcludedRegion(
                float(table.ra_deg[middle]), float(table.dec_deg[middle]), 5.0
            ),
        ),
    )
    live = Refitter(task, plain)(decisions, task.payload.settings)
    again, folder = fits("decided", decisions)
    run = read_group_fit(folder)
    for rootname, sources in read_source_lists(plain).items():
        assert (sources.xy == read_source_lists(folder)[rootname].xy).all()
    assert live.kind == run.kind == "absolute"
    assert_same_fit(live, run)
    # And from the results of the run with decisions, back to the plain one.
    back = Refitter(again, folder)(AlignmentDecisions(), task.payload.settings)
    assert back.matches.residual_mas == pytest.approx(
        table.residual_mas, rel=0, abs=1e-6
    )
    assert replace(back.absolute, fitgeom="") == replace(first.absolute, fitgeom="")


def other_catalog(fits, tmp_path):
    """Return the visit's catalog, moved 100 mas north."""
    table = Table.read(fits.catalog)
    table["dec"] += 0.1 / 3600.0
    path = tmp_path / "moved.ecsv"
    table.write(path)
    return path


@pytest.mark.slow
def test_stored_sources_are_fitted_to_another_catalog(fits, plain, tmp_path):
    task, folder = plain
    moved = ReferenceChoice(file=other_catalog(fits, tmp_path))
    other = replace(task, payload=replace(task.payload, reference=moved))
    live = Refitter(other, folder, has_other_catalog=True)
    fit = live(AlignmentDecisions(), task.payload.settings)
    before = read_group_fit(folder)
    assert fit.kind == before.kind == "absolute"
    # A catalog moved as a whole moves the fit as a whole.
    north = [
        (one.chips[0].crval_deg[1] - two.chips[0].crval_deg[1]) * 3.6e6
        for one, two in zip(fit.wcs, before.wcs, strict=True)
    ]
    assert north == pytest.approx([100.0] * len(north), abs=0.02)
    # And to none, as the relative fit of a run: refined once more there.
    alone = replace(task, payload=replace(task.payload, reference=ReferenceChoice()))
    live = Refitter(alone, folder, has_other_catalog=True)
    fit = live(AlignmentDecisions(), task.payload.settings)
    _, again = fits("alone", AlignmentDecisions(), reference="none")
    assert fit.kind == "relative"
    for one, two in zip(fit.wcs, read_group_fit(again).wcs, strict=True):
        # 0.1 mas: what the catalog adds to the refinement of positions.
        assert one.chips[0].crval_deg == pytest.approx(
            two.chips[0].crval_deg, rel=0, abs=0.1 / 3.6e6
        )


def test_a_catalog_that_is_not_on_disk_waits_for_a_run(plain, tmp_path):
    task, folder = plain
    asked = ReferenceChoice(services=("GAIAeDR3",), cache=tmp_path)
    other = replace(task, payload=replace(task.payload, reference=asked))
    with pytest.raises(ReferenceCatalogError, match="not in the cache"):
        Refitter(other, folder, has_other_catalog=True).load()


def test_stored_sources_are_found_whatever_they_were_fitted_to(plain, tmp_path):
    task, folder = plain
    names = [tmp_path / "a", tmp_path / "b"]
    key = positions_key(task.payload, names)
    other = replace(task.payload, reference=ReferenceChoice())
    assert positions_key(other, names) == key
    assert positions_key(task.payload, names[:1]) != key
    finer = replace(task.payload.refinement, threshold_sigma=5.0)
    assert positions_key(replace(task.payload, refinement=finer), names) != key
    stored = json.loads((folder / "positions.json").read_text())["key"]
    assert find_positions(folder.parent, stored) == folder
    assert find_positions(folder.parent, key) is None
