"""Options that several commands share: visit, decisions, reference."""

import argparse
import json
import logging
import os
from dataclasses import replace
from pathlib import Path

from svmcore.errors import InputError, ParameterError
from svmcore.io.decisions import read_decisions
from svmcore.model.decisions import Decisions, ParameterChange
from svmcore.model.product import ProductTree
from svmcore.model.reference import ReferenceChoice
from svmcore.model.verdict import Override

__all__ = [
    "add_decision_options",
    "add_reference_option",
    "add_run_options",
    "add_visit",
    "read_options",
    "reference_choice",
    "with_parameter_options",
]

log = logging.getLogger(__name__)


def add_visit(parser: argparse.ArgumentParser) -> None:
    """Add the visit and the folder of its files."""
    parser.add_argument(
        "visit",
        metavar="VISIT",
        nargs="+",
        help="poller file, list of files, folder, or the exposures themselves",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the exposures"
    )


def add_decision_options(parser: argparse.ArgumentParser) -> None:
    """Add what a person may decide: verdicts, parameters, a saved session."""
    parser.add_argument(
        "--decisions", type=Path, metavar="FILE", help="decisions saved by a session"
    )
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="ROOTNAME=REASON",
        help="accept a rejected exposure",
    )
    parser.add_argument(
        "--reject",
        action="append",
        default=[],
        metavar="ROOTNAME=REASON",
        help="reject an accepted exposure",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP:]NAME=VALUE",
        help="set a parameter for all products (or the one named by --product), "
        "for example final_pixfrac=0.8",
    )
    parser.add_argument(
        "--parameters", type=Path, metavar="FILE", help="parameter file (JSON)"
    )
    parser.add_argument(
        "--prefer-flt",
        action="store_true",
        help="use FLT files where a filter has both FLT and FLC",
    )
    parser.add_argument(
        "--carry-fit-to-grism",
        action="store_true",
        help="keep the fit on direct images and carry it over to grism exposures",
    )
    parser.add_argument(
        "--error-extension",
        action="store_true",
        help="add the standard deviation of each pixel to the products, as ERR",
    )
    parser.add_argument(
        "--singles-in-total",
        action="store_true",
        help="put the only exposure of a filter into the total product too",
    )


def add_reference_option(parser: argparse.ArgumentParser) -> None:
    """Add the reference catalog."""
    parser.add_argument(
        "--reference",
        default="none",
        metavar="FILE|NAME|none",
        help="catalog file (ECSV, FITS, CSV, VOTable), a service catalog such as "
        "gaia, auto for the catalogs of the parameter files in their order, or none "
        "(the default) to align the exposures to each other only",
    )
    parser.add_argument(
        "--catalog-cache",
        type=Path,
        metavar="DIR",
        help="folder that keeps the answers of catalog services",
    )
    parser.add_argument(
        "--offline", action="store_true", help="take catalogs from that folder only"
    )


def add_run_options(
    parser: argparse.ArgumentParser, *, needs_output: bool = True
) -> None:
    """Add output folder, number of processes, and what to do about bad files."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=needs_output,
        metavar="DIR",
        help="output folder",
    )
    parser.add_argument(
        "--workers", type=_positive, metavar="N", help="processes (default: cores)"
    )
    parser.add_argument(
        "--skip-faulty",
        action="store_true",
        help="go on without listed exposures that cannot be used",
    )


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        msg = f"must be a whole number of 1 or more, got '{text}'"
        raise argparse.ArgumentTypeError(msg)
    return number


def visit_source(arguments: argparse.Namespace) -> str | list[str]:
    """Return the visit as `prepare_visit` takes it."""
    names = [str(name) for name in arguments.visit]
    return names[0] if len(names) == 1 else names


def _override(text: str, option: str, *, accepted: bool) -> Override:
    rootname, _, reason = text.partition("=")
    if not rootname or not reason.strip():
        raise InputError(
            f"{option} {text}",
            "no reason is given",
            f"Write {option} ROOTNAME=REASON; the reason goes into the records.",
        )
    return Override(rootname.strip().lower(), accepted, reason.strip())


def read_options(arguments: argparse.Namespace) -> Decisions:
    """Return the decisions that the options ask for.

    Raises
    ------
    InputError
        If an option is malformed or the decisions file cannot be read.
    """
    decisions = Decisions()
    if arguments.decisions is not None:
        decisions = read_decisions(arguments.decisions)
    for text in arguments.accept:
        decisions = decisions.with_override(_override(text, "--accept", accepted=True))
    for text in arguments.reject:
        decisions = decisions.with_override(_override(text, "--reject", accepted=False))
    return replace(
        decisions,
        prefer_flt=decisions.prefer_flt or arguments.prefer_flt,
        carry_fit_to_grism=decisions.carry_fit_to_grism or arguments.carry_fit_to_grism,
        error_extension=decisions.error_extension or arguments.error_extension,
        singles_in_total=decisions.singles_in_total or arguments.singles_in_total,
    )


def with_parameter_options(
    decisions: Decisions, arguments: argparse.Namespace, tree: ProductTree
) -> Decisions:
    """Return the decisions with those of parameter file and ``--set`` added.

    Parameters
    ----------
    decisions : Decisions
        Decisions so far.
    arguments : Namespace
        Parsed options.
    tree : ProductTree
        Products, whose names the parameter file may use.

    Raises
    ------
    ParameterError
        If a parameter is unknown or its value cannot be used.
    """
    from svmcore.io.parameters import read_parameters  # noqa: PLC0415
    from svmcore.parameters import find_declaration  # noqa: PLC0415

    if arguments.parameters is not None:
        found = read_parameters(arguments.parameters, tree)
        for change in found.changes:
            decisions = decisions.with_parameter(change)
        for note in found.notes:
            log.warning("%s", note)
    products = getattr(arguments, "product", None) or ["*"]
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ParameterError(
                f"--set {text}",
                "is not of the form NAME=VALUE",
                "'svm params explain' lists the names.",
            )
        step, _, key = name.strip().rpartition(":")
        declaration = find_declaration(key, step=step or None)
        for product in products:
            change = ParameterChange(
                product, declaration.step, declaration.key, _json(value), "command line"
            )
            decisions = decisions.with_parameter(change)
    return decisions


def _json(text: str) -> object:
    """Read a value as JSON where it is such, else as the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def reference_choice(arguments: argparse.Namespace) -> ReferenceChoice:
    """Return what ``--reference`` and its companions ask for.

    Raises
    ------
    InputError
        If the folder for catalogs is missing or cannot be used.
    ReferenceCatalogError
        If the text is neither a file nor a known catalog.
    """
    url = os.environ.get("ASTROMETRIC_CATALOG_URL")
    cache = arguments.catalog_cache
    if arguments.offline and cache is None:
        raise InputError(
            "--offline",
            "needs a folder with the answers of an earlier run",
            "Name it with --catalog-cache DIR.",
        )
    if cache is not None:
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                str(cache),
                f"cannot be used as folder for catalogs ({error.strerror or error})",
                "Choose a folder that you may write to.",
            ) from error
    return ReferenceChoice.from_user(
        arguments.reference,
        service_url=url,
        cache=cache,
        is_offline=arguments.offline,
    )
