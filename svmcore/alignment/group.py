"""The fit of all exposures of a detector, from stored source lists."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.linking import Linked, link_exposures
from svmcore.alignment.member import (
    group_plane,
    pixel_scale_mas,
    source_positions,
)
from svmcore.alignment.merging import PointList
from svmcore.alignment.observed import observe_stars
from svmcore.alignment.outcome import describe_group
from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.reference import PlaneReference, stars_at_epoch
from svmcore.alignment.robust import GroupSolution, solve_group
from svmcore.alignment.selected import (
    Selection,
    list_points,
    loose_exposures,
    select_sources,
)
from svmcore.alignment.solve import LENGTH_MAS, Observations
from svmcore.model.fit import GroupFit, MatchTable

__all__ = ["fit_group", "solve_members"]

FloatArray = NDArray[np.float64]

_REMATCH_MAS = 25.0  # change of a map after which stars are matched again


def fit_group(problem: GroupProblem, known: SolvedGroup | None = None) -> GroupFit:
    """Return the alignment of all exposures of a detector.

    Parameters
    ----------
    problem : GroupProblem
        Exposures with their sources, reference stars, parameters, decisions.
    known : SolvedGroup, optional
        A solution made before; taken if it is that of this very problem.

    Returns
    -------
    GroupFit
        WCS of every exposure, terms with errors, matches, quality.

    Notes
    -----
    Positions of all stars in all exposures are fitted at once: a few linear
    terms per exposure and one position per star; a reference star counts
    once, with its own error at the epoch of the exposures. An exposure that
    cannot be fitted moves with the group, and says so.
    """
    if known is None or not known.solves(problem):
        known = solve_members(problem)
    fit = describe_group(problem, known)
    if (
        fit.kind != "absolute"
        or fit.quality.fit_qual in problem.settings.good_qualities
    ):
        return fit
    relative = replace(problem, reference=None)
    again = describe_group(relative, solve_members(relative))
    why = f"The fit to {fit.catalog} is not used: {fit.quality.sentence}"
    return replace(
        again,
        matches=_with_rejected(again.matches, fit.matches),
        warnings=(why, *again.warnings),
    )


def _with_rejected(table: MatchTable, before: MatchTable) -> MatchTable:
    """Return a table with the matches rejected by hand that only another has.

    Matches with a catalog must stay in sight when a fit falls back to a
    relative one, for they may be the reason.
    """
    lost = (before.why_not == "by hand") & ~np.isin(before.identifier, table.identifier)
    return MatchTable(
        **{
            each.name: np.concatenate(
                [getattr(table, each.name), getattr(before, each.name)[lost]]
            )
            for each in fields(MatchTable)
        }
    )


def solve_members(problem: GroupProblem) -> SolvedGroup:
    """Return the global solution before it is judged and described."""
    members = problem.members
    plane = group_plane(members)
    position = tuple(source_positions(member, plane) for member in members)
    epoch = float(np.mean([member.epoch_yr for member in members]))
    reference = (
        None
        if problem.reference is None
        else stars_at_epoch(problem.reference, plane, epoch)
    )
    selected = tuple(
        select_sources(
            members[number],
            problem.decisions,
            plane,
            position[number],
            reference,
            problem.settings,
        )
        for number in range(len(members))
    )
    offsets = _manual_offsets(problem)
    lists = [
        list_points(member, at, chosen, offsets[member.rootname])
        for member, at, chosen in zip(members, position, selected, strict=True)
    ]
    # Matches rejected by hand still link, so that stars, and the names of
    # matches, stay the same when they are.
    searched = [
        points.where(~chosen.by_region[points.row])
        for points, chosen in zip(lists, selected, strict=True)
    ]
    scale = float(np.mean([pixel_scale_mas(member) for member in members]))
    linked = link_exposures(
        searched,
        reference,
        first=_first_exposure(problem, searched),
        radius_mas=max(5000.0, problem.settings.search_radius_pix * scale),
        min_reference=problem.settings.min_fit_matches,
    )
    frame = (plane, position, selected, reference)
    return _solve_linked(problem, frame, lists, linked)


def _manual_offsets(problem: GroupProblem) -> dict[str, FloatArray]:
    """Return the first guess of each exposure's error, zero by default [mas]."""
    offsets = {member.rootname: np.zeros(2) for member in problem.members}
    for manual in problem.decisions.manual_offsets:
        if manual.rootname in offsets:
            offsets[manual.rootname] = offsets[manual.rootname] + [
                manual.east_mas,
                manual.north_mas,
            ]
    return offsets


def _first_exposure(problem: GroupProblem, lists: Sequence[PointList]) -> int:
    """Return the exposure that relative maps start from."""
    names = [member.rootname for member in problem.members]
    if problem.decisions.reference_exposure in names:
        return names.index(problem.decisions.reference_exposure)
    return int(np.argmax([len(points.position) for points in lists]))


