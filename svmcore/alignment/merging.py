"""Which source of which exposure is which star."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.matching import match_nearest
from svmcore.alignment.plane import Affine

__all__ = ["MergedStars", "PointList", "Stars", "merge_stars"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PointList:
    """Plane positions of one exposure's usable sources, brightest first.

    Parameters
    ----------
    position : ndarray of float, shape (n, 2)
        With the WCS as it came [mas].
    row : ndarray of int, shape (n,)
        Row of each in the exposure's source list.
    sigma : ndarray of float, shape (n,)
        Error per axis [mas].
    common : ndarray of float, shape (n,)
        Error per axis that a star has alike in all exposures, and that
        another exposure so does not reveal: that of saturated ones [mas].
    """

    position: FloatArray
    row: IndexArray
    sigma: FloatArray
    common: FloatArray

    def where(self, chosen: NDArray[np.bool_]) -> "PointList":
        """Return the chosen sources only."""
        return PointList(
            self.position[chosen],
            self.row[chosen],
            self.sigma[chosen],
            self.common[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Stars:
    """Which source of which exposure is which star.

    Parameters
    ----------
    position : ndarray of float, shape (s, 2)
        Mean position in the common frame [mas].
    exposure, row, star : ndarray of int, shape (n,)
        Exposure, row in its `PointList`, and star of each observation.
    """

    position: FloatArray
    exposure: IndexArray
    row: IndexArray
    star: IndexArray


def merge_stars(
    lists: Sequence[PointList], maps: Sequence[Affine], *, radius_mas: float = 80.0
) -> Stars:
    """Return the stars of several exposures in one frame.

    Parameters
    ----------
    lists : sequence of PointList
        Sources of each exposure.
    maps : sequence of Affine
        Map of each exposure into the frame.
    radius_mas : float, optional
        Largest distance of a source from the star's mean [mas].

    Returns
    -------
    Stars
        Every source belongs to exactly one star; most cosmic rays are stars
        of a single observation.
    """
    merged = MergedStars(radius_mas)
    for points, affine in zip(lists, maps, strict=True):
        merged.add(points, affine)
    return merged.stars()


class MergedStars:
    """Stars that grow by one exposure after the other."""

    def __init__(self, radius_mas: float = 80.0) -> None:
        self._radius_mas = radius_mas
        self._position: FloatArray = np.zeros((0, 2))
        self._weight: FloatArray = np.zeros(0)
        self._found: list[tuple[IndexArray, IndexArray, IndexArray]] = []

    def add(self, points: PointList, affine: Affine) -> None:
        """Give every source of another exposure to a star."""
        position, weight = self._position, self._weight
        moved = affine.apply(points.position)
        rows, stars = match_nearest(moved, position, self._radius_mas)
        own = points.sigma**-2
        total = weight[stars] + own[rows]
        position[stars] += (moved[rows] - position[stars]) * (own[rows] / total)[
            :, None
        ]
        weight[stars] = total
        every = np.arange(len(moved), dtype=np.int64)
        new = np.setdiff1d(every, rows)
        labels = np.full(len(moved), -1, dtype=np.int64)
        labels[rows] = stars
        labels[new] = len(position) + np.arange(len(new))
        self._position = np.concatenate([position, moved[new]])
        self._weight = np.concatenate([weight, own[new]])
        number = np.full(len(moved), len(self._found), dtype=np.int64)
        self._found.append((number, every, labels))

    def stars(self) -> Stars:
        """Return the stars so far."""
        if not self._found:
            none = np.zeros(0, dtype=np.int64)
            return Stars(self._position, none, none, none)
        parts = zip(*self._found, strict=True)
        return Stars(self._position.copy(), *(np.concatenate(part) for part in parts))
