"""The residuals of an alignment as a figure, a text and a table."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from svmcore.alignment.selection import pair_offsets
from svmcore.io.atomic import write_atomically, write_text
from svmcore.model.fit import GroupFit, MatchTable

__all__ = ["residual_text", "write_residual_report"]

BoolArray = NDArray[np.bool_]

_LINK, _REFERENCE, _UNUSED = "#8a8f98", "#1f5fbf", "#d2452d"
_MOST_VECTORS = 400


def write_residual_report(output: Path, fit: GroupFit) -> tuple[Path, ...]:
    """Write ``<detector>_residuals`` as PNG, TXT and ECSV.

    Parameters
    ----------
    output : Path
        Folder; must exist.
    fit : GroupFit
        The alignment.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    stem = f"{fit.detector}_residuals"
    figure, text, table = (
        output / f"{stem}{suffix}" for suffix in (".png", ".txt", ".ecsv")
    )
    with write_atomically(figure) as temporary:
        _draw(fit).savefig(temporary, dpi=110)
    write_text(text, residual_text(fit))
    with write_atomically(table) as temporary:
        _match_table(fit.matches).write(temporary, format="ascii.ecsv", overwrite=True)
    return figure, text, table


def residual_text(fit: GroupFit) -> str:
    """Return the numbers of an alignment as plain text."""
    against = f"to {fit.catalog}" if fit.catalog else "of the exposures to each other"
    lines = [f"Alignment of {fit.detector} {against}", "", fit.quality.sentence]
    if fit.absolute is not None:
        terms = fit.absolute
        lines += [
            f"Reference positions at epoch {fit.catalog_epoch_yr:.3f}",
            (
                "Motion of the group: "
                f"east {terms.shift_east_mas:.2f}, north {terms.shift_north_mas:.2f} "
                f"+- {terms.shift_error_mas:.2f} mas; rotation "
                f"{terms.rotation_deg:.6f} +- {terms.rotation_error_deg:.6f} deg; "
                f"skew {terms.skew_deg:.6f} deg; scale {terms.scale_ppm:.2f} "
                f"+- {terms.scale_error_ppm:.2f} ppm"
            ),
        ]
    lines += ["", *(f"! {warning}" for warning in fit.warnings)]
    lines += [
        "",
        (
            "exposure   state    geometry   ref links   east mas  north mas  "
            "rot deg    scale ppm  rms ra  rms dec  rel ra  rel dec  q"
        ),
    ]
    for each in fit.exposures:
        terms = each.terms
        lines.append(
            f"{each.rootname:10s} {each.state:8s} {terms.fitgeom:8s} "
            f"{each.n_reference:5d} {each.n_links:5d} {terms.shift_east_mas:10.2f} "
            f"{terms.shift_north_mas:10.2f} {terms.rotation_deg:10.6f} "
            f"{terms.scale_ppm:9.2f} {each.rms_ra_mas:7.2f} {each.rms_dec_mas:8.2f} "
            f"{each.relative_rms_ra_mas:7.2f} {each.relative_rms_dec_mas:8.2f} "
            f"{each.quality.fit_qual:2d}"
        )
    lines += ["", *(f"{e.rootname}: {e.quality.sentence}" for e in fit.exposures)]
    lines += ["", *fit.history, ""]
    return "\n".join(lines)


def _match_table(matches: MatchTable) -> Table:
    """Return all matches as a table with units."""
    columns: dict[str, Any] = {
        "identifier": matches.identifier,
        "rootname": matches.rootname,
        "extver": matches.extver,
        "x": matches.xy[:, 0],
        "y": matches.xy[:, 1],
        "ra": matches.ra_deg,
        "dec": matches.dec_deg,
        "target_ra": matches.target_ra_deg,
        "target_dec": matches.target_dec_deg,
        "residual_east": matches.residual_mas[:, 0],
        "residual_north": matches.residual_mas[:, 1],
        "before_east": matches.before_mas[:, 0],
        "before_north": matches.before_mas[:, 1],
        "sigma": matches.sigma_mas,
        "mag": matches.mag,
        "is_reference": matches.is_reference,
        "is_used": matches.is_used,
        "why_not": matches.why_not,
    }
    table = Table(columns)
    for name in ("x", "y"):
        table[name].unit = "pix"
    for name in ("ra", "dec", "target_ra", "target_dec"):
        table[name].unit = "deg"
    for name in table.colnames[9:14]:
        table[name].unit = "mas"
    table["mag"].unit = "mag"
    return table


