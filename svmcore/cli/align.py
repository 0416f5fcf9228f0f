"""Align a visit's exposures to each other and to the sky, with a residual report."""

import argparse

from rich.console import Console

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
from svmcore.cli.run import EventPrinter, print_failures, print_fit, require_work

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "align"
HELP = "align a visit's exposures, with a report of the residuals"


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
    # Imported here: 'svm --help' need not wait for the heavy half.
    from svmcore.io.export_residuals import write_residual_report  # noqa: PLC0415
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
    plan = make_plan(prepared, reference=choice, steps=("alignment",))
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
        for path in write_residual_report(arguments.output, fit):
            console.print(f"wrote {path}", style="dim", markup=False, highlight=False)
    console.print(f"{outcome.seconds:.1f} s", style="dim")
    print_failures(printer.failures)
    return 0 if outcome.is_complete else 1
