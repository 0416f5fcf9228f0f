"""A session told as Python and as a command."""

import time
from collections.abc import Sequence
from typing import Any

from svmwidgets.history import History
from svmwidgets.jobs import Courier
from svmwidgets.replay import command_line, replay_text, script_text
from svmwidgets.saved import SavedSession
from svmwidgets.working import Working

__all__ = ["Scripted"]


class Scripted(Working):
    """What was decided, as text that does it again.

    Parameters
    ----------
    workers : int, optional
        Worker processes of runs; one per core by default.
    courier : Courier, optional
        Delivers results of background work; to this thread by default.
    """

    def __init__(
        self, *, workers: int | None = None, courier: Courier | None = None
    ) -> None:
        super().__init__(workers=workers, courier=courier)
        self._history = History()

    def script(self) -> str:
        """Return Python that makes the same products with the library alone."""
        return script_text(self._saved(), self._history, has_faults=self._has_faults)

    def command_line(self, decisions_file: str = "decisions.json") -> str:
        """Return the command that repeats the session, given saved decisions."""
        return command_line(self._saved(), decisions_file, has_faults=self._has_faults)

    def replay(self, *, view: Sequence[str] = ()) -> str:
        """Return Python that repeats every action in a new dashboard.

        Parameters
        ----------
        view : sequence of str
            Further lines at the end, for what is looked at.
        """
        return replay_text(self._saved(), self._history, view=view)

    def export_text(self, kind: str) -> str:
        """Return what the session gives to an export: script, replay or time."""
        if kind == "time":
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return self.replay() if kind == "replay" else self.script()

    def to_dict(self) -> dict[str, Any]:
        """Return everything that was chosen, as JSON values."""
        return self._history.to_json()

    @property
    def _has_faults(self) -> bool:
        return bool(self.prepared and self.prepared.visit.faults)

    def _saved(self) -> SavedSession:
        raise NotImplementedError
