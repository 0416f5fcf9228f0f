"""Parameter files: HAP's own forms and ours, read and written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from svmcore.errors import ParameterError
from svmcore.io.atomic import write_text
from svmcore.model.decisions import ParameterChange
from svmcore.model.product import ProductTree
from svmcore.parameters.compact import read_compact
from svmcore.parameters.documents import (
    COMPACT_FORMAT,
    compact_document,
    custom_document,
)
from svmcore.parameters.forms import Entry, read_forms
from svmcore.parameters.meaning import changes_of
from svmcore.parameters.overrides import check_changes
from svmcore.parameters.places import place
from svmcore.parameters.schema import declaration
from svmcore.parameters.scopes import Scopes
from svmcore.parameters.selection import ParameterSet

__all__ = [
    "ParameterFile",
    "read_entries",
    "read_parameter_file",
    "read_parameters",
    "write_compact_file",
    "write_custom_file",
]


@dataclass(frozen=True, slots=True)
class ParameterFile:
    """What a parameter file changes in a visit.

    Parameters
    ----------
    changes : tuple of ParameterChange
        Values that differ from the shipped ones, in the order of the file.
    notes : tuple of str
        Which section was used where a file has two, what was not used, and
        which changes have no effect.
    """

    changes: tuple[ParameterChange, ...]
    notes: tuple[str, ...] = ()


def read_parameters(path: Path, tree: ProductTree) -> ParameterFile:
    """Return what a parameter file changes, with remarks on the file.

    Parameters
    ----------
    path : Path
        JSON file: HAP's custom parameter file, complete or partial; a step or
        parameters alone, for every product; or the compact form.
    tree : ProductTree
        Products of the visit.

    Returns
    -------
    ParameterFile
        Changes that replay the file, and notes.

    Raises
    ------
    ParameterError
        If the file cannot be read, is no parameter file, names an unknown
        product or parameter, or holds a value that is not allowed.
    """
    document = _read_document(path)
    if document.get("format") == COMPACT_FORMAT:
        changes = read_compact(document, subject=path.name)
        check_changes(changes, tree)
        return ParameterFile(changes, _inert_notes(changes, path.name))
    entries, notes = read_forms(
        document, subject=path.name, products=Scopes(tree).words
    )
    changes = changes_of(entries, tree, origin=path.name)
    check_changes(changes, tree)
    return ParameterFile(changes, (*notes, *_inert_notes(changes, path.name)))


def _inert_notes(changes: Sequence[ParameterChange], name: str) -> tuple[str, ...]:
    """Return a remark on every changed parameter that changes no result."""
    rows = dict.fromkeys(declaration(change.step, change.key) for change in changes)
    return tuple(
        f"{place(name, row.path)} changes nothing: {row.inert_why}"
        for row in rows
        if row.is_inert
    )


def read_parameter_file(path: Path, tree: ProductTree) -> tuple[ParameterChange, ...]:
    """Return the changes that replay a parameter file.

    Parameters
    ----------
    path : Path
        JSON file in any of the forms that `read_parameters` knows.
    tree : ProductTree
        Products of the visit.

    Returns
    -------
    tuple of ParameterChange
        Values that differ from the shipped ones.

    Raises
    ------
    ParameterError
        If the file cannot be used; the message names the place.
    """
    return read_parameters(path, tree).changes


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Return every value of a parameter file, without knowing the visit.

    Parameters
    ----------
    path : Path
        JSON file in any form.

    Returns
    -------
    tuple of Entry
        Values as the file gives them.

    Raises
    ------
    ParameterError
        If the file cannot be read or holds an unknown name or wrong value.
    """
    document = _read_document(path)
    if document.get("format") == COMPACT_FORMAT:
        return tuple(
            Entry(change.product, change.step, change.key, change.value)
            for change in read_compact(document, subject=path.name)
        )
    return read_forms(document, subject=path.name, products=None)[0]


def write_custom_file(
    path: Path,
    tree: ProductTree,
    sets: Mapping[str, ParameterSet],
    *,
    overwrite: bool = False,
) -> None:
    """Write a complete parameter file that HAP's own reader takes.

    Parameters
    ----------
    path : Path
        Where to.
    tree : ProductTree
        Products of the visit.
    sets : Mapping of str to ParameterSet
        Parameters by basename, as `select_all` returns them.
    overwrite : bool, optional
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        If the file exists and may not be replaced, or a product lacks
        parameters.
    StoreError
        If the file cannot be written.
    """
    _check_free(path, overwrite=overwrite)
    write_text(path, json.dumps(custom_document(tree, sets), indent=4))


def write_compact_file(
    path: Path,
    tree: ProductTree,
    changes: Sequence[ParameterChange],
    *,
    written: str = "",
    overwrite: bool = False,
) -> None:
    """Write only what differs from the shipped values, with its origin.

    Parameters
    ----------
    path : Path
        Where to.
    tree : ProductTree
        Products of the visit.
    changes : sequence of ParameterChange
        Values set by hand, in order.
    written : str, optional
        Date and time to note in the file; without it equal changes give equal
        bytes.
    overwrite : bool, optional
        Whether an existing file may be replaced.

    Raises
    ------
    ParameterError
        If the file exists and may not be replaced, or a change is invalid.
    StoreError
        If the file cannot be written.
    """
    _check_free(path, overwrite=overwrite)
    check_changes(changes, tree)
    document = compact_document(tree, changes, written=written)
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _check_free(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ParameterError(
            str(path),
            "the file exists already",
            "Choose another name, or allow it to be overwritten.",
        )


def _read_document(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParameterError(
            str(path), f"cannot be read ({error.strerror or error})", "Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise ParameterError(str(path), "is not UTF-8 text", _IS_JSON) from error
    try:
        document = json.loads(
            text, object_pairs_hook=_table, parse_constant=_refuse_constant
        )
    except _TwiceError as error:
        raise ParameterError(
            place(path.name, error), "is given twice", "Remove one of the two."
        ) from error
    except RecursionError as error:
        raise ParameterError(str(path), "is nested too deeply", _IS_JSON) from error
    except ValueError as error:
        problem = f"is not JSON ({error})"
        raise ParameterError(str(path), problem, "Correct that place.") from error
    if not isinstance(document, Mapping):
        found = "a list" if isinstance(document, list) else "a single value"
        raise ParameterError(str(path), f"holds {found}, not a table", _IS_JSON)
    if document.get("format") not in (None, COMPACT_FORMAT):
        problem = f"is a file of {ascii(document['format'])[:60]}, not of parameters"
        raise ParameterError(str(path), problem, "Give a parameter file.")
    return document


_IS_JSON = "A parameter file is JSON; svm params VISIT -o FILE writes a complete one."


class _TwiceError(Exception):
    """A name that a table holds twice; JSON readers would drop the first."""


def _table(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return table


def _refuse_constant(text: str) -> NoReturn:
    msg = f"{text} is no number; write null for automatic"
    raise ValueError(msg)
