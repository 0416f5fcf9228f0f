"""Reference catalogs from tables: columns recognised, units converted, checked."""

from collections.abc import Sequence

import numpy as np
from astropy import units as u
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from numpy.typing import NDArray

from svmcore.alignment.reference import ruwe_factor
from svmcore.errors import ReferenceCatalogError
from svmcore.model.fit import ReferenceCatalog

__all__ = ["LINES", "catalog_from_table"]

FloatArray = NDArray[np.float64]

# Column names by meaning, in order of preference: Gaia archive, GSSS service,
# GSC, 2MASS, Pan-STARRS, VizieR. Compared in lower case.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "ra": (
        *("ra", "raj2000", "ra_icrs", "ra_deg", "ramean", "rastack", "alpha"),
        *("gaia_ra", "ra_gaia", "ref_ra", "ra_ref", "ra_epoch2000", "alpha_j2000"),
    ),
    "dec": (
        *("dec", "decj2000", "dej2000", "de_icrs", "dec_deg", "decmean", "delta"),
        *("gaia_dec", "dec_gaia", "ref_dec", "dec_ref", "dec_epoch2000", "delta_j2000"),
    ),
    "ra_error": ("ra_error", "e_ra_icrs", "raerr", "rameanerr", "e_raj2000", "sigra"),
    "dec_error": (
        "dec_error",
        "e_de_icrs",
        "decerr",
        "decmeanerr",
        "e_dej2000",
        "sigdec",
    ),
    "pmra": ("pmra", "rapm", "pm_ra", "pmra_cosdec"),
    "pmdec": ("pmdec", "decpm", "pm_dec", "pmde"),
    "pmra_error": ("pmra_error", "rapmerr", "e_pmra", "pmraerr"),
    "pmdec_error": ("pmdec_error", "decpmerr", "e_pmdec", "e_pmde", "pmdecerr"),
    "mag": ("phot_g_mean_mag", "mag", "gmag", "g", "jmag", "rmeanpsfmag", "magnitude"),
    "epoch": ("ref_epoch", "epoch", "epochmean", "jdate", "epoch_yr", "refepoch"),
    "ruwe": ("ruwe",),
    "identifier": ("source_id", "objid", "gsc2id", "designation", "source", "id"),
}
_UNITS = {
    "ra": u.deg,
    "dec": u.deg,
    "ra_error": u.mas,
    "dec_error": u.mas,
    "pmra": u.mas / u.yr,
    "pmdec": u.mas / u.yr,
    "pmra_error": u.mas / u.yr,
    "pmdec_error": u.mas / u.yr,
    "mag": u.mag,
}
# Epoch of catalogs whose files do not tell it per star [yr].
_KNOWN_EPOCHS = {
    "GAIADR1": 2015.0,
    "GAIADR2": 2015.5,
    "GAIADR3": 2016.0,
    "GAIAeDR3": 2016.0,
}
LINES = "lines of a text"  # entry of a table's metadata: where its rows stand
# What a coordinate or a Julian year can be; stars outside are typing errors.
_LIMITS = {"ra": (-360.0, 360.0), "dec": (-90.0, 90.0), "epoch": (1850.0, 2150.0)}


def catalog_from_table(table: Table, *, name: str, source: str) -> ReferenceCatalog:
    """Return a reference catalog from a table whose columns are recognised.

    Parameters
    ----------
    table : astropy.table.Table
        Columns by any of the usual names. Columns without a unit count as
        degrees, mas, mas / yr and magnitudes.
    name : str
        Name for WCSNAME.
    source : str
        Where it came from, for messages.

    Returns
    -------
    ReferenceCatalog
        Stars with a finite position.

    Raises
    ------
    ReferenceCatalogError
        If positions or epochs are missing or impossible, a unit is wrong, or no
        star is left.
    """
    columns = {
        key: _quantity(table, key, COLUMN_NAMES[key], source)
        for key in COLUMN_NAMES
        if key not in ("identifier", "epoch")
    }
    for key in ("ra", "dec"):
        if columns[key] is None:
            raise ReferenceCatalogError(
                source,
                f"has no column for {key}",
                f"Name it one of: {', '.join(COLUMN_NAMES[key])}.",
            )
    count = len(table)
    filled = {
        key: np.full(count, np.nan) if column is None else column
        for key, column in columns.items()
    }
    epoch = _epochs(table, name, source, count)
    good = np.isfinite(filled["ra"]) & np.isfinite(filled["dec"]) & np.isfinite(epoch)
    if not good.any():
        raise ReferenceCatalogError(
            source, f"holds no usable star ({count} rows)", "Give another catalog."
        )
    chosen = {key: column[good] for key, column in filled.items()}
    return _catalog(table, good, chosen, epoch[good], name, source)


def _catalog(
    table: Table,
    good: NDArray[np.bool_],
    columns: dict[str, FloatArray],
    epoch: FloatArray,
    name: str,
    source: str,
) -> ReferenceCatalog:
    key = _find(table, COLUMN_NAMES["identifier"])
    identifier = (
        np.arange(1, len(table) + 1).astype(str)
        if key is None
        else np.array([str(value) for value in table[key]])
    )
    return ReferenceCatalog(
        name=name,
        source=source,
        identifier=identifier[good],
        ra_deg=columns["ra"],
        dec_deg=columns["dec"],
        ra_error_mas=columns["ra_error"],
        dec_error_mas=columns["dec_error"],
        pm_ra_mas_yr=columns["pmra"],
        pm_dec_mas_yr=columns["pmdec"],
        pm_ra_error_mas_yr=columns["pmra_error"],
        pm_dec_error_mas_yr=columns["pmdec_error"],
        mag=columns["mag"],
        epoch_yr=epoch,
        quality_factor=ruwe_factor(columns["ruwe"]),
    )


