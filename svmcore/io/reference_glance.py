"""A quick look at a catalog file, without the libraries that read tables."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

__all__ = ["is_plain_catalog"]

_MOST_BYTES = 3_000_000  # of a file that is looked at
_POSITION_UNITS, _ERROR_UNITS = ("deg",), ("mas",)
_MOTION_UNITS = ("mas / yr", "mas yr-1", "mas/yr", "mas.yr**-1")
# Numeric columns as the Gaia archive names them, with the units that need no
# conversion.
_COLUMNS = {
    "ra": _POSITION_UNITS,
    "dec": _POSITION_UNITS,
    "ra_error": _ERROR_UNITS,
    "dec_error": _ERROR_UNITS,
    "pmra": _MOTION_UNITS,
    "pmdec": _MOTION_UNITS,
    "pmra_error": _MOTION_UNITS,
    "pmdec_error": _MOTION_UNITS,
    "ref_epoch": ("yr",),
    "phot_g_mean_mag": ("mag",),
    "ruwe": (),
}
_NEEDED = {
    "ra": (-360.0, 360.0),
    "dec": (-90.0, 90.0),
    "ref_epoch": (1850.0, 2150.0),
}
_UNIT = re.compile(r"\{name: (\w+), unit: ([^,}]+)")


def is_plain_catalog(path: Path) -> bool:
    """Return whether a file is beyond doubt a catalog that a fit can use.

    Parameters
    ----------
    path : Path
        ECSV or CSV with columns as the Gaia archive names them, in its units
        and without quotes.

    Returns
    -------
    bool
        False says nothing: the file must be read to know.

    Notes
    -----
    To import what reads tables takes a third of a second, at a moment when
    workers already wait for a plan.
    """
    if path.suffix.lower() not in (".ecsv", ".csv"):
        return False
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    if '"' in text or "'" in text:
        return False
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    head = [line for line in lines if line.startswith("#")]
    body = [line for line in lines if not line.startswith("#")]
    return _has_plain_units(head) and _has_plain_rows(body)


def _has_plain_units(head: Sequence[str]) -> bool:
    """Return whether all units are told in one way, and are the usual ones."""
    told = [found.groups() for line in head if (found := _UNIT.search(line))]
    if len(told) != sum("unit" in line for line in head):
        return False
    return all(
        unit.strip() in _COLUMNS[name] for name, unit in told if name in _COLUMNS
    )


def _has_plain_rows(body: Sequence[str]) -> bool:
    """Return whether all rows hold numbers where they should."""
    if len(body) < 2:
        return False
    rows = csv.reader(body, delimiter="," if "," in body[0] else " ")
    names = [name.strip() for name in next(rows)]
    if len(set(names)) < len(names) or not set(_NEEDED) <= set(names):
        return False
    numeric = [(k, name) for k, name in enumerate(names) if name in _COLUMNS]
    return all(
        len(row) == len(names)
        and all(_is_plain_number(row[k].strip(), name) for k, name in numeric)
        for row in rows
    )


def _is_plain_number(word: str, name: str) -> bool:
    if word == "":
        return name not in _NEEDED
    try:
        value = float(word)
    except ValueError:
        return False
    low, high = _NEEDED.get(name, (-float("inf"), float("inf")))
    return name not in _NEEDED or low <= value <= high
