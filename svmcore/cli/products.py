"""List the products of a visit, its verdicts, and what is wrong with its inputs."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from svmcore.cli.options import add_visit, read_options, visit_source
from svmcore.errors import InputError
from svmcore.filtering import judge_exposures
from svmcore.inputs import CalibrationState, calibration_state
from svmcore.io.products import products_to_json
from svmcore.io.visit import read_visit
from svmcore.model.exposure import Exposure
from svmcore.model.product import ExposureProduct, ProductTree, TotalProduct
from svmcore.model.verdict import Reason, Verdict
from svmcore.model.visit import VisitInput
from svmcore.products import footprints, group_products, mean_exposures_per_pixel

__all__ = ["HELP", "add_arguments", "calibration_table", "product_tree", "run"]

HELP = "list a visit's exposures, verdicts and products"

_UNWRAPPED_WIDTH = 4000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm products``."""
    add_visit(parser)
    parser.add_argument(
        "--json", action="store_true", help="print JSON instead of a tree"
    )
    parser.add_argument(
        "--calibration",
        action="store_true",
        help="also show how far each exposure is calibrated",
    )
    parser.add_argument(
        "--decisions", type=Path, metavar="FILE", help="decisions saved by a session"
    )
    for name, what in (("--accept", "a rejected"), ("--reject", "an accepted")):
        parser.add_argument(
            name,
            action="append",
            default=[],
            metavar="ROOTNAME=REASON",
            help=f"{name[2:]} {what} exposure",
        )
    parser.add_argument(
        "--prefer-flt",
        action="store_true",
        help="use FLT files where a filter has both FLT and FLC",
    )
    parser.add_argument(
        "--singles-in-total",
        action="store_true",
        help="put the only exposure of a filter into the total product too",
    )
    parser.set_defaults(carry_fit_to_grism=False, error_extension=False)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the products.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        After the products, if a listed exposure cannot be used.
    """
    visit = read_visit(visit_source(arguments), data_folder=arguments.data)
    decisions = read_options(arguments)
    verdicts = judge_exposures(visit.exposures, decisions.overrides)
    tree = group_products(
        visit.exposures,
        verdicts,
        prefer_flt=decisions.prefer_flt,
        singles_in_total=decisions.singles_in_total,
    )
    if arguments.json:
        text = json.dumps(products_to_json(visit, verdicts, tree), indent=2)
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    else:
        drawn = product_tree(visit, verdicts, tree)
        if not console.is_terminal:  # whole lines for pipes and files
            console.width = _UNWRAPPED_WIDTH
        console.print(drawn, highlight=False)
        if arguments.calibration:
            console.print(calibration_table(visit.exposures), highlight=False)
    if visit.faults:
        many = len(visit.faults)
        subject = "exposure" if many == 1 else "exposures"
        raise InputError(
            visit.name, f"{many} listed {subject} cannot be used: {visit.faults[0]}"
        )
    return 0


def product_tree(
    visit: VisitInput, verdicts: Sequence[Verdict], tree: ProductTree
) -> Tree:
    """Return the products, verdicts and remarks of a visit as a printable tree.

    Parameters
    ----------
    visit : VisitInput
        Exposures as read.
    verdicts : sequence of Verdict
        One per exposure, in the same order.
    tree : ProductTree
        Products made of the accepted ones.
    """
    root = Tree(Text.assemble((visit.name, "bold"), f"  {visit.source}"))
    by_name = {verdict.rootname: verdict for verdict in verdicts}
    for total in tree.totals:
        _add_total(root, total, by_name)
    rejected = [verdict for verdict in verdicts if not verdict.accepted]
    by_root = {exposure.rootname: exposure for exposure in visit.exposures}
    if rejected:
        branch = root.add(Text(f"rejected: {len(rejected)}", style="yellow"))
        for verdict in rejected:
            _add_rejected(branch, verdict, by_root[verdict.rootname])
    _add_lines(root, "left out", (left.sentence for left in tree.left_out), "yellow")
    _add_lines(root, "unusable", (str(fault) for fault in visit.faults), "red")
    remarks = [*visit.notes, *(n for e in visit.exposures for n in e.notes)]
    _add_lines(root, "notes", (f"{n.subject}: {n.text}" for n in remarks), "dim")
    return root


def calibration_table(exposures: Sequence[Exposure]) -> Table:
    """Return the state of calibration, one row per exposure.

    Parameters
    ----------
    exposures : sequence of Exposure
        Exposures as read. What is not as good processing needs it is marked
        by an exclamation mark.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("exposure")
    for number, exposure in enumerate(exposures):
        states = calibration_state(exposure)
        if number == 0:
            for state in states:
                table.add_column(state.name)
        cells = [Text(_state_text(s), style=_state_style(s)) for s in states]
        table.add_row(Text(exposure.rootname, style="cyan"), *cells)
    return table


