"""A whole visit in one call."""

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from svmcore.io.alignment import read_group_fit
from svmcore.io.export_records import write_records
from svmcore.model.decisions import Decisions
from svmcore.model.fit import GroupFit
from svmcore.model.product import ProductTree
from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.events import Event
from svmcore.pipeline.outcome import RunOutcome
from svmcore.pipeline.plan import STEPS, Plan, make_plan
from svmcore.pipeline.preload import preload_steps
from svmcore.pipeline.prepare import PreparedVisit, check_catalog, prepare_visit
from svmcore.pipeline.records import collect_record
from svmcore.pipeline.run import run_plan

__all__ = ["VisitReport", "process_visit", "report_run", "worker_count"]


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What came of a visit.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    outcome : RunOutcome
        How every task ended.
    output : Path
        Folder with the products.
    fits : Mapping of str to GroupFit
        Alignment of each detector that has one, by slug.
    records : tuple of Path
        Trailers, manifest and report that were written.
    """

    plan: Plan
    outcome: RunOutcome
    output: Path
    fits: Mapping[str, GroupFit]
    records: tuple[Path, ...]

    @property
    def prepared(self) -> PreparedVisit:
        """The cheap half."""
        return self.plan.prepared

    @property
    def tree(self) -> ProductTree:
        """Products of the visit."""
        return self.plan.prepared.tree


def worker_count() -> int:
    """Return the number of processes to use: one per core that we may use."""
    cores_of = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(cores_of(0)) if cores_of else os.cpu_count() or 1


def process_visit(  # noqa: PLR0913 - the front door offers every choice
    source: str | Path | Sequence[str | Path],
    *,
    output: Path | str,
    reference: ReferenceChoice | Path | str | None = None,
    decisions: Decisions | None = None,
    data_folder: Path | str | None = None,
    steps: Collection[str] = STEPS,
    skip_faulty: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> VisitReport:
    """Process a visit from its list of files to finished products.

    Parameters
    ----------
    source : str, Path or sequence of these
        Poller file, plain list of files, folder, or the exposures themselves.
    output : Path or str
        Folder for all products; made if absent. Results of an earlier run in
        it are reused where nothing that they depend on has changed.
    reference : ReferenceChoice, Path, str or None
        What the visit is aligned to: a catalog file, a choice of services, or
        None for alignment of the exposures to each other only.
    decisions : Decisions, optional
        Verdicts, matches and parameters changed by hand.
    data_folder : Path or str, optional
        Where exposures are looked for besides the folder of the list.
    steps : collection of str
        Which of `STEPS` are wanted; what they need is made too.
    skip_faulty : bool
        Whether to go on without listed exposures that cannot be used.
    workers : int, optional
        Number of worker processes; by default one per core.
    executor : Executor, optional
        Runs the tasks instead of an own pool of processes.
    on_event : callable, optional
        Called with every event, in this thread.
    cancel : threading.Event, optional
        Set it from another thread to stop; finished results are kept.

    Returns
    -------
    VisitReport
        Products, fits and how every task ended.

    Raises
    ------
    InputError
        If the source cannot be read, a listed exposure cannot be used, or
        nothing is left to process.
    ParameterError
        If a decision names an unknown parameter or a value out of range.
    ReferenceCatalogError
        If the reference catalog file is missing or cannot be used.
    StoreError
        If the output folder cannot be used.
    PipelineError
        If a step is unknown.

    Notes
    -----
    A task that fails raises nothing: `VisitReport.outcome` tells which did and
    why, and what could not be made without them.

    Examples
    --------
    >>> from svmcore import process_visit
    >>> report = process_visit(
    ...     "demo/visit.lst", output=Path("products"), reference="demo/gaia.ecsv"
    ... )  # doctest: +SKIP
    """
    output = Path(output)
    if executor is None:
        preload_steps(steps, output=output)
    prepared = prepare_visit(source, decisions=decisions, data_folder=data_folder)
    prepared.require_work(skip_faulty=skip_faulty)
    choice = ReferenceChoice.from_user(reference)
    check_catalog(choice, output=output)
    plan = make_plan(prepared, reference=choice, steps=steps)
    outcome = run_plan(
        plan.tasks,
        output=output,
        executor=executor,
        workers=workers or worker_count(),
        on_event=on_event,
        cancel=cancel,
    )
    return report_run(plan, outcome, output)


def report_run(plan: Plan, outcome: RunOutcome, output: Path) -> VisitReport:
    """Write the records of a run and return its report.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    outcome : RunOutcome
        How every task ended.
    output : Path
        Folder with the products.

    Returns
    -------
    VisitReport
        With trailers, manifest and report written; they are left out of a
        folder in which nothing could be made.
    """
    fits = {
        task.subject: read_group_fit(outcome.results[task.identifier].folder)
        for task in plan.tasks
        if task.step == "fit alignment" and task.identifier in outcome.results
    }
    has_products = any(
        task.outputs and outcome.states[task.identifier].is_good for task in plan.tasks
    )
    record = collect_record(plan, outcome, fits)
    records = write_records(output, record) if has_products else ()
    return VisitReport(plan, outcome, output, fits, records)
