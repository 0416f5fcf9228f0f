"""Align a visit's exposures to each other and to the sky, with a residual report."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from svmcore.cli.options import (
    add_decision_options,
    add_reference_option,
    add_run_options,
    add_visit,
)
from svmcore.cli.running import end_run, read_request, run_tasks

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "align"
HELP = "align a visit's exposures, with a report of the residuals"
STEPS = ("alignment",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm align``."""
    add_visit(parser)
    add_run_options(parser)
    add_reference_option(parser)
    add_decision_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run ``svm align``.

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
    request = read_request(arguments, console, steps=STEPS)
    # Imported here: 'svm --help' need not wait for it, nor the workers' server.
    from svmcore.cli.fit_table import print_fit  # noqa: PLC0415
    from svmcore.pipeline.plan import make_plan, with_residual_reports  # noqa: PLC0415
    from svmcore.pipeline.process import report_run  # noqa: PLC0415

    plan = with_residual_reports(
        make_plan(request.prepared, reference=request.reference, steps=STEPS)
    )
    outcome, failures = run_tasks(arguments, console, plan.tasks)
    report = report_run(plan, outcome, arguments.output)
    for fit in report.fits.values():
        print_fit(console, fit)
    for task in plan.tasks:
        if task.step == "report residuals" and outcome.states[task.identifier].is_good:
            _print_written(console, arguments.output, task.outputs)
    return end_run(console, outcome, failures)


def _print_written(console: Console, output: Path, names: Sequence[str]) -> None:
    for name in names:
        console.print(
            f"wrote {output / name}", style="dim", markup=False, highlight=False
        )
