"""Reference catalogs from local files: ECSV, FITS, CSV, VOTable."""

import gzip
import warnings
from dataclasses import replace
from pathlib import Path

from astropy.io.fits.verify import VerifyWarning
from astropy.table import Table
from astropy.units import UnitsWarning

from svmcore.errors import ReferenceCatalogError
from svmcore.io.reference_table import LINES, catalog_from_table
from svmcore.model.fit import ReferenceCatalog
from svmcore.model.reference import ReferenceChoice

__all__ = ["check_reference", "read_reference_file"]

_FORMATS = {
    ".ecsv": "ascii.ecsv",
    ".csv": "ascii.csv",
    ".fits": "fits",
    ".fit": "fits",
    ".xml": "votable",
    ".vot": "votable",
    ".votable": "votable",
    ".txt": "ascii",
    ".cat": "ascii",
    ".dat": "ascii",
    ".coo": "ascii",
    ".tsv": "ascii",
}
_SUFFIXES = ", ".join(sorted(_FORMATS))


def read_reference_file(path: Path, *, name: str = "") -> ReferenceCatalog:
    """Return the reference catalog in a local file.

    Parameters
    ----------
    path : Path
        ECSV, FITS, CSV or VOTable, told by its suffix, gzipped or not.
    name : str, optional
        Name for WCSNAME; by default the table's metadata ``catalog``, or one
        that the file name or the columns betray.

    Returns
    -------
    ReferenceCatalog
        Positions at their own epochs, units converted.

    Raises
    ------
    ReferenceCatalogError
        If the file cannot be read, lacks positions or an epoch, holds no
        star, or a column has a wrong unit.
    """
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    form = _FORMATS.get(suffixes[-1] if suffixes else "")
    if form is None:
        raise ReferenceCatalogError(
            str(path),
            "its format cannot be told from the suffix",
            f"Expected one of {_SUFFIXES}.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            warnings.simplefilter("ignore", VerifyWarning)  # the error says more
            comments = {"comment": "#"} if form == "ascii.csv" else {}
            table = Table.read(path, format=form, **comments)
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ReferenceCatalogError(
            str(path), f"cannot be read as {form} ({error})", "Check the file."
        ) from error
    has_header = not _name_first_columns(table)
    is_text = form.startswith("ascii")
    table.meta[LINES] = _data_lines(path, has_header=has_header) if is_text else []
    found = catalog_from_table(
        table, name=name or _guess_name(path, table), source=str(path)
    )
    return replace(found, source=path.name)  # results hold no folders


def _name_first_columns(table: Table) -> bool:
    """Call the first two columns of a text without a header line ra and dec.

    Return whether it had none.
    """
    if table.colnames[:2] != ["col1", "col2"]:
        return False
    table.rename_columns(("col1", "col2"), ("ra", "dec"))
    return True


def _data_lines(path: Path, *, has_header: bool) -> list[int]:
    """Return the number of the line, from 1, that each row of a text stands in."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as stream:
        lines = [
            number
            for number, line in enumerate(stream, start=1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
    return lines[1:] if has_header else lines


def _guess_name(path: Path, table: Table) -> str:
    told = table.meta.get("catalog") or table.meta.get("CATALOG")
    if told:
        return str(told)
    columns = {column.lower() for column in table.colnames}
    if "ref_epoch" in columns or "gaia" in path.name.lower():
        return "GAIAeDR3"
    stem = "".join(c for c in path.name.split(".")[0] if c.isalnum())
    return stem.upper()[:12] or "USER"


def check_reference(choice: ReferenceChoice) -> None:
    """Raise before any work is done if a catalog file cannot be used.

    Parameters
    ----------
    choice : ReferenceChoice
        Only a file is looked at; services are asked when the fit needs them.

    Raises
    ------
    ReferenceCatalogError
        As `read_reference_file` does.
    """
    if choice.file is not None:
        read_reference_file(choice.file)
