"""Compare aligned exposures and products of a simulated visit with its truth."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from svmcore.errors import InputError
from svmcore.simulation.score_cosmic_rays import CosmicRayScore, score_cosmic_rays
from svmcore.simulation.score_flux import FluxScore, score_fluxes
from svmcore.simulation.truth import ExposureScore, score_files, score_given

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "score"
HELP = "compare aligned exposures and products with the truth of a simulated visit"
PARTS = ("alignment", "flux", "cosmic-rays")
# What --marks asks for.
FLUX_MARK = 0.005
FEWEST_STARS = 5
HITS_MARK = 0.98
CORES_MARK = 0.002


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
        help="folder of aligned FLT or FLC files and products (default: the "
        "visit's own exposures, as given)",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        metavar="PART",
        help=f"what to compare, of {', '.join(PARTS)} (default: all)",
    )
    parser.add_argument(
        "--limits",
        nargs=2,
        type=float,
        metavar=("ABSOLUTE", "RELATIVE"),
        help="fail if a median error is larger [mas]",
    )
    parser.add_argument(
        "--marks",
        action="store_true",
        help=f"fail if the median flux of a product is off by more than "
        f"{100 * FLUX_MARK:g} percent and twice its error (of {FEWEST_STARS} stars "
        f"or more), if less than {100 * HITS_MARK:g} percent of the cosmic rays "
        f"are flagged, or more than "
        f"{100 * CORES_MARK:g} percent of the star cores",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the errors of each exposure and product.

    Parameters
    ----------
    arguments : argparse.Namespace
        Options of this command.
    console : rich.console.Console
        Where to print.

    Returns
    -------
    int
        1 if ``--limits`` or ``--marks`` are not met, else 0.
    """
    missed = False
    if "alignment" in arguments.parts:
        scores = _scores(arguments.visit, arguments.output)
        console.print(_alignment_table(scores))
        if arguments.limits is not None:
            missed |= _misses_limits(scores, arguments.limits, console)
    if arguments.output is None:
        return int(missed)
    if "flux" in arguments.parts:
        products = sorted(arguments.output.rglob("*_dr[zc].fits"))
        fluxes = score_fluxes(arguments.visit, products)
        if fluxes:
            console.print(_flux_table(fluxes))
            _print_agreement(fluxes, console)
        missed |= arguments.marks and not all(_keeps_flux(one) for one in fluxes)
    if "cosmic-rays" in arguments.parts:
        hits = score_cosmic_rays(arguments.visit, _exposures(arguments.output))
        if hits:
            rows = [*hits, _sum(hits)]  # the last one is marked
            console.print(_hits_table(rows))
            console.print(_cores_table(rows))
            missed |= arguments.marks and not _finds_hits(rows[-1])
    return int(missed)


def _alignment_table(scores: Sequence[ExposureScore]) -> Table:
    table = Table(
        "exposure", title=Text("distance from the truth [mas]", style="table.title")
    )
    for column in ("absolute", "largest", "relative", "largest", "east", "north"):
        table.add_column(column, justify="right")
    for score in scores:
        table.add_row(score.rootname, *(f"{value:.2f}" for value in _numbers(score)))
    return table


def _misses_limits(
    scores: Sequence[ExposureScore], limits: tuple[float, float], console: Console
) -> bool:
    worst = max(s.absolute_mas for s in scores), max(s.relative_mas for s in scores)
    console.print(f"worst: {worst[0]:.2f} absolute, {worst[1]:.2f} relative")
    return worst[0] > limits[0] or worst[1] > limits[1]


def _exposures(output: Path) -> list[Path]:
    return sorted(output.rglob("*_fl[tc].fits"))


def _scores(visit: Path, output: Path | None) -> tuple[ExposureScore, ...]:
    if output is None:
        return score_given(visit)
    files = _exposures(output)
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


def _flux_table(scores: Sequence[FluxScore]) -> Table:
    title = Text("flux of isolated stars, measured over expected", style="table.title")
    table = Table("product", title=title)
    for column in ("exposures", "stars", "median", "error", "scatter"):
        table.add_column(column, justify="right")
    for one in scores:
        numbers = (f"{v:.4f}" for v in (one.median, one.error, one.scatter))
        table.add_row(one.name, str(one.exposures), str(len(one.ratios)), *numbers)
    return table


def _print_agreement(scores: Sequence[FluxScore], console: Console) -> None:
    """Say how exposure products compare with filter products, star by star."""
    filters = [one for one in scores if one.exposures > 1]
    for several in filters:
        band = several.name.rsplit("_", 2)[0]
        ratios = [
            ratio / several.ratios[star]
            for one in scores
            if one.exposures == 1 and one.name.startswith(band)
            for star, ratio in one.ratios.items()
            if star in several.ratios
        ]
        if ratios:
            console.print(
                f"{band}: single exposures over filter product "
                f"{np.median(ratios):.4f} ({len(ratios)} measurements)",
                highlight=False,
                soft_wrap=True,
            )


def _keeps_flux(score: FluxScore) -> bool:
    if len(score.ratios) < FEWEST_STARS:
        return True
    return abs(score.median - 1) <= max(FLUX_MARK, 2 * score.error)


def _sum(scores: Sequence[CosmicRayScore]) -> CosmicRayScore:
    total = scores[0]
    for one in scores[1:]:
        total = total.plus(one, "all")
    return total


def _finds_hits(score: CosmicRayScore) -> bool:
    found, false = score.share("hits"), score.share("cores")
    return not (found < HITS_MARK or false > CORES_MARK)


def _hits_table(scores: Sequence[CosmicRayScore]) -> Table:
    title = Text("cosmic rays above 5 sigma that are flagged", style="table.title")
    return _share_table(
        scores,
        title,
        (
            ("hits", "hits"),
            ("pixels", "their pixels"),
            ("lone_hits", "hits seen once"),
        ),
    )


def _cores_table(scores: Sequence[CosmicRayScore]) -> Table:
    title = Text("pixels without cosmic ray that are flagged", style="table.title")
    return _share_table(
        scores,
        title,
        (
            ("cores", "star cores"),
            ("defects", "with a defect"),
            ("others", "all others"),
        ),
    )


def _share_table(
    scores: Sequence[CosmicRayScore], title: Text, kinds: Sequence[tuple[str, str]]
) -> Table:
    table = Table("exposure", title=title)
    for _, heading in kinds:
        table.add_column(heading, justify="right")
        table.add_column("%", justify="right")
    for score in scores:
        cells = []
        for kind, _ in kinds:
            cells += [str(getattr(score, kind)), f"{100 * score.share(kind):.3f}"]
        table.add_row(score.rootname, *cells)
    return table
