"""Better positions of all sources, once the first solution has tied them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.centre import centre_profiles, is_clean, moved_sources
from svmcore.alignment.group import solve_members
from svmcore.alignment.member import GroupMember
from svmcore.alignment.phase import fit_phase_series, phase_bias, phase_series
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.sources import StarStamps
from svmcore.alignment.visit_psf import (
    MIN_SIGNAL_TO_NOISE,
    PixelResiduals,
    PsfShape,
    build_profiles,
    profile_stars,
    refit_positions,
)
from svmcore.model.fit import SourceList
from svmcore.numerics.clipping import robust_sigma

__all__ = ["Refined", "refine_sources"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

_MIN_IMAGES = 60  # star images of a profile
_FIELD_IMAGES = 150  # per chip, of a profile that varies over it
_MIN_SERIES = 30  # stars of a phase series
_NEEDED_GAIN = 0.95  # scatter after over before
_WORST_BIAS_PIX = 0.008  # phase bias below which first positions are kept


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
    phase bias instead. Positions that are kept are moved, all of a filter and
    chip alike, from the centre of the Gaussian fit to that of the profile, so
    that all filters and detectors mean the same by the place of a star.
    """
    if len(solved.active) == 0:
        return Refined(problem.members, solved, ())
    if not problem.settings.fits_stars:
        return Refined(problem.members, solved, ("centroids of the light are kept",))
    before = _residuals(problem, solved)
    filters = sorted({problem.members[e].filter_name for e in solved.active})
    members = list(problem.members)
    methods: dict[str, str] = {}
    by_filter = {
        name: [e for e in solved.active if members[e].filter_name == name]
        for name in filters
    }
    good = {
        name: profile_stars(problem, before, chosen, stamps)
        for name, chosen in by_filter.items()
    }
    # What varies in one filter must vary in all: centres would differ.
    varies = min(len(rows) for rows in good.values()) >= _FIELD_IMAGES * len(
        members[0].chips
    )
    unbiased = "" if varies else _without_bias(problem, before, filters)
    if unbiased:
        centred = _centred(problem, before, stamps, fwhm_pix)
        return Refined(centred, solved, (unbiased,))
    for name in filters:
        # Those that are not in this solution may be in another, by hand.
        every = [k for k, m in enumerate(members) if m.filter_name == name]
        changed, methods[name] = _refine_filter(
            problem,
            before,
            (every, good[name]),
            stamps,
            PsfShape(fwhm_pix, varies=varies),
        )
        for number, sources in changed.items():
            members[number] = replace(members[number], sources=sources)
    trial = replace(problem, members=tuple(members))
    solved_again = solve_members(trial)
    refined = _keep_better(problem, trial, (solved, solved_again), methods)
    if refined.members is not problem.members:
        return refined
    return replace(refined, members=_centred(problem, before, stamps, fwhm_pix))


def _centred(
    problem: GroupProblem,
    residuals: PixelResiduals,
    stamps: Mapping[str, StarStamps],
    fwhm_pix: float,
) -> tuple[GroupMember, ...]:
    """Return the exposures with first positions moved to the profile's centre."""
    members = list(problem.members)
    for name in sorted({member.filter_name for member in members}):
        chosen = [k for k, m in enumerate(members) if m.filter_name == name]
        profiles = centre_profiles(
            problem, residuals, chosen, stamps, fwhm_pix=fwhm_pix
        )
        for number in chosen:
            sources = moved_sources(members[number], stamps, profiles, problem.detector)
            members[number] = replace(members[number], sources=sources)
    return tuple(members)


def _without_bias(
    problem: GroupProblem, before: PixelResiduals, filters: list[str]
) -> str:
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
    problem: GroupProblem, part: PixelResiduals, chosen: list[int]
) -> tuple[float, float]:
    """Return scatter and phase bias of the bright stars of some members."""
    bright = part.is_used & (part.snr > MIN_SIGNAL_TO_NOISE)
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


def _residuals(problem: GroupProblem, solved: SolvedGroup) -> PixelResiduals:
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
    return PixelResiduals(member, solved.row, np.nan_to_num(pixel), snr, checked)


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
    residuals: PixelResiduals,
    which: tuple[list[int], IndexArray],
    stamps: Mapping[str, StarStamps],
    shape: PsfShape,
) -> tuple[dict[int, SourceList], str]:
    """Return refined sources of the exposures of one filter, and how."""
    chosen, good = which
    if len(good) >= _MIN_IMAGES:
        profiles = build_profiles(problem, residuals, good, stamps, shape)
        found = refit_positions(
            [problem.members[e] for e in chosen],
            stamps,
            profiles,
            is_clean=is_clean(problem.detector),
        )
        changed = dict(zip(chosen, found, strict=True))
        varies = any(psf.varies for psf in profiles.values())
        how = "effective PSF that varies over the chip" if varies else "effective PSF"
        return changed, f"{how} from {len(good)} star images"
    bright = (
        residuals.is_used
        & np.isin(residuals.member, chosen)
        & (residuals.snr > MIN_SIGNAL_TO_NOISE / 2)
    )
    changed = {number: problem.members[number].sources for number in chosen}
    how = "first positions"
    if bright.sum() >= _MIN_SERIES:
        changed = _without_phase(problem, residuals, chosen, bright)
        how = f"phase series from {int(bright.sum())} positions"
    centred = centre_profiles(
        problem, residuals, chosen, stamps, fwhm_pix=shape.fwhm_pix
    )
    moved = {
        number: moved_sources(
            replace(problem.members[number], sources=found),
            stamps,
            centred,
            problem.detector,
        )
        for number, found in changed.items()
    }
    return moved, how


def _without_phase(
    problem: GroupProblem,
    residuals: PixelResiduals,
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
