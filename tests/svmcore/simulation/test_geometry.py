"""Attitudes turn the sky rigidly; real distortion comes from the resources."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from stwcs.wcsutil import HSTWCS

from svmcore.model.wcs import AlignedChip
from svmcore.simulation import VisitConfig
from svmcore.simulation.exposures import visit_solutions
from svmcore.simulation.geometry import attitude, place_chip, read_geometry
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.pointings import plan_exposures
from svmcore.simulation.wcs_headers import chip_wcs

ANGLES = st.floats(0.0, 360.0)
LATITUDES = st.floats(-85.0, 85.0)


@given(ra=ANGLES, dec=LATITUDES, pa=ANGLES)
def test_an_attitude_is_a_rotation(ra, dec, pa):
    turn = attitude(ra, dec, pa)
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)


@given(ra=ANGLES, dec=LATITUDES, pa=ANGLES)
def test_a_chip_goes_there_and_back(ra, dec, pa):
    chip = AlignedChip(1, (150.0, 20.0), ((-1.1e-5, 2e-6), (1e-6, 1.2e-5)))
    here, there = attitude(150.001, 20.002, 33.0), attitude(ra, dec, pa)
    back = place_chip(place_chip(chip, here, there), there, here)
    # 1e-9 deg is 4 microarcseconds
    np.testing.assert_allclose(back.crval_deg, chip.crval_deg, atol=1e-9)
    np.testing.assert_allclose(back.cd_deg, chip.cd_deg, atol=1e-16)


def test_a_roll_turns_the_chip_about_the_pointing():
    chip = AlignedChip(1, (10.0, 0.01), ((-1e-5, 0.0), (0.0, 1e-5)))
    moved = place_chip(chip, attitude(10.0, 0.0, 0.0), attitude(10.0, 0.0, 90.0))
    # what lay north now lies east
    np.testing.assert_allclose(moved.crval_deg, (10.01, 0.0), atol=1e-9)


def test_a_scale_moves_chips_apart_and_widens_them():
    chip = AlignedChip(1, (10.0, 0.01), ((-1e-5, 0.0), (0.0, 1e-5)))
    here = attitude(10.0, 0.0, 0.0)
    moved = place_chip(chip, here, here, scale=1.001)
    assert moved.crval_deg[1] == pytest.approx(0.01 * 1.001, abs=1e-9)
    assert moved.cd_deg[1][1] == pytest.approx(1e-5 * 1.001)


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("wfc3_ir", "headers/sample_ipppssoot_flt.fits"),
        ("wfc3_uvis", "headers/sample_ipppssoot_flc.fits"),
    ],
)
def test_distortion_is_that_of_the_real_files(shared_data, name, real):
    with fits.open(shared_data / real) as hdus:
        for chip in read_geometry(name, "any").chips:
            header = hdus["SCI", chip.extver].header
            for key, value in chip.sip.items():
                assert header[key] == value
            assert header["IDCSCALE"] == chip.constants["IDCSCALE"]
            assert header.get("CCDCHIP", 1) == chip.number


def test_lookup_tables_are_those_of_the_real_file(shared_data):
    # The real file's tables are cut to 10 x 10 nodes; the first ones are there.
    with fits.open(shared_data / "headers/sample_ipppssoot_flc.fits") as hdus:
        for chip in read_geometry("wfc3_uvis", "F555W").chips:
            first = 2 * chip.extver - 1
            for index, table in enumerate(chip.tables):
                name = ("WCSDVARR", "D2IMARR")[index // 2]
                real = hdus[name, first + index % 2].data
                np.testing.assert_array_equal(table[:10, :10], real)


def test_distortion_differs_between_acs_filters():
    one, two = (read_geometry("acs_wfc", f).chips[0].sip for f in ("F606W", "F814W"))
    assert one["A_2_0"] != two["A_2_0"]


@pytest.mark.parametrize(
    ("name", "scale", "tolerance"),
    [
        ("wfc3/ir", 0.12825, 0.002),
        ("wfc3/uvis", 0.0396, 0.001),
        ("acs/wfc", 0.05, 0.001),
        ("acs/hrc", 0.0265, 0.001),
    ],
)
def test_pixel_scale_is_that_of_the_handbook(name, scale, tolerance):
    chip = read_geometry(INSTRUMENTS[name].name, "").chips[0]
    side = np.sqrt(abs(np.linalg.det(np.array(chip.linear.cd_deg)))) * 3600.0
    assert side == pytest.approx(scale, abs=tolerance)


def test_files_give_the_same_sky_as_the_values(visits, small_config):
    # The lookup tables of a subarray are shifted with it.

    config = small_config("wfc3/uvis")
    exposure = plan_exposures(config)[0]
    geometry = read_geometry("wfc3_uvis", exposure.filter_name)
    grid = np.array([[0.0, 0.0], [299.0, 0.0], [150.0, 280.0]])
    with fits.open(visits("wfc3/uvis").exposures[0]) as hdus:
        for solutions in visit_solutions(config, exposure):
            stored = HSTWCS(hdus, ext=("SCI", solutions.chip.extver))
            whole = chip_wcs(solutions.apriori, solutions, geometry)
            np.testing.assert_allclose(
                stored.all_pix2world(grid, 0), whole.all_pix2world(grid, 0), atol=1e-11
            )


def test_a_subarray_sees_the_same_sky_as_the_full_chip():

    full = VisitConfig(instrument="wfc3/uvis")
    part = replace(full, chip_shape=(200, 400))
    geometry = read_geometry("wfc3_uvis", "F555W")
    exposure = plan_exposures(full)[0]
    for whole, cut in zip(
        visit_solutions(full, exposure), visit_solutions(part, exposure), strict=True
    ):
        grid = np.array([[0.0, 0.0], [399.0, 199.0], [77.0, 33.0]])
        one = chip_wcs(whole.true, whole, geometry).all_pix2world(grid + cut.corner, 0)
        two = chip_wcs(cut.true, cut, geometry).all_pix2world(grid, 0)
        # 1e-9 deg is 4 microarcseconds
        np.testing.assert_allclose(one, two, atol=1e-9)
