"""FITS headers read fast, and found to be whole or cut short.

astropy reads a header card by card into objects that can be written again; a
visit's headers only need to be looked at. This reader takes about a tenth of the
time and, as it knows where each extension ends, tells at once if a file is cut.
"""

import gzip
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from svmcore.errors import InputError
from svmcore.model.exposure import KeywordValue
from svmcore.model.header import HeaderUnit

__all__ = ["has_signal", "open_fits_bytes", "read_header_units"]

_BLOCK = 2880
_CARD = 80
_MAX_HEADER_BLOCKS = 2000  # 72 000 cards; real headers have some hundred
_CHUNK_BYTES = 1 << 18
_RETRIEVE = "Retrieve the file again."
_STRING = re.compile(r"\s*'((?:[^']|'')*)'")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EDed][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_ABOUT_PIXELS = ("BSCALE", "BZERO", "PIXVALUE")
_BITPIX = (8, 16, 32, 64, -32, -64)


@contextmanager
def open_fits_bytes(path: Path) -> Iterator[BufferedReader | BytesIO]:
    """Open a FITS file for reading, decompressed if its name ends in ``.gz``.

    Parameters
    ----------
    path : Path
        Regular file.

    Yields
    ------
    BufferedReader or BytesIO
        Seekable stream of the uncompressed file.

    Raises
    ------
    InputError
        If the file cannot be opened or decompressed.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as packed:
                stream: BufferedReader | BytesIO = BytesIO(packed.read())
        else:
            stream = path.open("rb")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            str(path), f"is not a whole gzip file ({error})", _RETRIEVE
        ) from error
    except OSError as error:
        raise InputError(
            str(path),
            f"cannot be read ({error.strerror or error})",
            "Check that it exists and that you may read it.",
        ) from error
    with stream:
        yield stream


def read_header_units(stream: BinaryIO, path: Path) -> tuple[HeaderUnit, ...]:
    """Return the headers of all extensions of a FITS file.

    Parameters
    ----------
    stream : BinaryIO
        The file, as opened by `open_fits_bytes`.
    path : Path
        Its name, for messages.

    Returns
    -------
    tuple of HeaderUnit
        In file order. All values of the primary and science headers; of the
        other extensions only those that tell how to read the pixels.

    Raises
    ------
    InputError
        If the file is not FITS, or is cut short.
    """
    size = stream.seek(0, 2)
    if size == 0:
        raise InputError(str(path), "is empty", _RETRIEVE)
    units: list[HeaderUnit] = []
    offset = 0
    while offset < size:
        unit = _read_unit(stream, path, index=len(units), offset=offset)
        if unit is None:
            break
        end = unit.data_start + unit.data_bytes
        if end > size:
            label = f"{unit.name},{unit.extver}" if unit.name else f"{unit.index}"
            raise InputError(
                str(path),
                f"is cut short: extension {label} should end at byte {end:,}, "
                f"but the file has {size:,}",
                _RETRIEVE,
            )
        units.append(unit)
        offset = unit.data_start + math.ceil(unit.data_bytes / _BLOCK) * _BLOCK
    _check_count(units, path)
    return tuple(units)


def has_signal(stream: BinaryIO, unit: HeaderUnit) -> bool:
    """Return whether any pixel of an image differs from zero.

    Parameters
    ----------
    stream : BinaryIO
        The file, as opened by `open_fits_bytes`.
    unit : HeaderUnit
        The image's header.

    Notes
    -----
    Reads only until the first such pixel. Pixels that are not finite count
    as zero: they carry no signal either.
    """
    if unit.data_bytes == 0:  # a constant array that is not written out
        value = unit.values.get("PIXVALUE")
        return isinstance(value, (int, float)) and math.isfinite(value) and value != 0
    kind = {8: "u1", -32: ">f4", -64: ">f8"}.get(unit.bitpix, f">i{unit.bitpix // 8}")
    scale, zero = (
        float(value) if isinstance(value, (int, float)) else default
        for value, default in (
            (unit.values.get("BSCALE"), 1.0),
            (unit.values.get("BZERO"), 0.0),
        )
    )
    stream.seek(unit.data_start)
    left = unit.data_bytes
    while left > 0:
        chunk = stream.read(min(left, _CHUNK_BYTES))
        if not chunk:
            return False
        left -= len(chunk)
        pixels = np.frombuffer(chunk, dtype=kind)
        with np.errstate(over="ignore", invalid="ignore"):
            values = pixels * scale + zero if (scale, zero) != (1.0, 0.0) else pixels
            if np.any(values[np.isfinite(values)]):
                return True
    return False


def _read_unit(
    stream: BinaryIO, path: Path, *, index: int, offset: int
) -> HeaderUnit | None:
    stream.seek(offset)
    text = _header_text(stream, path, index=index)
    if text is None:
        return None
    values = _values(text)
    extname = values.get("EXTNAME")
    name = extname.strip().upper() if isinstance(extname, str) else ""
    extver = values.get("EXTVER")
    shape, data_bytes = _data_shape(values, path, index=index)
    return HeaderUnit(
        index=index,
        name=name,
        extver=extver if isinstance(extver, int) else 1,
        shape=shape,
        bitpix=int(values["BITPIX"] or 8),
        header_start=offset,
        data_start=offset + len(text),
        data_bytes=data_bytes,
        values=values if index == 0 or name == "SCI" else _about_pixels(values),
    )


def _header_text(stream: BinaryIO, path: Path, *, index: int) -> str | None:
    """Text of one header with its padding; None behind the last extension."""
    blocks: list[bytes] = []
    while len(blocks) < _MAX_HEADER_BLOCKS:
        block = stream.read(_BLOCK)
        if not blocks and not block.startswith((b"SIMPLE  =", b"XTENSION=")):
            if index == 0:
                raise InputError(
                    str(path),
                    "is not a FITS file (it does not begin with SIMPLE)",
                    "List FLT or FLC files.",
                )
            return None
        if len(block) < _BLOCK:
            raise InputError(
                str(path), f"is cut short in the header of extension {index}", _RETRIEVE
            )
        blocks.append(block)
        if any(block[i : i + 8] == b"END     " for i in range(0, _BLOCK, _CARD)):
            return b"".join(blocks).decode("latin-1")
    raise InputError(
        str(path), f"the header of extension {index} has no END card", _RETRIEVE
    )


def _values(text: str) -> dict[str, KeywordValue]:
    """Values by keyword; the first one where a keyword comes again."""
    values: dict[str, KeywordValue] = {}
    last = ""  # keyword whose text goes on in CONTINUE cards
    for start in range(0, len(text), _CARD):
        keyword = text[start : start + 8].rstrip()
        if keyword == "END":
            break
        field = text[start + 10 : start + _CARD]
        if keyword == "CONTINUE" and last:
            so_far, more = values[last], _value(field)
            values[last] = f"{so_far}"[:-1] + (more if isinstance(more, str) else "")
            last = last if str(values[last]).endswith("&") else ""
        elif text[start + 8 : start + 10] == "= " and keyword not in values:
            value = _value(field)
            values[keyword] = value
            last = keyword if isinstance(value, str) and value.endswith("&") else ""
        else:
            last = ""
    return values


def _about_pixels(values: Mapping[str, KeywordValue]) -> dict[str, KeywordValue]:
    """Values that say how the pixels of an image are to be read."""
    return {name: values[name] for name in _ABOUT_PIXELS if name in values}


def _value(field: str) -> KeywordValue:
    """Value of a card; None if it holds none, the bare text if it is odd."""
    string = _STRING.match(field)
    if string:
        return string[1].replace("''", "'").rstrip()
    bare = field.split("/", 1)[0].strip()
    if bare in {"T", "F"}:
        return bare == "T"
    if _INTEGER.fullmatch(bare):
        return int(bare)
    if _NUMBER.fullmatch(bare):
        number = float(bare.upper().replace("D", "E"))
        return number if math.isfinite(number) else bare  # 1E400 is no number
    return bare or None


def _data_shape(
    values: Mapping[str, KeywordValue], path: Path, *, index: int
) -> tuple[tuple[int, ...], int]:
    """Shape in numpy's order and number of data bytes."""

    def whole(keyword: str, default: int | None = None) -> int:
        value = values.get(keyword, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or abs(value) > 1 << 40
        ):
            raise InputError(
                str(path),
                f"extension {index}: the keyword {keyword} is {value!r}, "
                "expected a whole number",
                _RETRIEVE,
            )
        return value

    bitpix, naxis = whole("BITPIX"), whole("NAXIS")
    axes = [whole(f"NAXIS{i}") for i in range(1, min(max(naxis, 0), 999) + 1)]
    groups, parameters = whole("GCOUNT", 1), whole("PCOUNT", 0)
    is_sound = bitpix in _BITPIX and 0 <= naxis <= 999 and groups >= 1
    if not is_sound or parameters < 0 or any(axis < 0 for axis in axes):
        raise InputError(
            str(path),
            f"extension {index}: BITPIX, NAXIS and the axes do not describe data "
            f"(BITPIX {bitpix}, NAXIS {naxis}, axes {axes})",
            _RETRIEVE,
        )
    if not axes:
        constant = whole("NPIX2", 0), whole("NPIX1", 0)
        return (constant if min(constant) > 0 else ()), 0
    data_bytes = abs(bitpix) // 8 * groups * (parameters + math.prod(axes))
    return tuple(reversed(axes)), data_bytes


def _check_count(units: list[HeaderUnit], path: Path) -> None:
    """Refuse a file that ends between two extensions of one exposure."""
    promised = units[0].values.get("NEXTEND")
    names = [unit.name for unit in units]
    incomplete = names.count("DQ") < names.count("SCI")
    if not isinstance(promised, int) or promised <= len(units) - 1:
        return
    if incomplete or names.count("SCI") == 0 or names[-1] in {"SCI", "ERR"}:
        raise InputError(
            str(path),
            f"is cut short: NEXTEND promises {promised} extensions, "
            f"{len(units) - 1} are there",
            _RETRIEVE,
        )
