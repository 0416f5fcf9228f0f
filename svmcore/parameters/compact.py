"""The compact form of parameter files: changes with their origins."""

import re
from collections.abc import Mapping
from typing import Any

from svmcore.errors import ParameterError
from svmcore.model.decisions import ParameterChange
from svmcore.parameters.documents import COMPACT_VERSION
from svmcore.parameters.places import place
from svmcore.parameters.schema import declaration, nearest
from svmcore.parameters.section import thawed

__all__ = ["read_compact"]

_HEADER = ("format", "version", "written", "changes")
_ROW = ("product", "step", "key", "value", "default", "origin")
# Half of a character: JSON can spell it, no file can hold it.
_SURROGATE = re.compile("[\ud800-\udfff]")
_ORIGIN = ("who", "when", "why")


def read_compact(
    document: Mapping[str, Any], *, subject: str
) -> tuple[ParameterChange, ...]:
    """Return the changes of a compact document.

    Parameters
    ----------
    document : Mapping
        What `compact_document` made.
    subject : str
        Name of the file, for messages.

    Returns
    -------
    tuple of ParameterChange
        In the order of the file.

    Raises
    ------
    ParameterError
        If the version is unknown, a name is unknown or missing, or a value
        has a wrong type or is not allowed.
    """
    _check_names(document, _HEADER, subject)
    version = document.get("version")
    if version != COMPACT_VERSION or isinstance(version, bool):
        raise ParameterError(
            f"{subject} → version",
            f"found {version!r}, expected {COMPACT_VERSION}",
            "Write the file again with this version of svm.",
        )
    rows = document.get("changes")
    if not isinstance(rows, list):
        raise ParameterError(
            f"{subject} → changes",
            f"found {type(rows).__name__}, expected a list",
            "Write one row for each change.",
        )
    return tuple(
        _read_row(row, f"{subject} → changes[{index}]")
        for index, row in enumerate(rows)
    )


def _read_row(row: object, where: str) -> ParameterChange:
    if not isinstance(row, Mapping):
        found = type(row).__name__
        raise ParameterError(where, f"found {found}, expected a table", _REMEDY)
    _check_names(row, _ROW, where)
    product, step, key = (
        _text(row, name, where) for name in ("product", "step", "key")
    )
    origin = row.get("origin", {})
    if not isinstance(origin, Mapping):
        found = type(origin).__name__
        raise ParameterError(
            place(where, "origin"), f"found {found}, expected a table", _REMEDY
        )
    _check_names(origin, _ORIGIN, place(where, "origin"))
    who, when, why = (
        _text(origin, name, place(where, "origin"), default="") for name in _ORIGIN
    )
    found_row = declaration(step, key, subject=where)
    if "value" not in row:
        raise ParameterError(place(where, "value"), "is missing", _REMEDY)
    value = found_row.canonical(row["value"], subject=place(where, found_row.path))
    return ParameterChange(product, step, key, thawed(value), who, why, when)


_REMEDY = 'A row is { "product": …, "step": …, "key": …, "value": …, "origin": … }.'


def _text(
    table: Mapping[str, Any], name: str, where: str, *, default: str | None = None
) -> str:
    value = table.get(name, default)
    if value is None:
        raise ParameterError(place(where, name), "is missing", _REMEDY)
    if not isinstance(value, str):
        found = type(value).__name__
        raise ParameterError(place(where, name), f"found {found}, expected a text")
    if _SURROGATE.search(value):
        raise ParameterError(
            place(where, name), f"found {value[:40]!a}, which is no text", _REMEDY
        )
    return value


def _check_names(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in known:
            raise ParameterError(
                place(where, name),
                "unknown name",
                nearest(name, known) or f"Known are {', '.join(known)}.",
            )
