"""Sums in circles and statistics in rings, for many positions at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from photutils.geometry import circular_overlap_grid

__all__ = ["RingStatistics", "circle_sums", "ring_statistics"]

FloatArray = NDArray[np.float64]

_CHUNK_PIXELS = 1_000_000
_CLIP_SIGMA = 3.0
_CLIP_ROUNDS = 5
# What each statistic takes of mean and median, and its variance over that of
# the mean: for Gaussian noise var(median) = pi / 2 and cov(median, mean) = 1.
_STATISTICS = {
    "mode": (-2.0, 3.0, 4.0 + 9.0 * np.pi / 2.0 - 12.0),
    "median": (0.0, 1.0, np.pi / 2.0),
    "mean": (1.0, 0.0, 1.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class RingStatistics:
    """Sky around each position.

    Parameters
    ----------
    level : ndarray of float, shape (n,)
        Sky; nan where the ring holds no pixel with data.
    sigma : ndarray of float, shape (n,)
        Standard deviation of the clipped pixels.
    n_pixels : ndarray of int, shape (n,)
        Number of the clipped pixels.
    variance_factor : float
        Variance of the statistic over that of a mean.
    """

    level: FloatArray
    sigma: FloatArray
    n_pixels: NDArray[np.int64]
    variance_factor: float


def circle_sums(
    planes: tuple[NDArray[Any], ...],
    x: FloatArray,
    y: FloatArray,
    radius: float,
) -> tuple[FloatArray, ...]:
    """Return sums of images within circles, with exact pixel fractions.

    Parameters
    ----------
    planes : tuple of ndarray of float, shape (ny, nx)
        Images on one grid; pixels that are not finite count as zero.
    x, y : ndarray of float, shape (n,)
        Centres, 0-based [pixel].
    radius : float
        Radius [pixel].

    Returns
    -------
    tuple of ndarray of float, shape (n,)
        Sums, one array per plane; parts of a circle beyond the edge count as
        zero.
    """
    ny, nx = planes[0].shape
    half = int(np.ceil(radius + 0.5))
    side = 2 * half + 1
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    sums = tuple(np.zeros(len(x)) for _ in planes)
    edge = half + 0.5
    for index in range(len(x)):
        dx, dy = x[index] - column[index], y[index] - row[index]
        overlap = circular_overlap_grid(
            -edge - dx, edge - dx, -edge - dy, edge - dy, side, side, radius, 1, 1
        )
        top, left = row[index] - half, column[index] - half
        rows = slice(max(top, 0), min(top + side, ny))
        columns = slice(max(left, 0), min(left + side, nx))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        part = overlap[
            rows.start - top : rows.stop - top,
            columns.start - left : columns.stop - left,
        ]
        for plane, total in zip(planes, sums, strict=True):
            pixels = plane[rows, columns]
            value = float((part * pixels).sum())
            if not np.isfinite(value):
                value = float((part * np.nan_to_num(pixels, nan=0.0)).sum())
            total[index] = value
    return sums


def ring_statistics(
    image: NDArray[np.floating],
    x: FloatArray,
    y: FloatArray,
    *,
    inner: float,
    outer: float,
    algorithm: str,
) -> RingStatistics:
    """Return the clipped sky in rings.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        Image; nan where there is no data.
    x, y : ndarray of float, shape (n,)
        Centres, 0-based [pixel].
    inner, outer : float
        Radii; a pixel belongs to the ring if its centre does [pixel].
    algorithm : {'mode', 'median', 'mean'}
        Statistic; the mode is ``3 median - 2 mean``.

    Returns
    -------
    RingStatistics
        After clipping at 3 sigma.
    """
    reach = int(np.ceil(outer)) + 1
    grid_y, grid_x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(grid_x, grid_y)
    inside = (distance >= inner) & (distance <= outer)
    if not inside.any():
        inside = np.abs(distance - (inner + outer) / 2.0) <= 0.75
    offset_x, offset_y = grid_x[inside], grid_y[inside]
    step = max(1, _CHUNK_PIXELS // len(offset_x))
    parts = [
        _clipped_rings(
            _gather(image, x[i : i + step], y[i : i + step], offset_x, offset_y),
            algorithm,
        )
        for i in range(0, len(x), step)
    ]
    if not parts:
        none = np.zeros(0)
        return RingStatistics(none, none, none.astype(np.int64), 1.0)
    level, sigma, n_pixels = (np.concatenate(c) for c in zip(*parts, strict=True))
    factor = _STATISTICS[algorithm][2]
    return RingStatistics(level, sigma, n_pixels.astype(np.int64), factor)


def _gather(
    image: NDArray[np.floating],
    x: FloatArray,
    y: FloatArray,
    offset_x: NDArray[np.int64],
    offset_y: NDArray[np.int64],
) -> FloatArray:
    """Pixels of all rings, one ring per row; nan beyond the edge."""
    ny, nx = image.shape
    column = np.rint(x).astype(np.int64)[:, None] + offset_x
    row = np.rint(y).astype(np.int64)[:, None] + offset_y
    inside = (row >= 0) & (row < ny) & (column >= 0) & (column < nx)
    pixels = image[np.clip(row, 0, ny - 1), np.clip(column, 0, nx - 1)]
    return np.where(inside & np.isfinite(pixels), pixels, np.nan).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _SortedRings:
    """Rings with their pixels in order, and sums up to each of them."""

    pixels: FloatArray  # less the median of the ring; nan last
    sums: FloatArray  # one column more than pixels, from zero
    squares: FloatArray

    def moments(
        self, start: NDArray[np.int64], stop: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean, median and scatter of the pixels from start to stop."""
        rows = np.arange(len(self.pixels))
        count = np.maximum(stop - start, 1)
        mean = (self.sums[rows, stop] - self.sums[rows, start]) / count
        square = (self.squares[rows, stop] - self.squares[rows, start]) / count
        last = self.pixels.shape[1] - 1
        low = self.pixels[rows, np.clip((start + stop - 1) // 2, 0, last)]
        high = self.pixels[rows, np.clip((start + stop) // 2, 0, last)]
        return mean, (low + high) / 2.0, np.sqrt(np.maximum(square - mean**2, 0.0))


def _sorted_rings(pixels: FloatArray, level: FloatArray) -> _SortedRings:
    around = pixels - level[:, None]
    known = np.nan_to_num(around)
    zero = np.zeros((len(pixels), 1))
    return _SortedRings(
        around,
        np.concatenate((zero, np.cumsum(known, axis=1)), axis=1),
        np.concatenate((zero, np.cumsum(known**2, axis=1)), axis=1),
    )


def _clipped_rings(
    pixels: FloatArray, algorithm: str
) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Clip rings: sorted pixels are cut at both ends, sums follow at no cost."""
    pixels = np.sort(pixels, axis=1)  # nan last
    n_good = np.isfinite(pixels).sum(axis=1)
    level = pixels[np.arange(len(pixels)), np.maximum(n_good - 1, 0) // 2]
    rings = _sorted_rings(pixels, np.nan_to_num(level))
    start, stop = np.zeros_like(n_good), n_good
    mean, median, scatter = rings.moments(start, stop)
    for _ in range(_CLIP_ROUNDS):
        low, high = median - _CLIP_SIGMA * scatter, median + _CLIP_SIGMA * scatter
        new_start = np.maximum(start, (rings.pixels < low[:, None]).sum(axis=1))
        new_stop = np.minimum(stop, (rings.pixels <= high[:, None]).sum(axis=1))
        if np.array_equal(new_start, start) and np.array_equal(new_stop, stop):
            break
        start, stop = new_start, np.maximum(new_stop, new_start)
        mean, median, scatter = rings.moments(start, stop)
    of_mean, of_median, _ = _STATISTICS[algorithm]
    sky = np.nan_to_num(level) + of_mean * mean + of_median * median
    return np.where(n_good > 0, sky, np.nan), scatter, stop - start
