"""Sources found on a total image, and the tables made from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CatalogColumn",
    "Measurements",
    "PointSources",
    "SegmentSources",
    "SourceCatalog",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PointSources:
    """Star-like sources of a total image.

    Parameters
    ----------
    identifier : ndarray of int, shape (n,)
        Numbers from 1, in the order of rows.
    x, y : ndarray of float, shape (n,)
        Centres, 0-based, pixel centres at integers [pixel].
    significance : ndarray of float, shape (n,)
        Height over the noise, both after the matched filter.
    sharpness, roundness : ndarray of float, shape (n,)
        As defined by Stetson (1987, PASP 99, 191): peak over its neighbours,
        and difference of the widths along both axes.
    """

    identifier: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    significance: FloatArray
    sharpness: FloatArray
    roundness: FloatArray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSources:
    """Connected groups of bright pixels of a total image.

    Parameters
    ----------
    identifier : ndarray of int, shape (n,)
        Numbers from 1.
    x, y : ndarray of float, shape (n,)
        Flux-weighted centres, 0-based [pixel].
    pixel : ndarray of int, shape (m,)
        Flat indices of all pixels, source after source.
    start : ndarray of int, shape (n,)
        Where each source begins in `pixel`.
    shapes : Mapping of str to ndarray, shape (n,)
        Columns measured on the total image, by name.
    """

    identifier: NDArray[np.int64]
    x: FloatArray
    y: FloatArray
    pixel: NDArray[np.int64]
    start: NDArray[np.int64]
    shapes: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Fluxes and flags of the sources of one kind in one filter.

    Parameters
    ----------
    values : Mapping of str to ndarray, shape (n,)
        Columns by name; nan where nothing could be measured.
    """

    values: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """One column of a catalog file.

    Parameters
    ----------
    name : str
        Name.
    unit : str
        Unit in the spelling of astropy; empty for a plain number.
    decimals : int
        Decimals that mean something; values are rounded to two more.
    width : int
        Width of a printed value.
    meaning : str
        One line.
    """

    name: str
    unit: str
    decimals: int
    width: int
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class SourceCatalog:
    """One catalog as it is written.

    Parameters
    ----------
    name : str
        File name.
    columns : tuple of CatalogColumn
        Columns in order.
    values : Mapping of str to ndarray, shape (n,)
        Values by column.
    meta : Mapping
        What stands in the file's head: texts, numbers, lists of these.
    """

    name: str
    columns: tuple[CatalogColumn, ...]
    values: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.values[self.columns[0].name])
