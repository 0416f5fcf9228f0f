"""Masks for measuring the sky, as images."""

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from svmcore.errors import InputError
from svmcore.io.sky_masks import SkyMask

__all__ = ["read_mask"]


def read_mask(mask: SkyMask, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels of a chip a mask leaves.

    Parameters
    ----------
    mask : SkyMask
        Mask image.
    shape : tuple of int
        Shape of the chip.

    Raises
    ------
    InputError
        If it cannot be read or has another shape.
    """
    subject = f"{mask.path}, extension {mask.extension}"
    try:
        values = fits.getdata(mask.path, ext=mask.extension)
    except (OSError, KeyError, IndexError) as error:
        raise InputError(
            subject, f"cannot be read ({error})", "Correct skymask_cat."
        ) from error
    if np.shape(values) != shape:
        raise InputError(
            subject,
            f"has the shape {np.shape(values)}, the chip has {shape}",
            "Give a mask on the pixels of the exposure.",
        )
    good: NDArray[np.bool_] = np.asarray(values) != 0
    return good
