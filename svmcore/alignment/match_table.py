"""Every match of a solution as one table, used or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.member import pixel_scale_mas
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
    weight: FloatArray  # in the solution
    share: FloatArray  # in the mean of a star of which nothing is in use
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
        so stays the same when the fit is repeated. A match rejected by hand
        always has a row, so that it can be seen and readmitted.
    """
    seen = _collect(problem, solved)
    names = _names(problem, seen)
    parts = [
        (part, kind)
        for part, kind in (
            (_reference_rows(solved, seen), "r"),
            (_link_rows(solved, seen), "l"),
        )
    ]
    rejected = problem.decisions.excluded_matches
    parts.extend(
        (_stray_rows(seen, part, _lost(names, part, kind, rejected)), kind)
        for part, kind in tuple(parts)
    )
    whole = _Rows(
        *(
            np.concatenate([getattr(part, name) for part, _ in parts])
            for name in _Rows.__slots__
        )
    )
    kinds = np.concatenate([np.full(len(part.index), kind) for part, kind in parts])
    return _as_table(problem, solved, (seen, names), whole, kinds)


def _names(problem: GroupProblem, seen: _Seen) -> NDArray[np.str_]:
    """Return rootname, chip and row of every source as one name."""
    chips = [each.sources.extver for each in problem.members]
    return np.array(
        [
            f"{problem.members[m].rootname}-{chips[m][r]}-{r}"
            for m, r in zip(seen.member.tolist(), seen.row.tolist(), strict=True)
        ],
        dtype=np.str_,
    )


def _lost(
    names: NDArray[np.str_], part: "_Rows", kind: str, rejected: frozenset[str]
) -> IndexArray:
    """Return the sources whose match of some kind was rejected and has no row."""
    wanted = {name[:-2] for name in rejected if name.endswith(f"-{kind}")}
    if not wanted:
        return np.zeros(0, dtype=np.int64)
    is_wanted = np.isin(names, list(wanted))
    is_wanted[part.index] = False
    return np.flatnonzero(is_wanted)


def _collect(problem: GroupProblem, solved: SolvedGroup) -> _Seen:
    """Return all sources that belong to a star, the unusable ones included."""
    obs, solution = solved.obs, solved.solution
    active = np.array(solved.active, dtype=np.int64)
    member = active[obs.exposure] if len(active) else obs.exposure
    before = np.zeros((len(member), 2))
    for number in solved.active:
        mine = member == number
        before[mine] = solved.position[number][solved.row[mine]]
    why = np.where(solution.is_used, "", "clipped").astype("U9")
    why[np.isin(member, list(solved.loose))] = "no fit"
    for number in solved.active:
        mine, chosen = member == number, solved.selected[number]
        why[mine & chosen.by_region[np.where(mine, solved.row, 0)]] = "region"
        why[mine & chosen.by_hand[np.where(mine, solved.row, 0)]] = "by hand"
    first = _Seen(
        member,
        solved.row,
        obs.star,
        solution.moved,
        before,
        solution.sigma,
        np.where(solution.is_used, solution.sigma**-2, 0.0),
        solution.sigma**-2,
        why,
    )
    stars = _star_positions(solved, first)
    extra = [_left_out(problem, solved, number, stars) for number in solved.active]
    whole = [first, *(part for part in extra if part is not None)]
    return _Seen(
        *(
            np.concatenate([getattr(part, name) for part in whole])
            for name in _Seen.__slots__
        )
    )


def _star_positions(solved: SolvedGroup, seen: _Seen) -> FloatArray:
    """Return the position of every star, those without anything in use included."""
    total = np.bincount(seen.star, seen.share, solved.obs.stars)
    mean = _sums(seen, seen.share, seen.position, solved.obs.stars) / total[:, None]
    best = solved.solution.star_position
    return np.where(np.isfinite(best), best, mean)


def _sums(
    seen: _Seen, weight: FloatArray, position: FloatArray, stars: int
) -> FloatArray:
    """Return the weighted sum of the positions of each star."""
    return np.stack(
        [np.bincount(seen.star, weight * position[:, a], stars) for a in (0, 1)],
        axis=1,
    )


