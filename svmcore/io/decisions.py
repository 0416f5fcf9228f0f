"""Decisions as JSON: saved beside the output, replayed from anywhere."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from svmcore.errors import InputError
from svmcore.io.atomic import write_text
from svmcore.model.decisions import (
    AlignmentDecisions,
    Decisions,
    ExcludedRegion,
    ManualOffset,
    ParameterChange,
)
from svmcore.model.verdict import Override

__all__ = [
    "decisions_from_json",
    "decisions_to_json",
    "read_decisions",
    "write_decisions",
]

FORMAT = "svm decisions"
VERSION = 1
_REMEDY = "Save the decisions again with `svm lab` or write_decisions()."


def decisions_to_json(decisions: Decisions) -> dict[str, Any]:
    """Return the decisions as plain JSON values, sets in sorted order.

    Parameters
    ----------
    decisions : Decisions
        What was decided.

    Returns
    -------
    dict
        Values that `json.dumps` takes and `decisions_from_json` reads back.

    Examples
    --------
    >>> decisions_from_json(decisions_to_json(Decisions())) == Decisions()
    True
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "overrides": [asdict(override) for override in decisions.overrides],
        "parameters": [asdict(change) for change in decisions.parameters],
        "alignment": {
            detector: _alignment_to_json(chosen)
            for detector, chosen in sorted(decisions.alignment.items())
        },
        "prefer_flt": decisions.prefer_flt,
        "carry_fit_to_grism": decisions.carry_fit_to_grism,
        "error_extension": decisions.error_extension,
        "singles_in_total": decisions.singles_in_total,
    }


def decisions_from_json(
    document: Mapping[str, Any], *, subject: str = "decisions"
) -> Decisions:
    """Return the decisions that a JSON document holds.

    Parameters
    ----------
    document : Mapping
        What `decisions_to_json` gave.
    subject : str
        Where the document comes from, for messages.

    Raises
    ------
    InputError
        If the document is of another kind or version, or holds a wrong name
        or type; the message gives the place.
    """
    _check_header(document, subject)
    _check_names(document, _NAMES, subject)
    overrides = _records(document, "overrides", _OVERRIDE, subject)
    changes = _records(document, "parameters", _CHANGE, subject)
    return Decisions(
        overrides=tuple(Override(**record) for record in overrides),
        parameters=tuple(ParameterChange(**record) for record in changes),
        alignment=_read_alignment(document, subject),
        prefer_flt=_value(document, "prefer_flt", bool, subject, default=False),
        carry_fit_to_grism=_value(
            document, "carry_fit_to_grism", bool, subject, default=False
        ),
        error_extension=_value(
            document, "error_extension", bool, subject, default=False
        ),
        singles_in_total=_value(
            document, "singles_in_total", bool, subject, default=False
        ),
    )


def read_decisions(path: Path) -> Decisions:
    """Return the decisions in a JSON file.

    Parameters
    ----------
    path : Path
        File written by `write_decisions`.

    Raises
    ------
    InputError
        If the file cannot be read or is not a decisions file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(str(path), problem, "Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), f"is not JSON: {error}", _REMEDY) from error
    return decisions_from_json(document, subject=str(path))


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write the decisions as JSON, complete or not at all.

    Parameters
    ----------
    path : Path
        Where to; an existing file is replaced.
    decisions : Decisions
        What was decided.
    """
    write_text(path, json.dumps(decisions_to_json(decisions), indent=2) + "\n")


_OVERRIDE = {"rootname": str, "accepted": bool, "reason": str}
_CHANGE = {
    "product": str,
    "step": str,
    "key": str,
    "value": object,
    "origin": str,
    "reason": str,
    "when": str,
}
_REGION = {"ra_deg": float, "dec_deg": float, "radius_arcsec": float}
_OFFSET = {"rootname": str, "east_mas": float, "north_mas": float}
_SETS = ("excluded_matches", "excluded_exposures", "kept_apriori")
_NAMES = {
    "format",
    "version",
    "overrides",
    "parameters",
    "alignment",
    "prefer_flt",
    "carry_fit_to_grism",
    "error_extension",
    "singles_in_total",
}


def _alignment_to_json(chosen: AlignmentDecisions) -> dict[str, Any]:
    return {
        **{name: sorted(getattr(chosen, name)) for name in _SETS},
        "excluded_regions": [asdict(region) for region in chosen.excluded_regions],
        "manual_offsets": [asdict(offset) for offset in chosen.manual_offsets],
        "reference_exposure": chosen.reference_exposure,
    }


def _read_alignment(
    document: Mapping[str, Any], subject: str
) -> dict[str, AlignmentDecisions]:
    entries = _value(document, "alignment", dict, subject, default={})
    found = {}
    for detector, entry in entries.items():
        place = f"{subject} → alignment.{detector}"
        if not isinstance(entry, dict):
            raise _wrong_type(place, entry, dict)
        known = {*_SETS, "excluded_regions", "manual_offsets", "reference_exposure"}
        _check_names(entry, known, place)
        regions = _records(entry, "excluded_regions", _REGION, place)
        offsets = _records(entry, "manual_offsets", _OFFSET, place)
        found[str(detector)] = AlignmentDecisions(
            **{name: _names(entry, name, place) for name in _SETS},
            excluded_regions=tuple(ExcludedRegion(**region) for region in regions),
            manual_offsets=tuple(ManualOffset(**offset) for offset in offsets),
            reference_exposure=_value(
                entry, "reference_exposure", str, place, default=""
            ),
        )
    return found


def _names(entry: Mapping[str, Any], name: str, place: str) -> frozenset[str]:
    names = _value(entry, name, list, place, default=[])
    for value in names:
        if not isinstance(value, str):
            raise _wrong_type(f"{place}.{name}", value, str)
    return frozenset(names)


def _records(
    document: Mapping[str, Any], name: str, types: Mapping[str, type], subject: str
) -> list[dict[str, Any]]:
    records = []
    for index, row in enumerate(_value(document, name, list, subject, default=[])):
        place = f"{subject} → {name}[{index}]"
        if not isinstance(row, dict):
            raise _wrong_type(place, row, dict)
        _check_names(row, set(types), place)
        records.append({key: _required(row, key, types[key], place) for key in types})
    return records


def _required(row: Mapping[str, Any], key: str, kind: type, place: str) -> Any:
    if key not in row:
        raise InputError(f"{place}.{key}", "is missing", _REMEDY)
    return _value(row, key, kind, place, default=None)


def _value(
    document: Mapping[str, Any], name: str, kind: type, subject: str, *, default: Any
) -> Any:
    value = document.get(name, default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise _wrong_type(f"{subject} → {name}", value, kind)
    return value


def _wrong_type(place: str, value: object, kind: type) -> InputError:
    found = type(value).__name__
    return InputError(place, f"is {found}, expected {kind.__name__}", _REMEDY)


def _check_names(document: Mapping[str, Any], known: set[str], subject: str) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        problem = f"unknown name {unknown[0]!r}, expected one of {sorted(known)}"
        raise InputError(subject, problem, "Correct or remove it.")


def _check_header(document: object, subject: str) -> None:
    if not isinstance(document, dict):
        raise _wrong_type(subject, document, dict)
    found = (document.get("format"), document.get("version"))
    if found != (FORMAT, VERSION):
        problem = (
            f"is {found[0]!r} version {found[1]!r}, "
            f"expected {FORMAT!r} version {VERSION}"
        )
        raise InputError(subject, problem, _REMEDY)
