"""Drizzle one product of a visit, or all of them, with parameters of your own."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
from svmcore.errors import InputError
from svmcore.model.product import Product, ProductTree

if TYPE_CHECKING:
    from svmcore.pipeline.prepare import PreparedVisit

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "drizzle"
HELP = "drizzle one product of a visit, or all of them"
STEPS = ("alignment", "drizzling")
Needs = Mapping[str, tuple[str, ...]]
SHOWN_KEYWORDS = {"chips": "NDRIZIM", "time [s]": "EXPTIME", "covered": "NPIXFRAC"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm drizzle``."""
    add_visit(parser)
    add_run_options(parser, needs_output=False)
    add_reference_option(parser)
    add_decision_options(parser)
    parser.add_argument(
        "--product",
        action="append",
        metavar="NAME",
        help="product to make, and that --set is for, by its file name, with or "
        "without suffix (see 'svm products'); may be repeated; all products if left "
        "out",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only print the pixel grid that the parameters give each product",
    )
    parser.set_defaults(usage_error=parser.error)


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
    if arguments.output is None and not arguments.dry_run:
        arguments.usage_error("the following arguments are required: -o/--output")
    request = read_request(
        arguments,
        console,
        steps=STEPS,
        check=lambda tree: _name_products(arguments, tree),
    )
    names = arguments.product or [p.basename for p in _drizzled(request.prepared.tree)]
    if arguments.dry_run:
        _print_grids(console, request.prepared, names)
        return 0
    # Imported here: 'svm --help' need not wait for it, nor the workers' server.
    from svmcore.pipeline.plan import make_plan  # noqa: PLC0415

    plan = make_plan(request.prepared, reference=request.reference, steps=STEPS)
    print_left_out(console, plan.left_out)
    wanted = [f"drizzle product: {name}" for name in names]
    needed = _needed(wanted, {task.identifier: task.needs for task in plan.tasks})
    tasks = tuple(task for task in plan.tasks if task.identifier in needed)
    outcome, failures = run_tasks(arguments, console, tasks)
    files = [name for task in tasks for name in task.outputs]
    _print_products(console, arguments.output, files)
    return end_run(console, outcome, failures)


def _drizzled(tree: ProductTree) -> list[Product]:
    """Return the products that are drizzled."""
    found: list[Product] = []
    for total in tree.totals:
        if total.filters:
            found += [total, *total.filters, *total.members]
    return found


def _name_products(arguments: argparse.Namespace, tree: ProductTree) -> None:
    """Replace the products that are asked for by their names without suffix."""
    known: dict[str, str] = {}
    for product in _drizzled(tree):
        stem = product.drizzle_name.removesuffix(".fits")
        for name in (product.basename, stem, product.drizzle_name):
            known[name] = product.basename
    for name in arguments.product or ():
        if name.lower() not in known:
            raise InputError(
                f"--product {name}",
                "the visit has no such drizzled product",
                f"Products: {', '.join(dict.fromkeys(known.values()))}.",
            )
    if arguments.product:
        wanted = [known[name.lower()] for name in arguments.product]
        arguments.product = list(dict.fromkeys(wanted))


def _print_grids(
    console: Console, prepared: "PreparedVisit", names: Sequence[str]
) -> None:
    """Print the grids that the parameters give, before anything is drizzled."""
    from svmcore.pipeline.explore import product_grids  # noqa: PLC0415

    table = Table(
        title=Text("Pixel grids, from the WCS of the headers", style="table.title"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("product", no_wrap=True)
    for title in ("size", 'scale ["]', "y axis [deg]", "ra [deg]", "dec [deg]", "MB"):
        table.add_column(Text(title), justify="right", no_wrap=True)
    for total in prepared.tree.totals:
        products = [
            one for one in _drizzled(ProductTree((total,))) if one.basename in names
        ]
        if not products:
            continue
        for name, grid in product_grids(prepared, total, products).items():
            ny, nx = grid.shape
            ra_deg, dec_deg = grid.center_deg
            table.add_row(
                name,
                f"{nx}×{ny}",
                f"{grid.scale_arcsec:.6g}",
                f"{round(grid.orientation_deg, 3) + 0.0:.3f}",
                f"{ra_deg:.6f}",
                f"{dec_deg:.6f}",
                f"{12e-6 * nx * ny:.1f}",
            )
    console.print(table)


def _needed(wanted: Sequence[str], needs: Mapping[str, Needs]) -> frozenset[str]:
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
