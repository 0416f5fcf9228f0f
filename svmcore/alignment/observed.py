"""Which source is which star and which reference star, under some maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.anchor import agreeing_stars
from svmcore.alignment.matching import match_nearest
from svmcore.alignment.merging import PointList, merge_stars
from svmcore.alignment.plane import Affine
from svmcore.alignment.reference import LEAST_RADIUS_MAS, PlaneReference
from svmcore.alignment.solve import Observations

__all__ = ["ObservedStars", "observe_stars"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ObservedStars:
    """Observations of the stars that some maps make.

    Parameters
    ----------
    obs : Observations
        Positions in the frame of the first guess, at the mean epoch.
    reference_row : ndarray of int, shape (m,)
        Row of the plane reference of each reference position.
    placed : ndarray of float, shape (s, 2)
        Where the maps put each star [mas].
    """

    obs: Observations
    reference_row: IndexArray
    placed: FloatArray

    def agreeing(self, usable: BoolArray, component: IndexArray) -> BoolArray:
        """Return the reference stars that agree within each set of exposures.

        Parameters
        ----------
        usable : ndarray of bool, shape (m,)
            Reference stars that may be used.
        component : ndarray of int, shape (e,)
            Which exposures hang together through links.
        """
        obs = self.obs
        group = np.zeros(obs.stars, dtype=np.int64)
        group[obs.star] = component[obs.exposure]
        whose = group[obs.reference_star]
        sigma = np.sqrt(np.mean(obs.reference_sigma**2, axis=1))
        found = np.zeros(len(whose), dtype=np.bool_)
        for number in np.unique(component):
            mine = np.flatnonzero(usable & (whose == number))
            found[mine] = agreeing_stars(
                self.placed[obs.reference_star[mine]], obs.reference[mine], sigma[mine]
            )
        return found


def observe_stars(
    lists: Sequence[PointList],
    maps: tuple[Sequence[Affine], Sequence[Affine]],
    epochs_yr: Sequence[float],
    reference: PlaneReference | None,
    *,
    radius_mas: float,
) -> ObservedStars:
    """Return the stars of some exposures, and which of them are reference stars.

    Parameters
    ----------
    lists : sequence of PointList
        Sources of each exposure.
    maps : tuple of two sequences of Affine
        Maps of each exposure: those that stars are told by, and those whose
        frame the positions are given in.
    epochs_yr : sequence of float
        Epoch of each exposure [yr].
    reference : PlaneReference or None
        Reference stars at the mean epoch.
    radius_mas : float
        Largest distance of a source from the mean of its star [mas].
    """
    stars = merge_stars(lists, maps[0], radius_mas=radius_mas)
    position, sigma = np.zeros((0, 2)), np.zeros(0)
    if lists:
        placed = zip(maps[1], lists, strict=True)
        position = np.concatenate([m.apply(points.position) for m, points in placed])
        sigma = np.concatenate([points.sigma for points in lists])
    star_rows, reference_rows = _match_reference(stars.position, reference, radius_mas)
    at, errors = np.zeros((0, 2)), np.zeros((0, 2))
    if reference is not None:
        at = reference.position[reference_rows]
        common = np.zeros(len(stars.position))
        for number, points in enumerate(lists):
            mine = stars.exposure == number
            np.maximum.at(common, stars.star[mine], points.common[stars.row[mine]])
        errors = np.hypot(reference.sigma[reference_rows], common[star_rows, None])
        motion = np.zeros_like(stars.position)
        motion[star_rows] = reference.motion[reference_rows]
        years = np.array(epochs_yr)[stars.exposure] - reference.epoch_yr
        position = position - motion[stars.star] * years[:, None]
    obs = Observations(
        exposure=stars.exposure,
        star=stars.star,
        position=position,
        anchor=_star_means(position, stars.star, len(stars.position))[stars.star],
        sigma=sigma,
        reference_star=star_rows,
        reference=at,
        reference_sigma=errors,
        exposures=len(lists),
        stars=len(stars.position),
    )
    return ObservedStars(obs, reference_rows, stars.position)


def _star_means(position: FloatArray, star: IndexArray, stars: int) -> FloatArray:
    seen = np.maximum(np.bincount(star, minlength=stars), 1)
    sums = [np.bincount(star, position[:, axis], stars) for axis in (0, 1)]
    return np.stack(sums, axis=1) / seen[:, None]


def _match_reference(
    stars: FloatArray, reference: PlaneReference | None, radius_mas: float
) -> tuple[IndexArray, IndexArray]:
    """Return which star is which reference star."""
    none = np.zeros(0, dtype=np.int64)
    if reference is None or len(stars) == 0:
        return none, none
    # Poor catalogs need more than the 80 mas of good ones.
    radius_mas *= reference.match_radius_mas / LEAST_RADIUS_MAS
    return match_nearest(stars, reference.position, radius_mas)
