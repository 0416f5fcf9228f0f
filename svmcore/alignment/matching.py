"""Pairs and stars: which positions of different lists are the same object."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.plane import Affine
from svmcore.numerics.clipping import robust_sigma

__all__ = ["fit_similarity", "match_nearest", "match_refined"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

_RADII_MAS = (300.0, 150.0)


def match_nearest(
    first: FloatArray,
    second: FloatArray,
    radius_mas: float,
    *,
    tree: cKDTree | None = None,
) -> tuple[IndexArray, IndexArray]:
    """Return the pairs that are each other's nearest neighbours.

    Parameters
    ----------
    first, second : ndarray of float, shape (n, 2) and (m, 2)
        Plane positions [mas].
    radius_mas : float
        Largest distance of a pair [mas].
    tree : cKDTree, optional
        Of the second list, where it is searched again and again.

    Returns
    -------
    rows_first, rows_second : ndarray of int
        Rows of the pairs, ordered by the first list.
    """
    if len(first) == 0 or len(second) == 0:
        none = np.zeros(0, dtype=np.int64)
        return none, none
    found = (tree or cKDTree(second)).query(first, distance_upper_bound=radius_mas)
    nearest = np.asarray(found[1], dtype=np.int64)
    near = np.flatnonzero(np.isfinite(found[0]))
    back = np.asarray(cKDTree(first).query(second[nearest[near]])[1], dtype=np.int64)
    mutual = near[back == near]
    return mutual, nearest[mutual]


def fit_similarity(moving: FloatArray, fixed: FloatArray, *, roll: bool) -> Affine:
    """Return the robust shift, and roll if asked for, of matched positions.

    Parameters
    ----------
    moving, fixed : ndarray of float, shape (n, 2)
        Matched plane positions [mas].
    roll : bool
        Whether a rotation is fitted besides the shift.

    Notes
    -----
    Weights fall with the residual as in a Cauchy distribution, so that a
    good fifth of wrong pairs does no harm. This is a first guess only.
    """
    found = Affine(np.eye(2), np.median(fixed - moving, axis=0))
    for _ in range(6):
        residual = fixed - found.apply(moving)
        radius = np.hypot(residual[:, 0], residual[:, 1])
        width = max(1.0, robust_sigma(residual.ravel(), about=0.0))
        weight = 1.0 / (1.0 + (radius / (2.0 * width)) ** 2)
        found = _weighted_similarity(moving, fixed, weight, roll=roll)
    return found


def _weighted_similarity(
    moving: FloatArray, fixed: FloatArray, weight: FloatArray, *, roll: bool
) -> Affine:
    share = (weight / weight.sum())[:, None]
    centre_m, centre_f = (share * moving).sum(axis=0), (share * fixed).sum(axis=0)
    if not roll:
        return Affine(np.eye(2), centre_f - centre_m)
    dm, df = moving - centre_m, fixed - centre_f
    along = np.sum(share[:, 0] * np.sum(dm * df, axis=1))
    across = np.sum(share[:, 0] * (dm[:, 0] * df[:, 1] - dm[:, 1] * df[:, 0]))
    angle = np.arctan2(across, along)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    return Affine(matrix, centre_f - matrix @ centre_m)


def match_refined(
    moving: FloatArray,
    fixed: FloatArray,
    start: Affine,
    *,
    min_roll_pairs: int = 6,
    last_radius_mas: float = 80.0,
) -> tuple[Affine, IndexArray, IndexArray]:
    """Return a similarity and its pairs, refined within ever smaller radii.

    Parameters
    ----------
    moving, fixed : ndarray of float, shape (n, 2) and (m, 2)
        Plane positions [mas].
    start : Affine
        First guess of the map from `moving` to `fixed`.
    min_roll_pairs : int, optional
        Fewest pairs with which a roll is fitted here.

    last_radius_mas : float, optional
        Smallest radius [mas].

    Returns
    -------
    found : Affine
        Map from `moving` to `fixed`.
    rows_moving, rows_fixed : ndarray of int
        Pairs within the smallest radius.
    """
    found = start
    tree = cKDTree(fixed) if len(fixed) else None
    radii = (*(max(r, last_radius_mas) for r in _RADII_MAS), last_radius_mas)
    for radius in radii:
        rows = match_nearest(found.apply(moving), fixed, radius, tree=tree)
        if len(rows[0]) == 0:
            return found, *rows
        a, b = moving[rows[0]], fixed[rows[1]]
        found = fit_similarity(a, b, roll=len(a) >= min_roll_pairs)
    return found, *match_nearest(found.apply(moving), fixed, last_radius_mas, tree=tree)
