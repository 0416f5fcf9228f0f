"""Medians of sorted samples: what clipping needs in every round, by bisection."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["median_deviation_of_sorted", "median_of_sorted"]

Sample = NDArray[np.floating[Any]]


def median_of_sorted(values: Sample) -> float:
    """Return the median of values in rising order, as `numpy.median` gives it.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        At least one value, sorted.

    Examples
    --------
    >>> median_of_sorted(np.array([1.0, 2.0, 4.0, 9.0]))
    3.0
    """
    half = len(values) // 2
    if len(values) % 2:
        return float(values[half])
    return float((values[half - 1] + values[half]) / 2)


def median_deviation_of_sorted(values: Sample, centre: float) -> float:
    """Return the median distance of sorted values from a centre.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        At least one value, in rising order.
    centre : float
        Where distances are measured from.

    Returns
    -------
    float
        The same as ``numpy.median(numpy.abs(values - centre))``, to the bit.

    Notes
    -----
    The nearest values stand side by side, so that a bisection finds them:
    a sample of a million is sorted once, and every round of clipping is free.

    Examples
    --------
    >>> median_deviation_of_sorted(np.array([0.0, 1.0, 2.0, 10.0]), 1.0)
    1.0
    """
    middle = values.dtype.type(centre)
    half = len(values) // 2
    if len(values) % 2:
        return float(_nearest(values, middle, half + 1))
    low, high = (_nearest(values, middle, count) for count in (half, half + 1))
    return float((low + high) / 2)


def _nearest(values: Sample, middle: Any, count: int) -> Any:
    """Return the distance of the `count`-th nearest value."""
    low, high = 0, len(values) - count
    while low < high:
        start = (low + high) // 2
        if middle - values[start] > values[start + count] - middle:
            low = start + 1
        else:
            high = start
    return max(abs(values[low] - middle), abs(values[low + count - 1] - middle))
