"""What went wrong last, and what can be done about it with one click."""

import html
from typing import Any

import ipywidgets as widgets

from svmwidgets.panels.parts import act

__all__ = ["Banner"]


class Banner(widgets.HBox):
    """View of a session's problem; away while there is none.

    Parameters
    ----------
    session : object
        Gives ``banner``, ``has_failed_run``, ``run_again``, ``dismiss``, and
        ``choose_reference``.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        guard = session.guard
        self.text = widgets.HTML()
        self.text.layout.flex = "1"
        self.run_again = act("Try again", guard(session.run_again))
        self.align_alone = act(
            "Go on without a catalog",
            guard(self._align_alone),
            tooltip="Align the exposures to each other only",
        )
        self.dismiss = act("Dismiss", guard(session.dismiss), kind="quiet")
        super().__init__([self.text, self.align_alone, self.run_again, self.dismiss])
        self.add_class("svm-banner")
        self.add_class("svm-is-failed")
        session.observe(guard(lambda _: self.show()), "banner")
        session.alignment.observe(guard(lambda _: self._show_remedies()), "status")
        self.show()

    def show(self) -> None:
        """Show the problem of the session."""
        problem = self.session.banner
        self.layout.display = None if problem else "none"
        if problem is not None:
            what = html.escape(problem.problem.rstrip(".") + ".")
            remedy = html.escape(problem.remedy)
            self.text.value = (
                f'<div role="alert"><b>{html.escape(problem.subject)}</b>: {what} '
                f"{remedy}</div>"
            )
        self._show_remedies()

    def _show_remedies(self) -> None:
        session, failed = self.session, self.session.has_failed_run
        self.run_again.layout.display = None if failed else "none"
        # A catalog service that cannot be reached must not be the end.
        is_stuck = (
            failed
            and session.alignment.status == "failed"
            and session.reference != "none"
        )
        self.align_alone.layout.display = None if is_stuck else "none"

    def _align_alone(self) -> None:
        if self.session.choose_reference("none"):
            self.session.run_again()
