"""Odd places, sizes, names and files: cutouts of what is there, or a clear error."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from cutout_checks import assert_equal, decide_with, place_in

from svmcore.drizzling.grid import grid_wcs
from svmcore.errors import DrizzleError, InputError, ParameterError
from svmcore.pipeline.cutout import compare, drizzle_cutout
from svmcore.pipeline.cutout_place import find_product
from svmcore.pipeline.cutout_source import open_cutouts
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit
from tests.support.drizzled_visits import drizzle_visit

UVIS = VisitConfig(
    instrument="wfc3/uvis",
    filters=("F814W",),
    chip_shape=(60, 90),
    exposures=2,
    has_rejected=False,
    density=600.0,
    dither_arcsec=0.5,
    pa_v3_deg=150.0,
    seed=24,
)


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("visit"), UVIS)


@pytest.fixture(scope="module")
def made(visit, tmp_path_factory):
    return drizzle_visit(visit.exposure_list, tmp_path_factory.mktemp("run") / "out")


@pytest.fixture(scope="module")
def source(made):
    return open_cutouts(made.total, results=made.folders)


@pytest.fixture
def ask(made, source):
    """Return a function that makes a cutout of the filter product."""
    product = made.total.filters[0]

    def cutout(**changes):
        options = {
            "center_deg": place_in(made.file(product)),
            "size": 20,
            "parameters": made.parameters,
        }
        return drizzle_cutout(source, product, **(options | changes))

    return cutout


def _sky(made, x, y):
    """Return where a pixel of the filter product is."""
    path = made.file(made.total.filters[0])
    with fits.open(path) as hdus:
        ny, nx = hdus["SCI"].data.shape
    return place_in(path, x / nx, y / ny)


@pytest.mark.parametrize(
    "size", [0, -3, 100000, (0, 20), (20, 100000), 20.5, (1, 2, 3)]
)
def test_size_that_is_none_of_a_part(ask, size):
    with pytest.raises(
        ParameterError, match=r"size .* is not between 1 and \d+"
    ) as seen:
        ask(size=size)
    assert "hst_16001_01_wfc3_uvis_f814w" in seen.value.subject


@pytest.mark.parametrize("place", [(-3, 20), (20, -3), (20, 10000), (10000, 20)])
def test_place_outside(ask, made, place):
    with pytest.raises(DrizzleError, match="lies outside of it"):
        ask(center_deg=_sky(made, *place))


def test_place_on_the_other_side_of_the_sky(ask):
    with pytest.raises(DrizzleError, match="lies outside of it"):
        ask(center_deg=(264.7, 69.1))


def test_product_that_is_not_there(made, source, ask):
    with pytest.raises(DrizzleError, match=r"is no product of .*Known are: hst_16001"):
        find_product(made.total, "hst_16001_01_wfc3_uvis_f606w_idem01")
    product = made.total.filters[0]
    foreign = replace(product, visit=replace(product.visit, obset_id="02"))
    with pytest.raises(DrizzleError, match="is no product of"):
        drizzle_cutout(
            source,
            foreign,
            center_deg=place_in(made.file(product)),
            size=20,
            parameters=made.parameters,
        )
    with pytest.raises(DrizzleError, match="has no parameters among those given"):
        ask(parameters={})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("final_pixfracs", 0.5, "final_pixfrac"),
        ("final_pixfrac", 3.0, "final_pixfrac: found 3.0, expected"),
        ("final_kernel", "round", "final_kernel: found 'round', expected"),
        ("driz_cr_snr", "3.5", "driz_cr_snr"),
    ],
)
def test_parameters_that_are_refused(ask, visit, key, value, message):
    with pytest.raises(ParameterError, match=message):
        ask(parameters=decide_with(visit, (key, value)))


def test_results_deleted_in_between(visit, made, tmp_path):
    """What was read is kept; what is gone is made anew."""
    kept = tmp_path / "out"
    shutil.copytree(made.output, kept)
    folders = {
        name: kept / folder.relative_to(made.output)
        for name, folder in made.folders.items()
    }
    product = made.total.filters[0]
    where = {"center_deg": place_in(made.file(product)), "size": 20}
    source = open_cutouts(made.total, results=folders)
    before = drizzle_cutout(source, product, **where, parameters=made.parameters)
    shutil.rmtree(kept)
    again = drizzle_cutout(source, product, **where, parameters=made.parameters)
    assert np.array_equal(before.science, again.science, equal_nan=True)
    fresh = open_cutouts(made.total, results=folders)
    anew = drizzle_cutout(fresh, product, **where, parameters=made.parameters)
    assert any("not aligned yet" in note for note in anew.notes)
    # the test visit is drizzled with the WCS of the headers
    assert_equal(anew, made.file(product), some=0.97)
    partly = {
        name: made.folders[name] if "grids" in name else folder
        for name, folder in folders.items()
    }
    halfway = open_cutouts(made.total, results=partly)
    found = drizzle_cutout(halfway, product, **where, parameters=made.parameters)
    assert any("around the place alone" in note for note in found.notes)


def test_exposures_deleted_in_between(visit, tmp_path):
    copy = tmp_path / "visit"
    shutil.copytree(visit.folder, copy)
    again = drizzle_visit(copy / visit.exposure_list.name, tmp_path / "out")
    source = open_cutouts(again.total, results=again.folders)
    product = again.total.filters[0]
    gone = again.total.exposures[0].path
    gone.unlink()
    with pytest.raises(InputError, match=gone.name):
        drizzle_cutout(
            source,
            product,
            center_deg=place_in(again.file(product)),
            size=20,
            parameters=again.parameters,
        )


def test_chip_without_pixels_in_the_cutout(made, ask):
    """A corner that one chip alone sees: its pixels are those of the product."""
    with fits.open(made.file(made.total.filters[0])) as hdus:
        one = hdus["CTX"].data
        y, x = np.nonzero((one != 0) & ((one & (one - 1)) == 0))
    lowest = np.argmin(y)
    cutout = ask(center_deg=_sky(made, x[lowest], y[lowest] + 6), size=(12, 12))
    path = made.file(made.total.filters[0])
    with fits.open(path) as hdus:
        here = cutout.window.slices_within(cutout.grid.window)
        science = hdus["SCI"].data[here]
    np.testing.assert_array_equal(np.isnan(cutout.science), np.isnan(science))
    assert 0 < cutout.weight_statistics.covered_fraction < 1
    # 1e-4: single-precision sums in another order
    np.testing.assert_allclose(cutout.science, science, rtol=1e-4, atol=1e-5)


def test_cutout_over_the_chip_gap(made, source, ask):
    """Both chips and the gap between them, which one exposure alone covers."""
    product = made.total.filters[0]
    grid = grid_wcs(ask().grid)
    centres = [
        [wcs.all_pix2world([[44.5, y]], 0)[0] for y in (0, 59)]
        for wcs in source.wcs_of(frozenset({product.exposures[0].rootname}))[
            product.exposures[0].rootname
        ].values()
    ]
    ends = np.array([end for chip in centres for end in chip])
    distances = [(np.hypot(*(ends[i] - ends[j])), i, j) for i in (0, 1) for j in (2, 3)]
    _, i, j = min(distances)
    middle = tuple(float(value) for value in (ends[i] + ends[j]) / 2)
    x, y = grid.wcs_world2pix([middle], 0)[0]
    assert 0 < x < ask().grid.shape[1]
    assert 0 < y < ask().grid.shape[0]
    side = 50
    cutout = ask(center_deg=middle, size=side)
    assert_equal(cutout, made.file(product))
    assert cutout.notes == ()


def test_cutout_without_any_pixel(made, source, ask, visit):
    with fits.open(made.file(made.total.filters[0])) as hdus:
        covered = hdus["WHT"].data > 0
    corners = {(2, 2), (2, -3), (-3, 2), (-3, -3)}
    empty = next(c for c in sorted(corners) if not covered[c])
    ny, nx = covered.shape
    place = _sky(made, empty[1] % nx, empty[0] % ny)
    cutout = ask(center_deg=place, size=3, with_error=True)
    assert np.isnan(cutout.science).all()
    assert np.isnan(cutout.error).all()
    assert not cutout.weight.any()
    assert not cutout.hits.any()
    statistics = cutout.weight_statistics
    assert statistics.covered_fraction == statistics.mean == 0
    assert np.isnan(statistics.unevenness)
    found = compare(
        source,
        made.total.filters[0],
        made.parameters,
        decide_with(visit, ("final_pixfrac", 0.5)),
        center_deg=place,
        size=3,
    )
    assert np.isnan(found.rms)
    assert np.isnan(found.largest)


def test_cutout_that_reaches_beyond_the_product(made, ask):
    """Beyond its edge there is nothing; inside it is the product."""
    path = made.file(made.total.filters[0])
    with fits.open(path) as hdus:
        science = hdus["SCI"].data
    nx = science.shape[1]
    cutout = ask(center_deg=_sky(made, nx / 2, 1), size=(30, 40))
    window = cutout.window
    assert window.y0 < 0
    assert np.isnan(cutout.science[: -window.y0]).all()
    assert not cutout.weight[: -window.y0].any()
    inside = window.intersect(cutout.grid.window)
    np.testing.assert_allclose(
        cutout.science[inside.slices_within(window)],
        science[inside.slices_within(cutout.grid.window)],
        rtol=1e-4,  # single-precision sums in another order
        atol=1e-5,
    )
