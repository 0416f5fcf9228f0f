"""Every match of a solution as one table, used or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.model.fit import MatchTable

__all__ = ["build_match_table"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

_RADIUS_MAS = 300.0  # within which left-out sources still belong to a star


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """All sources of fitted members that belong to a star."""

    member: IndexArray
    row: IndexArray
    star: IndexArray
    position: FloatArray  # after the fit, at the mean epoch
    before: FloatArray
    sigma: FloatArray
    weight: FloatArray
    why: NDArray[np.str_]


def build_match_table(problem: GroupProblem, solved: SolvedGroup) -> MatchTable:
    """Return the match of every source with a reference star or other exposures.

    Parameters
    ----------
    problem : GroupProblem
        What was asked.
    solved : SolvedGroup
        The global solution.

    Returns
    -------
    MatchTable
        A source of a star with reference has a row for it; one that another
        exposure sees too has a row against the mean of the others. The
        identifier names rootname, chip, row in the source list, and kind, and
        so stays the same when the fit is repeated.
    """
    seen = _collect(problem, solved)
    parts = [_reference_rows(solved, seen), _link_rows(solved, seen)]
    index = np.concatenate([part[0] for part in parts])
    is_reference = np.concatenate(
        [np.full(len(part[0]), k == 0) for k, part in enumerate(parts)]
    )
    target = np.concatenate([part[1] for part in parts])
    target_before = np.concatenate([part[2] for part in parts])
    sigma = np.concatenate([part[3] for part in parts])
    mag = np.concatenate([part[4] for part in parts])
    clipped = np.concatenate([part[5] for part in parts])
    return _as_table(
        problem,
        solved,
        (seen, index),
        (is_reference, target, target_before, sigma, mag, clipped),
    )


def _collect(problem: GroupProblem, solved: SolvedGroup) -> _Seen:
    """Return all sources that belong to a star, the unusable ones included."""
    obs, solution = solved.obs, solved.solution
    active = np.array(solved.active, dtype=np.int64)
    member = active[obs.exposure] if len(active) else obs.exposure
    before = np.zeros((len(member), 2))
    for number in solved.active:
        mine = member == number
        before[mine] = solved.position[number][solved.row[mine]]
    why = np.where(solution.is_used, "", "clipped").astype("U8")
    first = _Seen(
        member,
        solved.row,
        obs.star,
        solution.moved,
        before,
        solution.sigma,
        np.where(solution.is_used, solution.sigma**-2, 0.0),
        why,
    )
    extra = [_left_out(problem, solved, number) for number in solved.active]
    whole = [first, *(part for part in extra if part is not None)]
    return _Seen(
        *(
            np.concatenate([getattr(part, name) for part in whole])
            for name in _Seen.__slots__
        )
    )


def _left_out(problem: GroupProblem, solved: SolvedGroup, number: int) -> _Seen | None:
    """Return a member's unusable sources that lie on a star."""
    affine = solved.maps[number]
    rows = np.flatnonzero(~solved.usable[number])
    rows = rows[np.isfinite(solved.position[number][rows]).all(axis=1)]
    stars = solved.solution.star_position
    known = np.flatnonzero(np.isfinite(stars[:, 0]))
    if affine is None or len(rows) == 0 or len(known) == 0:
        return None
    moved = affine.apply(solved.position[number][rows])
    found = cKDTree(stars[known]).query(moved, distance_upper_bound=_RADIUS_MAS)
    nearest = np.asarray(found[1], dtype=np.int64)
    near = np.isfinite(found[0])
    rows, moved, star = rows[near], moved[near], known[nearest[near]]
    sources = problem.members[number].sources
    scale = (
        np.sqrt(
            abs(
                np.linalg.det(next(iter(problem.members[number].chips.values())).wcs.cd)
            )
        )
        * 3.6e6
    )
    return _Seen(
        np.full(len(rows), number, dtype=np.int64),
        rows.astype(np.int64),
        star.astype(np.int64),
        moved,
        solved.position[number][rows],
        np.maximum(sources.xy_error[rows] * scale, 0.5),
        np.zeros(len(rows)),
        _reasons(problem, number, rows),
    )


