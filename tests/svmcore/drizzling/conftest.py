"""Chips with strong distortion, small enough for tests."""

import pytest
from astropy.io import fits
from stwcs.wcsutil import HSTWCS

PIXEL_DEG = 0.05 / 3600


def distorted_header(dx_pix, dy_pix, *, shape=(120, 160)):
    """Header of a chip with SIP terms of some pixels and a skewed CD matrix."""
    header = fits.Header()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, shape[1], shape[0]
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["CRVAL1"] = 150.0 + dx_pix * PIXEL_DEG
    header["CRVAL2"] = 2.0 + dy_pix * PIXEL_DEG
    header["CRPIX1"], header["CRPIX2"] = shape[1] / 2, shape[0] / 2
    header["CD1_1"], header["CD1_2"] = -PIXEL_DEG * 1.03, PIXEL_DEG * 0.52
    header["CD2_1"], header["CD2_2"] = PIXEL_DEG * 0.5, PIXEL_DEG * 0.98
    header["A_ORDER"], header["B_ORDER"] = 3, 3
    header["A_2_0"], header["A_1_1"], header["A_0_3"] = 4e-5, -2e-5, 1e-7
    header["B_0_2"], header["B_1_1"], header["B_3_0"] = -3e-5, 2e-5, -2e-7
    header["IDCSCALE"], header["ORIENTAT"] = 0.05, 27.0
    return header


@pytest.fixture
def distorted_chip():
    """Return a maker of chip WCS, shifted by some pixels on the sky."""

    def make(dx_pix, dy_pix, *, shape=(120, 160)):
        hdu = fits.ImageHDU(name="SCI")
        hdu.header.update(distorted_header(dx_pix, dy_pix, shape=shape))
        primary = fits.PrimaryHDU()
        primary.header["INSTRUME"], primary.header["DETECTOR"] = "ACS", "HRC"
        wcs = HSTWCS(fits.HDUList([primary, hdu]), ext=1)
        wcs.pixel_shape = (shape[1], shape[0])
        return wcs

    return make
