"""The flags of an exposure's copy: a plane for every chip, and its cosmic rays."""

from collections.abc import Mapping

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

__all__ = ["add_missing_flags", "flag_cosmic_rays"]


def add_missing_flags(hdus: fits.HDUList) -> None:
    """Give every chip a DQ plane, without flags where the file has none.

    Parameters
    ----------
    hdus : HDUList
        The copy; changed in place.
    """
    for extver in [hdu.ver for hdu in hdus if hdu.name == "SCI"]:
        if ("DQ", extver) not in hdus:
            science = hdus.index_of(("SCI", extver))
            has_error = ("ERR", extver) in hdus
            place = hdus.index_of(("ERR", extver)) if has_error else science
            plane = np.zeros(hdus[science].shape, np.int16)
            hdus.insert(place + 1, fits.ImageHDU(plane, name="DQ", ver=extver))


def flag_cosmic_rays(
    hdus: fits.HDUList,
    masks: Mapping[int, NDArray[np.bool_]],
    *,
    reset_bits: int,
    bit: int,
) -> None:
    """Flag pixels that cosmic rays hit.

    Parameters
    ----------
    hdus : HDUList
        The copy, with a DQ plane for every chip; changed in place.
    masks : Mapping of int to ndarray of bool, shape (ny, nx)
        Pixels to flag, by EXTVER.
    reset_bits, bit : int
        DQ bits cleared before, and the bit that flags a hit.
    """
    for extver, mask in masks.items():
        place = hdus.index_of(("DQ", extver))
        quality = np.array(hdus[place].data)
        quality &= np.array(~reset_bits).astype(quality.dtype)
        quality[mask] |= np.array(bit).astype(quality.dtype)
        header = hdus[place].header
        hdus[place] = fits.ImageHDU(quality, header=header, name="DQ", ver=extver)
