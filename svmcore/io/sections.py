"""Parts of chips, read without the rest of the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import InputError
from svmcore.io.headers import open_fits_bytes, read_header_units
from svmcore.model.header import HeaderUnit
from svmcore.model.image import ChipPixels

PLANES = ("SCI", "DQ", "ERR", "TIME")
_SCALES = (("BSCALE", 1.0), ("BZERO", 0.0))

__all__ = ["ChipPlanes", "read_chip_planes", "read_section", "sample_pixels"]


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
        SCI, DQ, ERR and TIME, as far as the file has them.
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
                if other.extver == unit.extver and other.name in PLANES
            )
            shape = (unit.shape[-2], unit.shape[-1])
            found[unit.extver] = ChipPlanes(path, unit.extver, shape, mine)
    return found


def read_section(
    planes: ChipPlanes,
    rows: slice,
    columns: slice,
    *,
    with_error: bool = False,
    with_time: bool = False,
) -> ChipPixels:
    """Return a rectangle of a chip.

    Parameters
    ----------
    planes : ChipPlanes
        Where the images lie.
    rows, columns : slice
        Rectangle, without steps.
    with_error, with_time : bool
        Whether errors and exposure times of pixels are wanted too.

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
    time_s = _read(planes, "TIME", rows, columns) if with_time else None
    image = np.ascontiguousarray(science, np.float32)
    flags = np.zeros(image.shape, np.uint16) if quality is None else _flags(quality)
    bad = ~np.isfinite(image)
    if bad.any():
        image[bad] = 0.0
        flags[bad] |= np.uint16(32768)
    return ChipPixels(image, flags, _floats(error), _floats(time_s))


def sample_pixels(planes: ChipPlanes, rows: Any, columns: Any) -> ChipPixels:
    """Return some pixels of a chip, read without the others.

    Parameters
    ----------
    planes : ChipPlanes
        Where the images lie.
    rows, columns : slice or ndarray of int
        Which pixels, as numpy indexes an image.

    Returns
    -------
    ChipPixels
        Values and flags as of `read_section`, without errors and times.

    Raises
    ------
    InputError
        If the file has become shorter, or holds no SCI image.
    """
    science = planes.unit("SCI")
    if planes.path.suffix == ".gz" or science is None or not science.data_bytes:
        ny, nx = planes.shape
        whole = read_section(planes, slice(0, ny), slice(0, nx))
        return ChipPixels(whole.science[rows, columns], whole.quality[rows, columns])
    image = np.ascontiguousarray(_mapped(planes, science, rows, columns), np.float32)
    quality = planes.unit("DQ")
    flags = np.zeros(image.shape, np.uint16)
    if quality is not None and quality.data_bytes:
        flags = _flags(_mapped(planes, quality, rows, columns))
    bad = ~np.isfinite(image)
    image[bad] = 0.0
    flags[bad] |= np.uint16(32768)
    return ChipPixels(image, flags)


def _mapped(
    planes: ChipPlanes, unit: HeaderUnit, rows: Any, columns: Any
) -> NDArray[Any]:
    """Return some pixels of an image through a memory map."""
    try:
        image = np.memmap(
            planes.path, _kind(unit), "r", unit.data_start, unit.shape[-2:]
        )
    except (OSError, ValueError) as error:
        raise InputError(
            str(planes.path), "has become shorter", "Fetch the file again."
        ) from error
    found = np.array(image[rows, columns])
    native = found.astype(found.dtype.newbyteorder("="))
    scale, zero = (float(unit.values.get(n) or d) for n, d in _SCALES)
    return native if (scale, zero) == (1.0, 0.0) else native * scale + zero


def _kind(unit: HeaderUnit) -> str:
    """Return the type of an image's numbers, as numpy writes it."""
    kinds = {8: "u1", -32: ">f4", -64: ">f8"}
    return kinds.get(unit.bitpix, f">i{unit.bitpix // 8}")


def _floats(values: NDArray[Any] | None) -> NDArray[np.float32] | None:
    return None if values is None else np.ascontiguousarray(values, np.float32)


def _flags(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Return DQ values as unsigned numbers, the 16th bit as in the file."""
    if values.dtype == np.int16:
        return np.ascontiguousarray(values).view(np.uint16)
    return values.astype(np.int64).astype(np.uint16)


def _read(
    planes: ChipPlanes, name: str, rows: slice, columns: slice
) -> NDArray[Any] | None:
    """Return a rectangle of an image in native byte order; None without image."""
    unit = planes.unit(name)
    if unit is None or not unit.shape:
        return None
    if unit.data_bytes == 0:  # a constant image, stored as one value
        value = float(unit.values.get("PIXVALUE") or 0)
        size = (rows.stop - rows.start, columns.stop - columns.start)
        return np.full(size, value, np.float32)
    is_part = columns.stop - columns.start < unit.shape[-1]
    if is_part and planes.path.suffix != ".gz":
        return _mapped(planes, unit, rows, columns)
    found = np.empty((rows.stop - rows.start, unit.shape[-1]), _kind(unit))
    with open_fits_bytes(planes.path) as stream:
        stream.seek(unit.data_start + rows.start * found.shape[1] * found.itemsize)
        length = stream.readinto(found.reshape(-1).view(np.uint8).data)
    if length < found.nbytes:
        raise InputError(
            str(planes.path), "has become shorter", "Fetch the file again."
        )
    found = found[:, columns]
    values = found.astype(found.dtype.newbyteorder("="), copy=False)
    scale, zero = (float(unit.values.get(n) or d) for n, d in _SCALES)
    return values if (scale, zero) == (1.0, 0.0) else values * scale + zero
