"""The alignment of a detector as a table on the terminal."""

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from svmcore.model.fit import GroupFit

__all__ = ["print_fit"]


def _pair(first: float, second: float) -> str:
    """Write two numbers, or a dash where there are none."""
    if math.isnan(first) or math.isnan(second):
        return "–"
    return f"{first:.1f} {second:.1f}"


def print_fit(console: Console, fit: GroupFit) -> None:
    """Print the alignment of one detector as a table.

    Parameters
    ----------
    console : Console
        Where to write.
    fit : GroupFit
        The alignment.
    """
    against = {
        "absolute": f"to {fit.catalog}",
        "relative": "relative only",
        "none": "none",
    }[fit.kind]
    table = Table(
        title=Text(
            f"Alignment of {fit.detector}, {against} [mas]", style="table.title"
        ),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for name in ("exposure", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("stars", "ref", "links", "shift e n", "rms ra dec", "relative", "q"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in fit.exposures:
        table.add_row(
            each.rootname,
            each.state,
            str(each.n_sources),
            str(each.n_reference),
            str(each.n_links),
            _pair(each.terms.shift_east_mas, each.terms.shift_north_mas),
            _pair(each.rms_ra_mas, each.rms_dec_mas),
            _pair(each.relative_rms_ra_mas, each.relative_rms_dec_mas),
            str(each.quality.fit_qual),
        )
    console.print(table)
    console.print(fit.quality.sentence, highlight=False)
    worse = [
        f"{each.rootname}: {each.quality.sentence}"
        for each in fit.exposures
        if each.quality.fit_qual > fit.quality.fit_qual
    ]
    for warning in dict.fromkeys((*worse, *fit.warnings)):
        console.print(f"! {warning}", style="yellow", markup=False, highlight=False)
    console.print()