def _find(table: Table, names: Sequence[str]) -> str | None:
    """Return the table's own name of the first column that it has."""
    own = {column.lower(): column for column in table.colnames}
    return next((own[name] for name in names if name in own), None)


def _plain(column: MaskedColumn) -> FloatArray:
    """Return a column as floats, nan where masked."""
    values = np.ma.asarray(column)
    return np.ma.filled(values.astype(np.float64), np.nan)


def _numbers(table: Table, name: str, source: str) -> FloatArray:
    """Return a column as floats, or say which of its rows is none."""
    try:
        return _plain(table[name])
    except (TypeError, ValueError) as error:
        row = next((k for k, one in enumerate(table[name]) if not _is_number(one)), 0)
        raise ReferenceCatalogError(
            f"{source}, column {name}, {_place(table, row)}",
            f"is not numeric: {str(table[name][row])!r}",
            "Check the file.",
        ) from error


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return value is np.ma.masked
    return True


def _place(table: Table, row: int) -> str:
    """Return where a row stands: its line in a text, else its number."""
    lines = table.meta.get(LINES, ())
    return f"line {lines[row]}" if row < len(lines) else f"row {row + 1}"


def _within_limits(
    table: Table, key: str, subject: str, values: FloatArray
) -> FloatArray:
    """Return values, nan for what cannot be; in a file it is an error.

    A service marks in this way what it does not know.
    """
    low, high = _LIMITS[key]
    wrong = np.isfinite(values) & ((values < low) | (values > high))
    if LINES in table.meta and wrong.any():
        row = int(np.argmax(wrong))
        raise ReferenceCatalogError(
            f"{subject}, {_place(table, row)}",
            f"is {values[row]:g}, expected {low:g} to {high:g}",
            "Correct the file.",
        )
    return np.where(wrong, np.nan, values)


def _quantity(
    table: Table, key: str, names: Sequence[str], source: str
) -> FloatArray | None:
    found = _find(table, names)
    if found is None:
        return None
    column = table[found]
    values = _numbers(table, found, source)
    values = _converted(values, key, column, f"{source}, column {found}")
    if key not in _LIMITS:
        return values
    return _within_limits(table, key, f"{source}, column {found}", values)


def _converted(
    values: FloatArray, key: str, column: MaskedColumn, subject: str
) -> FloatArray:
    """Return a column in the unit that is used here."""
    wanted, unit = _UNITS.get(key), column.unit
    if wanted is None or unit is None or unit == u.dimensionless_unscaled:
        return values
    try:
        factor = float(u.Unit(unit).to(wanted))
    except (u.UnitConversionError, TypeError, ValueError) as error:
        if key == "mag":  # magnitudes only order the stars
            return values
        raise ReferenceCatalogError(
            subject,
            f"has the unit {unit}, expected one that converts to {wanted}",
            "Correct the unit in the file.",
        ) from error
    return values * factor


def _epochs(table: Table, name: str, source: str, count: int) -> FloatArray:
    """Return the epoch of each star as Julian year."""
    found = _find(table, COLUMN_NAMES["epoch"])
    if found is not None:
        years = _julian_years(_numbers(table, found, source))
        years = _within_limits(table, "epoch", f"{source}, column {found}", years)
        return _as_asked_for(table, years)
    told = table.meta.get("ref_epoch", table.meta.get("epoch"))
    if told is None:
        told = _KNOWN_EPOCHS.get(name)
    if told is None:
        raise ReferenceCatalogError(
            source,
            "does not say at which epoch its positions are",
            f"Add a column named one of {', '.join(COLUMN_NAMES['epoch'])} or the "
            "metadata entry epoch [yr].",
        )
    return np.full(count, float(told))


def _as_asked_for(table: Table, years: FloatArray) -> FloatArray:
    """Return the epochs of a table that drizzlepac stored.

    It asks the service to move stars to the epoch of the exposures and notes
    that in the metadata; the column still tells the catalog's own. What has
    no proper motion was not moved.
    """
    asked = table.meta.get("epoch")
    if "converted" not in table.meta or not isinstance(asked, int | float):
        return years
    moved = np.ones(len(years), dtype=np.bool_)
    for key in ("pmra", "pmdec"):
        found = _find(table, COLUMN_NAMES[key])
        moved &= False if found is None else np.isfinite(_plain(table[found]))
    return np.where(moved, float(asked), years)


def _julian_years(values: FloatArray) -> FloatArray:
    """Return Julian years from years, MJD or JD, told by their size."""
    years = np.array(values, dtype=np.float64)
    for low, high, form in ((10000.0, 2.0e6, "mjd"), (2.0e6, np.inf, "jd")):
        rows = np.isfinite(years) & (values > low) & (values <= high)
        if rows.any():
            years[rows] = Time(values[rows], format=form).jyear
    return years
