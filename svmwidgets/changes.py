"""Decisions as a list of small changes: replayed, undone, written as Python."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from svmcore.io.decisions import decisions_from_json, decisions_to_json
from svmcore.model.decisions import (
    AlignmentDecisions,
    Decisions,
    ExcludedRegion,
    ManualOffset,
    ParameterChange,
)
from svmcore.model.verdict import Override

__all__ = [
    "Change",
    "Choices",
    "apply_changes",
    "changes_between",
    "python_lines",
]


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that a user chose: what is saved, replayed and undone.

    Parameters
    ----------
    decisions : Decisions
        Verdicts, parameters and alignment decided by hand.
    reference : str
        Reference catalog: path of a file, name of a service, or ``none``.
    """

    decisions: Decisions = field(default_factory=Decisions)
    reference: str = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One elementary change of the decisions, as JSON values.

    Parameters
    ----------
    kind : str
        Name of the change, a key of the table below.
    values : Mapping of str to JSON value
        Its arguments.
    """

    kind: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    apply: Callable[[Decisions, Mapping[str, Any]], Decisions]
    python: Callable[[Mapping[str, Any]], str]


def _alignment_field(name: str, value: Any) -> Any:
    match name:
        case "excluded_regions":
            return tuple(ExcludedRegion(**region) for region in value)
        case "manual_offsets":
            return tuple(ManualOffset(**offset) for offset in value)
        case "reference_exposure":
            return value
        case _:
            return frozenset(value)


def _set_alignment(decisions: Decisions, values: Mapping[str, Any]) -> Decisions:
    chosen = decisions.alignment_of(values["detector"])
    value = _alignment_field(values["field"], values["value"])
    return decisions.with_alignment(
        values["detector"], replace(chosen, **{values["field"]: value})
    )


def _alignment_python(values: Mapping[str, Any]) -> str:
    value = _alignment_field(values["field"], values["value"])
    value = _set_text(value) if isinstance(value, frozenset) else repr(value)
    detector = values["detector"]
    return (
        f"decisions.with_alignment({detector!r}, "
        f"replace(decisions.alignment_of({detector!r}), {values['field']}={value}))"
    )


def _set_text(names: frozenset[str]) -> str:
    inside = ", ".join(repr(name) for name in sorted(names))
    return f"frozenset({{{inside}}})" if inside else "frozenset()"


def _call(name: str, noun: str, values: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in values.items())
    return f"decisions.{name}({noun}({arguments}))"


# Each row: what a change does to the decisions, and the Python that does it.
_KINDS: Mapping[str, _Kind] = {
    "override": _Kind(
        lambda d, v: d.with_override(Override(**v)),
        lambda v: _call("with_override", "Override", v),
    ),
    "automatic verdict": _Kind(
        lambda d, v: d.without_override(v["rootname"]),
        lambda v: f"decisions.without_override({v['rootname']!r})",
    ),
    "parameter": _Kind(
        lambda d, v: d.with_parameter(ParameterChange(**v)),
        lambda v: _call("with_parameter", "ParameterChange", v),
    ),
    "default parameter": _Kind(
        lambda d, v: d.without_parameter(v["product"], v["step"], v["key"]),
        lambda v: (
            f"decisions.without_parameter("
            f"{v['product']!r}, {v['step']!r}, {v['key']!r})"
        ),
    ),
    "exclude matches": _Kind(
        lambda d, v: d.exclude_matches(v["detector"], v["identifiers"]),
        lambda v: f"decisions.exclude_matches({v['detector']!r}, {v['identifiers']!r})",
    ),
    "readmit matches": _Kind(
        lambda d, v: d.readmit_matches(v["detector"], v["identifiers"]),
        lambda v: f"decisions.readmit_matches({v['detector']!r}, {v['identifiers']!r})",
    ),
    "alignment": _Kind(_set_alignment, _alignment_python),
    "flag": _Kind(
        lambda d, v: replace(d, **{v["name"]: v["value"]}),
        lambda v: f"replace(decisions, {v['name']}={v['value']!r})",
    ),
    "everything": _Kind(
        lambda _, v: decisions_from_json(v["decisions"]),
        lambda v: f"decisions_from_json({v['decisions']!r})",
    ),
}


def apply_changes(choices: Choices, changes: Sequence[Change]) -> Choices:
    """Return the choices after those changes."""
    for change in changes:
        if change.kind == "reference":
            choices = replace(choices, reference=change.values["value"])
        else:
            kind = _KINDS[change.kind]
            decisions = kind.apply(choices.decisions, change.values)
            choices = replace(choices, decisions=decisions)
    return choices


def python_lines(changes: Sequence[Change]) -> tuple[str, ...]:
    """Return one assignment to ``decisions`` or ``reference`` for each change.

    Examples
    --------
    >>> python_lines([Change("flag", {"name": "prefer_flt", "value": True})])
    ('decisions = replace(decisions, prefer_flt=True)',)
    """
    return tuple(
        f"reference = {change.values['value']!r}"
        if change.kind == "reference"
        else f"decisions = {_KINDS[change.kind].python(change.values)}"
        for change in changes
    )


def changes_between(before: Choices, after: Choices) -> tuple[Change, ...]:
    """Return changes that lead from one value to the other.

    Parameters
    ----------
    before, after : Choices
        The two values.

    Returns
    -------
    tuple of Change
        Applied to `before` they give exactly `after`.
    """
    changes = tuple(
        Change(change.kind, _plain(change.values))
        for change in _changes_between(before.decisions, after.decisions)
    )
    if before.reference != after.reference:
        changes = (*changes, Change("reference", {"value": str(after.reference)}))
    return changes


def _changes_between(old: Decisions, new: Decisions) -> tuple[Change, ...]:
    changes: tuple[Change, ...] = (
        *_override_changes(old, new),
        *_parameter_changes(old, new),
        *_alignment_changes(old, new),
        *(
            Change("flag", {"name": name, "value": getattr(new, name)})
            for name in (
                "prefer_flt",
                "carry_fit_to_grism",
                "error_extension",
                "singles_in_total",
            )
            if getattr(old, name) != getattr(new, name)
        ),
    )
    expected = decisions_to_json(new)
    if decisions_to_json(apply_changes(Choices(old), changes).decisions) != expected:
        changes = (Change("everything", {"decisions": expected}),)
    return changes


def _plain(value: Any) -> Any:
    """Return a value with numpy's scalars as Python's, which `repr` can tell."""
    match value:
        case np.generic():
            return value.item()
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _override_changes(before: Decisions, after: Decisions) -> Iterator[Change]:
    kept = {override.rootname for override in after.overrides}
    for override in before.overrides:
        if override.rootname not in kept:
            yield Change("automatic verdict", {"rootname": override.rootname})
    for override in after.overrides:
        if override not in before.overrides:
            yield Change("override", asdict(override))


def _parameter_changes(before: Decisions, after: Decisions) -> Iterator[Change]:
    kept = {(c.product, c.step, c.key) for c in after.parameters}
    for change in before.parameters:
        if (change.product, change.step, change.key) not in kept:
            place = {"product": change.product, "step": change.step, "key": change.key}
            yield Change("default parameter", place)
    for change in after.parameters:
        if change not in before.parameters:
            yield Change("parameter", asdict(change))


def _alignment_changes(before: Decisions, after: Decisions) -> Iterator[Change]:
    for detector in sorted({*before.alignment, *after.alignment}):
        old, new = before.alignment_of(detector), after.alignment_of(detector)
        for kind, names in (
            ("exclude matches", new.excluded_matches - old.excluded_matches),
            ("readmit matches", old.excluded_matches - new.excluded_matches),
        ):
            if names:
                values = {"detector": detector, "identifiers": sorted(names)}
                yield Change(kind, values)
        for each in fields(AlignmentDecisions):
            if each.name == "excluded_matches":
                continue
            value = getattr(new, each.name)
            if value != getattr(old, each.name):
                values = {"detector": detector, "field": each.name}
                yield Change("alignment", {**values, "value": _to_json(value)})


def _to_json(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [asdict(entry) for entry in value]
    return value
