"""Robust centres and widths of samples with outliers."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIGMA_PER_MAD", "median", "rms_about_zero", "robust_sigma"]

# Standard deviation over median absolute deviation of a normal distribution.
SIGMA_PER_MAD = 1.482602218505602


def median(values: NDArray[np.float64]) -> float:
    """Return the median of all values, as numpy's but for small samples faster.

    Parameters
    ----------
    values : ndarray of float
        Sample; at least one value. One that is nan makes the median nan.

    Examples
    --------
    >>> median(np.array([[4.0, 1.0], [2.0, 9.0]]))
    3.0
    """
    middle = values.size // 2
    first = middle - 1 + values.size % 2
    # Numbers that are no numbers come last.
    ordered = np.partition(values, sorted({first, middle, -1}), axis=None)
    if np.isnan(ordered[-1]):
        return float("nan")
    return float((ordered[first] + ordered[middle]) / 2.0)


def robust_sigma(values: NDArray[np.float64], *, about: float | None = None) -> float:
    """Return the width of a distribution from its median absolute deviation.

    Parameters
    ----------
    values : ndarray of float
        Sample; at least one value.
    about : float, optional
        Centre to measure from; the median by default.

    Returns
    -------
    float
        Standard deviation that a normal distribution of that width has, in
        the unit of `values`.

    Examples
    --------
    >>> round(robust_sigma(np.array([-1.0, 0.0, 1.0, 500.0])), 3)
    1.483
    """
    centre = median(values) if about is None else about
    return SIGMA_PER_MAD * median(np.abs(values - centre))


def rms_about_zero(values: NDArray[np.float64]) -> float:
    """Return the root mean square; nan for an empty sample.

    Examples
    --------
    >>> rms_about_zero(np.array([3.0, -3.0]))
    3.0
    """
    if values.size == 0:
        return float("nan")
    return float(np.sqrt(np.mean(np.square(values))))
