"""The bias of centroids with the pixel phase: measured, and taken out."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["PHASE_BINS", "fit_phase_series", "phase_bias", "phase_series"]

FloatArray = NDArray[np.float64]

PHASE_BINS = 8


def phase_bias(centre: FloatArray, residual: FloatArray) -> float:
    """Return the largest |median residual| in bins of the pixel phase [pixel].

    Parameters
    ----------
    centre : ndarray of float, shape (n,)
        Measured positions along one axis [pixel].
    residual : ndarray of float, shape (n,)
        Measured minus true [pixel].

    Returns
    -------
    float
        Of eight bins of equal width, those with at least ten stars; nan if
        there is none. The overall median is taken out first.
    """
    phase = centre - np.floor(centre)
    bins = np.minimum((phase * PHASE_BINS).astype(np.int64), PHASE_BINS - 1)
    medians = [
        abs(float(np.median(residual[bins == b]) - np.median(residual)))
        for b in range(PHASE_BINS)
        if np.sum(bins == b) >= 10
    ]
    return max(medians, default=float("nan"))


def fit_phase_series(
    centre: FloatArray, residual: FloatArray, weight: FloatArray, *, harmonics: int
) -> FloatArray:
    """Return the coefficients of a Fourier series of the phase bias.

    Parameters
    ----------
    centre, residual : ndarray of float, shape (n,)
        Measured positions, and measured minus true, along one axis [pixel].
    weight : ndarray of float, shape (n,)
        Weights.
    harmonics : int
        Sines and cosines; with one only the sine is fitted, which is most of
        the bias.

    Returns
    -------
    ndarray of float
        Coefficients for `phase_series`.
    """
    design = _terms(centre, harmonics)
    design = np.column_stack([np.ones(len(centre)), design])
    normal = design.T @ (design * weight[:, None])
    normal += 1e-9 * np.trace(normal) * np.eye(len(normal))
    solved = np.asarray(
        np.linalg.solve(normal, design.T @ (weight * residual)), dtype=np.float64
    )
    return solved[1:]


def phase_series(centre: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return the bias at some positions [pixel]."""
    harmonics = 1 if len(coefficients) == 1 else len(coefficients) // 2
    bias: FloatArray = _terms(centre, harmonics) @ coefficients
    return bias


def _terms(centre: FloatArray, harmonics: int) -> FloatArray:
    angle = 2.0 * np.pi * centre
    columns: list[FloatArray] = [np.sin(angle)]
    if harmonics > 1:
        columns = [
            function(k * angle)
            for k in range(1, harmonics + 1)
            for function in (np.sin, np.cos)
        ]
    return np.asarray(np.stack(columns, axis=1), dtype=np.float64)
