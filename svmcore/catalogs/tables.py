"""From measurements to the tables that are written."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.catalogs.columns import (
    FILTER_POINT_COLUMNS,
    FILTER_SEGMENT_COLUMNS,
    total_columns,
)
from svmcore.model.catalog import (
    Measurements,
    PointSources,
    SegmentSources,
    SourceCatalog,
)

__all__ = ["filter_catalog", "is_worth_keeping", "total_catalog"]

FloatArray = NDArray[np.float64]
Sources = PointSources | SegmentSources


def filter_catalog(
    name: str,
    sources: Sources,
    measured: Measurements,
    sky: FloatArray,
    meta: Mapping[str, Any],
) -> SourceCatalog:
    """Return the catalog of one filter: every source, whatever its flags.

    Parameters
    ----------
    name : str
        File name.
    sources : PointSources or SegmentSources
        Sources of the total image.
    measured : Measurements
        Columns measured in this filter.
    sky : ndarray of float, shape (n, 2)
        Right ascension and declination, ICRS [deg].
    meta : Mapping
        Head of the file.
    """
    is_point = isinstance(sources, PointSources)
    columns = FILTER_POINT_COLUMNS if is_point else FILTER_SEGMENT_COLUMNS
    values: dict[str, NDArray[Any]] = {
        columns[0].name: sources.x,
        columns[1].name: sources.y,
        "RA": sky[:, 0],
        "DEC": sky[:, 1],
        "ID": sources.identifier,
        **measured.values,
    }
    if isinstance(sources, SegmentSources):
        values |= sources.shapes
    ordered = {column.name: values[column.name] for column in columns}
    return SourceCatalog(name, columns, ordered, meta)


def is_worth_keeping(
    measured: Sequence[Measurements], *, largest_flag: int
) -> NDArray[np.bool_]:
    """Return which sources have an acceptable measurement in some filter.

    Parameters
    ----------
    measured : sequence of Measurements
        One per filter.
    largest_flag : int
        Largest sum of flags that is acceptable.
    """
    good = [
        (each.values["Flags"] <= largest_flag) & np.isfinite(each.values["MagAp2"])
        for each in measured
    ]
    kept: NDArray[np.bool_] = np.any(good, axis=0)
    return kept


def total_catalog(
    name: str,
    sources: Sources,
    measured: Mapping[str, Measurements],
    sky: FloatArray,
    *,
    largest_flag: int,
    meta: Mapping[str, Any],
) -> SourceCatalog:
    """Return the catalog of a total image: acceptable sources of all filters.

    Parameters
    ----------
    name : str
        File name.
    sources : PointSources or SegmentSources
        Sources of the total image.
    measured : Mapping of str to Measurements
        By filter, in processing order.
    sky : ndarray of float, shape (n, 2)
        Right ascension and declination, ICRS [deg].
    largest_flag : int
        Largest sum of flags that is acceptable in at least one filter.
    meta : Mapping
        Head of the file.
    """
    kind = "point" if isinstance(sources, PointSources) else "segment"
    columns = total_columns(kind, tuple(measured))
    keep = is_worth_keeping(tuple(measured.values()), largest_flag=largest_flag)
    values: dict[str, NDArray[Any]] = {
        "ID": sources.identifier,
        columns[1].name: sources.x,
        columns[2].name: sources.y,
        "RA": sky[:, 0],
        "DEC": sky[:, 1],
    }
    for filter_name, each in measured.items():
        values[f"MagAP2_{filter_name}"] = each.values["MagAp2"]
        values[f"CI_{filter_name}"] = each.values["CI"]
        values[f"Flags_{filter_name}"] = each.values["Flags"]
    return SourceCatalog(
        name, columns, {key: column[keep] for key, column in values.items()}, meta
    )
