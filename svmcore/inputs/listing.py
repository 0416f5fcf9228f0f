"""Poller files and plain lists: text in, one row per exposure out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from svmcore.model.visit import InputFault

__all__ = ["Listing", "ListingRow", "parse_listing"]

COLUMN_COUNTS = {
    1: "file name",
    2: "file name, aperture",
    8: "file name, proposal, program, visit, exposure time, filters, detector, path",
}
_MVM_COLUMNS = 10
_SECONDS = r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
_COMMENT = re.compile(r"(^|\s)#.*$")
_EXPECTED = (
    "Give 1 column (file name), 2 (file name, aperture) or 8 (file name, proposal, "
    "program, visit, exposure time, filters, detector, path), separated by commas."
)


@dataclass(frozen=True, slots=True)
class ListingRow:
    """One exposure as a list names it; empty or None where a column is absent.

    Parameters
    ----------
    line : int
        Line number in the list, from 1.
    file_name : str
        Name of the FLT or FLC file, as listed.
    aperture : str
        Aperture that replaces the header's.
    proposal_id : str
        Proposal number without leading zeros.
    program_id, obset_id : str
        Program and visit codes, upper case.
    exptime_s : float or None
        Exposure time [s].
    filters : tuple of str
        Optical elements, upper case.
    detector : str
        Detector, upper case.
    path : str
        Where the list says that the file is. It comes from outside: it is
        used to read that file and for nothing else.
    """

    line: int
    file_name: str
    aperture: str = ""
    proposal_id: str = ""
    program_id: str = ""
    obset_id: str = ""
    exptime_s: float | None = None
    filters: tuple[str, ...] = ()
    detector: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list, and what is wrong with the others.

    Parameters
    ----------
    rows : tuple of ListingRow
        Usable rows in file order.
    faults : tuple of InputFault
        Lines that cannot be used.
    """

    rows: tuple[ListingRow, ...]
    faults: tuple[InputFault, ...] = ()


def parse_listing(text: str, *, subject: str) -> Listing:
    """Return the exposures that a poller file or plain list names.

    Parameters
    ----------
    text : str
        Content of the file: one exposure a line, columns separated by commas.
        Blank lines and what follows a ``#`` are skipped.
    subject : str
        Name of the file, for messages.

    Returns
    -------
    Listing
        Rows and faults. A file name listed twice is a fault of the later line.

    Notes
    -----
    1 column: file name. 2: file name and aperture. 8: the archive's poller
    (file name, proposal, program, visit, exposure time, filters joined by
    semicolons, detector, path). All lines must have the same number.

    Examples
    --------
    >>> parse_listing("ib4606c5q_flc.fits  # first", subject="visit.lst").rows[0].line
    1
    """
    rows: list[ListingRow] = []
    faults: list[InputFault] = []
    first_seen: dict[str, int] = {}
    columns = 0
    for number, line in enumerate(text.splitlines(), start=1):
        fields = _split(line)
        if not fields:
            continue
        columns = columns or len(fields)
        place = f"{subject}, line {number}"
        parsed = _parse_fields(fields, columns=columns, line=number, place=place)
        if isinstance(parsed, ListingRow):
            earlier = first_seen.setdefault(parsed.file_name, number)
            if earlier != number:
                parsed = InputFault(
                    place,
                    f"{parsed.file_name} was already listed in line {earlier}",
                    "Remove one of the two lines.",
                    parsed.file_name,
                )
        if isinstance(parsed, ListingRow):
            rows.append(parsed)
        else:
            faults.append(parsed)
    return Listing(tuple(rows), tuple(faults))


def _split(line: str) -> list[str]:
    bare = _COMMENT.sub("", line.lstrip("\ufeff")).strip()
    if not bare:
        return []
    return [name.strip().strip("\"'").strip() for name in bare.split(",")]


def _parse_fields(
    fields: Sequence[str], *, columns: int, line: int, place: str
) -> ListingRow | InputFault:
    count = len(fields)
    name = fields[0]
    if count == _MVM_COLUMNS:
        return InputFault(
            place,
            "has 10 columns, as lists for multi-visit mosaics have",
            "Give the list of a single visit (8 columns), or the file names only.",
            name,
        )
    if count not in COLUMN_COUNTS:
        return InputFault(
            place, f"has {count} columns, expected 1, 2 or 8", _EXPECTED, name
        )
    if count != columns and columns in COLUMN_COUNTS:
        return InputFault(
            place,
            f"has {count} column(s), but the first line has {columns}",
            "Give every line the same columns.",
            name,
        )
    problem = _name_problem(name)
    if problem:
        return InputFault(place, problem, _EXPECTED, name)
    if count == 8:
        return _parse_poller(fields, line=line, place=place)
    return ListingRow(line, name, aperture=fields[1].upper() if count == 2 else "")


def _name_problem(name: str) -> str:
    if not name or name in {".", ".."}:
        return "the file name is empty"
    if not name.isprintable():
        return f"the file name {name!r} holds characters that are not printable"
    return ""


def _parse_poller(
    fields: Sequence[str], *, line: int, place: str
) -> ListingRow | InputFault:
    name, proposal, program, obset, exptime, filters, detector, path = fields

    elements = tuple(part.strip().upper() for part in filters.split(";"))
    checks = (
        ("2 (proposal)", proposal, r"[0-9]+", "a whole number"),
        ("3 (program)", program, r"[0-9A-Za-z]{3}", "three letters or digits"),
        ("4 (visit)", obset, r"[0-9A-Za-z]{1,2}", "two letters or digits"),
        ("5 (exposure time)", exptime, _SECONDS, "a number of seconds, 0 or more"),
        ("6 (filters)", filters, r"[^;]*[0-9A-Za-z].*", "names joined by semicolons"),
        ("7 (detector)", detector, r"[0-9A-Za-z]+", "a detector name"),
    )
    for column, found, pattern, expected in checks:
        if not re.fullmatch(pattern, found):
            return InputFault(
                place,
                f"column {column} is {found!r}, expected {expected}",
                "Correct the line, or list only the file name.",
                name,
            )
    return ListingRow(
        line,
        name,
        proposal_id=proposal.lstrip("0") or "0",
        program_id=program.upper(),
        obset_id=obset.upper().zfill(2),
        exptime_s=float(exptime),
        filters=elements,
        detector=detector.upper(),
        path=path,
    )
