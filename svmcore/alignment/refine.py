"""Better positions of all sources, once the first solution has tied them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.epsf import (
    EffectivePsf,
    FieldPsf,
    StarImages,
    build_field_psf,
)
from svmcore.alignment.group import solve_members
from svmcore.alignment.member import GroupMember
from svmcore.alignment.phase import fit_phase_series, phase_bias, phase_series
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.profile import fit_stamps
from svmcore.alignment.sources import StarStamps
from svmcore.model.fit import SourceList
from svmcore.numerics.clipping import robust_sigma

__all__ = ["Refined", "refine_sources"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

_FIT_SIDE = 5
_STAMP_SIDE = 9  # of the star images that make the profile
_MIN_SIGNAL_TO_NOISE = 40.0
_NEIGHBOUR_PIX, _NEIGHBOUR_FRACTION = 7.0, 0.03
_MIN_IMAGES = 60  # star images of a profile
_MIN_IMAGES_CHIP = 150  # of one of its own for each chip
_MAX_IMAGES = 1500
_FIELD_IMAGES = 150  # per chip, of a profile that varies over it
_FIELD_CELLS = 4  # along each side of a chip, of one profile each
_MIN_SERIES = 30  # stars of a phase series
_NEEDED_GAIN = 0.95  # scatter after over before
_WORST_BIAS_PIX = 0.015  # phase bias below which first positions are kept


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """Refined sources, the solution with them, and what was done.

    Parameters
    ----------
    members : tuple of GroupMember
        Exposures with refined sources.
    solved : SolvedGroup
        Solution with them.
    history : tuple of str
        One sentence per filter: method, phase bias and scatter before and
        after.
    """

    members: tuple[GroupMember, ...]
    solved: SolvedGroup
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Residuals:
    """Measured minus adopted position of the sources of a solution [pixel]."""

    member: IndexArray
    row: IndexArray
    pixel: FloatArray  # (n, 2) measured minus adopted
    snr: FloatArray
    is_used: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _PsfShape:
    """Width that a profile starts from, and whether it varies over a chip."""

    fwhm_pix: float
    varies: bool


def refine_sources(
    problem: GroupProblem,
    solved: SolvedGroup,
    stamps: Mapping[str, StarStamps],
    *,
    fwhm_pix: float,
) -> Refined:
    """Return the sources with positions from the visit's own effective PSF.

    Parameters
    ----------
    problem : GroupProblem
        Exposures with first positions.
    solved : SolvedGroup
        Solution with those.
    stamps : Mapping of str to StarStamps
        Pixels around the sources, by rootname.
    fwhm_pix : float
        Width of the first profile [pixel].

    Returns
    -------
    Refined
        The first positions are kept if the new ones do not agree better
        between the exposures.

    Notes
    -----
    With stars enough in every filter the profile varies over the chip.
    Otherwise it is one for the chip, and used only where the first positions
    follow the pixel phase. Filters with few stars get a Fourier series of the
    phase bias instead.
    """
    if len(solved.active) == 0:
        return Refined(problem.members, solved, ())
    before = _residuals(problem, solved)
    filters = sorted({problem.members[e].filter_name for e in solved.active})
    members = list(problem.members)
    methods: dict[str, str] = {}
    by_filter = {
        name: [e for e in solved.active if members[e].filter_name == name]
        for name in filters
    }
    good = {
        name: _profile_stars(problem, before, chosen, stamps)
        for name, chosen in by_filter.items()
    }
    # What varies in one filter must vary in all: centres would differ.
    varies = min(len(rows) for rows in good.values()) >= _FIELD_IMAGES * len(
        members[0].chips
    )
    unbiased = "" if varies else _without_bias(problem, before, filters)
    if unbiased:
        return Refined(problem.members, solved, (unbiased,))
    for name, chosen in by_filter.items():
        changed, methods[name] = _refine_filter(
            problem,
            before,
            (chosen, good[name]),
            stamps,
            _PsfShape(fwhm_pix, varies=varies),
        )
        for number, sources in changed.items():
            members[number] = replace(members[number], sources=sources)
    trial = replace(problem, members=tuple(members))
    solved_again = solve_members(trial)
    return _keep_better(problem, trial, (solved, solved_again), methods)


def _without_bias(problem: GroupProblem, before: _Residuals, filters: list[str]) -> str:
    """Return why nothing need be refined; empty if something must.

    A profile that is one for the whole chip is no gain where the Gaussian is
    free of the pixel phase: real profiles vary over the field.
    """
    found = []
    for name in filters:
        chosen = [k for k, m in enumerate(problem.members) if m.filter_name == name]
        found.append((name, *_summary(problem, before, chosen)))
    if not all(bias < _WORST_BIAS_PIX for _, _, bias in found):
        return ""
    return "; ".join(
        f"{name}: phase bias {bias:.4f} pixel, scatter {scatter:.4f} pixel"
        for name, scatter, bias in found
    )


def _keep_better(
    problem: GroupProblem,
    trial: GroupProblem,
    solutions: tuple[SolvedGroup, SolvedGroup],
    methods: Mapping[str, str],
) -> Refined:
    """Return the trial if the exposures agree better with it.

    All filters go together: profiles mean another centre than the Gaussian,
    and filters, or chips, must not differ in what they mean.
    """
    parts = (_residuals(problem, solutions[0]), _residuals(trial, solutions[1]))
    history = []
    ratios = []
    for name, method in methods.items():
        chosen = [k for k, m in enumerate(problem.members) if m.filter_name == name]
        old, new = (
            _summary(p, part, chosen)
            for p, part in zip((problem, trial), parts, strict=True)
        )
        ratios.append(new[0] / old[0])
        history.append(
            f"{name}: {method}; scatter {old[0]:.4f} to {new[0]:.4f} pixel, phase bias "
            f"{old[1]:.4f} to {new[1]:.4f} pixel"
        )
    known = [ratio for ratio in ratios if np.isfinite(ratio) and ratio > 0]
    gain = float(np.exp(np.mean(np.log(known)))) if known else np.inf
    if gain < _NEEDED_GAIN:
        return Refined(trial.members, solutions[1], tuple(history))
    history.append("refined positions do not agree better: the first ones are used")
    return Refined(problem.members, solutions[0], tuple(history))


def _summary(
    problem: GroupProblem, part: _Residuals, chosen: list[int]
) -> tuple[float, float]:
    """Return scatter and phase bias of the bright stars of some members."""
    bright = part.is_used & (part.snr > _MIN_SIGNAL_TO_NOISE)
    rows = bright & np.isin(part.member, chosen)
    if rows.sum() < 5:
        return float("nan"), float("nan")
    centre = np.concatenate(
        [
            problem.members[e].sources.xy[part.row[rows & (part.member == e)]]
            for e in chosen
        ]
    )
    residual = np.concatenate([part.pixel[rows & (part.member == e)] for e in chosen])
    bias = max(phase_bias(centre[:, a], residual[:, a]) for a in (0, 1))
    return robust_sigma(residual.ravel(), about=0.0), bias


def _residuals(problem: GroupProblem, solved: SolvedGroup) -> _Residuals:
    """Return measured minus adopted positions in pixels."""
    solution, obs = solved.solution, solved.obs
    active = np.array(solved.active, dtype=np.int64)
    member = active[obs.exposure]
    delta = solution.moved - solution.star_position[obs.star]
    seen = np.bincount(obs.star[solution.is_used], minlength=obs.stars)
    seen += np.bincount(
        obs.reference_star[solution.is_reference_used], minlength=obs.stars
    )
    checked = solution.is_used & (seen[obs.star] > 1)
    pixel = np.zeros_like(delta)
    snr = np.zeros(len(delta))
    for number in solved.active:
        mine = np.flatnonzero(member == number)
        each = problem.members[number]
        rows = solved.row[mine]
        jacobian = _jacobian(each, rows, solved)
        pixel[mine] = np.linalg.solve(jacobian, delta[mine][..., None])[..., 0]
        # Position error of a star is about 0.6 widths over signal to noise.
        snr[mine] = 0.6 / np.maximum(each.sources.xy_error[rows], 1e-6)
    return _Residuals(member, solved.row, np.nan_to_num(pixel), snr, checked)


def _jacobian(member: GroupMember, rows: IndexArray, solved: SolvedGroup) -> FloatArray:
    """Return the derivative of plane positions by pixels, (n, 2, 2) [mas / pixel]."""
    xy, extver = member.sources.xy[rows], member.sources.extver[rows]
    found = np.tile(np.eye(2) * 100.0, (len(rows), 1, 1))
    for version, wcs in member.chips.items():
        mine = extver == version
        if not mine.any():
            continue
        at = [
            solved.plane.project(*wcs.all_pix2world(xy[mine] + step, 0).T)
            for step in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])
        ]
        found[mine, :, 0] = at[1] - at[0]
        found[mine, :, 1] = at[2] - at[0]
    return found


def _refine_filter(
    problem: GroupProblem,
    residuals: _Residuals,
    which: tuple[list[int], IndexArray],
    stamps: Mapping[str, StarStamps],
    shape: _PsfShape,
) -> tuple[dict[int, SourceList], str]:
    """Return refined sources of the exposures of one filter, and how."""
    chosen, good = which
    if len(good) >= _MIN_IMAGES:
        profiles = _profiles(problem, residuals, good, stamps, shape)
        changed = {
            e: _refit(problem.members[e], stamps[problem.members[e].rootname], profiles)
            for e in chosen
        }
        varies = any(psf.varies for psf in profiles.values())
        how = "effective PSF that varies over the chip" if varies else "effective PSF"
        return changed, f"{how} from {len(good)} star images"
    bright = (
        residuals.is_used
        & np.isin(residuals.member, chosen)
        & (residuals.snr > _MIN_SIGNAL_TO_NOISE / 2)
    )
    if bright.sum() >= _MIN_SERIES:
        return (
            _without_phase(problem, residuals, chosen, bright),
            f"phase series from {int(bright.sum())} positions",
        )
    return {}, "first positions"


def _profile_stars(
    problem: GroupProblem,
    residuals: _Residuals,
    chosen: list[int],
    stamps: Mapping[str, StarStamps],
) -> IndexArray:
    """Return the observations that may make the profile."""
    bright = residuals.is_used & (residuals.snr > _MIN_SIGNAL_TO_NOISE)
    found: list[IndexArray] = []
    for number in chosen:
        member = problem.members[number]
        mine = np.flatnonzero(bright & (residuals.member == number))
        rows = residuals.row[mine]
        alone = _is_isolated(member.sources)[rows]
        whole = np.isfinite(stamps[member.rootname].errors[rows][:, 3:-3, 3:-3])
        keep = alone & whole.all(axis=(1, 2)) & ~member.sources.is_saturated[rows]
        found.append(mine[keep])
    every = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    order = np.argsort(-residuals.snr[every], kind="stable")[:_MAX_IMAGES]
    return np.sort(every[order])


def _is_isolated(sources: SourceList) -> NDArray[np.bool_]:
    """Return which sources have no neighbour of 3 % of their flux within 7 pixels."""
    isolated = np.ones(len(sources.flux), dtype=np.bool_)
    for extver in np.unique(sources.extver):
        mine = np.flatnonzero(sources.extver == extver)
        pairs = cKDTree(sources.xy[mine]).query_pairs(
            _NEIGHBOUR_PIX, output_type="ndarray"
        )
        if len(pairs) == 0:
            continue
        a, b = mine[pairs[:, 0]], mine[pairs[:, 1]]
        isolated[a[sources.flux[b] > _NEIGHBOUR_FRACTION * sources.flux[a]]] = False
        isolated[b[sources.flux[a] > _NEIGHBOUR_FRACTION * sources.flux[b]]] = False
    return isolated


def _profiles(
    problem: GroupProblem,
    residuals: _Residuals,
    good: IndexArray,
    stamps: Mapping[str, StarStamps],
    shape: _PsfShape,
) -> dict[int, FieldPsf]:
    """Return the profile of each chip, or one for all where stars are few."""
    extver = np.zeros(len(good), dtype=np.int64)
    values, errors = [], []
    place, field = np.zeros((len(good), 2)), np.zeros((len(good), 2))
    side = slice(1, 1 + _STAMP_SIDE)
    for number in np.unique(residuals.member[good]):
        member = problem.members[int(number)]
        mine = residuals.member[good] == number
        rows = residuals.row[good][mine]
        extver[mine] = member.sources.extver[rows]
        own = stamps[member.rootname]
        values.append(own.values[rows][:, side, side])
        errors.append(own.errors[rows][:, side, side])
        true = member.sources.xy[rows] - residuals.pixel[good][mine]
        place[mine] = true - own.pixel[rows]
        field[mine] = _field_places(member)[rows]
    images = StarImages(
        np.concatenate(values), np.concatenate(errors), *place.T, *field.T
    )
    chips = np.unique(np.concatenate([m.sources.extver for m in problem.members]))
    counts = {int(chip): int(np.sum(extver == chip)) for chip in chips}
    if len(chips) == 1 or min(counts.values()) < _MIN_IMAGES_CHIP:
        whole = build_field_psf(images, fwhm_pix=shape.fwhm_pix, varies=shape.varies)
        return dict.fromkeys(counts, whole)
    return {
        chip: build_field_psf(
            _subset(images, extver == chip),
            fwhm_pix=shape.fwhm_pix,
            varies=shape.varies,
        )
        for chip in counts
    }


def _field_places(member: GroupMember) -> FloatArray:
    """Return the places of sources on their chips, from -1 to 1."""
    found = np.zeros_like(member.sources.xy)
    for extver, wcs in member.chips.items():
        mine = member.sources.extver == extver
        found[mine] = 2.0 * member.sources.xy[mine] / np.array(wcs.pixel_shape) - 1.0
    return found


def _subset(images: StarImages, rows: NDArray[np.bool_]) -> StarImages:
    return StarImages(*(getattr(images, name)[rows] for name in StarImages.__slots__))


def _refit(
    member: GroupMember, stamps: StarStamps, profiles: Mapping[int, FieldPsf]
) -> SourceList:
    """Return the sources with positions fitted by the effective PSF."""
    sources = member.sources
    xy, error = sources.xy.copy(), sources.xy_error.copy()
    field = _field_places(member)
    for extver, psf in profiles.items():
        chip = (sources.extver == extver) & ~sources.is_saturated
        cells = _FIELD_CELLS if psf.varies else 1
        cell = np.clip((field + 1.0) / 2.0 * cells, 0, cells - 1).astype(np.int64)
        for i in range(cells):
            for j in range(cells):
                rows = np.flatnonzero(chip & (cell[:, 0] == i) & (cell[:, 1] == j))
                if len(rows):
                    u, v = (2.0 * (np.array([i, j]) + 0.5) / cells - 1.0).tolist()
                    _refit_rows(sources, stamps, psf.at(u, v), rows, (xy, error))
    return replace(sources, xy=xy, xy_error=error)


def _refit_rows(
    sources: SourceList,
    stamps: StarStamps,
    profile: EffectivePsf,
    rows: IndexArray,
    found: tuple[FloatArray, FloatArray],
) -> None:
    """Put positions and errors of some sources into `found`."""
    xy, error = found
    edge = (stamps.values.shape[1] - _FIT_SIDE) // 2
    side = slice(edge, edge + _FIT_SIDE)
    start = sources.xy[rows] - stamps.pixel[rows]
    fit = fit_stamps(
        stamps.values[rows][:, side, side],
        stamps.errors[rows][:, side, side],
        profile,
        start=(start[:, 0], start[:, 1]),
        iterations=6,
    )
    moved = np.hypot(fit.dx - start[:, 0], fit.dy - start[:, 1])
    good = fit.is_good & (moved < 0.5)
    at = np.stack([fit.dx, fit.dy], axis=1) + stamps.pixel[rows]
    xy[rows[good]] = at[good]
    error[rows[good]] = fit.error[good]
    error[rows[~good]] = np.hypot(error[rows[~good]], 0.05)


def _without_phase(
    problem: GroupProblem,
    residuals: _Residuals,
    chosen: list[int],
    bright: NDArray[np.bool_],
) -> dict[int, SourceList]:
    """Return the sources with a Fourier series of the phase bias taken out."""
    centre = np.zeros((len(bright), 2))
    for number in chosen:
        mine = residuals.member == number
        centre[mine] = problem.members[number].sources.xy[residuals.row[mine]]
    weight = np.minimum(residuals.snr[bright], 200.0) ** 2
    harmonics = 2 if len(chosen) > 1 else 1
    series = [
        fit_phase_series(
            centre[bright, a], residuals.pixel[bright, a], weight, harmonics=harmonics
        )
        for a in (0, 1)
    ]
    changed = {}
    for number in chosen:
        sources = problem.members[number].sources
        bias = np.stack(
            [phase_series(sources.xy[:, a], series[a]) for a in (0, 1)], axis=1
        )
        changed[number] = replace(sources, xy=sources.xy - bias)
    return changed
