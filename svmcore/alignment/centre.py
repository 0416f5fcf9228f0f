"""The centre of stars: from that of a Gaussian fit to that of the profile itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.epsf import FieldPsf
from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.sources import StarStamps
from svmcore.alignment.visit_psf import (
    PixelResiduals,
    PsfShape,
    build_profiles,
    profile_stars,
    refit_positions,
)
from svmcore.model.detector import DETECTORS
from svmcore.model.fit import SourceList

__all__ = ["centre_profiles", "is_clean", "moved_sources"]

_MANY_IMAGES = 60  # checked star images, above which no others are used
_MIN_IMAGES = 12
_STAR_ROUGHNESS = 0.33

# Where what looks like a star is one: no cosmic ray is left in an image.
_CLEAN_DETECTORS = {
    key.slug for key, traits in DETECTORS.items() if not traits.has_cosmic_rays
}


def is_clean(detector: str) -> bool:
    """Return whether no cosmic rays are left in the images of a detector."""
    return detector in _CLEAN_DETECTORS


def centre_profiles(
    problem: GroupProblem,
    residuals: PixelResiduals,
    chosen: Sequence[int],
    stamps: Mapping[str, StarStamps],
    *,
    fwhm_pix: float,
) -> Mapping[int, FieldPsf]:
    """Return profiles that tell how far first positions lie off the centre.

    Parameters
    ----------
    problem : GroupProblem
        Exposures with first positions.
    residuals : PixelResiduals
        Their residuals in the first solution.
    chosen : sequence of int
        Exposures of one filter.
    stamps : Mapping of str to StarStamps
        Pixels around the sources, by rootname.
    fwhm_pix : float
        Width of the first profile [pixel].

    Returns
    -------
    Mapping of int to FieldPsf
        Profile of each chip, by EXTVER; empty with too few stars.

    Notes
    -----
    A camera's stars are lopsided, and a Gaussian fitted to their cores lies
    off their Gaussian-windowed centroid by a hundredth of a pixel, the same
    for all stars: in WFC3/IR by 1.5 mas. Effective PSFs mean that centroid.
    What the pixel phase adds to a star averages out over many. Where few
    stars are checked by others, as in a single exposure, all that look like
    stars help if there are no cosmic rays among them.
    """
    members = list(chosen)
    good = profile_stars(problem, residuals, members, stamps)
    if len(good) < _MANY_IMAGES and is_clean(problem.detector):
        smooth = np.zeros(len(residuals.row), dtype=np.bool_)
        for number in members:
            mine = residuals.member == number
            roughness = problem.members[number].sources.roughness
            smooth[mine] = roughness[residuals.row[mine]] < _STAR_ROUGHNESS
        every = replace(residuals, is_used=residuals.is_used | smooth)
        good = profile_stars(problem, every, members, stamps)
    if len(good) < _MIN_IMAGES:
        return {}
    shape = PsfShape(fwhm_pix, varies=False)
    return build_profiles(problem, residuals, good, stamps, shape)


def moved_sources(
    member: GroupMember,
    stamps: Mapping[str, StarStamps],
    profiles: Mapping[int, FieldPsf],
    detector: str,
) -> SourceList:
    """Return sources with first positions moved to the centre of the profile.

    Parameters
    ----------
    member : GroupMember
        Exposure with first positions.
    stamps : Mapping of str to StarStamps
        Pixels around the sources, by rootname.
    profiles : Mapping of int to FieldPsf
        From `centre_profiles`.
    detector : str
        Detector slug.

    Notes
    -----
    All of a chip move alike, but for saturated stars, to which the profile is
    fitted: a Gaussian knows nothing of the wings that are left of them.
    """
    if not profiles:
        return member.sources
    step: NDArray[np.float64] = np.zeros_like(member.sources.xy)
    for extver, psf in profiles.items():
        step[member.sources.extver == extver] = psf.at(0.0, 0.0).centre
    moved = replace(member.sources, xy=member.sources.xy + step)
    (found,) = refit_positions(
        [replace(member, sources=moved)],
        stamps,
        profiles,
        is_clean=is_clean(detector),
        saturated_only=True,
    )
    return found
