"""The fit of all exposures of a detector, from stored source lists."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.linking import (
    Linked,
    PointList,
    link_exposures,
    merge_stars,
)
from svmcore.alignment.matching import match_nearest
from svmcore.alignment.member import (
    group_plane,
    pixel_scale_mas,
    source_positions,
)
from svmcore.alignment.outcome import describe_group
from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.reference import PlaneReference, stars_at_epoch
from svmcore.alignment.robust import GroupSolution, solve_group
from svmcore.alignment.solve import LENGTH_MAS, Observations
from svmcore.model.fit import GroupFit

__all__ = ["fit_group", "solve_members"]

FloatArray = NDArray[np.float64]

_REMATCH_MAS = 25.0  # change of a map after which stars are matched again
_SPARSE_REFERENCE = 25  # and below this many reference stars
_AROUND_MAS = 3000.0
_SPARSE_STARS = 12  # saturated stars help out below this many others


def fit_group(problem: GroupProblem) -> GroupFit:
    """Return the alignment of all exposures of a detector.

    Parameters
    ----------
    problem : GroupProblem
        Exposures with their sources, reference stars, parameters, decisions.

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
    fit = describe_group(problem, solve_members(problem))
    if (
        fit.kind != "absolute"
        or fit.quality.fit_qual in problem.settings.good_qualities
    ):
        return fit
    relative = replace(problem, reference=None)
    again = describe_group(relative, solve_members(relative))
    why = f"The fit to {fit.catalog} is not used: {fit.quality.sentence}"
    return replace(again, warnings=(why, *again.warnings))


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
    usable = tuple(
        _usable_sources(problem, number, plane, position[number], reference)
        for number in range(len(members))
    )
    lists = [
        _point_list(problem, number, position[number], usable[number])
        for number in range(len(members))
    ]
    scale = float(np.mean([pixel_scale_mas(member) for member in members]))
    linked = link_exposures(
        lists,
        reference,
        first=_first_exposure(problem, lists),
        radius_mas=max(5000.0, problem.settings.search_radius_pix * scale),
        min_reference=problem.settings.min_fit_matches,
    )
    return _solve_linked(problem, (plane, position, usable, reference), lists, linked)


def _usable_sources(
    problem: GroupProblem,
    number: int,
    plane: TangentPlane,
    position: FloatArray,
    reference: PlaneReference | None,
) -> NDArray[np.bool_]:
    """Return which sources of a member may take part.

    Saturated stars do only where there is little else: few sources, or few
    reference stars, which are among the brightest. Their errors are large.
    """
    member, decisions = problem.members[number], problem.decisions
    sources = member.sources
    usable = np.asarray(np.isfinite(position).all(axis=1), dtype=np.bool_)
    left_out = decisions.excluded_exposures | decisions.kept_apriori
    if member.rootname in left_out:
        return np.zeros(len(usable), dtype=np.bool_)
    clean = usable & ~sources.is_saturated
    if clean.sum() >= _SPARSE_STARS and not _is_sparse(reference, position):
        usable = clean
    for region in decisions.excluded_regions:
        centre = plane.project(np.array([region.ra_deg]), np.array([region.dec_deg]))
        distance = np.hypot(*(position - centre).T)
        usable = usable & (distance > region.radius_arcsec * 1000.0)
    prefix = f"{member.rootname}-"
    for identifier in decisions.excluded_matches:
        if identifier.startswith(prefix):
            row = int(identifier.removeprefix(prefix).split("-")[1])
            if row < len(usable):
                usable[row] = False
    return usable


def _is_sparse(reference: PlaneReference | None, position: FloatArray) -> bool:
    """Return whether there are few reference stars around some sources."""
    if reference is None or len(position) == 0:
        return False
    low = position.min(axis=0) - _AROUND_MAS
    high = position.max(axis=0) + _AROUND_MAS
    inside = np.all((reference.position > low) & (reference.position < high), axis=1)
    return int(inside.sum()) < _SPARSE_REFERENCE


