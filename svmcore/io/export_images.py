"""Drizzled products written by rows: they never exist in memory as a whole."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from svmcore.drizzling.header_table import HeaderTable
from svmcore.errors import StoreError
from svmcore.io.atomic import write_atomically

__all__ = ["ImageExtension", "ProductWriter", "write_product"]

_BLOCK = 2880
_CARD = 80


@dataclass(frozen=True, slots=True)
class ImageExtension:
    """An image extension of a product, announced before it is written.

    Parameters
    ----------
    name : str
        EXTNAME.
    shape : tuple of int
        Shape (ny, nx), or (planes, ny, nx) [pixel].
    is_integer : bool
        int32 instead of float32.
    header_cards : int
        Room to keep for the header [cards of 80 characters].
    """

    name: str
    shape: tuple[int, ...]
    is_integer: bool
    header_cards: int

    @property
    def header_bytes(self) -> int:
        """Room for the header, in whole blocks [byte]."""
        return _padded(self.header_cards * _CARD)

    @property
    def pixel_bytes(self) -> int:
        """Room for the pixels, in whole blocks [byte]."""
        return _padded(int(np.prod(self.shape)) * 4)


@dataclass(frozen=True, slots=True, eq=False)
class ProductWriter:
    """A product while its rows are written.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    extensions : Mapping of str to ImageExtension
        Image extensions in file order.
    offsets : Mapping of str to int
        Where each extension starts; ``""`` for what follows the last [byte].
    """

    stream: BinaryIO
    extensions: Mapping[str, ImageExtension]
    offsets: Mapping[str, int]

    def write_rows(self, name: str, y0: int, rows: NDArray[Any]) -> None:
        """Write rows of one extension.

        Parameters
        ----------
        name : str
            EXTNAME.
        y0 : int
            First row, 0-based.
        rows : ndarray, shape (n, nx) or (planes, n, nx)
            float32 or int32 values in native byte order.
        """
        extension = self.extensions[name]
        ny, nx = extension.shape[-2:]
        start = self.offsets[name] + extension.header_bytes
        for plane, values in enumerate(rows.reshape(-1, *rows.shape[-2:])):
            self.stream.seek(start + (plane * ny + y0) * nx * 4)
            # Copied as another type, which is much faster than byteswap.
            self.stream.write(values.astype(values.dtype.newbyteorder(">")).data)

    def write_headers(
        self, primary: fits.Header, headers: Mapping[str, fits.Header]
    ) -> None:
        """Write the headers into the room kept for them.

        Parameters
        ----------
        primary : astropy.io.fits.Header
            Primary header without the cards that every file starts with.
        headers : Mapping of str to astropy.io.fits.Header
            By EXTNAME, without the cards that describe the array.

        Raises
        ------
        StoreError
            If a header has more cards than were announced.
        """
        self.stream.seek(0)
        start = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)]
        first = next(iter(self.offsets.values()))
        self.stream.write(_header_bytes("PRIMARY", start, primary, first))
        for name, extension in self.extensions.items():
            self.stream.seek(self.offsets[name])
            self.stream.write(
                _header_bytes(
                    name,
                    _array_cards(extension),
                    headers[name],
                    extension.header_bytes,
                )
            )

    def write_table(self, name: str, table: HeaderTable) -> None:
        """Write a table after the last image.

        Parameters
        ----------
        name : str
            EXTNAME.
        table : HeaderTable
            Columns and rows.
        """
        self.stream.seek(self.offsets[""])
        self.stream.write(_table_header(name, table))
        pixels = table.rows.tobytes()
        self.stream.write(pixels.ljust(_padded(len(pixels)), b"\0"))


@contextmanager
def write_product(
    path: Path, extensions: tuple[ImageExtension, ...], *, primary_cards: int
) -> Iterator[ProductWriter]:
    """Open a product for writing; it appears under its name when it is whole.

    Parameters
    ----------
    path : Path
        Final name.
    extensions : tuple of ImageExtension
        Images in file order.
    primary_cards : int
        Room for the primary header [cards].

    Yields
    ------
    ProductWriter
        Takes rows in any order, then headers and table.

    Raises
    ------
    StoreError
        If the file cannot be written.

    Notes
    -----
    Values such as the mean exposure time are known only after the last row,
    so room is kept for the headers and they are written last; what is left
    of it is filled with blank cards.
    """
    offsets: dict[str, int] = {}
    position = _padded(primary_cards * _CARD)
    for extension in extensions:
        offsets[extension.name] = position
        position += extension.header_bytes + extension.pixel_bytes
    offsets[""] = position
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        stream.truncate(position)
        yield ProductWriter(stream, {e.name: e for e in extensions}, offsets)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _array_cards(extension: ImageExtension) -> list[tuple[str, Any]]:
    axes = extension.shape[::-1]
    return [
        ("XTENSION", "IMAGE"),
        ("BITPIX", 32 if extension.is_integer else -32),
        ("NAXIS", len(axes)),
        *((f"NAXIS{number}", size) for number, size in enumerate(axes, start=1)),
        ("PCOUNT", 0),
        ("GCOUNT", 1),
        ("EXTNAME", extension.name),
        ("EXTVER", 1),
    ]


def _header_bytes(
    name: str, start: list[tuple[str, Any]], header: fits.Header, size: int
) -> bytes:
    whole = fits.Header([fits.Card(keyword, value) for keyword, value in start])
    whole.extend(header, strip=False, end=True)
    with warnings.catch_warnings():
        # A blended value can be longer than the one its comment was made for.
        warnings.filterwarnings("ignore", "Card is too long, comment will be")
        text = whole.tostring(sep="", endcard=False, padding=False)
    free = size - len(text) - _CARD
    if free < 0:
        raise StoreError(
            name,
            f"its header needs {len(text) // _CARD + 1} cards, but "
            f"{size // _CARD} were announced",
        )
    padded: str = text + " " * free + "END".ljust(_CARD)
    return padded.encode("ascii")


def _table_header(name: str, table: HeaderTable) -> bytes:
    names = table.rows.dtype.names or ()
    cards: list[tuple[str, int | str]] = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", table.rows.dtype.itemsize),
        ("NAXIS2", len(table.rows)),
        ("PCOUNT", 0),
        ("GCOUNT", 1),
        ("TFIELDS", len(names)),
    ]
    for number, (column, code) in enumerate(
        zip(names, table.formats, strict=True), start=1
    ):
        cards += [(f"TTYPE{number}", column), (f"TFORM{number}", code)]
    cards += [("EXTNAME", name), ("EXTVER", 1)]
    text = "".join(_plain_card(keyword, value) for keyword, value in cards)
    text += "END".ljust(_CARD)
    return text.ljust(_padded(len(text))).encode("ascii")


def _plain_card(keyword: str, value: int | str) -> str:
    shown = f"{value:>20}" if isinstance(value, int) else f"'{value:<8}'"
    return f"{keyword:<8}= {shown}".ljust(_CARD)
