"""Sources and measurements in the result store, and saturated pixels."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from svmcore.io.arrays import read_npz, write_npz
from svmcore.io.wcs import open_exposure, read_chip_wcs
from svmcore.model.catalog import Measurements, PointSources, SegmentSources

__all__ = [
    "read_measurements",
    "read_point_sources",
    "read_saturated",
    "read_segment_sources",
    "write_measurements",
    "write_point_sources",
    "write_segment_sources",
]

_SHAPE = "shape:"
_POINT_FIELDS = ("identifier", "x", "y", "significance", "sharpness", "roundness")
_SEGMENT_FIELDS = ("identifier", "x", "y", "pixel", "start")


def write_point_sources(folder: Path, sources: PointSources) -> None:
    """Write point sources as ``points.npz``."""
    arrays = {name: getattr(sources, name) for name in _POINT_FIELDS}
    write_npz(folder / "points.npz", arrays)


def read_point_sources(folder: Path) -> PointSources:
    """Read what `write_point_sources` wrote."""
    return PointSources(**read_npz(folder / "points.npz"))


def write_segment_sources(folder: Path, sources: SegmentSources) -> None:
    """Write segments as ``segments.npz``."""
    arrays = {name: getattr(sources, name) for name in _SEGMENT_FIELDS}
    shapes = {f"{_SHAPE}{name}": column for name, column in sources.shapes.items()}
    write_npz(folder / "segments.npz", arrays | shapes)


def read_segment_sources(folder: Path) -> SegmentSources:
    """Read what `write_segment_sources` wrote."""
    arrays = read_npz(folder / "segments.npz")
    shapes = {
        name.removeprefix(_SHAPE): column
        for name, column in arrays.items()
        if name.startswith(_SHAPE)
    }
    fields: dict[str, Any] = {name: arrays[name] for name in _SEGMENT_FIELDS}
    return SegmentSources(**fields, shapes=shapes)


def write_measurements(folder: Path, kind: str, measured: Measurements) -> None:
    """Write the measurements of one kind of sources."""
    write_npz(folder / f"{kind}_measured.npz", measured.values)


def read_measurements(folder: Path, kind: str) -> Measurements:
    """Read what `write_measurements` wrote."""
    return Measurements(read_npz(folder / f"{kind}_measured.npz"))


def read_saturated(path: Path, *, bit: int, grid: WCS) -> NDArray[np.float64]:
    """Read where on a drizzled grid the saturated pixels of an exposure lie.

    Parameters
    ----------
    path : Path
        Aligned FLT or FLC file.
    bit : int
        DQ bit of saturated pixels.
    grid : astropy.wcs.WCS
        Grid of the drizzled product.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Positions x, y on the grid, 0-based [pixel].

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    found = [np.zeros((0, 2))]
    chips = read_chip_wcs(path)
    with open_exposure(path) as exposure:
        for extver, wcs in chips.items():
            y, x = np.nonzero(exposure["DQ", extver].data & bit)
            if len(x) == 0:
                continue
            ra, dec = wcs.all_pix2world(x, y, 0)
            found.append(np.column_stack(grid.wcs_world2pix(ra, dec, 0)))
    return np.concatenate(found)
