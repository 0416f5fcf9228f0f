"""The pixels around a match, with the WCS before and after the fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.io.sections import read_chip_planes, read_section
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.exposure import Exposure
from svmcore.model.fit import GroupFit
from svmcore.model.wcs import AlignedWcs
from svmwidgets.figures import fit_sky_mapping

__all__ = ["HALF_SIDE", "Star", "StarReader"]

HALF_SIDE = 100  # pixels of the cutout on each side of the star
_MARGIN = 10  # pixels from the edge that a neighbour must show
_KEPT = 64  # WCS objects that are kept, for the next star of the same exposures

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Star:
    """Pixels around a match, with the WCS before and after.

    Parameters
    ----------
    identifier, rootname : str
        Match and exposure.
    pixels : ndarray of float32
        Around the star, in the unit of the file.
    quality : ndarray of uint16
        DQ values there.
    corner : tuple of int
        Column and row of the first pixel.
    mappings : tuple of SkyMapping
        Pixel to sky before and after the fit.
    neighbour : tuple or None
        Rootname, pixels and mapping of the same place in another exposure.
    """

    identifier: str
    rootname: str
    pixels: Image
    quality: NDArray[np.uint16]
    corner: tuple[int, int]
    mappings: tuple[Any, Any]
    neighbour: tuple[str, Image, Any] | None


class StarReader:
    """Reads stars; what one star needs of an exposure is kept for the next.

    Notes
    -----
    Not for use in two threads at once.
    """

    def __init__(self) -> None:
        self._wcs: dict[tuple[Any, ...], dict[int, Any]] = {}
        self._planes: dict[Any, Any] = {}

    def read(
        self, fit: GroupFit, row: int, exposure: Exposure, others: Sequence[Exposure]
    ) -> Star:
        """Return the pixels around a match.

        Parameters
        ----------
        fit : GroupFit
            The fit.
        row : int
            Row of its matches.
        exposure : Exposure
            The exposure of that row.
        others : sequence of Exposure
            Where the same place is looked for.
        """
        table = fit.matches
        extver = int(table.extver[row])
        solutions = {solution.rootname: solution for solution in fit.wcs}
        before = self._chips(exposure, None)[extver]
        after = self._chips(exposure, solutions[exposure.rootname])[extver]
        x, y = (round(float(v)) for v in table.xy[row])
        pixels, quality, corner = self._cut(exposure, extver, x, y)
        sky = (float(table.ra_deg[row]), float(table.dec_deg[row]))
        return Star(
            str(table.identifier[row]),
            exposure.rootname,
            pixels,
            quality,
            corner,
            (
                _mapping(before, corner, pixels.shape),
                _mapping(after, corner, pixels.shape),
            ),
            self._neighbour(sky, others, solutions),
        )

    def _neighbour(
        self,
        sky: tuple[float, float],
        others: Sequence[Exposure],
        solutions: dict[str, AlignedWcs],
    ) -> tuple[str, Image, Any] | None:
        """Return the same place in the first other exposure that shows it."""
        for exposure in others:
            solution = solutions.get(exposure.rootname)
            if solution is None:
                continue
            for extver, wcs in self._chips(exposure, solution).items():
                x, y = (float(v) for v in wcs.all_world2pix([sky], 0, quiet=True)[0])
                nx, ny = wcs.pixel_shape
                if _MARGIN < x < nx - _MARGIN and _MARGIN < y < ny - _MARGIN:
                    place = (round(x), round(y))
                    pixels, _, corner = self._cut(exposure, extver, *place)
                    mapping = _mapping(wcs, corner, pixels.shape)
                    return exposure.rootname, pixels, mapping
        return None

    def _chips(self, exposure: Exposure, solution: AlignedWcs | None) -> dict[int, Any]:
        key = (exposure.path, solution)
        if key not in self._wcs:
            while len(self._wcs) >= _KEPT:
                del self._wcs[next(iter(self._wcs))]
            self._wcs[key] = read_chip_wcs(exposure.path, aligned=solution)
        return self._wcs[key]

    def _cut(
        self, exposure: Exposure, extver: int, x: int, y: int
    ) -> tuple[Image, NDArray[np.uint16], tuple[int, int]]:
        if exposure.path not in self._planes:
            self._planes[exposure.path] = read_chip_planes(exposure.path)
        planes = self._planes[exposure.path][extver]
        ny, nx = planes.shape
        rows = slice(max(0, y - HALF_SIDE), min(ny, y + HALF_SIDE + 1))
        columns = slice(max(0, x - HALF_SIDE), min(nx, x + HALF_SIDE + 1))
        part = read_section(planes, rows, columns)
        return part.science, part.quality, (columns.start, rows.start)


def _mapping(wcs: Any, corner: tuple[int, int], shape: tuple[int, ...]) -> Any:
    def to_sky(x: Any, y: Any) -> Any:
        return wcs.all_pix2world(x + corner[0], y + corner[1], 0)

    return fit_sky_mapping(to_sky, (shape[0], shape[1]))
