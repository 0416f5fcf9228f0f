"""One visit under work: a single door for every decision, saved and replayed."""

from collections.abc import Sequence
from pathlib import Path

import traitlets as T  # noqa: N812

from svmcore.errors import StoreError, SvmError
from svmcore.io.paths import absolute_path
from svmcore.io.visit import read_visit
from svmcore.model.decisions import Decisions
from svmcore.model.reference import ReferenceChoice
from svmcore.model.visit import VisitInput
from svmcore.pipeline.prepare import PreparedVisit, decide
from svmwidgets.changes import Choices
from svmwidgets.jobs import Courier, Problem, problem_of
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.models.comparison import ComparisonModel
from svmwidgets.models.drizzling import DrizzlingModel
from svmwidgets.models.export import ExportModel
from svmwidgets.models.filtering import FilteringModel
from svmwidgets.models.inputs import InputsModel
from svmwidgets.models.parameters import ParametersModel
from svmwidgets.models.products import ProductsModel
from svmwidgets.models.step import StepModel
from svmwidgets.opening import begin_session, default_output
from svmwidgets.replay import action_python, open_python
from svmwidgets.saved import (
    SESSION_NAME,
    SavedSession,
    read_recent,
    read_session,
    write_recent,
    write_session,
)
from svmwidgets.scripted import Scripted
from svmwidgets.working import SAVE_DELAY_S

__all__ = ["Session"]


class Session(Scripted):
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
    view = T.Dict(help="What is looked at: values of controls, by name")
    opened = T.Int(0, help="How many visits were opened so far")
    is_reading = T.Bool(default_value=False, help="Whether a visit is being read")

    def __init__(
        self,
        *,
        workers: int | None = None,
        state_folder: Path | None = None,
        courier: Courier | None = None,
    ) -> None:
        super().__init__(workers=workers, courier=courier)
        self.state_folder = state_folder
        self.inputs = InputsModel(self)
        self.filtering = FilteringModel(self)
        self.products = ProductsModel(self)
        self.parameters = ParametersModel(self)
        self.alignment = AlignmentModel(self)
        self.drizzling = DrizzlingModel(self)
        self.export = ExportModel(self)
        self.comparison = ComparisonModel(self)
        self.steps: tuple[StepModel, ...] = (
            self.inputs,
            self.filtering,
            self.products,
            self.parameters,
            self.alignment,
            self.drizzling,
            self.export,
        )
        if state_folder is not None:
            self.inputs.recent = read_recent(state_folder)
        self.source: str | tuple[str, ...] = ""
        self.data_folder: Path | None = None

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
        """Align to another catalog: path of a file, name of a service, ``none``.

        Parameters
        ----------
        reference : str
            As `ReferenceChoice.from_user` takes it.

        Returns
        -------
        bool
            False if there is no such catalog, or the file cannot be used; the
            banner says why.
        """
        from svmcore.io.reference import check_reference  # noqa: PLC0415 - astropy

        text = reference.strip() or "none"
        try:
            check_reference(ReferenceChoice.from_user(text))
        except SvmError as error:
            self.show_problem(problem_of(error))
            return False
        return self._choose(f"Reference {text}", Choices(self.decisions, text))

    # ---- opening, saving, undoing ----

    def open(
        self,
        source: str | Path | Sequence[str | Path],
        *,
        output: str | Path | None = None,
        reference: str | Path | None = None,
        data_folder: str | Path | None = None,
        is_new: bool = False,
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
        is_new : bool, optional
            Begin without the decisions that were saved in the output folder.

        Raises
        ------
        SvmError
            If the visit or the session file cannot be read.
        """
        if isinstance(source, str | Path) and Path(source).suffix == ".json":
            saved = read_session(Path(source))
        else:
            saved = begin_session(
                source,
                Path(output) if output else default_output(source),
                reference,
                Path(data_folder) if data_folder else None,
                is_new=is_new,
            )
        visit = read_visit(saved.source, data_folder=saved.data_folder)
        self.note(f"Open {visit.name}", open_python(saved, is_new=is_new))
        self._adopt(visit, saved)

    def open_later(self, source: str) -> None:
        """Open a visit without keeping the page waiting."""
        self.is_reading = True
        self.note(f"Open {source}", f"session.open({source!r})")

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
        path = absolute_path(folder)
        if path == self.output:
            return
        saved = SavedSession(
            self.source, self.data_folder, path, self._history, self.step, self.view
        )
        self.note(f"Products in {path}", f"session.change_output({str(path)!r})")
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

    # ---- what failed ----

    def looked_at(self) -> str:
        """Return the name of the step that is looked at."""
        return self.step

    def fail_step(self, place: str, problem: Problem) -> None:
        """Show a failure on the step of that name."""
        for step in self.steps:
            if step.name == place:
                reason = f"{problem.subject}: {problem.problem}"
                step.fail(reason.splitlines()[0])

    def recover_step(self, place: str) -> None:
        """Take the mark of a failure away from the step of that name."""
        for step in self.steps:
            if step.name == place:
                step.recover()

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

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
        self.note(label, action_python(entry))
        self._show(new)
        return True

    def _move(self, step: int) -> bool:
        label = self.undo_label if step < 0 else self.redo_label
        new = decide(self._require().visit, self._history.peek(step).decisions)
        self._history.move(step)
        word = "undo" if step < 0 else "redo"
        self.note(f"{word.capitalize()}: {label}", f"session.{word}()")
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
        self.note(f"Opened {visit.name}: {len(visit.exposures)} exposures")
        if saved.history.entries:
            count = len(saved.history.entries)
            many = "1 earlier decision" if count == 1 else f"{count} earlier decisions"
            self.note(f"{many} in force; undo takes back")
        for fault in visit.faults:
            self.note(str(fault), level="warn")
        self.comparison.look_up()
        self._show(prepared)
        self._remember()
        self.step = saved.step if saved.step in self._names else "inputs"
        self.view = dict(saved.view)
        self.opened += 1

    def _show(self, prepared: PreparedVisit) -> None:
        self.prepared = prepared
        self.forget_failures()
        self.undo_label = self._history.undo_label
        self.redo_label = self._history.redo_label
        self.filtering.show(prepared.visit.exposures, prepared.verdicts)
        self.products.show(prepared)
        self.parameters.show(prepared.tree, prepared.parameters)
        self.alignment.show(prepared, self.reference)
        self.drizzling.show(prepared)
        self.export.show(prepared)
        self._save_soon()
        self.look_up()

    @T.observe("step", "view")
    def _save_soon(self, _: object = None) -> None:
        """Save in the background once there is something to come back to."""
        if self.prepared is None:
            return
        if self._history.entries or self.redo_label or self.output.is_dir():
            self.preview("save", self.save, lambda _: None, delay_s=SAVE_DELAY_S)

    def _saved(self) -> SavedSession:
        return SavedSession(
            self.source,
            self.data_folder,
            self.output,
            self._history,
            self.step,
            self.view,
        )

    def _remember(self) -> None:
        folder = self.state_folder or self.output.parent
        name = str(self.source) if isinstance(self.source, str) else ""
        if name:
            self.inputs.recent = write_recent(folder, name)
        else:
            self.inputs.recent = read_recent(folder)
