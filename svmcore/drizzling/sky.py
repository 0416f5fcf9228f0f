"""The sky to subtract from every exposure: step 2."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

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
    "clip_limits",
    "match_skies",
    "nearest_pixels",
    "sample_chip",
    "sample_step",
    "typical_difference",
]

FloatArray = NDArray[np.float64]

# Images are sampled so that about this many positions are left, or each third;
# of more images than a few, fewer positions, for memory not to grow with them.
SAMPLED_POSITIONS = 1_000_000
LARGEST_STEP = 3
FEW_IMAGES = 6
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


def sample_step(grid: MosaicGrid, images: int) -> int:
    """Return the distance of sampled positions of a grid [pixel].

    Parameters
    ----------
    grid : MosaicGrid
        Common grid.
    images : int
        Number of images that will be compared.
    """
    pixels = grid.shape[0] * grid.shape[1]
    step = int(min(max((pixels / SAMPLED_POSITIONS) ** 0.5, 1), LARGEST_STEP))
    return math.ceil(step * math.sqrt(max(images / FEW_IMAGES, 1.0)))


def sample_chip(
    target: NDArray[np.float32],
    science: NDArray[np.float32],
    good: NDArray[np.bool_],
    pixel_map: PixelMap,
    grid: MosaicGrid,
    *,
    step: int,
    unit: float,
    settings: SkySettings,
) -> None:
    """Enter a chip's pixels at the sampled positions of a grid, in place.

    Parameters
    ----------
    target : ndarray of float32
        Sampled positions of the grid, `sample_step` apart in rows and columns;
        nan where no chip has been entered yet. Changed.
    science : ndarray of float32, shape (ny, nx)
        Pixel values.
    good : ndarray of bool, shape (ny, nx)
        Pixels to use.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    grid : MosaicGrid
        Common grid.
    step : int
        Distance of the sampled positions [pixel].
    unit : float
        Values are divided by this, so that all exposures have one scale.
    settings : SkySettings
        Limits of the values before that.

    Notes
    -----
    The pixel nearest to a sampled position is taken. Positions on the chip
    come from a polynomial inverse of the map, good to some hundredths of a
    pixel.
    """
    row, column, inside = nearest_pixels(pixel_map, grid, step)
    values = science[row, column]
    usable = good[row, column]
    if settings.lower is not None:
        usable &= values >= settings.lower
    if settings.upper is not None:
        usable &= values <= settings.upper
    entered = target[inside]
    np.divide(values, np.float32(unit), out=entered, where=usable)
    target[inside] = entered


def clip_limits(
    image: NDArray[np.float32], settings: SkySettings
) -> tuple[float, float]:
    """Return between which values the sky of an image lies.

    Parameters
    ----------
    image : ndarray of float32
        Values; nan where there is none.
    settings : SkySettings
        ``skyclip`` rounds of clipping at ``skylsigma`` standard deviations
        below and ``skyusigma`` above the mean.
    """
    values = image[np.isfinite(image)]
    low, high = -np.inf, np.inf
    for _ in range(settings.clip):
        if values.size < LEAST_PIXELS:
            break
        middle = float(values.mean(dtype=np.float64))
        spread = float(values.std(dtype=np.float64))
        low = middle - settings.lower_sigma * spread
        high = middle + settings.upper_sigma * spread
        kept = values[(values >= low) & (values <= high)]
        if kept.size == values.size:
            break
        values = kept
    return low, high


def typical_difference(
    first: NDArray[np.float32], second: NDArray[np.float32], settings: SkySettings
) -> tuple[float, float]:
    """Return the typical difference of two images and its error.

    Parameters
    ----------
    first, second : ndarray of float32, same shape
        Images; nan where there is no value or it has been clipped.
    settings : SkySettings
        ``skystat`` and ``skywidth``.

    Returns
    -------
    difference, error : float
        ``inf`` as error where fewer than 100 pixels are common.

    Notes
    -----
    Median and mean are those of the differences, in which stars cancel; the
    mode of differences says nothing, so that modes are subtracted.
    """
    common = np.isfinite(first) & np.isfinite(second)
    one, other = first[common], second[common]
    if one.size < LEAST_PIXELS:
        return 0.0, float("inf")
    values = one - other
    error = max(float(values.std()), 1e-12) / float(np.sqrt(values.size))
    match settings.statistic:
        case "mean":
            return float(values.mean(dtype=np.float64)), error
        case "mode":
            return _mode(one, settings) - _mode(other, settings), error
        case _:
            return float(np.median(values)), error


def _mode(values: NDArray[np.float32], settings: SkySettings) -> float:
    if float(np.ptp(values)) == 0.0:
        return float(values[0])
    found = ImageStats(values, fields="mode", nclip=0, binwidth=settings.width)
    return float(found.mode)


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

    Notes
    -----
    Each image is clipped on its own, as all of its values tell sky from
    sources; what is left is compared pixel by pixel.
    """
    count = len(images)
    clipped = [_clipped(image, settings) for image in images]
    rows: list[FloatArray] = []
    values: list[float] = []
    linked: Mapping[int, set[int]] = {n: {n} for n in range(count)}
    for i, j in combinations(range(count), 2):
        difference, error = typical_difference(clipped[i], clipped[j], settings)
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


def _clipped(image: NDArray[np.float32], settings: SkySettings) -> NDArray[np.float32]:
    """Return an image with nan where a value is no sky."""
    low, high = clip_limits(image, settings)
    inside = (image >= low) & (image <= high)
    return np.where(inside, image, np.float32(np.nan))


def nearest_pixels(
    pixel_map: PixelMap, grid: MosaicGrid, step: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return rows and columns of pixels, and which sampled positions they meet.

    Parameters
    ----------
    pixel_map : SeparableMap or ExactMap
        Where the pixels of a chip fall on the grid.
    grid : MosaicGrid
        Common grid.
    step : int
        Distance of the sampled positions [pixel].

    Returns
    -------
    rows, columns : ndarray of int32, shape (n,)
        Of the pixel nearest to each sampled position that the chip covers.
    inside : ndarray of bool, shape (my, mx)
        Which of the sampled positions these are.
    """
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
    bases, near = [], []
    for axis in (0, 1):
        steps = np.arange(0, sizes[axis], step)
        scaled = 2 * (steps - low[axis]) / (high[axis] - low[axis]) - 1
        near.append(np.abs(scaled) <= 1.05)
        bases.append(chebyshev.chebvander(scaled[near[axis]], INVERSE_DEGREE))
    inside = np.zeros((len(near[1]), len(near[0])), bool)
    place = np.ix_(near[1], near[0])
    found = []
    for values in (chip_y, chip_x):
        matrix = (inverse @ values.ravel()).reshape(INVERSE_DEGREE + 1, -1)
        found.append(np.rint(bases[1] @ matrix.T @ bases[0].T).astype(np.int32))
    row, column = found
    meets = (column >= 0) & (column < nx) & (row >= 0) & (row < ny)
    inside[place] = meets
    return row[meets], column[meets], inside
