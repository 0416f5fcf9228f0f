"""Pixels that are low in every exposure: step 1."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from stsci.imagestats import ImageStats

__all__ = ["add_static", "static_limit"]

CLIPS = 3


def static_limit(science: NDArray[np.float32], *, sigma: float) -> float | None:
    """Return the value below which pixels of a chip are suspicious.

    Parameters
    ----------
    science : ndarray of float32, shape (ny, nx)
        Pixel values of one chip.
    sigma : float
        ``static_sig``: distance from the mode in standard deviations.

    Returns
    -------
    float or None
        Mode minus `sigma` standard deviations, both after three clips at
        three of them; None where all values are alike.
    """
    low, high = float(science.min()), float(science.max())
    if high - low < 1e-5:
        return None
    found = ImageStats(science, nclip=CLIPS, fields="mode", lower=low, upper=high)
    if len(found.histogram) < 2:
        return None
    return float(found.mode - sigma * found.stddev)


def add_static(
    known: NDArray[np.bool_] | None,
    science: Iterable[NDArray[np.float32]],
    sigma: float,
) -> NDArray[np.bool_] | None:
    """Return the static pixels of a chip: low in at least one exposure.

    Parameters
    ----------
    known : ndarray of bool, shape (ny, nx), or None
        What has been found already.
    science : iterable of ndarray of float32, shape (ny, nx)
        The same chip in several exposures.
    sigma : float
        ``static_sig``.

    Returns
    -------
    ndarray of bool or None
        True where a pixel is bad; None if there is no exposure.
    """
    for image in science:
        limit = static_limit(image, sigma=sigma)
        low = np.zeros(image.shape, bool) if limit is None else image < limit
        known = low if known is None else known | low
    return known
