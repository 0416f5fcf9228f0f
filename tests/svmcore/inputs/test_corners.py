"""Corners of chips against astropy's own WCS."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from svmcore.inputs import chip_corners

LINEAR = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 5.0,
    "CRPIX2": 5.0,
    "CRVAL1": 10.0,
    "CRVAL2": 20.0,
    "CD1_1": -1e-5,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 1e-5,
}


@pytest.mark.parametrize("name", ["sample_ipppssoot_flc", "sample_svm_flt"])
def test_corners_are_those_of_the_polynomial_wcs(shared_data, name):
    path = shared_data / "headers" / f"{name}.fits"
    with fits.open(path) as units:
        for unit in units:
            if unit.name != "SCI":
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FITSFixedWarning)
                wcs = WCS(unit.header, units)
            # The lookup tables are not used for corners.
            wcs.cpdis1 = wcs.cpdis2 = wcs.det2im1 = wcs.det2im2 = None
            shape = (2051, 4096)
            edges = [(0.5, 0.5), (4096.5, 0.5), (4096.5, 2051.5), (0.5, 2051.5)]
            expected = wcs.all_pix2world(edges, 1)
            found = np.array(chip_corners(dict(unit.header), shape))
            # 1e-9 deg is 4 microarcseconds: rounding of the deprojection.
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dec", [-90.0, -89.999, 0.0, 89.999, 90.0])
def test_poles_are_no_obstacle(dec):
    values = {**LINEAR, "CRVAL2": dec, "CRVAL1": 359.9999}
    expected = WCS(fits.Header(values)).all_pix2world([(0.5, 0.5), (10.5, 10.5)], 1)
    corners = chip_corners(values, (10, 10))
    np.testing.assert_allclose(
        np.array([corners[0], corners[2]])[:, 1], expected[:, 1], rtol=0, atol=1e-9
    )
    turn = (np.array([corners[0], corners[2]])[:, 0] - expected[:, 0] + 180) % 360 - 180
    np.testing.assert_allclose(turn * np.cos(np.radians(dec)), 0, atol=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"CTYPE1": "GLON-TAN"},
        {"CTYPE2": None},
        {"CRVAL1": "ten"},
        {"CRVAL2": 91.0},
        {"CD1_1": 0.0},
        {"CRPIX1": float("nan")},
        {"CD2_2": True},
    ],
)
def test_no_usable_wcs_gives_no_corners(change):
    assert chip_corners({**LINEAR, **change}, (10, 10)) == ()


def test_an_overflowing_polynomial_gives_no_corners():
    values = {**LINEAR, "A_ORDER": 2, "A_2_0": 1e308}
    assert chip_corners(values, (4000, 4000)) == ()
