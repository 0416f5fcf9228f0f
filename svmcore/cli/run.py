"""Process a visit: alignment, drizzled products, catalogs, previews, records."""

import argparse
from collections import Counter
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from svmcore.cli.options import (
    add_decision_options,
    add_reference_option,
    add_run_options,
    add_visit,
)
from svmcore.cli.running import end_run, print_left_out, read_request, run_tasks

__all__ = ["HELP", "add_arguments", "run"]

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
    steps = [word.strip() for word in arguments.steps.split(",") if word.strip()]
    request = read_request(arguments, console, steps=steps)
    # Imported here: 'svm --help' need not wait for it, nor the workers' server.
    from svmcore.cli.fit_table import print_fit  # noqa: PLC0415
    from svmcore.pipeline.plan import make_plan  # noqa: PLC0415
    from svmcore.pipeline.process import report_run  # noqa: PLC0415

    plan = make_plan(request.prepared, reference=request.reference, steps=steps)
    print_left_out(console, plan.left_out)
    outcome, failures = run_tasks(arguments, console, plan.tasks)
    report = report_run(plan, outcome, arguments.output)
    for fit in report.fits.values():
        print_fit(console, fit)
    _print_products(
        console,
        arguments.output,
        [name for task in plan.tasks for name in task.outputs]
        + [path.name for path in report.records],
    )
    return end_run(console, outcome, failures)
