"""From a global solution to the fit of every exposure, its WCS and quality."""

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.correction import corrected_wcs
from svmcore.alignment.match_table import build_match_table
from svmcore.alignment.member import pixel_scale_mas
from svmcore.alignment.plane import Affine
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.quality import FitFacts, judge_group, judge_member
from svmcore.alignment.solve import LENGTH_MAS, design_rows
from svmcore.alignment.trends import trend_warnings
from svmcore.alignment.wcsname import fit_wcs_name
from svmcore.model.fit import (
    ExposureFit,
    FitQuality,
    FitTerms,
    GroupFit,
    MatchTable,
)
from svmcore.model.wcs import AlignedChip, AlignedWcs
from svmcore.numerics.clipping import rms_about_zero, robust_sigma

__all__ = ["describe_group"]

FloatArray = NDArray[np.float64]

_CARRY_SCATTER_MAS = 200.0  # more, and exposures do not share one frame


def describe_group(problem: GroupProblem, solved: SolvedGroup) -> GroupFit:
    """Return the fit of a group as a value, with its verdict.

    Parameters
    ----------
    problem : GroupProblem
        What was asked.
    solved : SolvedGroup
        The global solution.
    """
    catalog = ""
    if solved.is_absolute and problem.reference is not None:
        catalog = problem.reference.name
    table = build_match_table(problem, solved)
    group_facts = _group_facts(problem, solved, table)
    quality = _group_quality(problem, solved, group_facts, catalog)
    carried = _carried_map(solved)
    fits: list[ExposureFit] = []
    solutions: list[AlignedWcs] = []
    for number in range(len(problem.members)):
        fit, affine = _describe_member(problem, solved, number, table, quality, carried)
        fits.append(fit)
        solutions.append(_solution(problem, solved, number, affine, catalog))
    return GroupFit(
        detector=problem.detector,
        kind=_kind(solved),
        catalog=catalog,
        catalog_epoch_yr=solved.reference.epoch_yr
        if catalog and solved.reference is not None
        else float("nan"),
        exposures=tuple(fits),
        wcs=tuple(solutions),
        absolute=_group_terms(solved) if catalog else None,
        quality=quality,
        matches=table,
        warnings=(
            *_warnings(problem, solved, fits),
            *trend_warnings(table, is_absolute=solved.is_absolute),
        ),
        history=(*solved.linked.notes, *solved.solution.history),
    )


def _kind(solved: SolvedGroup) -> str:
    if solved.is_absolute:
        return "absolute"
    return "relative" if len(solved.fitted) > 1 else "none"


def _group_facts(
    problem: GroupProblem, solved: SolvedGroup, table: MatchTable
) -> FitFacts:
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
        [_corners(problem, solved, e) for e in range(len(problem.members))]
    )
    field = np.sqrt(np.sum(np.var(corners, axis=0)) / 3.0)  # even rectangle
    return float(np.sqrt(np.sum(np.var(stars, axis=0))) / max(field, 1.0))


def _corners(problem: GroupProblem, solved: SolvedGroup, number: int) -> FloatArray:
    """Return plane positions of all chip corners of a member [mas]."""
    found = []
    for wcs in problem.members[number].chips.values():
        nx, ny = wcs.pixel_shape
        sky = wcs.all_pix2world([[0, 0], [nx - 1, 0], [nx - 1, ny - 1], [0, ny - 1]], 0)
        found.append(solved.plane.project(sky[:, 0], sky[:, 1]))
    return np.concatenate(found)


def _corner_error(problem: GroupProblem, solved: SolvedGroup) -> float:
    """Return the largest formal error per axis at any corner [mas]."""
    worst = 0.0
    for place, number in enumerate(solved.active):
        rows = design_rows(_corners(problem, solved, number))
        block = slice(6 * place, 6 * place + 6)
        cov = solved.solution.covariance[block, block]
        variance = np.einsum("nai,ij,naj->na", rows, cov, rows)
        worst = max(worst, float(np.sqrt(np.max(np.mean(variance, axis=1)))))
    return worst


def _group_quality(
    problem: GroupProblem, solved: SolvedGroup, facts: FitFacts, catalog: str
) -> FitQuality:
    if solved.is_absolute:
        return judge_group(facts, problem.settings, catalog=catalog)
    if len(solved.fitted) > 1:
        return judge_group(facts, problem.settings, catalog="")
    return FitQuality(5, "No two exposures and no catalog could be matched.")


def _carried_map(solved: SolvedGroup) -> Affine | None:
    """Return the typical map of the fitted exposures, if there is one."""
    maps = [m for e in solved.fitted if (m := solved.maps[e]) is not None]
    if not maps or not solved.is_absolute:
        return None
    shifts = np.array([m.shift for m in maps])
    if len(maps) > 2:
        scatter = max(robust_sigma(shifts[:, 0]), robust_sigma(shifts[:, 1]))
        if scatter > _CARRY_SCATTER_MAS:
            return None
    matrix = np.median([m.matrix for m in maps], axis=0)
    return Affine(matrix, np.median(shifts, axis=0))


