"""Log, banner, guarded callbacks and background answers."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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
    level : {'info', 'warn', 'error'}
        How serious it is.
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

    def note(
        self, text: str, python: str = "", *, level: str = "info", detail: str = ""
    ) -> None:
        """Add a line to the log."""
        clock = time.strftime("%H:%M:%S")
        self._kept.append(LogLine(clock, level, text, python, detail))
        self.lines = tuple(self._kept)

    def warn(self, subject: str, problem: str, remedy: str = "") -> None:
        """Show a problem in the banner and in the log."""
        self.show_problem(Problem(subject, problem, remedy))

    def show_problem(self, problem: Problem) -> None:
        """Show a problem in the banner, with its traceback in the log."""
        text = f"{problem.subject}: {problem.problem.rstrip('.')}. {problem.remedy}"
        self.note(text.rstrip(), level="error", detail=problem.traceback)
        self.banner = problem

    def dismiss(self) -> None:
        """Take the banner away."""
        self.banner = None

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
        self._topics[topic].ask(
            question,
            on_answer=self.guard(on_answer),
            on_failed=on_failed or self.show_problem,
        )

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a callback: what it raises goes to the banner and the log."""

        def guarded(*arguments: Any, **options: Any) -> Any:
            try:
                return call(*arguments, **options)
            except Exception as error:  # noqa: BLE001  # the banner shows it
                self.show_problem(problem_of(error))
                return None

        return guarded

    def wait_for_answers(self, timeout_s: float) -> None:
        """Wait until no background answer is open (scripts and tests)."""
        while any(topic.is_busy for topic in self._topics.values()):
            for topic in list(self._topics.values()):
                topic.wait(timeout_s)
