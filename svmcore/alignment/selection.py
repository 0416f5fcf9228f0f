"""Matches looked at from outside a fit: clipping by hand, pair offsets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.model.fit import MatchTable

__all__ = [
    "PairOffsets",
    "beyond_sigma",
    "clip_limits",
    "detector_axes",
    "pair_offsets",
]

FloatArray = NDArray[np.float64]

_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class PairOffsets:
    """A two-dimensional histogram of the offsets of all pairs.

    Parameters
    ----------
    counts : ndarray of int, shape (n, n)
        Pairs per bin; rows by north offset, columns by east offset.
    extent_mas : tuple of float
        Outer edges: lowest and highest east, lowest and highest north [mas].
    peak_mas : tuple of float
        Middle of the fullest bin, east and north [mas].
    """

    counts: NDArray[np.int64]
    extent_mas: tuple[float, float, float, float]
    peak_mas: tuple[float, float]


def beyond_sigma(
    residual_mas: FloatArray, is_used: NDArray[np.bool_], *, sigma: float
) -> NDArray[np.bool_]:
    """Return which used matches a clip at some sigma would take away.

    Parameters
    ----------
    residual_mas : ndarray of float, shape (n, 2)
        Residuals, east and north [mas].
    is_used : ndarray of bool, shape (n,)
        Whether a match is used now; only these count and can go.
    sigma : float
        Limit in units of the robust scatter about zero of each axis.

    Returns
    -------
    ndarray of bool, shape (n,)
        True beyond the limit along any axis.

    Examples
    --------
    >>> residual = np.array([[1.0, 0], [-1, 0], [1, 1], [-1, -1], [40, 0]])
    >>> beyond_sigma(residual, np.ones(5, bool), sigma=4.0).nonzero()[0].tolist()
    [4]
    """
    if not is_used.any():
        return np.zeros(len(residual_mas), dtype=np.bool_)
    limits = clip_limits(residual_mas, is_used, sigma=sigma)
    outside = np.any(np.abs(residual_mas) > limits, axis=1)
    return np.asarray(outside & is_used, dtype=np.bool_)


def clip_limits(
    residual_mas: FloatArray, is_used: NDArray[np.bool_], *, sigma: float
) -> FloatArray:
    """Return the largest residual along each axis that a clip keeps [mas].

    Parameters
    ----------
    residual_mas, is_used, sigma
        As for `beyond_sigma`; at least one match must be used.

    Returns
    -------
    ndarray of float, shape (2,)
        Half-widths, east and north [mas].
    """
    scatter = _MAD_TO_SIGMA * np.median(np.abs(residual_mas[is_used]), axis=0)
    floor = np.maximum(scatter, 1e-6 + 0.5 * float(np.max(scatter)))
    return np.asarray(sigma * floor)


def pair_offsets(
    moving: tuple[FloatArray, FloatArray],
    fixed: tuple[FloatArray, FloatArray],
    *,
    radius_mas: float,
    bins: int = 60,
) -> PairOffsets:
    """Return the histogram of all offsets from one list to another.

    Parameters
    ----------
    moving, fixed : tuple of ndarray
        Right ascensions and declinations of the two lists, ICRS [deg].
    radius_mas : float
        Largest offset along each axis [mas].
    bins : int, optional
        Bins along each axis.

    Returns
    -------
    PairOffsets
        Offsets fixed minus moving; a true shift stands out as a peak.
    """
    cosine = np.cos(np.radians(np.mean(fixed[1]))) if len(fixed[1]) else 1.0
    east = (fixed[0][None, :] - moving[0][:, None]) * cosine * 3.6e6
    north = (fixed[1][None, :] - moving[1][:, None]) * 3.6e6
    edges = np.linspace(-radius_mas, radius_mas, bins + 1)
    counts, _, _ = np.histogram2d(north.ravel(), east.ravel(), bins=(edges, edges))
    row, column = np.unravel_index(int(np.argmax(counts)), counts.shape)
    middle = (edges[1:] + edges[:-1]) / 2.0
    return PairOffsets(
        counts.astype(np.int64),
        (-radius_mas, radius_mas, -radius_mas, radius_mas),
        (float(middle[column]), float(middle[row])),
    )


def detector_axes(
    matches: MatchTable,
    residual_mas: FloatArray,
    cd_deg: dict[tuple[str, int], FloatArray],
) -> FloatArray:
    """Return residuals along the axes of the detector.

    Parameters
    ----------
    matches : MatchTable
        Gives exposure and chip of each row.
    residual_mas : ndarray of float, shape (n, 2)
        East and north [mas].
    cd_deg : dict
        CD matrix of each exposure and EXTVER [deg / pixel].

    Returns
    -------
    ndarray of float, shape (n, 2)
        Along x and y, as lengths on the sky [mas].
    """
    turned = np.array(residual_mas, dtype=np.float64)
    for (rootname, extver), matrix in cd_deg.items():
        rows = (matches.rootname == rootname) & (matches.extver == extver)
        if not rows.any():
            continue
        scale = np.sqrt(abs(np.linalg.det(matrix)))
        turned[rows] = residual_mas[rows] @ np.linalg.inv(matrix).T * scale
    return turned
