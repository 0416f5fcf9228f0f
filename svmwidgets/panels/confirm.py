"""A question before something is overwritten."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.panels.parts import act, set_text, text

__all__ = ["Confirm"]


class Confirm(widgets.HBox):
    """Names files that are in the way, and does what was meant once it is allowed.

    Parameters
    ----------
    session : object
        Gives ``guard(call)``.
    on_leave : callable
        Called when nothing is to be overwritten.
    """

    def __init__(self, session: Any, on_leave: Callable[[], Any]) -> None:
        guard = session.guard
        self._on_leave = on_leave
        self._meant: Callable[[], Any] | None = None
        self.question = text(css="svm-warning")
        self.overwrite = act("Overwrite", guard(self._overwrite), kind="danger")
        self.leave = act("Leave them", guard(self._leave))
        super().__init__([self.question, self.overwrite, self.leave])
        self.add_class("svm-toolbar")
        self.add_class("svm-confirm")
        self.forget()

    def ask(self, files: Sequence[str], meant: Callable[[], Any]) -> None:
        """Ask whether files may be overwritten.

        Parameters
        ----------
        files : sequence of str
            Paths that are in the way.
        meant : callable
            What is done if they may.
        """
        self._meant = meant
        names = ", ".join(Path(name).name for name in files[:4])
        more = f" and {len(files) - 4} more" if len(files) > 4 else ""
        verb = "exists" if len(files) == 1 else "exist"
        set_text(self.question, f"{names}{more} {verb} already. Overwrite?")
        self.layout.display = None

    def forget(self) -> None:
        """Ask nothing."""
        self._meant = None
        self.layout.display = "none"

    def _overwrite(self) -> None:
        meant = self._meant
        self.forget()
        if meant is not None:
            meant()

    def _leave(self) -> None:
        self.forget()
        self._on_leave()
