"""The terms of a fit, shift, roll, scale and skew, with their errors."""

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.member import pixel_scale_mas
from svmcore.alignment.plane import Affine
from svmcore.alignment.problem import SolvedGroup
from svmcore.alignment.solve import LENGTH_MAS, design_rows
from svmcore.model.fit import FitTerms

__all__ = ["group_terms", "member_terms"]

FloatArray = NDArray[np.float64]


def member_terms(
    solved: SolvedGroup, number: int, affine: Affine, centre: FloatArray
) -> FitTerms:
    """Return the terms of one exposure's map.

    Parameters
    ----------
    solved : SolvedGroup
        The global solution.
    number : int
        Member, from 0.
    affine : Affine
        Its map on the plane.
    centre : ndarray of float, shape (2,)
        Where the shift is taken, east and north on the plane [mas].
    """
    shift = affine.apply(centre[None, :])[0] - centre
    cov = np.zeros((6, 6))
    if number in solved.active:
        place = solved.active.index(number)
        cov = solved.solution.covariance[6 * place : 6 * place + 6][
            :, 6 * place : 6 * place + 6
        ]
    return _named_terms(solved, affine, shift, centre, cov)


def group_terms(solved: SolvedGroup) -> FitTerms:
    """Return the terms of the mean map of the fitted exposures.

    Parameters
    ----------
    solved : SolvedGroup
        The global solution, with at least one map.
    """
    chosen = solved.fitted or solved.active
    maps = [m for e in chosen if (m := solved.maps[e]) is not None]
    mean = Affine(
        np.mean([m.matrix for m in maps], axis=0),
        np.mean([m.shift for m in maps], axis=0),
    )
    share = np.isin(solved.active, chosen) / len(chosen)
    average = np.kron(share, np.eye(6))
    cov = average @ solved.solution.covariance @ average.T
    return _named_terms(solved, mean, mean.shift, np.zeros(2), cov)


def _named_terms(
    solved: SolvedGroup,
    affine: Affine,
    shift: FloatArray,
    centre: FloatArray,
    cov: FloatArray,
) -> FitTerms:
    matrix = affine.matrix
    rows = design_rows(centre[None, :])[0]
    shift_cov = rows @ cov @ rows.T
    shift_error = float(np.sqrt(max(0.0, np.trace(shift_cov) / 2.0)))
    return FitTerms(
        fitgeom=solved.solution.choice.geometry,
        shift_east_mas=float(shift[0]),
        shift_north_mas=float(shift[1]),
        shift_error_mas=shift_error,
        # North through east is clockwise on a plane with east as x.
        rotation_deg=float(-np.degrees((matrix[1, 0] - matrix[0, 1]) / 2.0)),
        rotation_error_deg=float(np.degrees(np.sqrt(max(0.0, cov[2, 2])) / LENGTH_MAS)),
        scale_ppm=float(((matrix[0, 0] + matrix[1, 1]) / 2.0 - 1.0) * 1e6),
        scale_error_ppm=float(np.sqrt(max(0.0, cov[3, 3])) / LENGTH_MAS * 1e6),
        skew_deg=float(np.degrees(matrix[0, 1] + matrix[1, 0])),
        position_error_mas=float(np.hypot(shift_error, _calibration_error(solved))),
    )


def _calibration_error(solved: SolvedGroup) -> float:
    """Return what the distortion tables leave of a position, per axis [mas]."""
    problem = solved.problem
    scales = [pixel_scale_mas(member) for member in problem.members]
    return problem.settings.calibration_error_pix * float(np.mean(scales))
