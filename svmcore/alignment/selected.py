"""Which sources take part in a fit, and which a person has left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.linking import MIN_LINKS
from svmcore.alignment.member import GroupMember, pixel_scale_mas
from svmcore.alignment.merging import PointList
from svmcore.alignment.plane import TangentPlane
from svmcore.alignment.reference import PlaneReference
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.solve import Observations
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.fit import SourceList

__all__ = ["Selection", "list_points", "loose_exposures", "select_sources"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_SPARSE_REFERENCE = 25  # reference stars below which saturated ones help out
_AROUND_MAS = 3000.0
_GOOD_ERROR_PIX = 0.02  # of saturated stars that are as good as others
_SPARSE_STARS = 12  # saturated stars help out below this many others


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Which sources of one exposure take part.

    Parameters
    ----------
    usable : ndarray of bool, shape (n,)
        Sources that may make stars.
    by_hand : ndarray of bool, shape (n,)
        Sources of matches that are rejected by hand.
    by_region : ndarray of bool, shape (n,)
        Sources in regions that are left out.
    """

    usable: BoolArray
    by_hand: BoolArray
    by_region: BoolArray

    @property
    def left_out(self) -> BoolArray:
        """Sources that belong to stars, but weigh nothing."""
        return self.by_hand | self.by_region

    @property
    def count(self) -> int:
        """Number of sources that may weigh something."""
        return int((self.usable & ~self.left_out).sum())


def select_sources(
    member: GroupMember,
    decisions: AlignmentDecisions,
    plane: TangentPlane,
    position: FloatArray,
    reference: PlaneReference | None,
    settings: AlignmentSettings,
) -> Selection:
    """Return which sources of an exposure take part.

    Parameters
    ----------
    member : GroupMember
        Exposure.
    decisions : AlignmentDecisions
        What a person decided.
    plane : TangentPlane
        Plane of the fit.
    position : ndarray of float, shape (n, 2)
        Its sources on that plane [mas].
    reference : PlaneReference or None
        Reference stars.
    settings : AlignmentSettings
        Says how close sources may be, and how few.

    Notes
    -----
    Saturated stars with large errors take part only where there is little
    else: few sources, or few reference stars, which are among the brightest.
    """
    sources = member.sources
    usable = np.asarray(np.isfinite(position).all(axis=1), dtype=np.bool_)
    by_region = np.zeros(len(usable), dtype=np.bool_)
    for region in decisions.excluded_regions:
        centre = plane.project(np.array([region.ra_deg]), np.array([region.dec_deg]))
        distance = np.hypot(*(position - centre).T)
        by_region |= distance <= region.radius_arcsec * 1000.0
    by_hand = _rejected(member.rootname, decisions, len(usable))
    if member.rootname in decisions.excluded_exposures | decisions.kept_apriori:
        return Selection(np.zeros_like(usable), by_hand, by_region)
    clean = usable & ~_is_poor(sources)
    if clean.sum() >= _SPARSE_STARS and not _is_sparse(reference, position):
        usable = clean
    if settings.least_separation_pix > 0.0:
        usable &= ~_has_brighter(sources, settings.least_separation_pix)
    if usable.sum() < settings.min_sources:
        usable = np.zeros_like(usable)
    return Selection(usable, by_hand, by_region)


def _is_poor(sources: SourceList) -> BoolArray:
    """Return which sources are saturated and have large errors for it."""
    found: BoolArray = sources.is_saturated & (sources.xy_error > _GOOD_ERROR_PIX)
    return found


def _has_brighter(sources: SourceList, distance_pix: float) -> BoolArray:
    """Return which sources have a brighter one closer than a distance."""
    found = np.zeros(len(sources.flux), dtype=np.bool_)
    for extver in np.unique(sources.extver):
        mine = np.flatnonzero(sources.extver == extver)
        pairs = cKDTree(sources.xy[mine]).query_pairs(
            distance_pix, output_type="ndarray"
        )
        a, b = mine[pairs[:, 0]], mine[pairs[:, 1]]
        found[np.where(sources.flux[a] < sources.flux[b], a, b)] = True
    return found


def _rejected(rootname: str, decisions: AlignmentDecisions, count: int) -> BoolArray:
    """Return which sources of an exposure have a match rejected by hand."""
    found = np.zeros(count, dtype=np.bool_)
    prefix = f"{rootname}-"
    for identifier in decisions.excluded_matches:
        if identifier.startswith(prefix):
            row = int(identifier.removeprefix(prefix).split("-")[1])
            if row < count:
                found[row] = True
    return found


def _is_sparse(reference: PlaneReference | None, position: FloatArray) -> bool:
    """Return whether there are few reference stars around some sources."""
    if reference is None or len(position) == 0:
        return False
    low = position.min(axis=0) - _AROUND_MAS
    high = position.max(axis=0) + _AROUND_MAS
    inside = np.all((reference.position > low) & (reference.position < high), axis=1)
    return int(inside.sum()) < _SPARSE_REFERENCE


def list_points(
    member: GroupMember, position: FloatArray, selected: Selection, offset: FloatArray
) -> PointList:
    """Return a member's usable sources, brightest first.

    Parameters
    ----------
    member : GroupMember
        Exposure.
    position : ndarray of float, shape (n, 2)
        Its sources on the plane of the fit [mas].
    selected : Selection
        Which of them take part.
    offset : ndarray of float, shape (2,)
        First guess of its pointing error [mas].
    """
    sources = member.sources
    rows = np.flatnonzero(selected.usable)
    rows = rows[np.lexsort((-sources.flux[rows], sources.roughness[rows] > 0.33))]
    sigma = sources.xy_error[rows] * pixel_scale_mas(member)
    common = np.where(_is_poor(sources)[rows], sigma, 0.0)
    return PointList(position[rows] + offset, rows.astype(np.int64), sigma, common)


def loose_exposures(
    obs: Observations,
    usable: BoolArray,
    component: Sequence[int],
    min_reference: int,
) -> frozenset[int]:
    """Return the exposures that hang in the air once matches are left out.

    Parameters
    ----------
    obs : Observations
        Positions.
    usable : ndarray of bool, shape (n,)
        Observations that are not left out.
    component : sequence of int, shape (e,)
        Which exposures hang together through links.
    min_reference : int
        Fewest reference stars that tie a component, if there is a reference.

    Returns
    -------
    frozenset of int
        Exposures with fewer matches left than a link asks for, and those of
        components with too few reference stars left. Only of those that
        something has been taken from: the others have been judged before.
    """
    touched = np.bincount(obs.exposure[~usable], minlength=obs.exposures) > 0
    if not touched.any():
        return frozenset()
    seen = np.bincount(obs.star[usable], minlength=obs.stars)
    checks = seen.copy()
    checks[obs.reference_star] += 1
    checked = usable & (checks[obs.star] > 1)
    matches = np.bincount(obs.exposure[checked], minlength=obs.exposures)
    loose = touched & (matches < min(MIN_LINKS, min_reference))
    group = np.asarray(component)
    for number in np.unique(group[touched]) if len(obs.reference_star) else ():
        mine = usable & (group[obs.exposure] == number)
        if np.isin(obs.reference_star, obs.star[mine]).sum() < min_reference:
            loose |= group == number
    return frozenset(np.flatnonzero(loose).tolist())