def _describe_member(
    problem: GroupProblem,
    solved: SolvedGroup,
    number: int,
    table: MatchTable,
    group: FitQuality,
    carried: Affine | None,
) -> tuple[ExposureFit, Affine | None]:
    """Return one exposure's fit and the map to apply; None keeps its WCS."""
    member = problem.members[number]
    affine = solved.maps[number]
    mine = table.rootname == member.rootname
    used = mine & table.is_used
    reference = used & table.is_reference
    links = used & ~table.is_reference
    state, quality = _state(problem, solved, number, group, carried)
    if state == "fitted":
        facts = _member_facts(table, reference, links)
        quality = _with_distance(
            judge_member(group, facts, problem.settings), problem, number, affine
        )
        if quality.fit_qual not in problem.settings.good_qualities:
            state, affine = "kept", None
    elif state == "carried":
        affine = carried
    else:
        affine = None
    centre = _corners(problem, solved, number).mean(axis=0)
    terms = _terms(solved, number, affine or Affine.identity(), centre)
    rms = rms_about_zero
    return (
        ExposureFit(
            rootname=member.rootname,
            state=state,
            n_sources=solved.selected[number].count,
            n_reference=int(reference.sum()),
            n_links=int(links.sum()),
            terms=terms,
            rms_ra_mas=rms(table.residual_mas[reference, 0]),
            rms_dec_mas=rms(table.residual_mas[reference, 1]),
            relative_rms_ra_mas=rms(table.residual_mas[links, 0]),
            relative_rms_dec_mas=rms(table.residual_mas[links, 1]),
            quality=quality,
        ),
        affine,
    )


def _with_distance(
    quality: FitQuality, problem: GroupProblem, number: int, affine: Affine | None
) -> FitQuality:
    """Return a verdict that says so if an exposure was beyond the search radius."""
    if affine is None:
        return quality
    member, radius_pix = problem.members[number], problem.settings.search_radius_pix
    off_mas = float(np.hypot(*affine.shift))
    if off_mas <= max(5000.0, radius_pix * pixel_scale_mas(member)):
        return quality
    return FitQuality(
        quality.fit_qual,
        f"{quality.sentence} It was {off_mas / 1000.0:.1f} arcsec off, beyond "
        f"searchrad ({radius_pix:g} pixels), and found by a wider search.",
    )


def _member_facts(
    table: MatchTable, reference: NDArray[np.bool_], links: NDArray[np.bool_]
) -> FitFacts:
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


def _state(
    problem: GroupProblem,
    solved: SolvedGroup,
    number: int,
    group: FitQuality,
    carried: Affine | None,
) -> tuple[str, FitQuality]:
    """Return fitted, carried or kept, with the reason for the last two."""
    name = problem.members[number].rootname
    if name in problem.decisions.kept_apriori:
        return "kept", FitQuality(5, "Its own WCS is kept by hand.")
    if number in solved.fitted:
        return "fitted", group
    why = _why_not_fitted(problem, solved, number)
    if carried is None:
        return "kept", FitQuality(5, f"{why} It keeps the WCS that it came with.")
    return "carried", FitQuality(
        max(4, group.fit_qual), f"{why} It moves with the other exposures, unchecked."
    )


def _why_not_fitted(problem: GroupProblem, solved: SolvedGroup, number: int) -> str:
    member = problem.members[number]
    if member.rootname in problem.decisions.excluded_exposures:
        return "Left out of the fit by hand."
    if number in solved.loose:
        return "Too few of its matches are left after those rejected by hand."
    usable = solved.selected[number].count
    if usable == 0 and len(member.sources.flux) == 0:
        return "No usable star was found in it."
    if usable == 0:
        return (
            f"Too few of its {len(member.sources.flux)} sources are usable "
            f"(MIN_OBSERVABLE_THRESHOLD is {problem.settings.min_sources})."
        )
    if len(problem.members) == 1 and problem.reference is None:
        return "There is nothing to align it to."
    return f"None of its {usable} sources could be matched beyond chance."


def _terms(
    solved: SolvedGroup, number: int, affine: Affine, centre: FloatArray
) -> FitTerms:
    """Return a map as shift at a point, roll, scale and skew, with errors."""
    shift = affine.apply(centre[None, :])[0] - centre
    cov = np.zeros((6, 6))
    if number in solved.active:
        place = solved.active.index(number)
        cov = solved.solution.covariance[6 * place : 6 * place + 6][
            :, 6 * place : 6 * place + 6
        ]
    return _named_terms(solved, affine, shift, centre, cov)


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


def _group_terms(solved: SolvedGroup) -> FitTerms:
    """Return the mean map of the fitted exposures, with its error."""
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


def _solution(
    problem: GroupProblem,
    solved: SolvedGroup,
    number: int,
    affine: Affine | None,
    catalog: str,
) -> AlignedWcs:
    member = problem.members[number]
    if affine is None:
        return AlignedWcs(
            member.rootname,
            member.wcs_name,
            tuple(
                AlignedChip(
                    extver,
                    (float(wcs.wcs.crval[0]), float(wcs.wcs.crval[1])),
                    (
                        (float(wcs.wcs.cd[0, 0]), float(wcs.wcs.cd[0, 1])),
                        (float(wcs.wcs.cd[1, 0]), float(wcs.wcs.cd[1, 1])),
                    ),
                )
                for extver, wcs in sorted(member.chips.items())
            ),
        )
    name = fit_wcs_name(member.wcs_name, member.idctab, catalog)
    return corrected_wcs(member.rootname, name, member.chips, affine, solved.plane)


def _warnings(
    problem: GroupProblem, solved: SolvedGroup, fits: list[ExposureFit]
) -> tuple[str, ...]:
    found = [
        f"{fit.rootname}: {fit.quality.sentence}"
        for fit in fits
        if fit.state != "fitted"
    ]
    if problem.reference is not None and not solved.is_absolute:
        found.insert(
            0,
            f"No fit to {problem.reference.name}: its {len(problem.reference)} stars "
            "do not match the sources beyond chance.",
        )
    return tuple(found)