def _solve_linked(
    problem: GroupProblem,
    frame: tuple[
        TangentPlane,
        tuple[FloatArray, ...],
        tuple[Selection, ...],
        PlaneReference | None,
    ],
    lists: Sequence[PointList],
    linked: Linked,
) -> SolvedGroup:
    """Return the global solution of the exposures that hang together."""
    plane, position, selected, reference = frame
    active = _active_members(linked)
    is_absolute = bool(linked.tied)
    listed = {e: lists[e].position for e in active}
    start = {e: _shift_only(linked.maps[e], listed[e]) for e in active}
    parts = (
        lists,
        [~selected[e].left_out[lists[e].row] for e in active],
        linked,
        active,
        reference if is_absolute else None,
    )
    maps: dict[int, Affine] = {e: linked.maps[e] for e in active}
    matched = _solve_matched(problem, parts, maps, start)
    if any(
        _distance(maps[e], matched.maps[e], listed[e]) > _REMATCH_MAS for e in active
    ):
        matched = _solve_matched(problem, parts, matched.maps, start)
    solution, better = matched.solution, matched.maps
    chosen = problem.decisions.reference_exposure
    names = [problem.members[e].rootname for e in active]
    if not is_absolute and chosen not in names and active:
        solution, better = _about_the_mean(solution, better, matched.loose)
    by_hand = _manual_offsets(problem)
    maps = {
        e: better[e].after(Affine(np.eye(2), by_hand[problem.members[e].rootname]))
        for e in active
    }
    row = np.concatenate(
        [lists[e].row for e in active] or [np.zeros(0, dtype=np.int64)]
    )
    return SolvedGroup(
        problem,
        plane,
        position,
        selected,
        reference,
        linked,
        matched.obs,
        row,
        matched.reference_row,
        solution,
        tuple(maps.get(e) for e in range(len(problem.members))),
        tuple(active),
        matched.loose,
        is_absolute,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """Stars that some maps make, and the solution with them."""

    obs: Observations
    reference_row: NDArray[np.int64]
    loose: frozenset[int]
    solution: GroupSolution
    maps: dict[int, Affine]


def _solve_matched(
    problem: GroupProblem,
    parts: tuple[
        Sequence[PointList],
        Sequence[NDArray[np.bool_]],
        Linked,
        Sequence[int],
        PlaneReference | None,
    ],
    maps: dict[int, Affine],
    start: dict[int, Affine],
) -> _Matched:
    """Return the stars that `maps` make, and the solution with them."""
    lists, free, linked, active, reference = parts
    observed = observe_stars(
        [lists[e] for e in active],
        ([maps[e] for e in active], [start[e] for e in active]),
        [problem.members[e].epoch_yr for e in active],
        reference,
        radius_mas=problem.settings.match_radius_mas,
    )
    obs = observed.obs
    usable = np.concatenate([*free, np.zeros(0, dtype=np.bool_)])
    loose = loose_exposures(
        obs,
        usable,
        [linked.component[e] for e in active],
        problem.settings.min_fit_matches,
    )
    usable = usable & ~np.isin(obs.exposure, list(loose))
    names = [problem.members[e].rootname for e in active]
    chosen = problem.decisions.reference_exposure
    is_kept = reference is None and chosen in names
    seen = np.bincount(obs.star[usable], minlength=obs.stars)
    reference_usable = seen[obs.reference_star] > 0
    component = np.array([linked.component[e] for e in active], dtype=np.int64)
    solution = solve_group(
        obs,
        usable,
        reference_usable,
        problem.settings,
        fixed=names.index(chosen) if is_kept else None,
        trusted=observed.agreeing(reference_usable, component),
    )
    found = {
        e: _affine_of(solution.terms[k]).after(start[e]) for k, e in enumerate(active)
    }
    whose = frozenset(active[k] for k in loose)
    return _Matched(obs, observed.reference_row, whose, solution, found)


def _about_the_mean(
    solution: GroupSolution, maps: dict[int, Affine], loose: frozenset[int]
) -> tuple[GroupSolution, dict[int, Affine]]:
    """Return a relative solution whose mean map changes nothing."""
    counted = [m for e, m in maps.items() if e not in loose] or list(maps.values())
    mean = Affine(
        np.mean([m.matrix for m in counted], axis=0),
        np.mean([m.shift for m in counted], axis=0),
    )
    back = mean.inverse()
    moved = replace(
        solution,
        moved=back.apply(solution.moved),
        star_position=back.apply(solution.star_position),
        observed_position=back.apply(solution.observed_position),
    )
    return moved, {e: back.after(m) for e, m in maps.items()}


def _distance(first: Affine, second: Affine, position: FloatArray) -> float:
    """Return how far two maps differ over some positions [mas]."""
    corners = np.array([position.min(axis=0), position.max(axis=0)])
    return float(np.max(np.abs(first.apply(corners) - second.apply(corners))))


def _active_members(linked: Linked) -> list[int]:
    """Return the exposures of tied components, or of the largest one."""
    if linked.tied:
        return sorted(e for e, c in linked.component.items() if c in linked.tied)
    sizes: dict[int, int] = {}
    for component in linked.component.values():
        sizes[component] = sizes.get(component, 0) + 1
    if not sizes or max(sizes.values()) < 2:
        return []
    largest = max(sizes, key=lambda c: (sizes[c], -c))
    return sorted(e for e, c in linked.component.items() if c == largest)


def _shift_only(found: Affine, position: FloatArray) -> Affine:
    """Return a map without its roll, so that the roll is tested like any term.

    A roll above a tenth of a degree stays: it is beyond doubt, and the terms
    are linear.
    """
    if abs(found.matrix[1, 0]) > np.radians(0.1):
        return found
    centre = np.mean(position, axis=0)
    shift = found.apply(centre[None, :])[0] - centre
    return Affine(np.eye(2), shift)


def _affine_of(terms: FloatArray) -> Affine:
    """Return the map that six terms at `LENGTH_MAS` stand for."""
    east, north, roll, scale, along, across = terms
    linear = np.array([[scale + along, across - roll], [across + roll, scale - along]])
    return Affine(np.eye(2) + linear / LENGTH_MAS, np.array([east, north]))
