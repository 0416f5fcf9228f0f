"""Centres of many sources at once."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["gather_windows", "windowed_centroids"]

FloatArray = NDArray[np.float64]

_ROUNDS = 8
_LARGEST_SHIFT = 1.5
_WINDOW_SIGMA = 1.0  # pixel; wide enough for a star between two pixels


def gather_windows(
    image: NDArray[np.floating],
    x: NDArray[np.integer],
    y: NDArray[np.integer],
    radius: int,
) -> FloatArray:
    """Return square windows around pixels, zero beyond the image's edge.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        Image.
    x, y : ndarray of int, shape (n,)
        Central pixels.
    radius : int
        Half the side: a window measures ``2 radius + 1`` [pixel].

    Returns
    -------
    ndarray of float, shape (n, 2 radius + 1, 2 radius + 1)
        Windows.
    """
    ny, nx = image.shape
    offset = np.arange(-radius, radius + 1)
    rows = y[:, None, None] + offset[None, :, None]
    columns = x[:, None, None] + offset[None, None, :]
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    pixels = image[np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1)]
    return np.where(inside, pixels, 0.0).astype(np.float64)


def windowed_centroids(windows: FloatArray) -> FloatArray:
    """Return the centres of sources relative to their central pixels.

    Parameters
    ----------
    windows : ndarray of float, shape (n, m, m)
        Sky-free windows around the brightest pixels.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Shift in x and y; zero where a centre runs away by more than 1.5
        pixels, as it does next to a brighter neighbour [pixel].

    Notes
    -----
    A Gaussian window of one pixel follows the centre until it rests, with
    steps of twice the offset (as XWIN of SExtractor).
    """
    radius = windows.shape[1] // 2
    offset = np.arange(-radius, radius + 1.0)
    centre = np.zeros((len(windows), 2))
    for _ in range(_ROUNDS):
        wide_x = offset[None] - centre[:, :1]
        wide_y = offset[None] - centre[:, 1:]
        weight_x = np.exp(-0.5 * (wide_x / _WINDOW_SIGMA) ** 2)
        weight_y = np.exp(-0.5 * (wide_y / _WINDOW_SIGMA) ** 2)
        weighted = windows * weight_y[:, :, None] * weight_x[:, None, :]
        total = weighted.sum(axis=(1, 2))
        total = np.where(total > 0, total, np.inf)
        step_x = (weighted.sum(axis=1) * wide_x).sum(axis=1) / total
        step_y = (weighted.sum(axis=2) * wide_y).sum(axis=1) / total
        centre += 2.0 * np.column_stack((step_x, step_y))
        np.clip(centre, -radius, radius, out=centre)
    has_run = np.abs(centre).max(axis=1, initial=0.0) > _LARGEST_SHIFT
    centre[has_run] = 0.0
    return centre
