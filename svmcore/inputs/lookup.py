"""Checked look-ups in the headers of one file."""

import math
from collections.abc import Sequence
from pathlib import Path

from svmcore.errors import InputError
from svmcore.model.exposure import KeywordValue, Note
from svmcore.model.header import HeaderUnit

__all__ = ["KEPT_KEYWORDS", "Header", "finite_number", "science_units"]

# Header values that rules and displays use. Science keywords come from (SCI, 1).
KEPT_KEYWORDS = (
    "INSTRUME",
    "DETECTOR",
    "ROOTNAME",
    "PROPOSID",
    "LINENUM",
    "OBSTYPE",
    "IMAGETYP",
    "OBSMODE",
    "MTFLAG",
    "SCAN_TYP",
    "TARGNAME",
    "EXPTIME",
    "EXPSTART",
    "EXPEND",
    "EXPFLAG",
    "FGSLOCK",
    "CHINJECT",
    "FILTER",
    "FILTER1",
    "FILTER2",
    "FILTNAM1",
    "FILTNAM2",
    "FLATCORR",
    "DRIZCORR",
    "PCTECORR",
    "IDCTAB",
    "QUALITY",
    "SUBARRAY",
    "APERTURE",
    "PA_V3",
    "CCDGAIN",
    "SAMP_SEQ",
    "NSAMP",
    "FLASHDUR",
    "ASN_ID",
    "HAPLEVEL",
    "CAL_VER",
    "DATE-OBS",
)
_SCIENCE_KEYWORDS = ("BUNIT", "PHOTFLAM", "PHOTPLAM", "WCSNAME", "ORIENTAT", "HDRNAME")


def science_units(units: Sequence[HeaderUnit]) -> tuple[HeaderUnit, ...]:
    """Return the science extensions of a file, in file order.

    Parameters
    ----------
    units : sequence of HeaderUnit
        All units of the file.
    """
    return tuple(unit for unit in units if unit.name == "SCI")


class Header:
    """Checked look-ups in the primary and first science headers of one file."""

    def __init__(self, path: Path, units: Sequence[HeaderUnit]) -> None:
        self.path = path
        self.primary = units[0].values
        sciences = science_units(units)
        self.science = sciences[0].values if sciences else {}
        self.notes: list[Note] = []

    def get(self, keyword: str) -> KeywordValue:
        """Value from the primary header, else from the first science one."""
        return self.primary.get(keyword, self.science.get(keyword))

    def text(self, keyword: str) -> str:
        """Value as text; empty if absent."""
        value = self.get(keyword)
        return "" if value is None else str(value).strip()

    def needed(self, keyword: str) -> str:
        """Text of a keyword that must be there."""
        text = self.text(keyword)
        if not text:
            found = "is empty" if keyword in self.primary else "is missing"
            raise self.error(f"the keyword {keyword} {found} in the primary header")
        return text

    def number(
        self, keyword: str, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """Value of a keyword that must be a number within limits."""
        if self.get(keyword) is None:
            self.needed(keyword)
        value = finite_number(self.get(keyword))
        if value is None or not low <= value <= high:
            limits = f"a number from {low:g} to {high:g}"
            expected = (
                limits if math.isfinite(high) else f"a number of at least {low:g}"
            )
            raise self.error(
                f"the keyword {keyword} is {self.get(keyword)!r}, expected {expected}"
            )
        return value

    def optional_number(self, keyword: str) -> float | None:
        """Value of a keyword that may be absent; a note if it is no number."""
        found = self.get(keyword)
        value = finite_number(found)
        if value is None and found is not None:
            self.note(keyword, f"{keyword} is {found!r}, which is not a number")
        return value

    def note(self, keyword: str, text: str) -> None:
        """Remember a remark."""
        self.notes.append(Note(f"{self.path.name}: {keyword}", text))

    def error(self, problem: str) -> InputError:
        """Make an error about this file."""
        return InputError(
            str(self.path), problem, "Retrieve the calibrated file again."
        )

    def kept(self) -> dict[str, KeywordValue]:
        """Values that rules and displays use."""
        found = {key: self.primary[key] for key in KEPT_KEYWORDS if key in self.primary}
        for key in _SCIENCE_KEYWORDS:
            value = self.science.get(key, self.primary.get(key))
            if value is not None:
                found[key] = value
        return found


def finite_number(value: KeywordValue) -> float | None:
    """Return a header value as a number; None if it is none or not finite.

    Parameters
    ----------
    value : str, int, float, bool or None
        Header value. Logical values are no numbers.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
