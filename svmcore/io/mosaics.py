"""Drizzled products as they lie on disk, read in blocks of rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import InputError, StoreError
from svmcore.io.headers import open_fits_bytes, read_header_units
from svmcore.model.header import HeaderUnit

__all__ = ["Mosaic", "read_mosaic", "row_blocks"]

_SAMPLE_PIXELS = 250_000


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """One drizzled product; its planes stay on disk until they are sliced.

    Parameters
    ----------
    name : str
        File name.
    sci : ndarray of float, shape (ny, nx)
        Science plane, in the file's byte order; no-data pixels are nan or 0.
    wht : ndarray of float, shape (ny, nx)
        Weight plane; 0 where no exposure contributed.
    ctx : ndarray of int, shape (n, ny, nx)
        Context planes: bit ``k`` of plane ``p`` stands for chip ``32 p + k``;
        no plane if the product was made without.
    primary, header : Mapping
        Keywords of the primary header and of the SCI extension.
    """

    name: str
    sci: NDArray[np.float32]
    wht: NDArray[np.float32]
    ctx: NDArray[np.int32]
    primary: Mapping[str, Any]
    header: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) [pixel]."""
        ny, nx = self.sci.shape
        return ny, nx

    @property
    def pixel_scale_arcsec(self) -> float:
        """Size of a pixel, from the CD matrix [arcsec]."""
        cd = [[self.keyword(f"CD{i}_{j}", 0.0) for j in (1, 2)] for i in (1, 2)]
        return float(np.sqrt(abs(np.linalg.det(cd)))) * 3600.0

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of both headers; those of SCI win."""
        return {**self.primary, **self.header}

    def keyword(self, name: str, default: Any = None) -> Any:
        """Return a keyword of the SCI header, else of the primary header."""
        return self.header.get(name, self.primary.get(name, default))

    def rows(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return science and weight of rows, nan where there is no data.

        Parameters
        ----------
        start, stop : int
            Rows, 0-based, `stop` excluded.

        Returns
        -------
        sci, wht : ndarray of float32, shape (stop - start, nx)
            Native byte order; sci is nan wherever wht is 0.
        """
        sci = np.array(self.sci[start:stop], dtype=np.float32)
        wht = np.array(self.wht[start:stop], dtype=np.float32)
        bad = ~np.isfinite(sci) | ~np.isfinite(wht) | (wht <= 0)
        sci[bad] = np.nan
        wht[bad] = 0
        return sci, wht

    def sample(self) -> NDArray[np.float32]:
        """Return pixels with data on a regular raster, about 250 000 at most."""
        step = max(1, int(np.ceil(np.sqrt(self.sci.size / _SAMPLE_PIXELS))))
        sci = np.array(self.sci[::step, ::step], dtype=np.float32)
        good = np.isfinite(sci) & (np.array(self.wht[::step, ::step]) > 0)
        return sci[good]


def row_blocks(n_rows: int, block: int = 512) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of consecutive blocks of rows.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    block : int, optional
        Rows per block.

    Examples
    --------
    >>> list(row_blocks(5, block=2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, n_rows, block):
        yield start, min(start + block, n_rows)


def _plane(path: Path, unit: HeaderUnit) -> NDArray[Any]:
    """Map an image extension; its pixels are read when they are used."""
    dtype = {-32: ">f4", -64: ">f8", 32: ">i4", 16: ">i2"}[unit.bitpix]
    return np.memmap(
        path, dtype=dtype, mode="r", offset=unit.data_start, shape=unit.shape
    )


def read_mosaic(path: Path) -> Mosaic:
    """Read a drizzled product.

    Parameters
    ----------
    path : Path
        File with PRIMARY, SCI, WHT and, if its parameters ask for it, CTX (or
        CON).

    Returns
    -------
    Mosaic
        Headers, and planes that stay on disk.

    Raises
    ------
    StoreError
        If the file is missing, damaged or no drizzled product.
    """
    try:
        with open_fits_bytes(path) as stream:
            units = {unit.name: unit for unit in read_header_units(stream, path)}
        primary, header = units[""].values, units["SCI"].values
        sci, wht = (_plane(path, units[name]) for name in ("SCI", "WHT"))
        context = units.get("CTX") or units.get("CON")
        return Mosaic(
            name=path.name,
            sci=sci,
            wht=wht,
            ctx=(
                np.zeros((0, *sci.shape), np.int32)
                if context is None
                else _plane(path, context).reshape(-1, *sci.shape)
            ),
            primary=MappingProxyType(dict(primary)),
            header=MappingProxyType(dict(header)),
        )
    except (InputError, OSError, KeyError, ValueError, TypeError) as error:
        raise StoreError(
            path.name,
            f"cannot be read as a drizzled product ({error})",
            "Delete the file and run again; it is made anew.",
        ) from error
