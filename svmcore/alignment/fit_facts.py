"""The numbers that a fit is judged by."""

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.quality import FitFacts
from svmcore.alignment.solve import design_rows
from svmcore.model.fit import MatchTable
from svmcore.numerics.clipping import rms_about_zero

__all__ = ["chip_corners", "group_facts", "member_facts"]

FloatArray = NDArray[np.float64]


def group_facts(
    problem: GroupProblem, solved: SolvedGroup, table: MatchTable
) -> FitFacts:
    """Return what a group's verdict rests on.

    Parameters
    ----------
    problem : GroupProblem
        What was asked.
    solved : SolvedGroup
        The global solution.
    table : MatchTable
        Every match, used or not.
    """
    solution = solved.solution
    used_reference = table.is_reference & table.is_used
    used_links = ~table.is_reference & table.is_used
    shown = used_reference if solved.is_absolute else used_links
    return FitFacts(
        reference_used=int(solution.is_reference_used.sum()),
        reference_found=len(solution.is_reference_used),
        links=int(used_links.sum()),
        spare=_spare(solved),
        rms_mas=_typical_rms(table, shown),
        chi=_chi(table, shown),
        spread=_spread(problem, solved),
        corner_error_mas=_corner_error(problem, solved),
    )


def member_facts(
    table: MatchTable, reference: NDArray[np.bool_], links: NDArray[np.bool_]
) -> FitFacts:
    """Return what one exposure's verdict rests on.

    Parameters
    ----------
    table : MatchTable
        Every match, used or not.
    reference, links : ndarray of bool, shape (n,)
        Rows of the exposure that were used, by kind.
    """
    shown = reference if reference.any() and not links.any() else links
    return FitFacts(
        reference_used=int(reference.sum()),
        reference_found=int(reference.sum()),
        links=int(links.sum()),
        spare=2 * int(reference.sum() + links.sum()) - 3,
        rms_mas=_typical_rms(table, shown),
        chi=_chi(table, shown),
        spread=1.0,
        corner_error_mas=0.0,
    )


def chip_corners(problem: GroupProblem, solved: SolvedGroup, number: int) -> FloatArray:
    """Return plane positions of all chip corners of a member.

    Parameters
    ----------
    problem : GroupProblem
        What was asked.
    solved : SolvedGroup
        The global solution.
    number : int
        Member, from 0.

    Returns
    -------
    ndarray of float, shape (4 chips, 2)
        East and north on the plane of the solution, before the fit [mas].
    """
    found = []
    for wcs in problem.members[number].chips.values():
        nx, ny = wcs.pixel_shape
        sky = wcs.all_pix2world([[0, 0], [nx - 1, 0], [nx - 1, ny - 1], [0, ny - 1]], 0)
        found.append(solved.plane.project(sky[:, 0], sky[:, 1]))
    return np.concatenate(found)


def _spare(solved: SolvedGroup) -> int:
    """Return the reference coordinates beyond the terms common to all."""
    solution = solved.solution
    if not solved.is_absolute:
        return solution.freedom
    choice = solution.choice
    unknowns = 2 + (choice.roll != "none") + (choice.scale != "none")
    unknowns += 2 * (choice.skew != "none")
    return 2 * int(solution.is_reference_used.sum()) - unknowns


def _typical_rms(table: MatchTable, rows: NDArray[np.bool_]) -> float:
    """Return the rms about zero per axis; zero if there is nothing."""
    if not rows.any():
        return 0.0
    return rms_about_zero(table.residual_mas[rows])


def _chi(table: MatchTable, rows: NDArray[np.bool_]) -> float:
    """Return the rms of residuals over their errors; nan if there is none."""
    if not rows.any():
        return float("nan")
    return rms_about_zero(table.residual_mas[rows] / table.sigma_mas[rows][:, None])


def _spread(problem: GroupProblem, solved: SolvedGroup) -> float:
    """Return the rms extent of the reference stars over that of all chips."""
    used = solved.solution.is_reference_used
    if used.sum() < 2:
        return 0.0 if solved.is_absolute else 1.0
    stars = solved.obs.reference[used]
    corners = np.concatenate(
        [chip_corners(problem, solved, e) for e in range(len(problem.members))]
    )
    field = np.sqrt(np.sum(np.var(corners, axis=0)) / 3.0)  # even rectangle
    return float(np.sqrt(np.sum(np.var(stars, axis=0))) / max(field, 1.0))


def _corner_error(problem: GroupProblem, solved: SolvedGroup) -> float:
    """Return the largest formal error per axis at any corner [mas]."""
    worst = 0.0
    for place, number in enumerate(solved.active):
        rows = design_rows(chip_corners(problem, solved, number))
        block = slice(6 * place, 6 * place + 6)
        cov = solved.solution.covariance[block, block]
        variance = np.einsum("nai,ij,naj->na", rows, cov, rows)
        worst = max(worst, float(np.sqrt(np.max(np.mean(variance, axis=1)))))
    return worst
