"""The shift between two lists of positions, from the histogram of all pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import gammainc

__all__ = ["FoundShift", "find_shift", "find_shifts"]

FloatArray = NDArray[np.float64]

_CHANCE = 1e-4  # probability that the best bin of the histogram is accidental
_PEAK_RATIO = 2.0
_APART = 3  # bins around the peak in which no second peak is looked for


@dataclass(frozen=True, slots=True, eq=False)
class FoundShift:
    """The best shift of a histogram of position differences.

    Parameters
    ----------
    shift : ndarray of float, shape (2,)
        What to add to the first list [mas].
    pairs : int
        Pairs in the peak.
    second : float
        Pairs in the highest bin elsewhere.
    expected : float
        Accidental pairs expected in the peak.
    is_significant : bool
        Whether the peak cannot be accidental.
    """

    shift: FloatArray
    pairs: int
    second: float
    expected: float
    is_significant: bool


def find_shift(
    moving: FloatArray,
    fixed: FloatArray,
    *,
    radius_mas: float,
    bin_mas: float,
    min_pairs: int = 4,
) -> FoundShift | None:
    """Return the shift under which most positions of two lists agree.

    Parameters
    ----------
    moving, fixed : ndarray of float, shape (n, 2) and (m, 2)
        Plane positions [mas].
    radius_mas : float
        Largest shift along each axis [mas].
    bin_mas : float
        Side of a histogram bin; a peak is 3 x 3 bins [mas].
    min_pairs : int, optional
        Fewest pairs of a significant peak.

    Returns
    -------
    FoundShift or None
        None if no pair is within the radius.
    """
    if len(moving) == 0 or len(fixed) == 0:
        return None
    delta = (fixed[None, :, :] - moving[:, None, :]).reshape(-1, 2)
    delta = delta[_are_within(delta, radius_mas)]
    if len(delta) == 0:
        return None
    side = 2 * int(np.ceil(radius_mas / bin_mas))
    index = np.floor(delta / bin_mas).astype(np.int64) + side // 2
    flat = np.bincount(index[:, 0] * side + index[:, 1], minlength=side * side)
    counts = flat.reshape(side, side).astype(np.float64)
    boxed = uniform_filter(counts, 3, mode="constant") * 9.0
    # The mean of the surroundings breaks ties towards the middle of a clump.
    best = np.unravel_index(
        np.argmax(boxed + 0.01 * uniform_filter(counts, 5, mode="constant")),
        boxed.shape,
    )
    peak = round(float(boxed[best]))
    return _judge(boxed, index, delta, (int(best[0]), int(best[1])), peak, min_pairs)


def _are_within(
    offsets: NDArray[np.float64] | NDArray[np.int64], half_side: float
) -> NDArray[np.bool_]:
    """Return which offsets lie inside a square about zero."""
    east, north = np.abs(offsets).T
    inside: NDArray[np.bool_] = (east < half_side) & (north < half_side)
    return inside


def find_shifts(
    moving: FloatArray,
    fixed: FloatArray,
    *,
    radius_mas: float,
    bin_mas: float,
    count: int = 12,
) -> tuple[FloatArray, ...]:
    """Return the shifts of the highest peaks, the best first, for a closer look.

    Parameters
    ----------
    moving, fixed, radius_mas, bin_mas
        As for `find_shift`.
    count : int, optional
        Largest number of peaks.
    """
    found = _histogram(moving, fixed, radius_mas, bin_mas)
    if found is None:
        return ()
    delta, index, _, boxed = found
    shifts: list[FloatArray] = []
    for _ in range(count):
        best = np.unravel_index(np.argmax(boxed), boxed.shape)
        if boxed[best] < 1.0:
            break
        near = np.max(np.abs(index - np.array(best)), axis=1) <= 1
        shifts.append(np.median(delta[near], axis=0))
        low = [max(0, int(b) - 1) for b in best]
        boxed[low[0] : best[0] + 2, low[1] : best[1] + 2] = 0.0
    return tuple(shifts)


def _histogram(
    moving: FloatArray, fixed: FloatArray, radius_mas: float, bin_mas: float
) -> tuple[FloatArray, NDArray[np.int64], FloatArray, FloatArray] | None:
    """Return all differences, their bins, the counts, and sums of 3 x 3 bins."""
    if len(moving) == 0 or len(fixed) == 0:
        return None
    delta = (fixed[None, :, :] - moving[:, None, :]).reshape(-1, 2)
    delta = delta[np.max(np.abs(delta), axis=1) < radius_mas]
    if len(delta) == 0:
        return None
    side = 2 * int(np.ceil(radius_mas / bin_mas))
    index = np.floor(delta / bin_mas).astype(np.int64) + side // 2
    flat = np.bincount(index[:, 0] * side + index[:, 1], minlength=side * side)
    counts = flat.reshape(side, side).astype(np.float64)
    return delta, index, counts, uniform_filter(counts, 3, mode="constant") * 9.0


def _judge(
    boxed: FloatArray,
    index: NDArray[np.int64],
    delta: FloatArray,
    best: tuple[int, int],
    peak: int,
    min_pairs: int,
) -> FoundShift:
    """Return the shift of the peak and whether it can be trusted."""
    near = _are_within(index - np.array(best), 2)
    shift = np.median(delta[near], axis=0)
    rest = boxed.copy()
    low = [max(0, b - _APART) for b in best]
    rest[low[0] : best[0] + _APART + 1, low[1] : best[1] + _APART + 1] = 0.0
    second = float(rest.max(initial=0.0))
    elsewhere = rest[rest > 0]
    mean = float(rest.sum() / rest.size) if elsewhere.size else 0.0
    # The probability of `peak` or more in a Poisson distribution.
    chance = float(gammainc(max(peak, 1), max(mean, 1e-9))) * boxed.size
    good = peak >= min_pairs and peak >= _PEAK_RATIO * second and chance < _CHANCE
    return FoundShift(shift, peak, second, mean, good)
