"""Catalogs as ECSV files."""

from pathlib import Path

import numpy as np
from astropy import units
from astropy.table import Column, Table

from svmcore.io.atomic import write_atomically
from svmcore.model.catalog import CatalogColumn, SourceCatalog

__all__ = ["MISSING", "write_catalog"]

MISSING = -9999
_GUARD_DECIMALS = 2
_UNITS = {"mag(AB)": units.ABmag, "pix2": units.pix**2, "1 / pix2": units.pix**-2}


def _column(column: CatalogColumn, catalog: SourceCatalog) -> Column:
    """Round a column to what it means, and fill what is missing."""
    values = np.asarray(catalog.values[column.name])
    if values.dtype.kind in "iu":
        filled, layout = values.astype(np.int64), f"{column.width}d"
    else:
        rounded = np.round(values, column.decimals + _GUARD_DECIMALS)
        filled = np.where(np.isfinite(rounded), rounded + 0.0, float(MISSING))
        layout = f"{column.width}.{column.decimals}f"
    unit = _UNITS.get(column.unit) or (units.Unit(column.unit) if column.unit else None)
    return Column(
        filled,
        name=column.name,
        unit=unit,
        format=layout,
        description=column.meaning,
    )


def write_catalog(folder: Path, catalog: SourceCatalog) -> Path:
    """Write a catalog as ECSV.

    Parameters
    ----------
    folder : Path
        Where to write.
    catalog : SourceCatalog
        Catalog; it may have no rows.

    Returns
    -------
    Path
        The file, under the catalog's own name. Equal catalogs give equal
        bytes.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    table = Table([_column(column, catalog) for column in catalog.columns])
    table.meta.update(catalog.meta)
    path = folder / catalog.name
    with write_atomically(path) as temporary:
        table.write(temporary, format="ascii.ecsv", delimiter=" ", overwrite=True)
    return path
