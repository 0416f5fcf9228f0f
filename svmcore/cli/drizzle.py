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
)
from svmcore.cli.running import end_run, read_request, run_tasks
from svmcore.errors import InputError
from svmcore.model.product import Product, ProductTree

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "drizzle"
HELP = "drizzle one product of a visit, or all of them"
STEPS = ("alignment", "drizzling")
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
    request = read_request(
        arguments,
        console,
        steps=STEPS,
        check=lambda tree: _wanted(arguments.product, tree),
    )
    # Imported here: 'svm --help' need not wait for it, nor the workers' server.
    from svmcore.pipeline.plan import make_plan  # noqa: PLC0415

    plan = make_plan(request.prepared, reference=request.reference, steps=STEPS)
    wanted = _wanted(arguments.product, request.prepared.tree)
    needed = _needed(wanted, {task.identifier: task.needs for task in plan.tasks})
    tasks = tuple(task for task in plan.tasks if task.identifier in needed)
    outcome, failures = run_tasks(arguments, console, tasks)
    names = [name for task in tasks for name in task.outputs]
    _print_products(console, arguments.output, names)
    return end_run(console, outcome, failures)


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
