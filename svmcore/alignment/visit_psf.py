"""The effective PSF of a visit's exposures, and positions fitted with it."""

from collections.abc import Mapping, Sequence
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
from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.profile import fit_stamps
from svmcore.alignment.sources import StarStamps, saturated_error
from svmcore.model.fit import SourceList

__all__ = [
    "MIN_SIGNAL_TO_NOISE",
    "PixelResiduals",
    "PsfShape",
    "build_profiles",
    "profile_stars",
    "refit_positions",
]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

MIN_SIGNAL_TO_NOISE = 40.0
_FIT_SIDE = 5
_SATURATED_SIDE = 7  # of the fit to a star whose core is lost
# Pixels lost in the core above which the profile's wings beat the Gaussian where
# cosmic rays and bleeding charge disturb them; elsewhere they always do.
_LOST_PIXELS = 2
_CLEAN_ERROR_PIX = 0.01  # of a saturated star's place there
_STAMP_SIDE = 9  # of the star images that make the profile
_NEIGHBOUR_PIX, _NEIGHBOUR_FRACTION = 7.0, 0.03
_MIN_IMAGES_CHIP = 150  # of a profile of its own for each chip
_MAX_IMAGES = 1500
_FIELD_CELLS = 4  # along each side of a chip, of one profile each


@dataclass(frozen=True, slots=True, eq=False)
class PixelResiduals:
    """Measured minus adopted position of the sources of a solution [pixel]."""

    member: IndexArray
    row: IndexArray
    pixel: FloatArray  # (n, 2) measured minus adopted
    snr: FloatArray
    is_used: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PsfShape:
    """Width that a profile starts from, and whether it varies over a chip."""

    fwhm_pix: float
    varies: bool


def profile_stars(
    problem: GroupProblem,
    residuals: PixelResiduals,
    chosen: list[int],
    stamps: Mapping[str, StarStamps],
) -> IndexArray:
    """Return the observations that may make the profile."""
    bright = residuals.is_used & (residuals.snr > MIN_SIGNAL_TO_NOISE)
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


def build_profiles(
    problem: GroupProblem,
    residuals: PixelResiduals,
    good: IndexArray,
    stamps: Mapping[str, StarStamps],
    shape: PsfShape,
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


def refit_positions(
    members: Sequence[GroupMember],
    stamps: Mapping[str, StarStamps],
    profiles: Mapping[int, FieldPsf],
    *,
    is_clean: bool,
    saturated_only: bool = False,
) -> tuple[SourceList, ...]:
    """Return sources with positions fitted by the effective PSF.

    Parameters
    ----------
    members : sequence of GroupMember
        Exposures of one filter.
    stamps : Mapping of str to StarStamps
        Pixels around the sources, by rootname.
    profiles : Mapping of int to FieldPsf
        Profile of each chip, by EXTVER.
    is_clean : bool
        Whether no cosmic rays are left in the images.
    saturated_only : bool, optional
        Whether the other stars keep their positions.

    Returns
    -------
    tuple of SourceList
        Of each exposure.

    Notes
    -----
    The profile's wings tell the place of a saturated star where there are no
    cosmic rays: within 0.005 pixel in simulated WFC3/IR, where a Gaussian's
    are off by 0.02 to 0.1. In a CCD both err by 0.05 to 0.1 pixel.
    """
    stars = _Stars.of_members(members, stamps, is_clean=is_clean)
    for extver, psf in profiles.items():
        chip = (stars.extver == extver) & (stars.by_wings | ~stars.is_saturated)
        if saturated_only:
            chip &= stars.is_saturated
        cells = _FIELD_CELLS if psf.varies else 1
        cell = np.clip((stars.field + 1.0) / 2.0 * cells, 0, cells - 1).astype(np.int64)
        for i in range(cells):
            for j in range(cells):
                rows = np.flatnonzero(chip & (cell[:, 0] == i) & (cell[:, 1] == j))
                if len(rows):
                    u, v = (2.0 * (np.array([i, j]) + 0.5) / cells - 1.0).tolist()
                    profile, lost = psf.at(u, v), stars.is_saturated[rows]
                    stars.refit(rows[~lost], profile, _FIT_SIDE)
                    stars.refit(rows[lost], profile, _SATURATED_SIDE)
    ends = np.cumsum([len(member.sources.flux) for member in members])[:-1]
    return tuple(
        replace(member.sources, xy=xy, xy_error=error)
        for member, xy, error in zip(
            members, np.split(stars.xy, ends), np.split(stars.error, ends), strict=True
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Stars:
    """The sources of several exposures in one table; `refit` fills in."""

    extver: NDArray[np.integer]
    is_saturated: NDArray[np.bool_]
    by_wings: NDArray[np.bool_]  # saturated, to be fitted without the core
    added: FloatArray  # error beyond the formal one [pixel]
    field: FloatArray
    pixel: NDArray[np.integer]
    values: NDArray[np.floating]
    errors: NDArray[np.floating]
    xy: FloatArray
    error: FloatArray

    @classmethod
    def of_members(
        cls,
        members: Sequence[GroupMember],
        stamps: Mapping[str, StarStamps],
        *,
        is_clean: bool,
    ) -> "_Stars":
        lists = [member.sources for member in members]
        own = [stamps[member.rootname] for member in members]
        side = _middle(own[0].values.shape[1], _SATURATED_SIDE)
        is_saturated = np.concatenate([each.is_saturated for each in lists])
        errors = np.concatenate([each.errors[:, side, side] for each in own])
        core = errors[:, 1:-1, 1:-1]
        lost = np.sum(~np.isfinite(core), axis=(1, 2))
        added = np.full(len(errors), _CLEAN_ERROR_PIX)
        if not is_clean:
            added = saturated_error(errors)
        return cls(
            np.concatenate([each.extver for each in lists]),
            is_saturated,
            is_saturated & (is_clean | (lost > _LOST_PIXELS)),
            np.where(is_saturated, added, 0.0),
            np.concatenate([_field_places(member) for member in members]),
            np.concatenate([each.pixel for each in own]),
            np.concatenate([each.values[:, side, side] for each in own]),
            errors,
            np.concatenate([each.xy for each in lists]),
            np.concatenate([each.xy_error for each in lists]),
        )

    def refit(self, rows: IndexArray, profile: EffectivePsf, side: int) -> None:
        """Put new positions and errors in place of those of some sources."""
        if len(rows) == 0:
            return
        start = self.xy[rows] - self.pixel[rows]
        inner = _middle(self.values.shape[1], side)
        fit = fit_stamps(
            self.values[rows][:, inner, inner],
            self.errors[rows][:, inner, inner],
            profile,
            start=(start[:, 0], start[:, 1]),
            iterations=6,
        )
        moved = np.hypot(fit.dx - start[:, 0], fit.dy - start[:, 1])
        good = fit.is_good & (moved < 0.5)
        at = np.stack([fit.dx, fit.dy], axis=1) + self.pixel[rows]
        self.xy[rows[good]] = at[good]
        self.error[rows[good]] = np.hypot(fit.error, self.added[rows])[good]
        self.error[rows[~good]] = np.hypot(self.error[rows[~good]], 0.05)


def _middle(whole: int, side: int) -> slice:
    """Return the pixels in the middle of a stamp."""
    edge = (whole - side) // 2
    return slice(edge, edge + side)
