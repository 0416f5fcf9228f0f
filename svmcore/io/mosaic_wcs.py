"""World coordinates of drizzled products."""

import re

from astropy.io import fits
from astropy.wcs import WCS

from svmcore.io.mosaics import Mosaic

__all__ = ["mosaic_wcs"]

_WCS = re.compile(
    r"NAXIS\d?|WCSAXES|CRPIX\d|CRVAL\d|CDELT\d|CUNIT\d|CTYPE\d|CD\d_\d|PC\d_\d|"
    r"LONPOLE|LATPOLE|RADESYS|EQUINOX|WCSNAME"
)


def mosaic_wcs(mosaic: Mosaic) -> WCS:
    """Return the undistorted world coordinates of a product's grid.

    Parameters
    ----------
    mosaic : Mosaic
        From `svmcore.io.mosaics.read_mosaic`, which does without the
        libraries for this.
    """
    header = fits.Header()
    for keyword, value in mosaic.header.items():
        if _WCS.fullmatch(keyword) and value is not None:
            header[keyword] = value
    return WCS(header)