def _reasons(problem: GroupProblem, number: int, rows: IndexArray) -> NDArray[np.str_]:
    member = problem.members[number]
    prefix = f"{member.rootname}-"
    by_hand = {
        int(name.removeprefix(prefix).split("-")[1])
        for name in problem.decisions.excluded_matches
        if name.startswith(prefix)
    }
    saturated = member.sources.is_saturated[rows]
    hand = np.isin(rows, list(by_hand))
    found = np.where(hand, "by hand", np.where(saturated, "saturated", "region"))
    return found.astype("U9")


_Rows = tuple[
    IndexArray, FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]
]


def _reference_rows(solved: SolvedGroup, seen: _Seen) -> _Rows:
    """Return rows against reference stars."""
    obs, solution = solved.obs, solved.solution
    place = np.full(obs.stars, -1, dtype=np.int64)
    place[obs.reference_star] = np.arange(len(obs.reference_star))
    index = np.flatnonzero(place[seen.star] >= 0)
    k = place[seen.star[index]]
    own = np.mean(solution.reference_sigma[k] ** 2, axis=1)
    sigma = np.sqrt(own + seen.sigma[index] ** 2)
    mag = (
        np.zeros(0)
        if solved.reference is None
        else solved.reference.mag[solved.reference_row[k]]
    )
    if solved.reference is None:
        mag = np.full(len(index), np.nan)
    target = obs.reference[k]
    return index, target, target, sigma, mag, ~solution.is_reference_used[k]


def _link_rows(solved: SolvedGroup, seen: _Seen) -> _Rows:
    """Return rows against the mean of the star's other observations."""
    stars = solved.obs.stars
    total = np.bincount(seen.star, seen.weight, stars)
    others = total[seen.star] - seen.weight
    index = np.flatnonzero(others > 1e-9 * np.maximum(total[seen.star], 1e-30))
    index = index[others[index] > 0]

    def mean_of_others(position: FloatArray) -> FloatArray:
        sums = np.stack(
            [
                np.bincount(seen.star, seen.weight * position[:, a], stars)
                for a in (0, 1)
            ],
            axis=1,
        )
        left = sums[seen.star[index]] - seen.weight[index, None] * position[index]
        mean: FloatArray = left / others[index, None]
        return mean

    sigma = np.sqrt(seen.sigma[index] ** 2 + 1.0 / others[index])
    nothing = np.zeros(len(index), dtype=np.bool_)
    return (
        index,
        mean_of_others(seen.position),
        mean_of_others(seen.before),
        sigma,
        np.full(len(index), np.nan),
        nothing,
    )


def _as_table(
    problem: GroupProblem,
    solved: SolvedGroup,
    chosen: tuple[_Seen, IndexArray],
    columns: tuple[
        NDArray[np.bool_],
        FloatArray,
        FloatArray,
        FloatArray,
        FloatArray,
        NDArray[np.bool_],
    ],
) -> MatchTable:
    seen, index = chosen
    is_reference, target, target_before, sigma, mag, clipped = columns
    member, row = seen.member[index], seen.row[index]
    names = np.array([m.rootname for m in problem.members] or [""])
    extver = np.zeros(len(index), dtype=np.int64)
    xy = np.zeros((len(index), 2))
    flux = np.ones(len(index))
    for number, each in enumerate(problem.members):
        mine = member == number
        extver[mine] = each.sources.extver[row[mine]]
        xy[mine] = each.sources.xy[row[mine]]
        flux[mine] = each.sources.flux[row[mine]]
    why = np.where(
        (seen.why[index] == "") & clipped, "clipped", seen.why[index]
    ).astype("U9")
    ra, dec = solved.plane.deproject(seen.position[index])
    target_ra, target_dec = solved.plane.deproject(target)
    kind = np.where(is_reference, "r", "l")
    identifier = np.array(
        [
            f"{names[m]}-{e}-{r}-{k}"
            for m, e, r, k in zip(member, extver, row, kind, strict=True)
        ],
        dtype=np.str_,
    )
    instrumental = -2.5 * np.log10(np.maximum(flux, 1e-30))
    return MatchTable(
        identifier=identifier,
        rootname=names[member],
        extver=extver,
        xy=xy,
        ra_deg=ra,
        dec_deg=dec,
        target_ra_deg=target_ra,
        target_dec_deg=target_dec,
        residual_mas=target - seen.position[index],
        before_mas=target_before - seen.before[index],
        sigma_mas=sigma,
        mag=np.where(np.isfinite(mag), mag, instrumental),
        is_reference=is_reference,
        is_used=why == "",
        why_not=why,
    )