def _left_out(
    problem: GroupProblem, solved: SolvedGroup, number: int, stars: FloatArray
) -> _Seen | None:
    """Return a member's unusable sources that lie on a star."""
    affine = solved.maps[number]
    rows = np.flatnonzero(~solved.selected[number].usable)
    rows = rows[np.isfinite(solved.position[number][rows]).all(axis=1)]
    if affine is None or len(rows) == 0 or len(stars) == 0:
        return None
    moved = affine.apply(solved.position[number][rows])
    found = cKDTree(stars).query(moved, distance_upper_bound=_RADIUS_MAS)
    near = np.isfinite(found[0])
    rows, moved, star = rows[near], moved[near], np.asarray(found[1])[near]
    sources = problem.members[number].sources
    return _Seen(
        np.full(len(rows), number, dtype=np.int64),
        rows.astype(np.int64),
        star.astype(np.int64),
        moved,
        solved.position[number][rows],
        np.maximum(
            sources.xy_error[rows] * pixel_scale_mas(problem.members[number]), 0.5
        ),
        np.zeros(len(rows)),
        np.zeros(len(rows)),
        np.where(solved.selected[number].by_hand[rows], "by hand", "saturated"),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of the table: a source each, what it is compared with, and why not."""

    index: IndexArray  # among the sources seen
    target: FloatArray
    target_before: FloatArray
    sigma: FloatArray
    mag: FloatArray
    why: NDArray[np.str_]


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
        np.full(len(index), np.nan)
        if solved.reference is None
        else solved.reference.mag[solved.reference_row[k]]
    )
    target = obs.reference[k]
    clipped = (seen.why[index] == "") & ~solution.is_reference_used[k]
    why = np.where(clipped, "clipped", seen.why[index])
    return _Rows(index, target, target, sigma, mag, why)


def _link_rows(solved: SolvedGroup, seen: _Seen) -> _Rows:
    """Return rows against the mean of the star's other observations.

    The mean is of those in use; where there are none, of all.
    """
    stars = solved.obs.stars
    means: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for weight in (seen.weight, seen.share):
        total = np.bincount(seen.star, weight, stars)[seen.star]
        left = total - weight
        left = np.where(left > 1e-9 * np.maximum(total, 1e-30), left, 0.0)
        divisor = np.where(left > 0, left, 1.0)[:, None]
        after, before = (
            (_sums(seen, weight, at, stars)[seen.star] - weight[:, None] * at) / divisor
            for at in (seen.position, seen.before)
        )
        means.append((left, after, before))
    in_use = means[0][0] > 0
    index = np.flatnonzero(in_use | (means[1][0] > 0))
    others, target, before = (
        np.where(in_use if used.ndim == 1 else in_use[:, None], used, spare)[index]
        for used, spare in zip(*means, strict=True)
    )
    alone = (seen.why[index] == "") & ~in_use[index]
    return _Rows(
        index,
        target,
        before,
        np.sqrt(seen.sigma[index] ** 2 + 1.0 / others),
        np.full(len(index), np.nan),
        np.where(alone, "no fit", seen.why[index]),
    )


def _stray_rows(seen: _Seen, part: _Rows, lost: IndexArray) -> _Rows:
    """Return rows of rejected sources that have strayed from their stars.

    A solution that moves far without them leaves them alone; they are compared
    with the nearest target of the others.
    """
    if len(lost) == 0 or len(part.index) == 0:
        none, nowhere = np.zeros(0), np.zeros((0, 2))
        at = np.zeros(0, dtype=np.int64)
        return _Rows(at, nowhere, nowhere, none, none, np.zeros(0, dtype="U9"))
    nearest = cKDTree(part.target).query(seen.position[lost])[1]
    k = np.asarray(nearest, dtype=np.int64)
    target = part.target[k]
    return _Rows(
        lost,
        target,
        seen.before[lost] + target - seen.position[lost],
        part.sigma[k],
        part.mag[k],
        seen.why[lost],
    )


def _as_table(
    problem: GroupProblem,
    solved: SolvedGroup,
    sources: tuple[_Seen, NDArray[np.str_]],
    rows: _Rows,
    kinds: NDArray[np.str_],
) -> MatchTable:
    seen, source_names = sources
    index, target = rows.index, rows.target
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
    ra, dec = solved.plane.deproject(seen.position[index])
    target_ra, target_dec = solved.plane.deproject(target)
    identifier = np.char.add(np.char.add(source_names[index], "-"), kinds)
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
        before_mas=rows.target_before - seen.before[index],
        sigma_mas=rows.sigma,
        mag=np.where(np.isfinite(rows.mag), rows.mag, instrumental),
        is_reference=kinds == "r",
        is_used=rows.why == "",
        why_not=rows.why,
    )