def _point_list(
    problem: GroupProblem,
    number: int,
    position: FloatArray,
    usable: NDArray[np.bool_],
) -> PointList:
    """Return a member's usable sources, brightest first."""
    member = problem.members[number]
    sources = member.sources
    rows = np.flatnonzero(usable)
    rows = rows[np.lexsort((-sources.flux[rows], sources.roughness[rows] > 0.33))]
    offset = _manual_offsets(problem)[member.rootname]
    sigma = sources.xy_error[rows] * pixel_scale_mas(member)
    return PointList(position[rows] + offset, rows.astype(np.int64), sigma)


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
        tuple[NDArray[np.bool_], ...],
        PlaneReference | None,
    ],
    lists: Sequence[PointList],
    linked: Linked,
) -> SolvedGroup:
    """Return the global solution of the exposures that hang together."""
    plane, position, usable, reference = frame
    active = _active_members(linked)
    is_absolute = bool(linked.tied)
    maps: dict[int, Affine] = {e: linked.maps[e] for e in active}
    listed = {e: lists[e].position for e in active}
    start = {e: _shift_only(maps[e], listed[e]) for e in active}
    names = [problem.members[e].rootname for e in active]
    chosen = problem.decisions.reference_exposure
    fixed = names.index(chosen) if not is_absolute and chosen in names else None
    tied = reference if is_absolute else None
    problem_parts = (lists, active, tied)
    obs, reference_row, solution = _solve_matched(
        problem, problem_parts, maps, start, fixed
    )
    better = {
        e: affine_of(solution.terms[k]).after(start[e]) for k, e in enumerate(active)
    }
    if any(_distance(maps[e], better[e], listed[e]) > _REMATCH_MAS for e in active):
        obs, reference_row, solution = _solve_matched(
            problem, problem_parts, better, start, fixed
        )
        better = {
            e: affine_of(solution.terms[k]).after(start[e])
            for k, e in enumerate(active)
        }
    if not is_absolute and fixed is None and active:
        solution, better = _about_the_mean(solution, better)
    by_hand = _manual_offsets(problem)
    maps = {
        e: better[e].after(Affine(np.eye(2), by_hand[problem.members[e].rootname]))
        for e in active
    }
    row = np.concatenate(
        [lists[e].row for e in active] or [np.zeros(0, dtype=np.int64)]
    )
    return SolvedGroup(
        plane,
        position,
        usable,
        reference,
        linked,
        obs,
        row,
        reference_row,
        solution,
        tuple(maps.get(e) for e in range(len(problem.members))),
        tuple(active),
        is_absolute,
    )


def _solve_matched(
    problem: GroupProblem,
    parts: tuple[Sequence[PointList], Sequence[int], PlaneReference | None],
    maps: dict[int, Affine],
    start: dict[int, Affine],
    fixed: int | None,
) -> tuple[Observations, NDArray[np.int64], GroupSolution]:
    """Return the stars that `maps` make, and the solution with them."""
    obs, reference_row = _observe(problem, parts, maps, start)
    solution = solve_group(
        obs,
        np.ones(len(obs.star), dtype=np.bool_),
        np.ones(len(reference_row), dtype=np.bool_),
        problem.settings,
        fixed=fixed,
    )
    return obs, reference_row, solution


def _about_the_mean(
    solution: GroupSolution, maps: dict[int, Affine]
) -> tuple[GroupSolution, dict[int, Affine]]:
    """Return a relative solution whose mean map changes nothing."""
    mean = Affine(
        np.mean([m.matrix for m in maps.values()], axis=0),
        np.mean([m.shift for m in maps.values()], axis=0),
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


def affine_of(terms: FloatArray) -> Affine:
    """Return the map that six terms at `LENGTH_MAS` stand for."""
    east, north, roll, scale, along, across = terms
    linear = np.array([[scale + along, across - roll], [across + roll, scale - along]])
    return Affine(np.eye(2) + linear / LENGTH_MAS, np.array([east, north]))


def _observe(
    problem: GroupProblem,
    parts: tuple[Sequence[PointList], Sequence[int], PlaneReference | None],
    maps: dict[int, Affine],
    start: dict[int, Affine],
) -> tuple[Observations, NDArray[np.int64]]:
    """Return the observations, matched with `maps`, placed with `start`."""
    lists, active, reference = parts
    chosen = [lists[e] for e in active]
    stars = merge_stars(chosen, [maps[e] for e in active])
    moved = [
        start[e].apply(points.position)
        for e, points in zip(active, chosen, strict=True)
    ]
    position = np.concatenate(moved) if moved else np.zeros((0, 2))
    sigma = np.concatenate([p.sigma for p in chosen]) if moved else np.zeros(0)
    star_rows, reference_rows = _match_reference(stars.position, reference)
    at, errors = np.zeros((0, 2)), np.zeros((0, 2))
    if reference is not None:
        at, errors = reference.position[reference_rows], reference.sigma[reference_rows]
        motion = np.zeros_like(stars.position)
        motion[star_rows] = reference.motion[reference_rows]
        epochs = np.array([problem.members[e].epoch_yr for e in active])
        years = epochs[stars.exposure] - reference.epoch_yr
        position = position - motion[stars.star] * years[:, None]
    seen = np.maximum(np.bincount(stars.star, minlength=len(stars.position)), 1)
    mean = np.stack(
        [
            np.bincount(stars.star, position[:, axis], len(stars.position)) / seen
            for axis in (0, 1)
        ],
        axis=1,
    )
    return (
        Observations(
            exposure=stars.exposure,
            star=stars.star,
            position=position,
            anchor=mean[stars.star],
            sigma=sigma,
            reference_star=star_rows,
            reference=at,
            reference_sigma=errors,
            exposures=len(active),
            stars=len(stars.position),
        ),
        reference_rows,
    )


def _match_reference(
    stars: FloatArray, reference: PlaneReference | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    none = np.zeros(0, dtype=np.int64)
    if reference is None or len(stars) == 0:
        return none, none
    return match_nearest(stars, reference.position, reference.match_radius_mas)
