"""The pixel grid of a mosaic, and rectangles on it."""

import math
from dataclasses import dataclass

__all__ = ["GridWindow", "MosaicGrid"]

Matrix = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class MosaicGrid:
    """An undistorted tangent-plane grid: everything that a product shares.

    Parameters
    ----------
    crval_deg : tuple of float
        ICRS (ra, dec) of the reference point [deg].
    crpix : tuple of float
        Reference point, FITS convention: 1-based, (x, y) [pixel].
    cd_deg : tuple of tuple of float
        CD matrix ((CD1_1, CD1_2), (CD2_1, CD2_2)) [deg / pixel].
    shape : tuple of int
        Shape (ny, nx) [pixel].
    wcs_name : str
        WCSNAME of the solution that the grid was made from.
    """

    crval_deg: tuple[float, float]
    crpix: tuple[float, float]
    cd_deg: Matrix
    shape: tuple[int, int]
    wcs_name: str = ""

    @property
    def scale_arcsec(self) -> float:
        """Size of a pixel [arcsec]."""
        return math.hypot(self.cd_deg[0][0], self.cd_deg[1][0]) * 3600.0

    @property
    def orientation_deg(self) -> float:
        """Position angle of the y axis, east of north [deg]."""
        return math.degrees(math.atan2(self.cd_deg[0][1], self.cd_deg[1][1]))

    @property
    def center_deg(self) -> tuple[float, float]:
        """ICRS (ra, dec) of the middle, by gnomonic deprojection [deg]."""
        dx = (self.shape[1] + 1) / 2 - self.crpix[0]
        dy = (self.shape[0] + 1) / 2 - self.crpix[1]
        east, north = (math.radians(row[0] * dx + row[1] * dy) for row in self.cd_deg)
        dec = math.radians(self.crval_deg[1])
        cosine = math.cos(dec) - north * math.sin(dec)
        ra = math.atan2(east, cosine)
        up = north * math.cos(dec) + math.sin(dec)
        return (
            (self.crval_deg[0] + math.degrees(ra)) % 360.0,
            math.degrees(math.atan2(up, math.hypot(east, cosine))),
        )

    @property
    def window(self) -> "GridWindow":
        """The whole grid as a window."""
        return GridWindow(0, 0, self.shape[0], self.shape[1])


@dataclass(frozen=True, slots=True)
class GridWindow:
    """A rectangle of pixels of a grid; it may reach beyond the grid.

    Parameters
    ----------
    y0, x0 : int
        Lowest row and column, 0-based [pixel].
    ny, nx : int
        Size [pixel].
    """

    y0: int
    x0: int
    ny: int
    nx: int

    @property
    def y1(self) -> int:
        """Row after the last."""
        return self.y0 + self.ny

    @property
    def x1(self) -> int:
        """Column after the last."""
        return self.x0 + self.nx

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx)."""
        return (self.ny, self.nx)

    def intersect(self, other: "GridWindow") -> "GridWindow":
        """Return the common part; its size is zero where there is none."""
        y0, x0 = max(self.y0, other.y0), max(self.x0, other.x0)
        y1, x1 = min(self.y1, other.y1), min(self.x1, other.x1)
        return GridWindow(y0, x0, max(0, y1 - y0), max(0, x1 - x0))

    def slices_within(self, outer: "GridWindow") -> tuple[slice, slice]:
        """Return where this window lies in an array that covers `outer`."""
        return (
            slice(self.y0 - outer.y0, self.y1 - outer.y0),
            slice(self.x0 - outer.x0, self.x1 - outer.x0),
        )

    def grown(self, margin: int) -> "GridWindow":
        """Return the window with that many pixels more on every side."""
        return GridWindow(
            self.y0 - margin,
            self.x0 - margin,
            self.ny + 2 * margin,
            self.nx + 2 * margin,
        )
