"""What a session does in the background: runs, and looking up earlier results."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets as T  # noqa: N812

from svmcore.errors import InputError, SvmError
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.background import Background
from svmwidgets.jobs import Courier, Jobs, Problem, problem_of
from svmwidgets.models.running import RunModel
from svmwidgets.replay import run_python

if TYPE_CHECKING:
    from svmwidgets.models.alignment import AlignmentModel
    from svmwidgets.models.comparison import ComparisonModel
    from svmwidgets.models.drizzling import DrizzlingModel
    from svmwidgets.models.export import ExportModel
    from svmwidgets.models.parameters import ParametersModel

__all__ = ["Working"]

SAVE_DELAY_S = 0.05
# A refit, which somebody waits for, comes first; stale marks may follow it [s].
LOOK_UP_DELAY_S = 0.35


class Working(Background):
    """A visit on which heavy work is done while the user goes on.

    Parameters
    ----------
    workers : int, optional
        Worker processes of runs; one per core by default.
    courier : Courier, optional
        Delivers results of background work; to this thread by default.

    Notes
    -----
    The steps, the prepared visit, the reference and the output folder are the
    session's: this class only works on them.
    """

    is_surveying = T.Bool(default_value=False, help="Whether results are looked up")

    parameters: "ParametersModel"
    alignment: "AlignmentModel"
    drizzling: "DrizzlingModel"
    export: "ExportModel"
    comparison: "ComparisonModel"

    def __init__(
        self, *, workers: int | None = None, courier: Courier | None = None
    ) -> None:
        super().__init__(courier=courier)
        self.workers = workers
        self.jobs = Jobs(self.courier)
        self.run_model = RunModel()
        self.output = Path()
        self.prepared: PreparedVisit | None = None
        self.survey: Any = None
        self._started_s = 0.0
        self._last_run: tuple[tuple[str, ...], str] = ((), "Run")
        self._failed_run: Problem | None = None

    @property
    def reference(self) -> str:
        """Reference catalog: path, name of a service, or ``none``."""
        raise NotImplementedError

    def run(self, *steps: str, label: str = "Run", wait: bool = False) -> None:
        """Run the tasks of some steps and all that they need.

        Parameters
        ----------
        *steps : str
            Steps of the task engine, for example ``fit alignment``; all
            tasks of the visit by default.
        label : str
            Name of the run.
        wait : bool
            Work in this thread and return at the end (for scripts).

        Raises
        ------
        InputError
            If no visit is open.
        """
        prepared = self._require()
        if self.jobs.is_busy:
            self.warn(label, "another run is under way", "Cancel it or wait.")
            return
        try:
            prepared.require_work(skip_faulty=True)
        except SvmError as error:
            self.show_problem(problem_of(error))
            return
        self.dismiss()
        self._last_run, self._failed_run = (steps, label), None
        self._started_s = time.monotonic()
        self._mark_running(steps)
        self.note(f"{label} started", run_python(steps, label))
        reference, output, workers = self.reference, self.output, self.workers

        def work(emit: Callable[[Any], None], cancel: threading.Event) -> Any:
            from svmwidgets.runs import run_work  # noqa: PLC0415  # slow to import

            whole = run_work(
                prepared,
                reference=reference,
                output=output,
                steps=steps,
                workers=workers,
                label=label,
            )
            return whole(emit, cancel)

        self.jobs.start(
            work,
            on_events=self.guard(self._take_events),
            on_done=self.guard(self._run_ended),
            on_failed=self._run_failed,
            wait=wait,
        )

    def run_again(self) -> None:
        """Run once more what ran last; what it finished is used again."""
        steps, label = self._last_run
        self.run(*steps, label=label)

    @property
    def has_failed_run(self) -> bool:
        """Whether the banner tells of a run that failed."""
        return self.banner is not None and self.banner is self._failed_run

    def cancel(self) -> None:
        """Stop the run; finished results are kept."""
        if self.jobs.is_busy:
            self.note("Cancel", "session.cancel()")
            self.run_model.message = "Cancelling"
            self.jobs.cancel()

    def tick(self) -> None:
        """Let the clock of a run advance."""
        self.run_model.tick(time.monotonic() - self._started_s)

    def wait(self, timeout_s: float = 600.0) -> None:
        """Wait for the run and all background answers (scripts and tests)."""
        self.jobs.wait(timeout_s)
        self.wait_for_answers(timeout_s)

    def look_up(self) -> None:
        """Find out in the background which results are there and which stale."""
        prepared, output, reference = self._require(), self.output, self.reference
        self.is_surveying = True

        def question() -> Any:
            from svmwidgets.runs import survey_visit  # noqa: PLC0415  # as above

            return survey_visit(prepared, reference=reference, output=output)

        self.preview(
            "survey",
            question,
            self._surveyed,
            on_failed=self._survey_failed,
            delay_s=LOOK_UP_DELAY_S,
        )

    def _surveyed(self, survey: Any) -> None:
        self.is_surveying = False
        self.survey = survey
        self.parameters.stale = survey.stale_counts
        self.alignment.take(survey)
        self.drizzling.take(survey)
        self.export.take(survey)
        self.mark_again()

    def _survey_failed(self, problem: Problem) -> None:
        self.is_surveying = False
        self.show_problem(problem)

    def _take_events(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, Sequence):
                self.run_model.begin(event[0], event[1])
        self.run_model.take(
            [event for event in events if not isinstance(event, Sequence)],
            elapsed_s=time.monotonic() - self._started_s,
        )

    def _mark_running(self, steps: Sequence[str]) -> None:
        if not steps or set(steps) & self.alignment.task_steps:
            self.alignment.settle("running", "in progress")
        if not steps or set(steps) & self.drizzling.task_steps:
            self.drizzling.settle("running", "in progress")

    def _run_ended(self, ended: Mapping[str, Any]) -> None:
        outcome, sentence = ended["outcome"], ended["sentence"]
        self.run_model.end(outcome, sentence)
        level = {"ok": "info", "failed": "error"}.get(outcome, "warn")
        self.note(sentence, level=level, detail="\n".join(ended["messages"]))
        if ended["not_kept"]:
            text = f"The run is not kept for comparison: {ended['not_kept']}"
            self.note(text, level="warn")
        self.comparison.look_up()
        self.drizzling.run_ended(outcome)
        self.alignment.run_ended(outcome)
        if outcome == "failed":
            first = ended["messages"][0]
            self._mark_failed(ended["label"])
            self._failed_run = Problem(ended["label"], first, "The log has more.")
            self.banner = self._failed_run
        self.look_up()

    def _run_failed(self, problem: Problem) -> None:
        places = [s.name for s in self._heavy if s.status == "running"]
        self.run_model.end("failed", problem.problem)
        self.drizzling.run_ended("failed")
        self.alignment.run_ended("failed")
        self._failed_run = problem
        self.show_problem(problem, places[0] if places else "drizzling")
        for place in places[1:]:
            self.mark(place, problem)

    def _mark_failed(self, label: str) -> None:
        for step in self._heavy:
            for row in self.run_model.rows:
                is_here = (row.step in self.alignment.task_steps) == (
                    step is self.alignment
                )
                if row.status == "failed" and is_here:
                    problem = Problem(f"{row.step} {row.subject}", row.message, label)
                    self.mark(step.name, problem)
                    break

    @property
    def _heavy(self) -> "tuple[AlignmentModel, DrizzlingModel]":
        return self.alignment, self.drizzling

    def _require(self) -> PreparedVisit:
        if self.prepared is None:
            raise InputError("visit", "none is open", "Open a poller, list or folder.")
        return self.prepared
