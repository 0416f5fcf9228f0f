from collections import defaultdict

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from drizzled_images import grid_of_stars, paint_stars, write_mosaic
from single_tasks import run_task

from svmcore.filtering import judge_exposures
from svmcore.io.catalog_results import read_saturated
from svmcore.io.mosaic_wcs import mosaic_wcs
from svmcore.io.mosaics import read_mosaic
from svmcore.model.decisions import ParameterChange
from svmcore.parameters import select_all
from svmcore.pipeline.catalog import catalog_tasks
from svmcore.products import group_products

SHAPE = (260, 300)
# The painted stars are twelve times sharper than stars of this detector.
SHARP_STARS = tuple(
    ParameterChange("*", "quality control", f"ci filter.{kind}.ci_lower_limit", -1.0)
    for kind in ("aperture", "segment")
)


@pytest.fixture
def visit(exposure_with, tmp_path):
    """Tree of two filters with drizzled products of known stars."""
    exposures = [exposure_with(number=1), exposure_with(number=2, FILTER="F110W")]
    tree = group_products(exposures, judge_exposures(exposures))
    total = tree.totals[0]
    x, y, flux = grid_of_stars(SHAPE)
    for seed, (product, factor) in enumerate(
        ((total, 1.0), (total.filters[0], 0.5), (total.filters[1], 1.5))
    ):
        sci = paint_stars(SHAPE, x, y, factor * flux, seed=seed)
        write_mosaic(tmp_path / product.drizzle_name, sci)
    return tree, total, tmp_path


def _run(tree, total, folder, changes=SHARP_STARS):
    """Run the tasks one after the other, as the engine would."""
    results = defaultdict(lambda: folder)  # what drizzling leaves
    parameters = select_all(tree, changes)
    for number, task in enumerate(catalog_tasks(total, parameters=parameters)):
        scratch = folder / f"result{number}"
        run_task(task, scratch, results=results, output=folder)
    return task.outputs


def test_writes_point_and_segment_catalogs_of_total_and_filters(visit):
    tree, total, folder = visit
    outputs = _run(tree, total, folder)
    assert set(outputs) == {
        f"{product.basename}_{kind}-cat.ecsv"
        for product in (total, *total.filters)
        for kind in ("point", "segment")
    }
    n_stars = len(grid_of_stars(SHAPE)[0])
    for name in outputs:
        assert len(Table.read(folder / name)) == n_stars


def test_filters_share_positions_and_differ_in_flux(visit):
    tree, total, folder = visit
    _run(tree, total, folder)
    first, second = (
        Table.read(folder / product.point_catalog_name) for product in total.filters
    )
    assert np.array_equal(first["ID"], second["ID"])
    assert np.array_equal(first["X-Center"], second["X-Center"])
    # three times the light, 2.5 log10(3) = 1.193 mag; noise is 0.01 mag
    difference = np.median(first["MagAp2"] - second["MagAp2"])
    assert difference == pytest.approx(1.193, abs=0.01)


def test_total_catalog_repeats_the_filters(visit):
    tree, total, folder = visit
    _run(tree, total, folder)
    table = Table.read(folder / total.point_catalog_name)
    of_filter = Table.read(folder / total.filters[0].point_catalog_name)
    name = total.filters[0].filter_name
    assert np.array_equal(table[f"MagAP2_{name}"], of_filter["MagAp2"])
    assert table.meta["Number of sources"] == len(table)
    assert table.meta["WCSNAME"] == "TEST-WCS"


def test_what_is_no_star_in_any_filter_is_left_out_of_the_total(visit):
    tree, total, folder = visit
    _run(tree, total, folder, changes=())
    assert len(Table.read(folder / total.point_catalog_name)) == 0
    of_filter = Table.read(folder / total.filters[0].point_catalog_name)
    assert len(of_filter) > 0
    assert np.all(of_filter["Flags"] & 16)


def test_an_empty_field_gives_empty_catalogs(visit):
    tree, total, folder = visit
    for product in (total, *total.filters):
        write_mosaic(folder / product.drizzle_name, paint_stars(SHAPE, [], [], []))
    for name in _run(tree, total, folder):
        assert len(Table.read(folder / name)) == 0


def test_a_detector_without_direct_exposures_has_no_catalogs(exposure_with):
    exposures = [exposure_with(FILTER="G141", OBSTYPE="SPECTROSCOPIC")]
    tree = group_products(exposures, judge_exposures(exposures))
    for total in tree.totals:
        assert catalog_tasks(total, parameters=select_all(tree)) == ()


def test_saturated_pixels_are_found_on_the_grid(write_exposure, tmp_path):
    path = write_exposure(tmp_path, "acs_hrc", 1, center=(150.0, 2.0))
    with fits.open(path, mode="update") as exposure:
        exposure["DQ", 1].data[25, 30] = 256
    grid = read_mosaic(write_mosaic(tmp_path / "a.fits", np.ones((101, 121))))
    found = read_saturated(path, bit=256, grid=mosaic_wcs(grid))
    # the exposure's centre (29.5, 24.5) lies on the grid's centre (60, 50),
    # whose pixels are twice as large
    assert found == pytest.approx(np.array([[60.25, 50.25]]), abs=0.01)
