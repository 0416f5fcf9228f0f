"""Small gaps in a picture: bad pixels and saturated cores that hold no data."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["GAP_REACH", "fill_small_gaps"]

_SIDE = 5
_LEAST_NEIGHBOURS = 13  # more than half: straight edges do not grow
_ROUNDS = 4
GAP_REACH = _ROUNDS * (_SIDE // 2)


def fill_small_gaps(sci: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return an image whose gaps of a few pixels hold their neighbours' mean.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Image; nan where there is no data.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Gaps wider than about eight pixels, and what lies outside, stay nan.

    Notes
    -----
    For the eye only: nothing is measured on the result. A pixel depends on
    those up to `GAP_REACH` rows away.
    """
    image = np.array(sci, dtype=np.float32)
    for _ in range(_ROUNDS):
        is_gap = np.isnan(image)
        if not is_gap.any() or is_gap.all():
            break
        known = (~is_gap).astype(np.float32)
        area = float(_SIDE**2)
        count = area * ndimage.uniform_filter(known, _SIDE, mode="nearest")
        light = area * ndimage.uniform_filter(
            np.where(is_gap, np.float32(0), image), _SIDE, mode="nearest"
        )
        fillable = is_gap & (count > _LEAST_NEIGHBOURS - 0.5)
        if not fillable.any():
            break
        image[fillable] = light[fillable] / count[fillable]
    return image