def _state_text(state: CalibrationState) -> str:
    match state.value:
        case bool(value):
            text = "yes" if value else "no"
        case float(value):
            text = f"{value:.9g}"
        case None | "":
            text = "-"
        case value:
            text = str(value).strip()
    return f"{text} !" if state.is_expected is False else text


def _state_style(state: CalibrationState) -> str:
    return "yellow" if state.is_expected is False else ""


def _add_total(root: Tree, total: TotalProduct, by_name: dict[str, Verdict]) -> None:
    label = total.detector_key.label
    if not total.filters:
        what = "no direct exposures: nothing is drizzled"
        branch = root.add(Text.assemble((label, "bold"), f"  {what}"))
    else:
        branch = root.add(_product_line(label, total.drizzle_name, total.exposures))
    for product in total.filters:
        name = product.filter_name.upper()
        line = _product_line(name, product.drizzle_name, product.exposures)
        _add_members(branch.add(line), product.members, by_name)
    for title, members in (
        ("aligned, not drizzled (ramp or quad filter)", total.ramps),
        ("WCS only (grism or prism)", total.grisms),
    ):
        if members:
            _add_members(branch.add(Text(title)), members, by_name)
    isolated = footprints(total.exposures).isolated
    if isolated:
        names = ", ".join(isolated)
        branch.add(Text(f"no overlap with the others: {names}", style="yellow"))


def _product_line(label: str, name: str, exposures: Sequence[Exposure]) -> Text:
    count = len(exposures)
    depth = mean_exposures_per_pixel(exposures)
    noun = "exposure" if count == 1 else "exposures"
    return Text.assemble(
        (label, "bold"), f"  {name}  {count} {noun}, {depth:.2f} per pixel"
    )


def _add_members(
    branch: Tree, members: Iterable[ExposureProduct], by_name: dict[str, Verdict]
) -> None:
    for member in members:
        exposure = member.exposure
        text = Text.assemble(
            (exposure.rootname, "cyan"),
            f"  {exposure.exptime_s:g} s  {member.calibrated_name}",
        )
        verdict = by_name[exposure.rootname]
        if verdict.override is not None:
            reason = verdict.override.reason
            text.append(f"  accepted by hand: {reason}", style="magenta")
        for caveat in verdict.caveats:
            text.append(f"  {_reason_text(caveat)}", style="yellow")
        branch.add(text)


def _add_rejected(branch: Tree, verdict: Verdict, exposure: Exposure) -> None:
    label = f"{exposure.detector_key.label} {exposure.filter_name.upper()}"
    line = branch.add(Text.assemble((verdict.rootname, "cyan"), f"  {label}"))
    if verdict.override is not None:
        line.add(Text(f"by hand: {verdict.override.reason}", style="magenta"))
    for reason in verdict.reasons:
        line.add(Text(_reason_text(reason)))


def _reason_text(reason: Reason) -> str:
    found = "missing" if reason.value is None else reason.value
    return f"{reason.rule} ({reason.keyword} {found}): {reason.sentence}"


def _add_lines(root: Tree, title: str, lines: Iterable[str], style: str) -> None:
    texts = [Text(line, style=style) for line in lines]
    if texts:
        branch = root.add(Text(f"{title}: {len(texts)}", style=style))
        for text in texts:
            branch.add(text)
