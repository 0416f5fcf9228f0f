"""Regions of equal depth: where the noise is higher, so is the threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["DepthRegions", "divide_by_depth", "smooth_weight"]

_BINS = 2000
_MOST_REGIONS = 30


@dataclass(frozen=True, slots=True)
class DepthRegions:
    """Levels of weight, and the noise in each relative to the deepest.

    Parameters
    ----------
    lower : tuple of float
        Lower bound of each region's weight relative to the largest, falling.
    noise_factor : tuple of float
        Noise of each region relative to the deepest.
    largest : float
        Largest smoothed weight.
    """

    lower: tuple[float, ...]
    noise_factor: tuple[float, ...]
    largest: float

    def factor(self, weight: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the noise factor of pixels from their smoothed weight."""
        relative = np.asarray(weight) / self.largest
        rising = np.array(self.lower[::-1])
        index = np.searchsorted(rising, relative, side="left") - 1
        factors = np.array(self.noise_factor[::-1], dtype=np.float32)
        result: NDArray[np.float32] = factors[np.clip(index, 0, len(factors) - 1)]
        return result


def smooth_weight(wht: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """Return the largest weight within a box around each pixel."""
    result: NDArray[np.float32] = ndimage.maximum_filter(
        np.asarray(wht, dtype=np.float32), size=size, mode="constant"
    )
    return result


def divide_by_depth(
    smoothed: NDArray[np.floating], *, scale: float, sensitivity: float
) -> DepthRegions:
    """Return the regions into which an image falls.

    Parameters
    ----------
    smoothed : ndarray of float, shape (ny, nx)
        Weight from `smooth_weight`.
    scale : float
        Factor between the levels.
    sensitivity : float
        Regions smaller than ``1 - sensitivity`` of the covered area join the
        next deeper one.

    Returns
    -------
    DepthRegions
        At least one region; the last reaches down to zero.

    Examples
    --------
    >>> weight = np.repeat([[4.0], [2.0], [1.0]], 10, axis=1)
    >>> regions = divide_by_depth(weight, scale=1.5, sensitivity=0.95)
    >>> [round(factor, 2) for factor in regions.noise_factor]
    [1.0, 1.41, 2.0]
    """
    positive = smoothed[smoothed > 0]
    if positive.size == 0:
        return DepthRegions((0.0,), (1.0,), 1.0)
    largest = float(positive.max())
    counts, edges = np.histogram(positive / largest, bins=_BINS, range=(0.0, 1.0))
    at_least = counts[::-1].cumsum()[::-1]  # pixels from each bin upwards
    least = (1.0 - sensitivity) * positive.size
    lower: list[float] = []
    factors: list[float] = []
    taken = 0
    for power in range(1, _MOST_REGIONS):
        bound = scale**-power
        first = min(int(np.searchsorted(edges, bound)), _BINS - 1)
        area = int(at_least[first]) - taken
        rest = positive.size - taken - area
        if area <= least and rest > least:
            continue  # too small: grows with the next level
        is_last = rest <= least
        in_region = np.flatnonzero(counts[: _first_taken(edges, lower)])
        factors.append(float(1.0 / np.sqrt(edges[in_region[-1] + 1])))
        lower.append(0.0 if is_last else float(edges[first]))
        taken += area
        if is_last:
            break
    if not lower or lower[-1] > 0:
        lower.append(0.0)
        factors.append(
            float(1.0 / np.sqrt(max(lower[-2] if len(lower) > 1 else 1, 1e-6)))
        )
    return DepthRegions(tuple(lower), tuple(factors), largest)


def _first_taken(edges: NDArray[np.float64], lower: list[float]) -> int:
    """Return the bin from which pixels belong to regions already made."""
    return len(edges) - 1 if not lower else int(np.searchsorted(edges, lower[-1]))
