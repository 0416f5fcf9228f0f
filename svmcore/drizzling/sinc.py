"""Interpolation with a tapered sinc, which ``drizzle`` does not offer."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolate_sinc"]

FloatArray = NDArray[np.float64]

# Taps on each side, and coefficients of the taper: those of IRAF's sinc, which
# AstroDrizzle's blot uses as well. The taper is cos² in the argument
# (pi / 2) * tap / REACH, as a polynomial.
REACH = 7
TAPER = (-0.49670, 0.03705)
BLOCK_POSITIONS = 65536


def interpolate_sinc(
    image: NDArray[np.float32], positions: FloatArray, *, scale: float
) -> NDArray[np.float32]:
    """Return an image at some positions, by sinc interpolation.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Image.
    positions : ndarray of float, shape (rows, columns, 2)
        x and y; positions beyond the image, or nan, give 0.
    scale : float
        ``blot_sinscl``: factor of the distance from the nearest pixel. 1
        interpolates; smaller values draw positions to pixel centres.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Interpolated values.

    Notes
    -----
    15 by 15 pixels are used, beyond the edge the outermost ones again.
    The weights of each axis are normalized.
    """
    ny, nx = image.shape
    padded = np.pad(image, REACH, mode="edge").astype(np.float64)
    places = positions.reshape(-1, 2)
    nearest = np.rint(np.nan_to_num(places, nan=-1e6)).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < (nx, ny))).all(axis=1)
    found = np.zeros(len(places), np.float32)
    (wanted,) = np.nonzero(inside)
    for start in range(0, len(wanted), BLOCK_POSITIONS):
        block = wanted[start : start + BLOCK_POSITIONS]
        shift = (places[block] - nearest[block]) * scale
        found[block] = _sums(padded, nearest[block], _taps(shift))
    return found.reshape(positions.shape[:2])


def _taps(shift: FloatArray) -> FloatArray:
    """Return normalized weights, shape (n, 2, 15), for shifts from a pixel."""
    steps = np.arange(-REACH, REACH + 1)
    argument = (0.5 * np.pi / REACH * steps) ** 2
    taper = (1 + TAPER[0] * argument + TAPER[1] * argument**2) ** 2
    distance = shift[..., None] - steps
    at_pixel = np.abs(shift) < 1e-9
    distance[at_pixel] = 1.0
    weights = np.where(steps % 2, -taper, taper) / distance
    weights[at_pixel] = steps == 0
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _sums(
    padded: FloatArray, nearest: NDArray[np.int64], taps: FloatArray
) -> FloatArray:
    """Return weighted sums around pixels, row after row of the taps."""
    x, y = nearest.T
    flat, width = padded.ravel(), padded.shape[1]
    total = np.zeros(len(nearest))
    for row in range(2 * REACH + 1):
        first = (y + row) * width + x
        line = np.zeros(len(nearest))
        for column in range(2 * REACH + 1):
            line += taps[:, 0, column] * flat[first + column]
        total += taps[:, 1, row] * line
    return total
