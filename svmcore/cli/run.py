"""Process a visit: alignment, drizzled products, catalogs, previews, records."""

import argparse
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from svmcore.cli.options import (
    add_decision_options,
    add_reference_option,
    add_run_options,
    add_visit,
    read_options,
    reference_choice,
    visit_source,
    with_parameter_options,
)
from svmcore.model.fit import GroupFit
from svmcore.pipeline import events as ev

if TYPE_CHECKING:
    from svmcore.pipeline.prepare import PreparedVisit

__all__ = [
    "HELP",
    "EventPrinter",
    "add_arguments",
    "print_failures",
    "print_fit",
    "require_work",
    "run",
]

HELP = "process a visit from its file list to finished products"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm run``."""
    add_visit(parser)
    add_run_options(parser)
    add_reference_option(parser)
    add_decision_options(parser)
    parser.add_argument(
        "--steps",
        default="alignment,drizzling,catalogs,previews",
        metavar="LIST",
        help="comma-separated: alignment, drizzling, catalogs, previews",
    )


class EventPrinter:
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


def _pair(first: float, second: float) -> str:
    """Write two numbers, or a dash where there are none."""
    if math.isnan(first) or math.isnan(second):
        return "–"
    return f"{first:.1f} {second:.1f}"


def require_work(
    console: Console, prepared: "PreparedVisit", *, skip_faulty: bool
) -> None:
    """Stop unless something is left to do, and say what is left out.

    Parameters
    ----------
    console : Console
        Where to write.
    prepared : PreparedVisit
        The visit.
    skip_faulty : bool
        Whether to go on without listed exposures that cannot be used.

    Raises
    ------
    InputError
        If nothing is left to do, or an exposure cannot be used.
    """
    prepared.require_work(skip_faulty=skip_faulty)
    for fault in prepared.visit.faults:
        console.print(
            f"! left out: {fault}", style="yellow", markup=False, highlight=False
        )


def print_failures(messages: Sequence[str]) -> None:
    """Print why tasks failed to standard error, one line each.

    Parameters
    ----------
    messages : sequence of str
        Messages of the failed tasks.
    """
    errors = Console(stderr=True)
    for message in messages:
        line = " ".join(message.split())
        errors.print(f"svm: {line}", style="red", soft_wrap=True, markup=False)


def print_fit(console: Console, fit: GroupFit) -> None:
    """Print the alignment of one detector as a table.

    Parameters
    ----------
    console : Console
        Where to write.
    fit : GroupFit
        The alignment.
    """
    against = {
        "absolute": f"to {fit.catalog}",
        "relative": "relative only",
        "none": "none",
    }[fit.kind]
    table = Table(
        title=Text(
            f"Alignment of {fit.detector}, {against} [mas]", style="table.title"
        ),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in ("exposure", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("stars", "ref", "links", "shift e n", "rms ra dec", "relative", "q"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in fit.exposures:
        table.add_row(
            each.rootname,
            each.state,
            str(each.n_sources),
            str(each.n_reference),
            str(each.n_links),
            _pair(each.terms.shift_east_mas, each.terms.shift_north_mas),
            _pair(each.rms_ra_mas, each.rms_dec_mas),
            _pair(each.relative_rms_ra_mas, each.relative_rms_dec_mas),
            str(each.quality.fit_qual),
        )
    console.print(table)
    console.print(fit.quality.sentence, highlight=False)
    worse = [
        f"{each.rootname}: {each.quality.sentence}"
        for each in fit.exposures
        if each.quality.fit_qual > fit.quality.fit_qual
    ]
    for warning in dict.fromkeys((*worse, *fit.warnings)):
        console.print(f"! {warning}", style="yellow", markup=False, highlight=False)
    console.print()


def _print_products(console: Console, output: Path, names: list[str]) -> None:
    """Print drizzled products by name, and all other files by kind."""
    table = Table(
        title=Text(f"Products in {output}", style="table.title"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("file", no_wrap=True)
    table.add_column("MB", justify="right")
    others: Counter[str] = Counter()
    for name in names:
        path = output / name
        if not path.is_file():
            continue
        kind = name.rsplit("_", 1)[-1]
        if kind in ("drz.fits", "drc.fits"):
            table.add_row(name, f"{path.stat().st_size / 1e6:.1f}")
        else:
            others[kind] += 1
    if not table.rows and not others:
        return
    if table.rows:
        console.print(table)
    console.print(
        "and " + ", ".join(f"{number} {kind}" for kind, number in others.items()),
        style="dim",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run ``svm run``.

    Parameters
    ----------
    arguments : Namespace
        Parsed options.
    console : Console
        Where to write.

    Returns
    -------
    int
        0 if every task succeeded, 1 if not.
    """
    # Imported here: 'svm --help' need not wait for the heavy half.
    from svmcore.pipeline.plan import make_plan  # noqa: PLC0415
    from svmcore.pipeline.prepare import decide, prepare_visit  # noqa: PLC0415
    from svmcore.pipeline.process import report_run, worker_count  # noqa: PLC0415
    from svmcore.pipeline.run import run_plan  # noqa: PLC0415

    choice = reference_choice(arguments)
    prepared = prepare_visit(
        visit_source(arguments),
        decisions=read_options(arguments),
        data_folder=arguments.data,
    )
    decisions = with_parameter_options(prepared.decisions, arguments, prepared.tree)
    prepared = decide(prepared.visit, decisions)
    require_work(console, prepared, skip_faulty=arguments.skip_faulty)
    steps = [word.strip() for word in arguments.steps.split(",") if word.strip()]
    plan = make_plan(prepared, reference=choice, steps=steps)
    with EventPrinter(console) as printer:
        outcome = run_plan(
            plan.tasks,
            output=arguments.output,
            workers=arguments.workers or worker_count(),
            on_event=printer.show,
        )
    report = report_run(plan, outcome, arguments.output)
    for fit in report.fits.values():
        print_fit(console, fit)
    _print_products(
        console,
        arguments.output,
        [name for task in plan.tasks for name in task.outputs]
        + [path.name for path in report.records],
    )
    console.print(f"{outcome.seconds:.1f} s", style="dim")
    print_failures(printer.failures)
    return 0 if outcome.is_complete else 1
