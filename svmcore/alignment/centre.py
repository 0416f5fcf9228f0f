"""The centre of stars: from that of a Gaussian fit to that of the profile itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.sources import StarStamps
from svmcore.alignment.visit_psf import (
    PixelResiduals,
    PsfShape,
    build_profiles,
    profile_stars,
)
from svmcore.model.detector import DETECTORS
from svmcore.model.fit import SourceList

__all__ = ["centre_offsets", "moved_sources"]

_MANY_IMAGES = 60  # checked star images, above which no others are used
_MIN_IMAGES = 12
_STAR_ROUGHNESS = 0.33

# Where what looks like a star is one: no cosmic ray is left in an image.
_CLEAN_DETECTORS = {
    key.slug for key, traits in DETECTORS.items() if not traits.has_cosmic_rays
}

Offsets = Mapping[int, tuple[float, float]]


def centre_offsets(
    problem: GroupProblem,
    residuals: PixelResiduals,
    chosen: Sequence[int],
    stamps: Mapping[str, StarStamps],
    *,
    fwhm_pix: float,
) -> Offsets:
    """Return how far the profile's centre lies from first positions, by chip.

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
    Mapping of int to tuple of float
        Offset along x and y by EXTVER [pixel]; empty with too few stars.

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
    if len(good) < _MANY_IMAGES and problem.detector in _CLEAN_DETECTORS:
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
    profiles = build_profiles(problem, residuals, good, stamps, shape)
    return {extver: psf.at(0.0, 0.0).centre for extver, psf in profiles.items()}


def moved_sources(sources: SourceList, offsets: Offsets) -> SourceList:
    """Return the sources with the positions of each chip moved alike."""
    step: NDArray[np.float64] = np.zeros_like(sources.xy)
    for extver, offset in offsets.items():
        step[sources.extver == extver] = offset
    return replace(sources, xy=sources.xy + step)
