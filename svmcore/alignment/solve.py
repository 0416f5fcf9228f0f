"""One linear solution for all exposures and all stars at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LENGTH_MAS", "Normal", "Observations", "accumulate", "solve_terms"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

LENGTH_MAS = 1.0e5  # terms are displacements at this distance from the centre
TERMS = 6  # shift east, shift north, roll, scale, skew along, skew across


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Positions of stars in exposures, and of reference stars.

    Parameters
    ----------
    exposure, star : ndarray of int, shape (n,)
        Exposure and star of each observation; an exposure sees a star at
        most once.
    position : ndarray of float, shape (n, 2)
        Plane position with the first guess of the exposure's map [mas].
    anchor : ndarray of float, shape (n, 2)
        Mean position of each observation's star, at which the terms are
        evaluated [mas]. With each observation's own position a scale common
        to all would shrink the residuals a little, and so be found where
        there is none.
    sigma : ndarray of float, shape (n,)
        Error per axis [mas].
    reference_star : ndarray of int, shape (m,)
        Stars with a reference position.
    reference : ndarray of float, shape (m, 2)
        Reference positions at the mean epoch [mas].
    reference_sigma : ndarray of float, shape (m, 2)
        Their errors [mas].
    exposures, stars : int
        How many there are.
    """

    exposure: IndexArray
    star: IndexArray
    position: FloatArray
    anchor: FloatArray
    sigma: FloatArray
    reference_star: IndexArray
    reference: FloatArray
    reference_sigma: FloatArray
    exposures: int
    stars: int


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """Normal equations of the exposures' terms, stars eliminated.

    Parameters
    ----------
    matrix : ndarray of float, shape (6 e, 6 e)
        Left side.
    right : ndarray of float, shape (6 e,)
        Right side.
    chi2 : float
        Sum of squares with all terms zero and the best star positions.
    """

    matrix: FloatArray
    right: FloatArray
    chi2: float


def design_rows(position: FloatArray) -> FloatArray:
    """Return the derivative of positions by the six terms, shape (n, 2, 6)."""
    x, y = (position / LENGTH_MAS).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    east = np.stack([one, zero, -y, x, x, y], axis=1)
    north = np.stack([zero, one, x, y, -y, x], axis=1)
    return np.stack([east, north], axis=1)


def accumulate(
    obs: Observations, weight: FloatArray, reference_weight: FloatArray
) -> Normal:
    """Return the normal equations, with every star's position eliminated.

    Parameters
    ----------
    obs : Observations
        Positions.
    weight : ndarray of float, shape (n,)
        Weight of each observation; zero leaves it out [1 / mas^2].
    reference_weight : ndarray of float, shape (m, 2)
        Weight of each reference position per axis [1 / mas^2].

    Notes
    -----
    The unknown position of a star is the weighted mean of its observations
    and, once, of its reference position; eliminating it exactly (the Schur
    complement) leaves six unknowns per exposure.
    """
    rows = design_rows(obs.anchor)
    size = TERMS * obs.exposures
    matrix = np.zeros((size, size))
    right = np.zeros(size)
    weighted = rows * weight[:, None, None]
    for exposure in range(obs.exposures):
        mine = obs.exposure == exposure
        block = slice(TERMS * exposure, TERMS * (exposure + 1))
        matrix[block, block] = np.einsum("nai,naj->ij", weighted[mine], rows[mine])
        right[block] = -np.einsum("nai,na->i", weighted[mine], obs.position[mine])
    total = np.zeros((obs.stars, 2))
    moment = np.zeros((obs.stars, 2))
    np.add.at(total, obs.star, np.repeat(weight[:, None], 2, axis=1))
    np.add.at(moment, obs.star, weight[:, None] * obs.position)
    np.add.at(total, obs.reference_star, reference_weight)
    np.add.at(moment, obs.reference_star, reference_weight * obs.reference)
    coupling = np.zeros((obs.stars, 2, obs.exposures, TERMS))
    coupling[obs.star, :, obs.exposure, :] = weighted
    flat = coupling.reshape(obs.stars * 2, size)
    inverse = np.where(total > 0, 1.0 / np.where(total > 0, total, 1.0), 0.0).ravel()
    matrix -= flat.T @ (flat * inverse[:, None])
    right += flat.T @ (moment.ravel() * inverse)
    mean = moment.ravel() * inverse
    chi2 = float(
        np.sum(weight[:, None] * (obs.position - mean.reshape(-1, 2)[obs.star]) ** 2)
        + np.sum(
            reference_weight
            * (obs.reference - mean.reshape(-1, 2)[obs.reference_star]) ** 2
        )
    )
    return Normal(matrix, right, chi2)


def solve_terms(
    normal: Normal, columns: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Return the terms of every exposure for one choice of unknowns.

    Parameters
    ----------
    normal : Normal
        Normal equations of all terms.
    columns : ndarray of float, shape (6 e, p)
        What each unknown adds to each term: one column per unknown.

    Returns
    -------
    terms : ndarray of float, shape (e, 6)
        Terms of each exposure [mas].
    covariance : ndarray of float, shape (6 e, 6 e)
        Their covariance [mas^2].
    chi2 : float
        Sum of squares with these terms.

    Notes
    -----
    What the observations leave open, such as the shift of all exposures
    without a reference, is set so that the terms are smallest: their mean is
    zero.
    """
    reduced = columns.T @ normal.matrix @ columns
    right = columns.T @ normal.right
    values, vectors = np.linalg.eigh(reduced)
    keep = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-300)
    inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    unknowns = inverse @ right
    terms = (columns @ unknowns).reshape(-1, TERMS)
    covariance = columns @ inverse @ columns.T
    return terms, covariance, normal.chi2 - float(right @ unknowns)
