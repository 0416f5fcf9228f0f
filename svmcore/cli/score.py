"""Compare aligned exposures of a simulated visit with its truth."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from svmcore.errors import InputError
from svmcore.simulation.truth import ExposureScore, score_files, score_given

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "score"
HELP = "compare aligned exposures with the truth of a simulated visit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm score``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of this command.
    """
    parser.add_argument(
        "visit", metavar="VISITDIR", type=Path, help="folder that 'svm demo' filled"
    )
    parser.add_argument(
        "output",
        metavar="OUTPUTDIR",
        type=Path,
        nargs="?",
        help="folder of aligned FLT or FLC files (default: the visit's own, as given)",
    )
    parser.add_argument(
        "--limits",
        nargs=2,
        type=float,
        metavar=("ABSOLUTE", "RELATIVE"),
        help="fail if a median error is larger [mas]",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the errors of each exposure.

    Parameters
    ----------
    arguments : argparse.Namespace
        Options of this command.
    console : rich.console.Console
        Where to print.

    Returns
    -------
    int
        1 if ``--limits`` are not met, else 0.
    """
    scores = _scores(arguments.visit, arguments.output)
    table = Table(
        "exposure", title=Text("distance from the truth [mas]", style="table.title")
    )
    for column in ("absolute", "largest", "relative", "largest", "east", "north"):
        table.add_column(column, justify="right")
    for score in scores:
        table.add_row(score.rootname, *(f"{value:.2f}" for value in _numbers(score)))
    console.print(table)
    if arguments.limits is None:
        return 0
    absolute, relative = arguments.limits
    worst = max(s.absolute_mas for s in scores), max(s.relative_mas for s in scores)
    console.print(f"worst: {worst[0]:.2f} absolute, {worst[1]:.2f} relative")
    return int(worst[0] > absolute or worst[1] > relative)


def _scores(visit: Path, output: Path | None) -> tuple[ExposureScore, ...]:
    if output is None:
        return score_given(visit)
    files = sorted(output.rglob("*_fl[tc].fits"))
    scores = score_files(visit, files)
    if not scores:
        raise InputError(
            str(output),
            f"none of its {len(files)} FLT and FLC files belongs to {visit}",
            "Give the folder that 'svm run' wrote for this visit.",
        )
    return scores


def _numbers(score: ExposureScore) -> tuple[float, ...]:
    return (
        score.absolute_mas,
        score.absolute_max_mas,
        score.relative_mas,
        score.relative_max_mas,
        score.east_mas,
        score.north_mas,
    )
