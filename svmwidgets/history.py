"""Actions one after the other, with undo and redo."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from svmcore.io.decisions import decisions_from_json, decisions_to_json
from svmcore.model.decisions import Decisions
from svmwidgets.changes import Change, Choices, apply_changes, changes_between

__all__ = ["Entry", "History"]


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
