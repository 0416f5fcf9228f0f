"""One visit under work: a single door for every decision, saved and replayed."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.errors import InputError, StoreError, SvmError
from svmcore.io.visit import read_visit
from svmcore.model.decisions import Decisions
from svmcore.model.visit import VisitInput
from svmcore.pipeline.prepare import PreparedVisit, decide
from svmwidgets.background import Background
from svmwidgets.changes import Choices, History, python_lines
from svmwidgets.jobs import Courier, Jobs, Problem, problem_of
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.models.drizzling import DrizzlingModel
from svmwidgets.models.export import ExportModel
from svmwidgets.models.filtering import FilteringModel
from svmwidgets.models.inputs import InputsModel
from svmwidgets.models.parameters import ParametersModel
from svmwidgets.models.products import ProductsModel
from svmwidgets.models.running import RunModel
from svmwidgets.models.step import StepModel
from svmwidgets.opening import begin_session, default_output, plain_source
from svmwidgets.replay import command_line, run_python, script_text
from svmwidgets.saved import (
    SESSION_NAME,
    SavedSession,
    read_recent,
    read_session,
    write_recent,
    write_session,
)

__all__ = ["Session"]

log = logging.getLogger(__name__)

SAVE_DELAY_S = 0.05


class Session(Background):
    """A visit, what was decided about it, and what is being done.

    Parameters
    ----------
    workers : int, optional
        Worker processes of runs; one per core by default.
    state_folder : Path, optional
        Where the list of recent visits is kept; beside the session file by
        default.
    courier : Courier, optional
        Delivers results of background work; to this thread by default.

    Notes
    -----
    Every change of a decision goes through `decide`: it is tried on the cheap
    half of the pipeline first, and refused as a whole if that raises.
    """

    step = T.Unicode("inputs", help="Name of the step that is looked at")
    undo_label = T.Unicode("", help="What undo would take back")
    redo_label = T.Unicode("", help="What redo would do again")
    is_reading = T.Bool(default_value=False, help="Whether a visit is being read")
    is_surveying = T.Bool(default_value=False, help="Whether results are looked up")

    def __init__(
        self,
        *,
        workers: int | None = None,
        state_folder: Path | None = None,
        courier: Courier | None = None,
    ) -> None:
        super().__init__(courier=courier)
        self.workers = workers
        self.state_folder = state_folder
        self.jobs = Jobs(self.courier)
        self.run_model = RunModel()
        self.inputs = InputsModel(self)
        self.filtering = FilteringModel(self)
        self.products = ProductsModel(self)
        self.parameters = ParametersModel(self)
        self.alignment = AlignmentModel(self)
        self.drizzling = DrizzlingModel(self)
        self.export = ExportModel(self)
        self.steps: tuple[StepModel, ...] = (
            self.inputs,
            self.filtering,
            self.products,
            self.parameters,
            self.alignment,
            self.drizzling,
            self.export,
        )
        self.source: str | tuple[str, ...] = ""
        self.data_folder: Path | None = None
        self.output = Path()
        self.prepared: PreparedVisit | None = None
        self.survey: Any = None
        self._history = History()
        self._started_s = 0.0

    # ---- what a step may ask of its session (the Door) ----

    @property
    def decisions(self) -> Decisions:
        """Decisions in force."""
        return self._history.choices.decisions

    @property
    def reference(self) -> str:
        """Reference catalog: path, name of a service, or ``none``."""
        return self._history.choices.reference

    @property
    def visit(self) -> VisitInput | None:
        """The visit that is open."""
        return self.prepared.visit if self.prepared else None

    def decide(self, label: str, decisions: Decisions) -> bool:
        """Adopt new decisions, if the cheap half takes them.

        Parameters
        ----------
        label : str
            What the user did, for the log and the undo button.
        decisions : Decisions
            The new value.

        Returns
        -------
        bool
            False if they were refused; the banner says why.
        """
        return self._choose(label, Choices(decisions, self.reference))

    def choose_reference(self, reference: str) -> bool:
        """Align to another catalog: path of a file, name of a service, ``none``."""
        text = reference.strip() or "none"
        return self._choose(f"Reference {text}", Choices(self.decisions, text))

    # ---- opening, saving, undoing ----

    def open(
        self,
        source: str | Path | Sequence[str | Path],
        *,
        output: Path | None = None,
        reference: str | Path | None = None,
        data_folder: Path | None = None,
    ) -> None:
        """Open a visit, or a session file; earlier decisions come back.

        Parameters
        ----------
        source : str, Path or sequence of these
            Poller file, list, folder, exposures, or a session file.
        output : Path, optional
            Folder for products; by default ``products`` in a visit's folder,
            or ``<visit>_products`` beside a list.
        reference : str or Path, optional
            Reference catalog; by default ``gaia.ecsv`` beside the visit where
            there is one, else none.
        data_folder : Path, optional
            Where exposures are looked for besides the folder of the list.

        Raises
        ------
        SvmError
            If the visit or the session file cannot be read.
        """
        if isinstance(source, str | Path) and Path(source).suffix == ".json":
            saved = read_session(Path(source))
            self._adopt(read_visit(saved.source, data_folder=saved.data_folder), saved)
            return
        visit = read_visit(source, data_folder=data_folder)
        folder = output or default_output(source)
        self._adopt(visit, begin_session(source, folder, reference, data_folder))

    def open_later(self, source: str) -> None:
        """Open a visit without keeping the page waiting."""
        self.is_reading = True

        def read() -> tuple[VisitInput, SavedSession]:
            if Path(source).suffix == ".json":
                saved = read_session(Path(source))
            else:
                saved = begin_session(source, default_output(source), None, None)
            return read_visit(saved.source, data_folder=saved.data_folder), saved

        def adopt(answer: tuple[VisitInput, SavedSession]) -> None:
            self.is_reading = False
            self._adopt(*answer)

        def fail(problem: Problem) -> None:
            self.is_reading = False
            self.show_problem(problem)

        self.preview("open", read, adopt, on_failed=fail, delay_s=0.0)

    def change_output(self, folder: str | Path) -> None:
        """Put products, results and the session file into another folder.

        Parameters
        ----------
        folder : str or Path
            The folder; results of earlier runs in it are found again.
        """
        prepared = self._require()
        path = Path(folder).expanduser().absolute()
        if path == self.output:
            return
        saved = SavedSession(
            self.source, self.data_folder, path, self._history, self.step
        )
        self._adopt(prepared.visit, saved)

    def resume(self, path: Path) -> None:
        """Open the session saved in a file.

        Raises
        ------
        InputError
            If the file is no session or its visit cannot be read.
        """
        self.open(path)

    def save(self) -> Path:
        """Write the session file now, and return its path."""
        path = self.session_path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                str(path.parent),
                f"cannot be made ({error.strerror or error})",
                "Choose another folder for the products in the step Visit.",
            ) from error
        write_session(path, self._saved())
        return path

    @property
    def session_path(self) -> Path:
        """Where the session is saved."""
        return self.output / SESSION_NAME

    def undo(self) -> bool:
        """Take back the last decision; False if there is none."""
        return self._move(-1) if self.undo_label else False

    def redo(self) -> bool:
        """Make an undone decision again; False if there is none."""
        return self._move(1) if self.redo_label else False

    def script(self) -> str:
        """Return Python that repeats the session in a fresh interpreter."""
        has_faults = bool(self.visit and self.visit.faults)
        return script_text(self._saved(), self._history, has_faults=has_faults)

    def command_line(self, decisions_file: str = "decisions.json") -> str:
        """Return the command that repeats the session, given saved decisions."""
        has_faults = bool(self.visit and self.visit.faults)
        return command_line(self._saved(), decisions_file, has_faults=has_faults)

    def export_text(self, kind: str) -> str:
        """Return what the session gives to an export: script or time."""
        if kind == "time":
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return self.script()

    def to_dict(self) -> dict[str, Any]:
        """Return everything that was chosen, as JSON values."""
        return self._history.to_json()

    # ---- running ----

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
        self._started_s = time.monotonic()
        self._mark_running(steps)
        self.note(f"{label} started", run_python(steps))
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

    def cancel(self) -> None:
        """Stop the run; finished results are kept."""
        if self.jobs.is_busy:
            self.note("Cancel")
            self.run_model.message = "Cancelling"
            self.jobs.cancel()

    def tick(self) -> None:
        """Let the clock of a run advance."""
        self.run_model.tick(time.monotonic() - self._started_s)

    def wait(self, timeout_s: float = 600.0) -> None:
        """Wait for the run and all background answers (scripts and tests)."""
        self.jobs.wait(timeout_s)
        self.wait_for_answers(timeout_s)

    # ---- inside ----

    def _choose(self, label: str, after: Choices) -> bool:
        prepared = self._require()
        try:
            new = decide(prepared.visit, after.decisions)
        except SvmError as error:
            self.show_problem(problem_of(error))
            return False
        entry = self._history.add(label, after)
        if entry is None:
            return True
        self.note(label, "\n".join(python_lines(entry.changes)))
        self._show(new)
        return True

    def _move(self, step: int) -> bool:
        label = self.undo_label if step < 0 else self.redo_label
        new = decide(self._require().visit, self._history.peek(step).decisions)
        self._history.move(step)
        self.note(f"{'Undo' if step < 0 else 'Redo'}: {label}")
        self._show(new)
        return True

    def _adopt(self, visit: VisitInput, saved: SavedSession) -> None:
        prepared = decide(visit, saved.history.choices.decisions)
        if self.jobs.is_busy:
            self.jobs.cancel()
        self.banner = None
        self.source, self.output = saved.source, saved.output
        self.data_folder = saved.data_folder
        self._history = saved.history
        self.survey = None
        self.inputs.source = str(saved.source)
        self.inputs.output = str(saved.output)
        self.inputs.show(visit)
        for step in (self.alignment, self.drizzling, self.export):
            step.clear()
        self.note(
            f"Opened {visit.name}: {len(visit.exposures)} exposures",
            f"source = {plain_source(saved.source)!r}",
        )
        if saved.history.entries:
            count = len(saved.history.entries)
            self.note(f"{count} earlier decisions are in force; undo takes them back")
        for fault in visit.faults:
            self.note(str(fault), level="warn")
        self._show(prepared)
        self._remember()

    def _show(self, prepared: PreparedVisit) -> None:
        self.prepared = prepared
        self.undo_label = self._history.undo_label
        self.redo_label = self._history.redo_label
        self.filtering.show(prepared.visit.exposures, prepared.verdicts)
        self.products.show(prepared)
        self.parameters.show(prepared.tree, prepared.parameters)
        self.alignment.show(prepared, self.reference)
        self.drizzling.show(prepared)
        self.export.show(prepared)
        if self._history.entries or self.redo_label or self.session_path.is_file():
            self.preview("save", self.save, lambda _: None, delay_s=SAVE_DELAY_S)
        self.look_up()

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
            delay_s=SAVE_DELAY_S,
        )

    def _surveyed(self, survey: Any) -> None:
        self.is_surveying = False
        self.survey = survey
        self.parameters.stale = survey.stale_counts
        self.alignment.take(survey)
        self.drizzling.take(survey)
        self.export.take(survey)

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
        if outcome == "failed":
            problem = ended["messages"][0]
            self.banner = Problem(ended["label"], problem, "The log has more.")
        self.drizzling.run_ended(outcome)
        self.alignment.run_ended(outcome)
        self.look_up()

    def _run_failed(self, problem: Problem) -> None:
        self.run_model.end("failed", problem.problem)
        self.show_problem(problem)
        self.drizzling.run_ended("failed")
        self.alignment.run_ended("failed")

    def _require(self) -> PreparedVisit:
        if self.prepared is None:
            raise InputError("visit", "none is open", "Open a poller, list or folder.")
        return self.prepared

    def _saved(self) -> SavedSession:
        return SavedSession(
            self.source, self.data_folder, self.output, self._history, self.step
        )

    def _remember(self) -> None:
        folder = self.state_folder or self.output.parent
        name = str(self.source) if isinstance(self.source, str) else ""
        if name:
            self.inputs.recent = write_recent(folder, name)
        else:
            self.inputs.recent = read_recent(folder)