def _draw(fit: GroupFit) -> Figure:
    """Return the figure: scatter, trends with x, y, magnitude, vectors, histogram."""
    figure = Figure(figsize=(13.0, 9.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, 4)
    matches = fit.matches
    shown = _shown(fit)
    limit = _limit(matches, shown)
    against = fit.catalog or "the mean of the other exposures"
    figure.suptitle(
        f"{fit.detector}: residuals against {against}\n{fit.quality.sentence}"
    )
    _draw_scatter(axes[0, 0], matches, shown, limit)
    _draw_pairs(axes[1, 0], matches, shown)
    _draw_vectors(axes[2, 0], matches, shown, limit)
    trends = (
        (matches.xy[:, 0], "x [pixel]"),
        (matches.xy[:, 1], "y [pixel]"),
        (matches.mag, "magnitude"),
    )
    for column, (values, label) in enumerate(trends, start=1):
        for row, name in ((0, "east"), (1, "north")):
            _draw_trend(axes[row, column], matches, shown, (values, row), limit)
            axes[row, column].set_ylabel(f"d {name} [mas]")
            axes[row, column].set_xlabel(label)
    for column, axis in ((1, 0), (2, 1)):
        _draw_histogram(axes[2, column], matches, shown, axis, limit)
    _draw_exposures(axes[2, 3], fit)
    return figure


def _shown(fit: GroupFit) -> BoolArray:
    """Return the rows of the figure: reference matches, or links without any."""
    if fit.kind == "absolute":
        return fit.matches.is_reference
    return ~fit.matches.is_reference


def _limit(matches: MatchTable, shown: BoolArray) -> float:
    """Return the half width of residual axes that holds all used matches [mas]."""
    used = shown & matches.is_used
    if not used.any():
        return 1.0
    return max(0.1, 1.1 * float(np.quantile(np.abs(matches.residual_mas[used]), 0.995)))


def _groups(matches: MatchTable, shown: BoolArray) -> list[tuple[BoolArray, str, str]]:
    """Return rows, colour and label of what is drawn apart."""
    reference = shown & matches.is_used & matches.is_reference
    links = shown & matches.is_used & ~matches.is_reference
    return [
        (shown & ~matches.is_used, _UNUSED, "not used"),
        (links, _LINK, "links"),
        (reference, _REFERENCE, "reference"),
    ]


def _draw_scatter(
    axes: Any, matches: MatchTable, shown: BoolArray, limit: float
) -> None:
    for rows, colour, label in _groups(matches, shown):
        if rows.any():
            axes.plot(
                *matches.residual_mas[rows].T, ".", ms=3, color=colour, label=label
            )
    axes.axhline(0.0, lw=0.5, color="k")
    axes.axvline(0.0, lw=0.5, color="k")
    axes.set(
        xlim=(limit, -limit),  # east to the left, as on the sky
        ylim=(-limit, limit),
        xlabel="d east [mas]",
        ylabel="d north [mas]",
        title="after the fit",
        aspect="equal",
    )
    if shown.any():
        axes.legend(fontsize=7, loc="upper right")


def _draw_trend(
    axes: Any,
    matches: MatchTable,
    shown: BoolArray,
    what: tuple[NDArray[np.float64], int],
    limit: float,
) -> None:
    values, axis = what
    for rows, colour, _ in _groups(matches, shown):
        axes.plot(
            values[rows], matches.residual_mas[rows, axis], ".", ms=3, color=colour
        )
    axes.axhline(0.0, lw=0.5, color="k")
    used = shown & matches.is_used
    if used.sum() >= 20:
        order = np.argsort(values[used])
        parts = np.array_split(order, min(10, used.sum() // 8))
        residual = matches.residual_mas[used, axis]
        axes.plot(
            [np.median(values[used][part]) for part in parts],
            [np.median(residual[part]) for part in parts],
            "-",
            color="#e8a200",
            lw=1.5,
        )
    axes.set_ylim(-limit, limit)


def _draw_vectors(
    axes: Any, matches: MatchTable, shown: BoolArray, limit: float
) -> None:
    rows = np.flatnonzero(shown & matches.is_used)
    rows = rows[:: max(1, -(-len(rows) // _MOST_VECTORS))]
    if len(rows):
        length = max(limit / 2.0, 0.1)
        arrows = axes.quiver(
            matches.ra_deg[rows],
            matches.dec_deg[rows],
            -matches.residual_mas[rows, 0],
            matches.residual_mas[rows, 1],
            color=_REFERENCE if matches.is_reference[rows].all() else _LINK,
            angles="uv",
            scale=10.0 * length,
            width=0.004,
        )
        axes.quiverkey(arrows, 0.85, 1.04, length, f"{length:.1f} mas", labelpos="E")
        axes.invert_xaxis()
        axes.set_aspect(1.0 / max(0.05, np.cos(np.radians(matches.dec_deg[rows[0]]))))
    axes.ticklabel_format(useOffset=False)
    axes.tick_params(labelsize=7)
    axes.set(xlabel="ra [deg]", ylabel="dec [deg]", title="vectors")


def _draw_pairs(axes: Any, matches: MatchTable, shown: BoolArray) -> None:
    rows = np.flatnonzero(shown)[:600]
    axes.set(
        xlabel="east [mas]", ylabel="north [mas]", title="all pairs before the fit"
    )
    if len(rows) == 0:
        return
    dec = matches.target_dec_deg[rows]
    cosine = np.cos(np.radians(dec))
    before = matches.before_mas[rows]
    source = (
        matches.target_ra_deg[rows] - before[:, 0] / 3.6e6 / cosine,
        dec - before[:, 1] / 3.6e6,
    )
    radius = max(500.0, 2.0 * float(np.quantile(np.abs(before), 0.9)))
    found = pair_offsets(
        source, (matches.target_ra_deg[rows], dec), radius_mas=radius, bins=60
    )
    low_east, high_east, low_north, high_north = found.extent_mas
    axes.imshow(
        np.sqrt(found.counts[:, ::-1]),
        origin="lower",
        extent=(high_east, low_east, low_north, high_north),
        cmap="magma",
        aspect="auto",
    )
    axes.text(
        0.03,
        0.95,
        f"peak {found.peak_mas[0]:.0f}, {found.peak_mas[1]:.0f}",
        transform=axes.transAxes,
        color="w",
        fontsize=8,
        va="top",
    )


def _draw_histogram(
    axes: Any, matches: MatchTable, shown: BoolArray, axis: int, limit: float
) -> None:
    used = shown & matches.is_used
    axes.hist(
        matches.residual_mas[used, axis],
        bins=30,
        range=(-limit, limit),
        color=_REFERENCE,
    )
    name = ("east", "north")[axis]
    rms = (
        float(np.sqrt(np.mean(matches.residual_mas[used, axis] ** 2)))
        if used.any()
        else 0
    )
    axes.set(xlabel=f"d {name} [mas]", ylabel="matches", title=f"rms {rms:.2f} mas")


def _draw_exposures(axes: Any, fit: GroupFit) -> None:
    """Draw the shift of each exposure, before the fit."""
    for number, each in enumerate(fit.exposures):
        axes.plot(
            each.terms.shift_east_mas,
            each.terms.shift_north_mas,
            "o" if each.state == "fitted" else "x",
            color=_REFERENCE if each.state == "fitted" else _UNUSED,
        )
        axes.annotate(
            str(number + 1),
            (each.terms.shift_east_mas, each.terms.shift_north_mas),
            fontsize=7,
            xytext=(4, 3),
            textcoords="offset points",
        )
    axes.invert_xaxis()
    axes.set(xlabel="east [mas]", ylabel="north [mas]", title="how far exposures moved")
