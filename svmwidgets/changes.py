"""Decisions as a list of small changes: replayed, undone, written as Python."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

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
    "Entry",
    "History",
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
    old, new = before.decisions, after.decisions
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
    if decisions_to_json(apply_changes(before, changes).decisions) != expected:
        changes = (Change("everything", {"decisions": expected}),)
    if before.reference != after.reference:
        changes = (*changes, Change("reference", {"value": after.reference}))
    return changes


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


@dataclass(frozen=True, slots=True)
class Entry:
    """One user action: what it was called and what it changed.

    Parameters
    ----------
    label : str
        What the user did, for the log and the undo button.
    changes : tuple of Change
        What it changed.
    """

    label: str
    changes: tuple[Change, ...]


class History:
    """Choices with undo and redo.

    Parameters
    ----------
    start : Choices
        What the session began with.
    entries : sequence of Entry
        Actions so far, for example from a session file.
    position : int or None
        How many of them are in force; all if None.
    """

    def __init__(
        self,
        start: Choices | None = None,
        entries: Sequence[Entry] = (),
        position: int | None = None,
    ) -> None:
        self._entries = list(entries)
        self._states = [start or Choices()]
        for entry in entries:
            self._states.append(apply_changes(self._states[-1], entry.changes))
        self._position = len(entries) if position is None else position

    @property
    def choices(self) -> Choices:
        """Choices in force."""
        return self._states[self._position]

    @property
    def start(self) -> Choices:
        """What the session began with."""
        return self._states[0]

    def start_python(self) -> str:
        """Return an expression for the decisions that the session began with."""
        if self.start.decisions == Decisions():
            return "Decisions()"
        return f"decisions_from_json({decisions_to_json(self.start.decisions)!r})"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Actions in force, oldest first."""
        return tuple(self._entries[: self._position])

    @property
    def undone(self) -> tuple[Entry, ...]:
        """Actions that redo would make again, the next one first."""
        return tuple(self._entries[self._position :])

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty if nothing."""
        return self._entries[self._position - 1].label if self._position else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again; empty if nothing."""
        is_last = self._position == len(self._entries)
        return "" if is_last else self._entries[self._position].label

    def add(self, label: str, after: Choices) -> Entry | None:
        """Adopt new choices; what had been undone is forgotten.

        Returns
        -------
        Entry or None
            The action; None if nothing changed.
        """
        changes = changes_between(self.choices, after)
        if not changes:
            return None
        entry = Entry(label, changes)
        del self._entries[self._position :], self._states[self._position + 1 :]
        self._entries.append(entry)
        self._states.append(after)
        self._position += 1
        return entry

    def peek(self, step: int) -> Choices:
        """Return the choices one undo (-1) or redo (+1) away."""
        return self._states[self._position + step]

    def move(self, step: int) -> None:
        """Undo (-1) or redo (+1) one action."""
        position = self._position + step
        if not 0 <= position < len(self._states):
            msg = f"step must stay within the history, got {step}"
            raise ValueError(msg)
        self._position = position

    def to_json(self) -> dict[str, Any]:
        """Return the actions, undone ones included, as JSON values."""
        return {
            "start": {
                "decisions": decisions_to_json(self.start.decisions),
                "reference": self.start.reference,
            },
            "position": self._position,
            "actions": [
                {"label": e.label, "changes": [asdict(c) for c in e.changes]}
                for e in self._entries
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "History":
        """Return the history that `to_json` gave."""
        entries = [
            Entry(e["label"], tuple(Change(**c) for c in e["changes"]))
            for e in document["actions"]
        ]
        start = document["start"]
        decisions = decisions_from_json(start["decisions"])
        return cls(
            Choices(decisions, start["reference"]), entries, document["position"]
        )
