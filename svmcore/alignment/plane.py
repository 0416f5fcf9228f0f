"""A tangent plane with square axes, east and north, in which all fits are made."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAS_PER_RADIAN", "Affine", "TangentPlane"]

FloatArray = NDArray[np.float64]

MAS_PER_RADIAN = float(np.degrees(1.0) * 3.6e6)


@dataclass(frozen=True, slots=True)
class TangentPlane:
    """Gnomonic projection about a point of the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Point of tangency, ICRS [deg].

    Notes
    -----
    The plane of a detector will not do: pixels of WFC3/IR are 135 x 121 mas
    and the axes of WFC3/UVIS meet at 86.4 degrees, so that a rotation of the
    sky is no rotation there.
    """

    ra_deg: float
    dec_deg: float

    @classmethod
    def around(cls, positions: Iterable[tuple[float, float]]) -> "TangentPlane":
        """Return the plane about the mean direction of (ra, dec) positions [deg]."""
        radians = np.radians(np.array(list(positions)))
        vectors = np.stack(
            [
                np.cos(radians[:, 1]) * np.cos(radians[:, 0]),
                np.cos(radians[:, 1]) * np.sin(radians[:, 0]),
                np.sin(radians[:, 1]),
            ]
        ).mean(axis=1)
        ra = np.degrees(np.arctan2(vectors[1], vectors[0])) % 360.0
        dec = np.degrees(np.arctan2(vectors[2], np.hypot(vectors[0], vectors[1])))
        return cls(float(ra), float(dec))

    def project(self, ra_deg: FloatArray, dec_deg: FloatArray) -> FloatArray:
        """Return plane positions (east, north), shape (n, 2) [mas]."""
        d_ra = np.radians(np.asarray(ra_deg) - self.ra_deg)
        dec = np.radians(np.asarray(dec_deg))
        dec0 = np.radians(self.dec_deg)
        cosine = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(d_ra)
        east = np.cos(dec) * np.sin(d_ra) / cosine
        north = np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(d_ra)
        # Beyond the horizon there is no projection.
        safe = np.where(cosine > 0.1, 1.0, np.nan)
        return (
            np.stack([east, north / cosine], axis=-1)
            * safe[..., None]
            * (MAS_PER_RADIAN)
        )

    def deproject(self, plane_mas: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ICRS (ra, dec) of plane positions [deg]."""
        east, north = (np.asarray(plane_mas) / MAS_PER_RADIAN).T
        dec0 = np.radians(self.dec_deg)
        below = np.cos(dec0) - north * np.sin(dec0)
        d_ra = np.arctan2(east, below)
        dec = np.arctan2((np.sin(dec0) + north * np.cos(dec0)) * np.cos(d_ra), below)
        return (self.ra_deg + np.degrees(d_ra)) % 360.0, np.degrees(dec)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A linear map of the plane: ``matrix @ position + shift``.

    Parameters
    ----------
    matrix : ndarray of float, shape (2, 2)
        Linear part.
    shift : ndarray of float, shape (2,)
        Constant part [mas].
    """

    matrix: FloatArray
    shift: FloatArray

    @classmethod
    def identity(cls) -> "Affine":
        """Return the map that changes nothing."""
        return cls(np.eye(2), np.zeros(2))

    def apply(self, positions: FloatArray) -> FloatArray:
        """Return mapped positions, shape (n, 2)."""
        moved: FloatArray = positions @ self.matrix.T + self.shift
        return moved

    def inverse(self) -> "Affine":
        """Return the map that undoes this one."""
        matrix = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        return Affine(matrix, -matrix @ self.shift)

    def after(self, first: "Affine") -> "Affine":
        """Return the map that applies `first`, then this one."""
        return Affine(
            self.matrix @ first.matrix, self.matrix @ first.shift + self.shift
        )
