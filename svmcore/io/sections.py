"""Parts of chips, read without the rest of the file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import InputError
from svmcore.io.headers import open_fits_bytes, read_header_units
from svmcore.model.header import HeaderUnit
from svmcore.model.image import ChipPixels

__all__ = ["ChipPlanes", "read_chip_planes", "read_section"]


@dataclass(frozen=True, slots=True)
class ChipPlanes:
    """Where the images of one chip lie in its file.

    Parameters
    ----------
    path : Path
        FLT or FLC file.
    extver : int
        EXTVER.
    shape : tuple of int
        Shape (ny, nx) [pixel].
    units : tuple of HeaderUnit
        SCI, DQ and ERR, as far as the file has them.
    """

    path: Path
    extver: int
    shape: tuple[int, int]
    units: tuple[HeaderUnit, ...]

    def unit(self, name: str) -> HeaderUnit | None:
        """Return the extension of that name."""
        for unit in self.units:
            if unit.name == name:
                return unit
        return None


def read_chip_planes(path: Path) -> dict[int, ChipPlanes]:
    """Return where the images of every chip lie, by EXTVER.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.

    Raises
    ------
    InputError
        If the file is not FITS, or cut short.
    """
    with open_fits_bytes(path) as stream:
        units = read_header_units(stream, path)
    found = {}
    for unit in units:
        if unit.name == "SCI":
            mine = tuple(
                other
                for other in units
                if other.extver == unit.extver and other.name in ("SCI", "DQ", "ERR")
            )
            shape = (unit.shape[-2], unit.shape[-1])
            found[unit.extver] = ChipPlanes(path, unit.extver, shape, mine)
    return found


def read_section(
    planes: ChipPlanes, rows: slice, columns: slice, *, with_error: bool = False
) -> ChipPixels:
    """Return a rectangle of a chip.

    Parameters
    ----------
    planes : ChipPlanes
        Where the images lie.
    rows, columns : slice
        Rectangle, without steps.
    with_error : bool
        Whether the errors are wanted too.

    Returns
    -------
    ChipPixels
        Values in native byte order; values that are not finite are 0 and
        flagged with DQ bit 32768.

    Raises
    ------
    InputError
        If the file has become shorter, or holds no SCI image.
    """
    science = _read(planes, "SCI", rows, columns)
    if science is None:
        raise InputError(
            f"{planes.path}[SCI,{planes.extver}]",
            "holds no pixels",
            "Fetch the file again.",
        )
    quality = _read(planes, "DQ", rows, columns)
    error = _read(planes, "ERR", rows, columns) if with_error else None
    image = science.astype(np.float32)
    flags = (
        np.zeros(image.shape, np.uint16)
        if quality is None
        else quality.astype(np.int64).astype(np.uint16)
    )
    bad = ~np.isfinite(image)
    image[bad] = 0.0
    flags[bad] |= np.uint16(32768)
    return ChipPixels(image, flags, None if error is None else error.astype(np.float32))


def _read(
    planes: ChipPlanes, name: str, rows: slice, columns: slice
) -> NDArray[np.generic] | None:
    unit = planes.unit(name)
    if unit is None:
        return None
    if unit.data_bytes == 0:
        value = unit.values.get("PIXVALUE") or 0
        size = (rows.stop - rows.start, columns.stop - columns.start)
        return np.full(size, float(value))
    kind = {-32: ">f4", -64: ">f8"}.get(unit.bitpix, f">i{unit.bitpix // 8}")
    width = planes.shape[1] * np.dtype(kind).itemsize
    with open_fits_bytes(planes.path) as stream:
        stream.seek(unit.data_start + rows.start * width)
        text = stream.read((rows.stop - rows.start) * width)
    if len(text) < (rows.stop - rows.start) * width:
        raise InputError(
            str(planes.path), "has become shorter", "Fetch the file again."
        )
    values = np.frombuffer(text, kind).reshape(-1, planes.shape[1])[:, columns]
    zero = unit.values.get("BZERO")
    return values if not zero else values + float(zero)
