"""Small gaps in a picture: bad pixels and saturated cores that hold no data."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAP_REACH", "fill_small_gaps"]

_REACH = 2  # a square of 5 x 5 pixels
_LEAST_NEIGHBOURS = 13  # more than half: straight edges do not grow
_ROUNDS = 4
GAP_REACH = _ROUNDS * _REACH

Places = tuple[NDArray[np.intp], ...]


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
    is_gap = np.isnan(image)
    if not is_gap.any():
        return image
    places: Places = np.nonzero(is_gap & (_known_around(is_gap) >= _LEAST_NEIGHBOURS))
    for _ in range(_ROUNDS):
        if not places[0].size:
            break
        image[places] = _means_around(image, places)
        is_gap[places] = False
        places = _fillable_around(is_gap, places)
    return image


def _known_around(is_gap: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the number of pixels with data in the square around each pixel.

    The image goes on beyond its border as it is there.
    """
    known = np.pad(~is_gap, _REACH, mode="edge").view(np.uint8)
    ny, nx = is_gap.shape
    rows = known[:ny].copy()
    for shift in range(1, 2 * _REACH + 1):
        rows += known[shift : shift + ny]
    count = rows[:, :nx].copy()
    for shift in range(1, 2 * _REACH + 1):
        count += rows[:, shift : shift + nx]
    return count


def _neighbours(places: Places, shape: tuple[int, ...]) -> list[Places]:
    y, x = places
    steps = range(-_REACH, _REACH + 1)
    rows = [np.clip(y + step, 0, shape[0] - 1) for step in steps]
    columns = [np.clip(x + step, 0, shape[1] - 1) for step in steps]
    return [(row, column) for row in rows for column in columns]


def _means_around(image: NDArray[np.float32], places: Places) -> NDArray[np.float32]:
    light, count = np.zeros(len(places[0])), np.zeros(len(places[0]))
    for near in _neighbours(places, image.shape):
        values = image[near]
        has_data = ~np.isnan(values)
        light += np.where(has_data, values, 0)
        count += has_data
    return np.asarray(light / count, np.float32)


def _fillable_around(is_gap: NDArray[np.bool_], filled: Places) -> Places:
    """Return the gaps near those just filled that have enough neighbours now."""
    ny, nx = is_gap.shape
    near = _neighbours(filled, is_gap.shape)
    flat = np.unique(
        np.concatenate([y[is_gap[y, x]] * nx + x[is_gap[y, x]] for y, x in near])
    )
    places = np.divmod(flat, nx)
    count = sum(
        (~is_gap[there]).astype(np.uint8) for there in _neighbours(places, (ny, nx))
    )
    enough = np.asarray(count) >= _LEAST_NEIGHBOURS
    return places[0][enough], places[1][enough]
