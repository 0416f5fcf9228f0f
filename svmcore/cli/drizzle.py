"""Drizzle one product of a visit, or all of them, with parameters of your own."""

import argparse
from collections.abc import Mapping
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
    read_options,
    reference_choice,
    visit_source,
    with_parameter_options,
)
from svmcore.cli.run import EventPrinter, print_failures, require_work
from svmcore.errors import InputError
from svmcore.model.product import Product, ProductTree

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "drizzle"
HELP = "drizzle one product of a visit, or all of them"
Needs = Mapping[str, tuple[str, ...]]
SHOWN_KEYWORDS = {"chips": "NDRIZIM", "time [s]": "EXPTIME", "covered": "NPIXFRAC"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm drizzle``."""
    add_visit(parser)
    add_run_options(parser)
    add_reference_option(parser)
    add_decision_options(parser)
    parser.add_argument(
        "--product",
        metavar="NAME",
        help="product to make, and that --set is for, by its name without suffix "
        "(see 'svm products'); all products if left out",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run ``svm drizzle``.

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
    from svmcore.pipeline.process import worker_count  # noqa: PLC0415
    from svmcore.pipeline.run import run_plan  # noqa: PLC0415

    choice = reference_choice(arguments)
    prepared = prepare_visit(
        visit_source(arguments),
        decisions=read_options(arguments),
        data_folder=arguments.data,
    )
    wanted = _wanted(arguments.product, prepared.tree)
    decisions = with_parameter_options(prepared.decisions, arguments, prepared.tree)
    prepared = decide(prepared.visit, decisions)
    require_work(console, prepared, skip_faulty=arguments.skip_faulty)
    plan = make_plan(prepared, reference=choice, steps=("alignment", "drizzling"))
    needed = _needed(wanted, {task.identifier: task.needs for task in plan.tasks})
    tasks = tuple(task for task in plan.tasks if task.identifier in needed)
    with EventPrinter(console) as printer:
        outcome = run_plan(
            tasks,
            output=arguments.output,
            workers=arguments.workers or worker_count(),
            on_event=printer.show,
        )
    names = [name for task in tasks for name in task.outputs]
    _print_products(console, arguments.output, names)
    console.print(f"{outcome.seconds:.1f} s", style="dim")
    print_failures(printer.failures)
    return 0 if outcome.is_complete else 1


def _wanted(name: str | None, tree: ProductTree) -> tuple[str, ...]:
    """Return the identifiers of the tasks that make what is asked for."""
    products: list[Product] = []
    for total in tree.totals:
        if total.filters:
            products += [total, *total.filters, *total.members]
    names = [product.basename for product in products]
    if name is not None and name not in names:
        raise InputError(
            f"--product {name}",
            "the visit has no such drizzled product",
            f"Products: {', '.join(names)}.",
        )
    return tuple(f"drizzle product: {n}" for n in names if name in (None, n))


def _needed(wanted: tuple[str, ...], needs: Mapping[str, Needs]) -> frozenset[str]:
    """Return the wanted tasks and all that they rest on."""
    found: set[str] = set()
    left = list(wanted)
    while left:
        identifier = left.pop()
        if identifier in found or identifier not in needs:
            continue
        found.add(identifier)
        left.extend(name for names in needs[identifier].values() for name in names)
    return frozenset(found)


def _print_products(console: Console, output: Path, names: list[str]) -> None:
    from astropy.io import fits  # noqa: PLC0415

    table = Table(
        title=Text(f"Products in {output}", style="table.title"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("file", no_wrap=True)
    for title in ("size", *SHOWN_KEYWORDS):
        table.add_column(Text(title), justify="right", no_wrap=True)
    for name in names:
        path = output / name
        if not path.is_file():
            continue
        primary, science = fits.getheader(path, 0), fits.getheader(path, 1)
        shown = [primary.get(keyword) for keyword in SHOWN_KEYWORDS.values()]
        table.add_row(
            name,
            f"{science['NAXIS1']}×{science['NAXIS2']}",
            *("–" if value is None else f"{value:.4g}" for value in shown),
        )
    if table.rows:
        console.print(table)
