"""Log, banner, guarded callbacks and background answers."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import traitlets as T  # noqa: N812

from svmwidgets.jobs import Courier, LatestWins, Problem, problem_of

__all__ = ["Background", "LogLine"]

LOG_LENGTH = 400


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that happened.

    Parameters
    ----------
    time : str
        Clock time.
    level : {'info', 'view', 'warn', 'error'}
        How serious it is; ``view`` for what changes only what is looked at.
    text : str
        What happened.
    python : str
        Lines that do the same; empty for what needs none.
    detail : str
        Longer text, for example a traceback.
    """

    time: str
    level: str
    text: str
    python: str = ""
    detail: str = ""


class Background(T.HasTraits):
    """What reports to the user, and what works while the user goes on.

    Parameters
    ----------
    courier : Courier, optional
        Delivers results of background work; to this thread by default.
    """

    banner = T.Instance(Problem, allow_none=True, help="What went wrong last")
    lines = T.Tuple(help="The latest lines of the log")

    def __init__(self, *, courier: Courier | None = None) -> None:
        super().__init__()
        self.courier = courier or Courier.of_this_thread()
        self._kept: deque[LogLine] = deque(maxlen=LOG_LENGTH)
        self._topics: dict[str, LatestWins] = {}
        self.told = 0  # lines of Python so far
        self._place = ""
        self._failed: dict[str, Callable[..., Any]] = {}
        self._problems: dict[str, Problem] = {}

    def note(
        self, text: str, python: str = "", *, level: str = "info", detail: str = ""
    ) -> None:
        """Add a line to the log."""
        clock = time.strftime("%H:%M:%S")
        self.told += bool(python)
        self._kept.append(LogLine(clock, level, text, python, detail))
        self.lines = tuple(self._kept)

    def note_view(self, text: str, python: str, *, is_again: bool) -> None:
        """Add a line about what is looked at.

        Parameters
        ----------
        text, python : str
            What was changed, and the line that does the same.
        is_again : bool
            Whether it replaces the last line, for a control that is still in
            motion.
        """
        if is_again and self._kept and self._kept[-1].level == "view":
            self._kept[-1] = replace(self._kept[-1], text=text, python=python)
            self.lines = tuple(self._kept)
        else:
            self.note(text, python, level="view")

    def warn(self, subject: str, problem: str, remedy: str = "") -> None:
        """Refuse something: say why in the banner and in the log."""
        self._show_banner(Problem(subject, problem, remedy))

    def show_problem(self, problem: Problem, place: str | None = None) -> None:
        """Show what went wrong: banner, badge of the step, traceback in the log.

        Parameters
        ----------
        problem : Problem
            What went wrong.
        place : str, optional
            Name of the step where; by default the one at work or looked at.
        """
        self._show_banner(problem)
        self.mark(place or self._here(), problem)

    def mark(self, place: str, problem: Problem) -> None:
        """Mark a step as failed, until the problem is over or dismissed."""
        self._problems[place] = problem
        self.fail_step(place, problem)

    def mark_again(self) -> None:
        """Mark what failed after the steps have been settled anew."""
        for place, problem in self._problems.items():
            self.fail_step(place, problem)

    def fail_step(self, place: str, problem: Problem) -> None:
        """Mark a step as failed; what has steps says how."""

    def looked_at(self) -> str:
        """Return the step that is looked at."""
        return ""

    def recover_step(self, place: str) -> None:
        """Take the mark of a failure away; what has steps says how."""

    def dismiss(self) -> None:
        """Take the banner away, and the marks of what failed."""
        self.banner = None
        self.forget_failures()

    def forget_failures(self) -> None:
        """Take the marks of all failures away."""
        for place in tuple(self._problems):
            self._forget_failure(place)

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Let what is guarded or asked meanwhile belong to a step.

        Parameters
        ----------
        place : str
            Name of the step.
        """
        before, self._place = self._place, place
        try:
            yield
        finally:
            self._place = before

    def _here(self) -> str:
        return self._place or self.looked_at()

    def _show_banner(self, problem: Problem) -> None:
        text = f"{problem.subject}: {problem.problem.rstrip('.')}. {problem.remedy}"
        self.note(text.rstrip(), level="error", detail=problem.traceback)
        self.banner = problem

    def _forget_failure(self, place: str) -> None:
        self._failed.pop(place, None)
        self._problems.pop(place, None)
        self.recover_step(place)

    def preview(
        self,
        topic: str,
        question: Callable[[], Any],
        on_answer: Callable[[Any], None],
        *,
        on_failed: Callable[[Problem], None] | None = None,
        delay_s: float | None = None,
    ) -> None:
        """Answer a question in the background, only the latest of its topic.

        Parameters
        ----------
        topic : str
            Questions of one topic overtake each other.
        question : callable
            Takes nothing; runs in a background thread.
        on_answer : callable
            Takes the answer, in the widgets' thread.
        on_failed : callable, optional
            Takes the problem; the banner by default.
        delay_s : float, optional
            How long a question rests first [s].
        """
        if topic not in self._topics:
            options = {} if delay_s is None else {"delay_s": delay_s}
            self._topics[topic] = LatestWins(self.courier, **options)
        place = self._here()

        def fail(problem: Problem) -> None:
            self.show_problem(problem, place)

        self._topics[topic].ask(
            question,
            on_answer=self.guard(on_answer),
            on_failed=on_failed or fail,
        )

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a callback: what it raises shows in banner, badge and log.

        Notes
        -----
        A failure belongs to the step within which the callback was wrapped.
        Its mark goes when the same callback succeeds.
        """
        place = self._place

        def guarded(*arguments: Any, **options: Any) -> Any:
            here = place or self._here()
            with self.within(here):
                try:
                    answer = call(*arguments, **options)
                except Exception as error:  # noqa: BLE001  # the banner shows it
                    self.show_problem(problem_of(error))
                    self._failed[here] = call
                    return None
            if self._failed.get(here) is call:
                self._forget_failure(here)
            return answer

        return guarded

    def wait_for_answers(self, timeout_s: float) -> None:
        """Wait until no background answer is open (scripts and tests)."""
        while any(topic.is_busy for topic in self._topics.values()):
            for topic in list(self._topics.values()):
                topic.wait(timeout_s)
