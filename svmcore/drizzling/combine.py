"""The model of the sky without cosmic rays, from separate images: step 4."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from svmcore.drizzling.settings import MedianSettings

__all__ = ["SeparateNoise", "combine_rows", "median_of_good", "sort_images"]

FloatStack = NDArray[np.float32]

# Below this number of images, comparing neighbours is faster than sorting.
NETWORK_LIMIT = 12


@dataclass(frozen=True, slots=True)
class SeparateNoise:
    """What is known of the noise of the separate images.

    Parameters
    ----------
    mean_weights : tuple of float
        Mean of each weight image where it is not zero.
    sky_rates : tuple of float
        Sky that was subtracted from each [electron / s].
    read_noises : tuple of float
        Read noise of each [electron].
    """

    mean_weights: tuple[float, ...]
    sky_rates: tuple[float, ...]
    read_noises: tuple[float, ...]


def combine_rows(
    science: FloatStack,
    weight: FloatStack,
    settings: MedianSettings,
    noise: SeparateNoise,
) -> NDArray[np.float32]:
    """Return the combination of some rows of the separate images.

    Parameters
    ----------
    science, weight : ndarray of float32, shape (n, ny, nx)
        Separate images and their weights.
    settings : MedianSettings
        ``combine_type`` and what goes with it.
    noise : SeparateNoise
        For masks and for ``minmed``.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Model; 0 where no image has a good pixel, or the value of the first
        image for ``imedian`` and ``imean``.

    Notes
    -----
    ``minmed`` takes the minimum where the median, which two or three cosmic
    rays on one spot can raise, is too far above it. Rows at the border of a
    block want ``combine_grow`` more rows around them.
    """
    bad = _bad(science, weight, settings, noise)
    kind = settings.kind
    if kind in ("minmed", "iminmed"):
        return _min_or_median(science, weight, bad, settings, noise)
    bad |= _out_of_limits(science, settings)
    match kind.removeprefix("i"):
        case "mean":
            found = _mean_of_good(science, bad, settings.nlow, settings.nhigh)
        case "sum":
            return np.asarray(science.sum(axis=0), np.float32)
        case _:
            found = median_of_good(science, bad, settings.nlow, settings.nhigh)
    if kind.startswith("i"):
        found = np.where(bad.all(axis=0), science[0], found)
    return found


def sort_images(stack: FloatStack) -> FloatStack:
    """Return the images with the values of each pixel in rising order.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, ny, nx)
        Images, without nan.
    """
    if len(stack) > NETWORK_LIMIT:
        return np.sort(stack, axis=0)
    images = list(stack)
    for start in range(len(images)):  # odd-even transposition
        for i in range(start % 2, len(images) - 1, 2):
            low, high = images[i], images[i + 1]
            images[i], images[i + 1] = np.minimum(low, high), np.maximum(low, high)
    return np.stack(images)


def median_of_good(
    science: FloatStack, bad: NDArray[np.bool_], nlow: int, nhigh: int
) -> NDArray[np.float32]:
    """Return the median of the good values, some extremes left out.

    Parameters
    ----------
    science : ndarray of float32, shape (n, ny, nx)
        Images.
    bad : ndarray of bool, shape (n, ny, nx)
        Values not to use.
    nlow, nhigh : int
        Number of lowest and highest values to leave out. Where nothing would
        be left, fewer are.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Median, the mean of the two middle values of an even number; 0 where
        there is no good value.
    """
    stack = np.where(bad, np.float32(np.inf), science)
    ordered = sort_images(stack)
    good = len(science) - bad.sum(axis=0, dtype=np.int16)
    found = np.zeros(science.shape[1:], np.float32)
    for count in range(1, len(science) + 1):
        low, high = _left_out(count, nlow, nhigh)
        first, last = (
            low + (count - high - low - 1) // 2,
            low + (count - high - low) // 2,
        )
        here = good == count
        if not here.any():
            continue
        middle = ordered[first] if first == last else ordered[first] + ordered[last]
        if first != last:
            middle = middle * np.float32(0.5)
        np.copyto(found, middle, where=here)
    return found


def _left_out(count: int, nlow: int, nhigh: int) -> tuple[int, int]:
    while count - nlow - nhigh < 1:
        nlow, nhigh = max(nlow - 1, 0), max(nhigh - 1, 0)
    return nlow, nhigh


def _bad(
    science: FloatStack,
    weight: FloatStack,
    settings: MedianSettings,
    noise: SeparateNoise,
) -> NDArray[np.bool_]:
    if not settings.newmasks:
        return np.zeros(science.shape, bool)
    limits = np.array(noise.mean_weights) * settings.maskpt
    return np.asarray(weight < limits[:, None, None])


def _out_of_limits(science: FloatStack, settings: MedianSettings) -> NDArray[np.bool_]:
    bad = np.zeros(science.shape, bool)
    if settings.lthresh is not None:
        bad |= science < settings.lthresh
    if settings.hthresh is not None:
        bad |= science >= settings.hthresh
    return bad


def _mean_of_good(
    science: FloatStack, bad: NDArray[np.bool_], nlow: int, nhigh: int
) -> NDArray[np.float32]:
    """Return the mean of the good values; 0 where too few are left."""
    good = len(science) - bad.sum(axis=0, dtype=np.int16)
    if nlow == 0 and nhigh == 0:
        total = np.where(bad, 0, science).sum(axis=0, dtype=np.float64)
        return np.asarray(total / np.maximum(good, 1), np.float32)
    ordered = sort_images(np.where(bad, np.float32(np.inf), science))
    place = np.arange(len(science))[:, None, None]
    used = (place >= nlow) & (place < good - nhigh)
    total = np.where(used, ordered, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.maximum(used.sum(axis=0), 1), np.float32)


def _min_or_median(
    science: FloatStack,
    weight: FloatStack,
    bad: NDArray[np.bool_],
    settings: MedianSettings,
    noise: SeparateNoise,
) -> NDArray[np.float32]:
    middle = (
        _mean_of_good(science, bad, 0, 0)
        if len(science) == 2
        else median_of_good(science, bad, 0, 1)
    )
    none = bad.all(axis=0)
    minimum = np.where(bad, np.float32(np.inf), science).min(axis=0)
    minimum[none] = 0
    total = weight.sum(axis=0)
    weighted_minimum, weighted_middle = minimum * total, middle * total
    rms = _rms(weighted_middle, weight, bad, noise)
    first, second = settings.nsigma
    limit = weighted_middle - rms * first
    if settings.grow:
        size = 2 * settings.grow + 1
        near = ndimage.maximum_filter(
            (weighted_minimum < limit).view(np.uint8), size, mode="constant"
        )
        np.copyto(limit, weighted_middle - rms * second, where=near > 0)
    found = np.where(weighted_minimum < limit, minimum, middle)
    found[none] = 0
    return found


def _rms(
    weighted: NDArray[np.float32],
    weight: FloatStack,
    bad: NDArray[np.bool_],
    noise: SeparateNoise,
) -> NDArray[np.float64]:
    """Return the noise of the summed images [electron]."""
    variance: NDArray[np.float64] = np.zeros(weighted.shape)
    for image, rate in zip(weight, _floats(noise.sky_rates), strict=True):
        variance += image * rate
    reading = np.zeros(weighted.shape)
    for mask, read_noise in zip(bad, noise.read_noises, strict=True):
        reading += ~mask * read_noise**2
    variance += weighted
    variance += reading
    return np.sqrt(np.maximum(variance, 0.0, out=variance), out=variance)


def _floats(values: Sequence[float]) -> list[np.float64]:
    return [np.float64(value) for value in values]
