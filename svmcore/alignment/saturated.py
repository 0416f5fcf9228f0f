"""Stars so bright that nothing is left of their cores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["CORE_ERROR_PIX", "SaturatedCores", "find_saturated_cores"]

FloatArray = NDArray[np.float64]

# Error of their places: measured on simulated WFC3/UVIS and ACS/WFC stars, of which
# 0.15 pixel rms, bleeding included.
CORE_ERROR_PIX = 0.2
_LEAST_PIXELS = 13  # with fewer, a profile is fitted to what is left
_MOST_PIXELS = 100_000  # on a chip; more are a lamp, or the Earth
_NEIGHBOUR_PIX = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class SaturatedCores:
    """Groups of connected saturated pixels, each taken for a star.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        Centres [pixel].
    flux : ndarray of float, shape (n,)
        Sum of their pixels: less than the star has, more than others have.
    """

    xy: FloatArray
    flux: FloatArray


def find_saturated_cores(
    saturated: NDArray[np.bool_], signal: NDArray[np.float32]
) -> SaturatedCores:
    """Return the large groups of saturated pixels of a chip.

    Parameters
    ----------
    saturated : ndarray of bool, shape (ny, nx)
        Saturated pixels.
    signal : ndarray of float32, shape (ny, nx)
        Image without background.

    Notes
    -----
    A row counts with the square of its width: charge bleeds along columns in
    streaks that are narrower than the star.
    """
    y, x = np.nonzero(saturated)
    if not _LEAST_PIXELS <= len(x) <= _MOST_PIXELS:
        return SaturatedCores(np.zeros((0, 2)), np.zeros(0))
    pairs = cKDTree(np.stack([x, y], axis=1)).query_pairs(
        _NEIGHBOUR_PIX, output_type="ndarray"
    )
    links = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(x), len(x)))
    label = connected_components(links, directed=False)[1].astype(np.int64)
    _, row, width = np.unique(
        label * saturated.shape[0] + y, return_inverse=True, return_counts=True
    )
    weight = width[row].astype(np.float64) ** 2
    total = np.bincount(label, weight)
    centre = [np.bincount(label, weight * place) / total for place in (x, y)]
    flux: FloatArray = np.bincount(label, signal[y, x]).astype(np.float64)
    large = (np.bincount(label) >= _LEAST_PIXELS) & (flux > 0.0)
    return SaturatedCores(np.stack(centre, axis=1)[large], flux[large])
