"""What all steps share: a status in words, a summary, and the door."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import traitlets as T  # noqa: N812  # as in its own documentation

from svmcore.model.decisions import Decisions

__all__ = ["STATUSES", "Door", "StepModel"]

STATUSES = ("todo", "ready", "running", "ok", "warn", "failed", "stale")


class Door(Protocol):
    """The one way in which a step changes anything: implemented by Session."""

    undo_label: str
    """What undo would take back: the latest decision, in words."""

    @property
    def decisions(self) -> Decisions:
        """What has been decided so far."""

    @property
    def output(self) -> Path:
        """Folder of the products and of the stored results."""

    def decide(self, label: str, decisions: Decisions) -> bool:
        """Adopt new decisions; False if they were refused, with a banner."""

    def note(self, text: str, python: str = "") -> None:
        """Add a line to the log, with its Python."""

    def preview(
        self,
        topic: str,
        question: Callable[[], Any],
        on_answer: Callable[[Any], None],
        *,
        on_failed: Callable[[Any], None] | None = None,
        delay_s: float | None = None,
    ) -> None:
        """Answer a question in the background, the latest of a topic only."""

    def show_problem(self, problem: Any) -> None:
        """Show what went wrong in banner, badge and log."""

    def warn(self, subject: str, problem: str, remedy: str = "") -> None:
        """Show a problem in the banner."""


class StepModel(T.HasTraits):
    """One step of the walk through a visit.

    Parameters
    ----------
    door : Door
        Where decisions go.
    """

    name = ""
    title = ""

    status = T.Enum(STATUSES, "todo", help="State of the step, in one word")
    summary = T.Unicode("", help="One line under the step's name")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(**traits)
        self.door = door

        self._settled = ("todo", "")

    def settle(self, status: str, summary: str) -> None:
        """Set status and summary together; an earlier failure is over."""
        self._settled = (status, summary)
        with self.hold_trait_notifications():
            self.status, self.summary = status, summary

    def fail(self, reason: str) -> None:
        """Show that something went wrong here, until `recover` or `settle`.

        Parameters
        ----------
        reason : str
            One line.
        """
        with self.hold_trait_notifications():
            self.status, self.summary = "failed", reason

    def recover(self) -> None:
        """Show again how the step stood before it failed."""
        self.settle(*self._settled)
