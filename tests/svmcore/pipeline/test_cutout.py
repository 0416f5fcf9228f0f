"""Cutouts show what a run with the same parameters would put into the product."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from cutout_checks import assert_equal, decide_with, place_in, set_parameter

from svmcore.errors import InputError
from svmcore.io.drizzle_results import read_grids
from svmcore.pipeline.cutout import compare, drizzle_cutout, product_grid
from svmcore.pipeline.cutout_source import open_cutouts
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit
from tests.support.drizzled_visits import drizzle_visit

IR = VisitConfig(
    chip_shape=(80, 90), exposures=3, has_rejected=False, density=2500.0, seed=4
)
UVIS = replace(
    IR,
    instrument="wfc3/uvis",
    filters=("F814W",),
    chip_shape=(84, 100),
    density=600.0,
    dither_arcsec=0.7,
)


@pytest.fixture(scope="module")
def ir(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("ir"), IR)


@pytest.fixture(scope="module")
def uvis(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("uvis"), UVIS)


@pytest.fixture(scope="module")
def drizzled_ir(ir, tmp_path_factory):
    return drizzle_visit(ir.exposure_list, tmp_path_factory.mktemp("out") / "ir")


@pytest.fixture(scope="module")
def drizzled_uvis(uvis, tmp_path_factory):
    return drizzle_visit(uvis.exposure_list, tmp_path_factory.mktemp("out") / "uvis")


@pytest.mark.parametrize("kind", ["filter", "exposure", "total"])
@pytest.mark.parametrize("detector", ["ir", "uvis"])
def test_pixels_are_those_of_the_product(request, detector, kind):
    visit = request.getfixturevalue(f"drizzled_{detector}")
    total = visit.total
    product = {
        "filter": total.filters[0],
        "exposure": total.filters[0].members[1],
        "total": total,
    }[kind]
    source = open_cutouts(total, results=visit.folders)
    cutout = drizzle_cutout(
        source,
        product,
        center_deg=place_in(visit.file(product)),
        size=(50, 60),
        parameters=visit.parameters,
    )
    assert cutout.notes == ()
    assert_equal(cutout, visit.file(product))
    assert set(cutout.separate) == set(cutout.separate_hits)
    if detector == "uvis":
        roots = {one.rootname for one in total.filters[0].exposures}
        assert set(cutout.separate) == roots
        assert cutout.hits.sum() > 0
        if kind == "filter":
            assert cutout.weight_statistics.unevenness < 0.5


# Several at a time: each run takes seconds, and each must agree pixel by pixel.
TRIALS = {
    "instrument": [
        ("gain", 1.7),
        ("rdnoise", 30.0),
        ("exptime", 123.0),
        ("final_wht_type", "IVM"),
    ],
    "weights": [
        ("final_wht_type", "ERR"),
        ("final_wt_scl", "expsq"),
        ("final_units", "counts"),
        ("final_maskval", -5.0),
    ],
    "drops": [
        ("final_kernel", "turbo"),
        ("final_pixfrac", 0.7),
        ("final_scale", 0.06),
        ("final_rot", 20.0),
    ],
    "sky": [("skymethod", "localmin"), ("skystat", "mean"), ("static_sig", 2.0)],
    "less": [("skysub", False), ("coeffs", False), ("group", "1")],
    "bits": [("final_bits", 0), ("resetbits", 0)],
}


@pytest.fixture(scope="module")
def run_with(uvis, tmp_path_factory):
    """Return a function that drizzles the visit with one of the trials, once."""
    made = {}

    def get(name):
        if name not in made:
            changes = [set_parameter(key, value) for key, value in TRIALS[name]]
            folder = tmp_path_factory.mktemp("trial") / "out"
            made[name] = drizzle_visit(uvis.exposure_list, folder, changes)
        return made[name]

    return get


@pytest.mark.parametrize("name", list(TRIALS))
def test_every_kind_of_parameter_acts_as_in_a_run(run_with, name):
    made = run_with(name)
    product = made.total.filters[0]
    source = open_cutouts(made.total, results=made.folders)
    where = {"center_deg": place_in(made.file(product), up=0.7), "size": 44}
    cutout = drizzle_cutout(source, product, **where, parameters=made.parameters)
    assert cutout.notes == ()
    assert_equal(cutout, made.file(product))


@pytest.mark.parametrize("name", ["instrument", "sky", "bits"])
def test_trial_finds_what_a_run_with_it_would_find(drizzled_uvis, run_with, name):
    """The source knows a run with other parameters only."""
    made = run_with(name)
    product = drizzled_uvis.total.filters[0]
    source = open_cutouts(drizzled_uvis.total, results=drizzled_uvis.folders)
    where = {"center_deg": place_in(made.file(product), up=0.7), "size": 44}
    cutout = drizzle_cutout(source, product, **where, parameters=made.parameters)
    assert len(cutout.notes) == 1
    assert "around the place alone" in cutout.notes[0]
    # Masks of pixels near the limits differ: the mean weight is that of a part.
    assert_equal(cutout, made.file(product), some=0.99)
    usual = drizzle_cutout(
        source, product, **where, parameters=drizzled_uvis.parameters
    )
    assert not np.array_equal(cutout.science, usual.science, equal_nan=True)


def test_without_a_run_all_is_found_in_the_exposures(drizzled_uvis):
    product = drizzled_uvis.total.filters[0]
    source = open_cutouts(drizzled_uvis.total)
    cutout = drizzle_cutout(
        source,
        product,
        center_deg=place_in(drizzled_uvis.file(product)),
        size=50,
        parameters=drizzled_uvis.parameters,
    )
    assert any("not aligned" in note for note in cutout.notes)
    # The test visit is drizzled with the WCS of the headers.
    assert_equal(cutout, drizzled_uvis.file(product), some=0.99)


def test_comparison_tells_what_a_parameter_does(drizzled_ir, ir):
    total = drizzled_ir.total
    source = open_cutouts(total, results=drizzled_ir.folders)
    grid = read_grids(drizzled_ir.result("build grids", total.basename))
    found = compare(
        source,
        total.filters[0],
        drizzled_ir.parameters,
        decide_with(ir, ("final_pixfrac", 0.5)),
        center_deg=grid.products[total.basename].crval_deg,
        size=(40, 50),
    )
    assert found.first.science.shape == (40, 50)
    assert found.largest > 0
    assert found.hits_changed == 0
    second, first = found.second.weight_statistics, found.first.weight_statistics
    assert second.unevenness > first.unevenness
    finer = compare(
        source,
        total.filters[0],
        drizzled_ir.parameters,
        decide_with(ir, ("final_scale", 0.09)),
        center_deg=grid.products[total.basename].crval_deg,
        size=(40, 50),
    )
    assert finer.difference is None
    assert np.isnan(finer.rms)


def test_grid_is_known_before_anything_is_drizzled(drizzled_uvis, uvis):
    total = drizzled_uvis.total
    product = total.filters[0]
    source = open_cutouts(total, results=drizzled_uvis.folders)
    usual = product_grid(source, product, drizzled_uvis.parameters)
    with fits.open(drizzled_uvis.file(product)) as hdus:
        assert usual.shape == hdus["SCI"].data.shape
    reference = drizzled_uvis.file(total.filters[0].members[0])
    own = product_grid(
        source, product, decide_with(uvis, ("final_refimage", str(reference)))
    )
    # FITS cards hold fifteen digits.
    assert (own.shape, own.crpix) == (usual.shape, usual.crpix)
    np.testing.assert_allclose(own.cd_deg, usual.cd_deg, rtol=1e-12, atol=1e-30)
    smaller = decide_with(
        uvis, ("final_outnx", 77), ("final_outny", 66), ("final_rot", 5.0)
    )
    assert product_grid(source, product, smaller).shape == (66, 77)
    assert product_grid(source, product, smaller).orientation_deg == pytest.approx(5.0)
    lost = decide_with(uvis, ("final_refimage", "/no/such_drc.fits"))
    with pytest.raises(InputError, match="no/such_drc"):
        product_grid(source, product, lost)
