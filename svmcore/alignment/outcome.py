"""From a global solution to the fit of every exposure, its WCS and quality."""

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.correction import corrected_wcs
from svmcore.alignment.fit_facts import chip_corners, group_facts, member_facts
from svmcore.alignment.fit_terms import group_terms, member_terms
from svmcore.alignment.match_table import build_match_table
from svmcore.alignment.member import pixel_scale_mas
from svmcore.alignment.plane import Affine
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.quality import FitFacts, judge_group, judge_member
from svmcore.alignment.trends import trend_warnings
from svmcore.alignment.wcsname import fit_wcs_name
from svmcore.model.fit import (
    ExposureFit,
    FitQuality,
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
    facts = group_facts(problem, solved, table)
    quality = _group_quality(problem, solved, facts, catalog)
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
        absolute=group_terms(solved) if catalog else None,
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
        facts = member_facts(table, reference, links)
        quality = _with_distance(
            judge_member(group, facts, problem.settings), problem, number, affine
        )
        if quality.fit_qual not in problem.settings.good_qualities:
            state, affine = "kept", None
    elif state == "carried":
        affine = carried
    else:
        affine = None
    centre = chip_corners(problem, solved, number).mean(axis=0)
    terms = member_terms(solved, number, affine or Affine.identity(), centre)
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
