"""What the commands share that run a plan: from options to the end of the run."""

import argparse
import atexit
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from svmcore.cli.options import (
    read_options,
    reference_choice,
    visit_source,
    with_parameter_options,
)
from svmcore.pipeline import events as ev

if TYPE_CHECKING:
    from svmcore.model.product import ProductTree
    from svmcore.model.reference import ReferenceChoice
    from svmcore.pipeline.outcome import RunOutcome
    from svmcore.pipeline.prepare import PreparedVisit
    from svmcore.pipeline.tasks import Task

__all__ = ["Request", "end_run", "print_left_out", "read_request", "run_tasks"]


@dataclass(frozen=True, slots=True)
class Request:
    """What the options of a command ask for.

    Parameters
    ----------
    prepared : PreparedVisit
        The visit with all decisions, ready to be processed.
    reference : ReferenceChoice
        What it is aligned to.
    """

    prepared: "PreparedVisit"
    reference: "ReferenceChoice"


def read_request(
    arguments: argparse.Namespace,
    console: Console,
    *,
    steps: Collection[str],
    check: Callable[["ProductTree"], object] = lambda _tree: None,
) -> Request:
    """Read the visit and the decisions that the options name.

    Parameters
    ----------
    arguments : Namespace
        Parsed options.
    console : Console
        Told what is left out.
    steps : collection of str
        Steps that will be run: their libraries are loaded meanwhile.
    check : callable, optional
        Called with the products before parameters are read.

    Raises
    ------
    InputError
        If nothing is left to do, or an exposure cannot be used.
    ParameterError
        If a parameter is unknown or its value cannot be used.
    ReferenceCatalogError
        If the catalog file cannot be used.
    """
    from svmcore.pipeline.pool import stop_server  # noqa: PLC0415
    from svmcore.pipeline.preload import preload_steps  # noqa: PLC0415

    atexit.register(stop_server)
    if arguments.output is not None:  # a dry run has none
        preload_steps(steps, output=arguments.output)
    # Imported only now: the workers' libraries are loaded at the same time.
    from svmcore.pipeline.prepare import (  # noqa: PLC0415
        check_catalog,
        decide,
        prepare_visit,
    )

    reference = reference_choice(arguments)
    check_catalog(reference, output=arguments.output)
    prepared = prepare_visit(
        visit_source(arguments),
        decisions=read_options(arguments),
        data_folder=arguments.data,
    )
    check(prepared.tree)
    decisions = with_parameter_options(prepared.decisions, arguments, prepared.tree)
    prepared = decide(prepared.visit, decisions)
    prepared.require_work(skip_faulty=arguments.skip_faulty)
    for fault in prepared.visit.faults:
        console.print(
            f"! left out: {fault}", style="yellow", markup=False, highlight=False
        )
    return Request(prepared, reference)


def run_tasks(
    arguments: argparse.Namespace, console: Console, tasks: Sequence["Task"]
) -> tuple["RunOutcome", tuple[str, ...]]:
    """Run tasks, with their progress on the terminal.

    Parameters
    ----------
    arguments : Namespace
        Parsed options.
    console : Console
        Where to write.
    tasks : sequence of Task
        The plan.

    Returns
    -------
    outcome : RunOutcome
        How every task ended.
    failures : tuple of str
        Messages of the failed tasks.
    """
    from svmcore.pipeline.process import worker_count  # noqa: PLC0415
    from svmcore.pipeline.run import run_plan  # noqa: PLC0415

    with _EventPrinter(console) as printer:
        outcome = run_plan(
            tasks,
            output=arguments.output,
            workers=arguments.workers or worker_count(),
            on_event=printer.show,
        )
    return outcome, tuple(printer.failures)


def print_left_out(console: Console, left_out: Sequence[str]) -> None:
    """Say what a plan does not make although the visit has it.

    Parameters
    ----------
    console : Console
        Where to write.
    left_out : sequence of str
        One line for each.
    """
    for line in left_out:
        console.print(line, style="yellow", soft_wrap=True, markup=False)


def end_run(console: Console, outcome: "RunOutcome", failures: Sequence[str]) -> int:
    """Print how long a run took and, to standard error, why tasks failed.

    Parameters
    ----------
    console : Console
        Where to write.
    outcome : RunOutcome
        How every task ended.
    failures : sequence of str
        Messages of the failed tasks.

    Returns
    -------
    int
        Exit code: 0 if every task succeeded, 1 if not.
    """
    console.print(f"{outcome.seconds:.1f} s", style="dim")
    errors = Console(stderr=True)
    for message in failures:
        line = " ".join(message.split())
        errors.print(f"svm: {line}", style="red", soft_wrap=True, markup=False)
    return 0 if outcome.is_complete else 1


class _EventPrinter:
    """Progress of a run on the terminal, one line per task when it is no terminal.

    Parameters
    ----------
    console : Console
        Where to write.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.bar = self.progress.add_task("", total=None)
        self.running: list[str] = []
        self.settled: set[str] = set()
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, event: ev.Event) -> None:
        """Show one event."""
        match event:
            case ev.PlanStarted():
                self.progress.update(self.bar, total=event.total)
            case ev.TaskStarted():
                self.running.append(event.identifier)
            case ev.TaskFinished():
                self._settle(event.identifier)
                word = "reused" if event.is_reused else f"{event.seconds:6.2f} s"
                if not self.console.is_terminal:
                    self.console.print(
                        f"{word:>9}  {event.identifier}", highlight=False
                    )
            case ev.TaskFailed():
                self._settle(event.identifier)
                self.failures.append(event.message)
                self.console.print(f"[red]failed[/]  {event.identifier}")
            case ev.TaskBlocked():
                self._settle(event.identifier)
            case ev.TaskCancelled() | ev.PlanFinished():
                pass
        self.progress.update(self.bar, description=" · ".join(self.running[-2:]))

    def _settle(self, identifier: str) -> None:
        if identifier in self.running:
            self.running.remove(identifier)
        self.settled.add(identifier)
        self.progress.update(self.bar, completed=len(self.settled))
