"""The sky to subtract from every exposure: step 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from stsci.imagestats import ImageStats

from svmcore.drizzling.pixmap import PixelMap
from svmcore.drizzling.settings import SkySettings
from svmcore.model.grid import MosaicGrid

__all__ = [
    "SkyMatch",
    "chip_statistic",
    "clipped_difference",
    "match_skies",
    "sample_chip",
    "sample_step",
]

FloatArray = NDArray[np.float64]

# Images are sampled so that about this many positions are left, or each third.
SAMPLED_POSITIONS = 1_000_000
LARGEST_STEP = 3
INVERSE_DEGREE = 5
LEAST_PIXELS = 100


@dataclass(frozen=True, slots=True)
class SkyMatch:
    """Skies that make overlapping images equal.

    Parameters
    ----------
    skies : tuple of float
        Sky of every image above the lowest it overlaps with.
    pairs : int
        Number of overlapping pairs that were used.
    alone : tuple of int
        Images that overlap no other; their sky is 0.
    """

    skies: tuple[float, ...]
    pairs: int
    alone: tuple[int, ...]


def chip_statistic(
    science: NDArray[np.float32], good: NDArray[np.bool_], settings: SkySettings
) -> float | None:
    """Return the clipped statistic of the good pixels of a chip.

    Parameters
    ----------
    science : ndarray of float32, shape (ny, nx)
        Pixel values.
    good : ndarray of bool, shape (ny, nx)
        Pixels to use.
    settings : SkySettings
        Statistic, limits and clipping.

    Returns
    -------
    float or None
        In the unit of `science`; None if no pixel is left.
    """
    values = science[good]
    for limit, keep in (
        (settings.lower, np.greater_equal),
        (settings.upper, np.less_equal),
    ):
        if limit is not None:
            values = values[keep(values, np.float32(limit))]
    if values.size < LEAST_PIXELS or float(np.ptp(values)) == 0.0:
        return float(values.mean()) if values.size else None
    found = ImageStats(
        values,
        fields=settings.statistic,
        nclip=settings.clip,
        lsig=settings.lower_sigma,
        usig=settings.upper_sigma,
        binwidth=settings.width,
    )
    return float(getattr(found, settings.statistic))


def sample_step(grid: MosaicGrid) -> int:
    """Return the distance of sampled positions of a grid [pixel]."""
    pixels = grid.shape[0] * grid.shape[1]
    return int(min(max((pixels / SAMPLED_POSITIONS) ** 0.5, 1), LARGEST_STEP))


def sample_chip(
    target: NDArray[np.float32],
    brightness: NDArray[np.float32],
    good: NDArray[np.bool_],
    pixel_map: PixelMap,
    grid: MosaicGrid,
    *,
    step: int,
) -> None:
    """Enter a chip's pixels at the sampled positions of a grid, in place.

    Parameters
    ----------
    target : ndarray of float32
        Every `step`-th pixel of every `step`-th row of the grid; nan where no
        chip has been entered yet. Changed.
    brightness : ndarray of float32, shape (ny, nx)
        Pixel values on a common scale.
    good : ndarray of bool, shape (ny, nx)
        Pixels to use.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    grid : MosaicGrid
        Common grid.
    step : int
        Distance of the sampled positions [pixel].

    Notes
    -----
    The pixel nearest to a sampled position is taken. Positions on the chip
    come from a polynomial inverse of the map, good to some hundredths of a
    pixel.
    """
    ny, nx = brightness.shape
    x, y = _inverse(pixel_map, grid, step)
    column, row = np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)
    inside = (column >= 0) & (column < nx) & (row >= 0) & (row < ny)
    column, row = column[inside], row[inside]
    values = np.where(good[row, column], brightness[row, column], np.nan)
    filled = target[inside]
    target[inside] = np.where(np.isnan(values), filled, values)


def clipped_difference(
    first: NDArray[np.float32], second: NDArray[np.float32], settings: SkySettings
) -> tuple[float, float]:
    """Return the typical difference of two images and its error.

    Parameters
    ----------
    first, second : ndarray of float32, same shape
        Images; nan where there is no value.
    settings : SkySettings
        Statistic and clipping.

    Returns
    -------
    difference, error : float
        ``inf`` as error where fewer than 100 pixels are common.

    Notes
    -----
    The spread for clipping is 1.48 times the median absolute deviation: stars
    that are sampled half a pixel apart would widen a standard deviation.
    """
    values = first - second
    values = values[np.isfinite(values)]
    for _ in range(settings.clip):
        if values.size < LEAST_PIXELS:
            break
        middle = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - middle)))
        kept = values[
            (values >= middle - settings.lower_sigma * spread)
            & (values <= middle + settings.upper_sigma * spread)
        ]
        if kept.size == values.size:
            break
        values = kept
    if values.size < LEAST_PIXELS:
        return 0.0, float("inf")
    middle = values.mean() if settings.statistic == "mean" else np.median(values)
    return float(middle), max(float(values.std()), 1e-12) / float(np.sqrt(values.size))


def match_skies(
    images: Sequence[NDArray[np.float32]], settings: SkySettings
) -> SkyMatch:
    """Return the skies that make overlapping images equal, the lowest 0.

    Parameters
    ----------
    images : sequence of ndarray of float32
        Images on the same pixels; nan where there is no value.
    settings : SkySettings
        Statistic and clipping.
    """
    count = len(images)
    rows: list[FloatArray] = []
    values: list[float] = []
    linked: Mapping[int, set[int]] = {n: {n} for n in range(count)}
    for i, j in combinations(range(count), 2):
        difference, error = clipped_difference(images[i], images[j], settings)
        if not np.isfinite(error):
            continue
        row = np.zeros(count)
        row[i], row[j] = 1.0 / error, -1.0 / error
        rows.append(row)
        values.append(difference / error)
        joined = linked[i] | linked[j]
        for member in joined:
            linked[member].update(joined)
    if not rows:
        return SkyMatch((0.0,) * count, 0, tuple(range(count)))
    scale = max(float(np.abs(row).max()) for row in rows)
    skies = np.linalg.lstsq(np.array(rows) / scale, np.array(values) / scale)[0]
    skies = np.array(
        [skies[n] - min(skies[m] for m in linked[n]) for n in range(count)]
    )
    alone = tuple(n for n in range(count) if len(linked[n]) == 1)
    return SkyMatch(tuple(float(sky) for sky in skies), len(rows), alone)


def _inverse(pixel_map: PixelMap, grid: MosaicGrid, step: int) -> tuple[Any, Any]:
    """Return chip positions of the sampled grid positions."""
    ny, nx = pixel_map.shape
    rows = np.unique(np.linspace(0, ny - 1, 15).astype(int))
    columns = np.unique(np.linspace(0, nx - 1, 15).astype(int))
    places = np.concatenate(
        [pixel_map.block(slice(row, row + 1))[0, columns] for row in rows]
    )
    chip_x, chip_y = np.meshgrid(columns, rows)
    sizes = np.array([grid.shape[1], grid.shape[0]])
    low, high = places.min(axis=0), places.max(axis=0)
    unit = 2 * (places - low) / (high - low) - 1
    design = chebyshev.chebvander2d(
        unit[:, 0], unit[:, 1], [INVERSE_DEGREE, INVERSE_DEGREE]
    )
    inverse = np.linalg.pinv(design)
    bases = []
    for axis in (0, 1):
        steps = np.arange(0, sizes[axis], step)
        scaled = 2 * (steps - low[axis]) / (high[axis] - low[axis]) - 1
        basis = chebyshev.chebvander(np.clip(scaled, -1.05, 1.05), INVERSE_DEGREE)
        basis[np.abs(scaled) > 1.05] = np.nan
        bases.append(basis)
    found = []
    for values in (chip_x, chip_y):
        matrix = (inverse @ values.ravel()).reshape(INVERSE_DEGREE + 1, -1)
        position = bases[1] @ matrix.T @ bases[0].T
        found.append(np.nan_to_num(position, nan=-1e6))
    return found[0], found[1]
