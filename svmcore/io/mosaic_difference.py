"""The difference of two drizzled products, read where it is looked at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from svmcore.errors import DrizzleError
from svmcore.io.mosaic_wcs import mosaic_wcs
from svmcore.io.mosaics import Mosaic, read_mosaic

__all__ = ["MosaicDifference", "subtract_mosaics"]

_SAME_PIXEL = 0.02  # of a pixel, within which two grids count as the same


@dataclass(frozen=True, slots=True, eq=False)
class MosaicDifference:
    """A product minus another one, on the grid of the first named.

    Parameters
    ----------
    mosaic, other : Mosaic
        What is subtracted from, and what is subtracted.
    origin : ndarray of float, shape (2,)
        Pixel (x, y) of `other` that lies on pixel (0, 0) of `mosaic`.
    matrix : ndarray of float, shape (2, 2)
        Step in `other` for a step in `mosaic`, (x, y).
    """

    mosaic: Mosaic
    other: Mosaic
    origin: NDArray[np.float64]
    matrix: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) [pixel]."""
        return self.mosaic.shape

    @property
    def is_exact(self) -> bool:
        """Whether pixel lies on pixel, so that nothing is interpolated."""
        ny, nx = self.shape
        corners = np.array([(0, 0), (nx, 0), (0, ny), (nx, ny)], float)
        off = self.places(corners) - corners - np.round(self.origin)
        return bool(np.abs(off).max() < _SAME_PIXEL)

    def box(self, x0: int, x1: int, y0: int, y1: int) -> NDArray[np.float32]:
        """Return a part of the difference.

        Parameters
        ----------
        x0, x1, y0, y1 : int
            Columns ``x0:x1`` and rows ``y0:y1``, 0-based [pixel].

        Returns
        -------
        ndarray of float32, shape (y1 - y0, x1 - x0)
            In the unit of the products; nan where either has no data. Where
            the grids differ the other product is interpolated linearly, and
            scaled by the ratio of the areas of the pixels.
        """
        return _pixels(self.mosaic, x0, x1, y0, y1) - self._other(x0, x1, y0, y1)

    def _other(self, x0: int, x1: int, y0: int, y1: int) -> NDArray[np.float32]:
        if self.is_exact:
            dx, dy = (round(float(value)) for value in self.origin)
            return _pixels(self.other, x0 + dx, x1 + dx, y0 + dy, y1 + dy)
        x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
        places = self.places(np.stack([x.ravel(), y.ravel()], axis=1).astype(float))
        low = np.floor(places.min(axis=0)).astype(int)
        high = np.ceil(places.max(axis=0)).astype(int) + 2
        part = _pixels(self.other, low[0], high[0], low[1], high[1])
        found = map_coordinates(part, (places - low).T[::-1], order=1, cval=np.nan)
        area = abs(float(np.linalg.det(self.matrix)))
        return np.asarray(found.reshape(x.shape) * area, np.float32)

    def places(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where pixels of `mosaic` lie in `other`, (x, y), 0-based."""
        return np.asarray(points @ self.matrix.T + self.origin)


def subtract_mosaics(path: Path | str, other: Path | str) -> MosaicDifference:
    """Return a drizzled product minus another one.

    Parameters
    ----------
    path, other : Path or str
        Two products that show the same part of the sky, for example of two
        runs. Their grids may differ.

    Returns
    -------
    MosaicDifference
        Nothing but headers is read until a part is asked for.

    Raises
    ------
    DrizzleError
        If they do not overlap or have different units.
    StoreError
        If a file cannot be read.

    Examples
    --------
    >>> difference = subtract_mosaics("new_drz.fits", "old_drz.fits")  # doctest: +SKIP
    >>> difference.box(1000, 1200, 900, 1100).std()  # doctest: +SKIP
    """
    mosaic, subtracted = read_mosaic(Path(path)), read_mosaic(Path(other))
    units = [str(one.keyword("BUNIT", "")) for one in (mosaic, subtracted)]
    if units[0] != units[1]:
        raise DrizzleError(
            f"{mosaic.name} − {subtracted.name}",
            f"the units differ: {units[0]} and {units[1]}",
            "Compare products that were drizzled with the same final_units.",
        )
    ny, nx = mosaic.shape
    points = np.array([(0.0, 0.0), (nx - 1.0, 0.0), (0.0, ny - 1.0)])
    sky = mosaic_wcs(mosaic).all_pix2world(points, 0)
    there = mosaic_wcs(subtracted).all_world2pix(sky, 0)
    steps = (there[1:] - there[0]) / np.array([[max(nx - 1, 1)], [max(ny - 1, 1)]])
    found = MosaicDifference(mosaic, subtracted, there[0], steps.T)
    corners = found.places(np.array([(0, 0), (nx, 0), (0, ny), (nx, ny)], float))
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (high < 0).any() or (low > subtracted.shape[::-1]).any():
        raise DrizzleError(
            f"{mosaic.name} − {subtracted.name}",
            "the two do not overlap on the sky",
            "Choose products of the same field.",
        )
    return found


def _pixels(mosaic: Mosaic, x0: int, x1: int, y0: int, y1: int) -> NDArray[np.float32]:
    """Return a box of a product, nan outside it and where there is no data."""
    ny, nx = mosaic.shape
    found = np.full((y1 - y0, x1 - x0), np.nan, np.float32)
    rows = slice(max(y0, 0), min(y1, ny))
    columns = slice(max(x0, 0), min(x1, nx))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return found
    part = np.array(mosaic.sci[rows, columns], np.float32)
    part[~(np.array(mosaic.wht[rows, columns]) > 0)] = np.nan
    found[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = (
        part
    )
    return found
