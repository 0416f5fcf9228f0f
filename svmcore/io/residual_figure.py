"""The figure of an alignment's residuals."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from svmcore.alignment.selection import pair_offsets
from svmcore.model.fit import GroupFit, MatchTable

__all__ = ["residual_figure"]

BoolArray = NDArray[np.bool_]

_LINK, _REFERENCE, _UNUSED, _TREND = "#7a828e", "#1f5fbf", "#d2452d", "#e8a200"
_INK, _FAINT = "#24292f", "#d0d7de"
_MOST_VECTORS = 400
_MOST_TICKS = 5
# Page and margins [inch]; _NAMES_IN is the gap that holds the rootnames.
_WIDTH_IN, _HEIGHT_IN = 15.0, 10.4
_LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN = 0.75, 0.2, 0.85, 0.7
_GAP_IN, _NAMES_IN, _BETWEEN_IN = 0.75, 1.35, 0.85
# Rootnames as labels collide beyond this number of rows.
_MOST_NAMES = 24


def residual_figure(fit: GroupFit) -> Figure:
    """Draw the residuals of an alignment.

    Parameters
    ----------
    fit : GroupFit
        The alignment.

    Returns
    -------
    matplotlib.figure.Figure
        Residuals east against north, each against x, y and magnitude, as
        vectors on the sky and as histograms; all offsets before the fit as a
        2-D histogram; and the shift of each exposure. Matches with the
        catalog where there is one, links between exposures otherwise. The
        line in the trends is the median of up to ten groups.
    """
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
    FigureCanvasAgg(figure)
    axes = _panels(figure)
    for each in axes.flat:
        each.locator_params(nbins=_MOST_TICKS)
    matches = fit.matches
    shown = _shown(fit)
    limit = _limit(matches, shown)
    against = fit.catalog or "the mean of the other exposures"
    figure.suptitle(
        f"{fit.detector}: residuals against {against}\n{fit.quality.sentence}",
        fontsize=13,
        color=_INK,
        y=0.99,
    )
    _draw_scatter(axes[0, 0], matches, shown, limit)
    _draw_pairs(axes[1, 0], matches, shown)
    _draw_vectors(axes[2, 0], matches, shown, limit)
    trends = (
        (matches.xy[:, 0], "x [pixel]"),
        (matches.xy[:, 1], "y [pixel]"),
        (matches.mag, "magnitude" if fit.catalog else "instrumental magnitude"),
    )
    for column, (values, label) in enumerate(trends, start=1):
        for row, name in ((0, "east"), (1, "north")):
            _draw_trend(axes[row, column], matches, shown, (values, row), limit)
            axes[row, column].set(xlabel=label, ylabel=f"{name} [mas]")
            _title(axes[row, column], f"{name} against {label.split(' [')[0]}")
    for column, axis in ((1, 0), (2, 1)):
        _draw_histogram(axes[2, column], matches, shown, axis, limit)
    _draw_exposures(axes[2, 3], fit)
    for each in axes.flat:
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(labelsize=8, color=_FAINT)
        for spine in each.spines.values():
            spine.set_color(_FAINT)
    return figure


def _panels(figure: Figure) -> Any:
    """Return three rows of four axes.

    Their places are fixed: to find them from the size of all labels would
    take as long as to draw the figure.
    """
    width = (_WIDTH_IN - _LEFT_IN - 2 * _GAP_IN - _NAMES_IN - _RIGHT_IN) / 4
    height = (_HEIGHT_IN - _TOP_IN - 2 * _BETWEEN_IN - _BOTTOM_IN) / 3
    lefts = [_LEFT_IN + column * (width + _GAP_IN) for column in range(3)]
    lefts.append(lefts[-1] + width + _NAMES_IN)
    bottoms = [_BOTTOM_IN + row * (height + _BETWEEN_IN) for row in (2, 1, 0)]
    return np.array(
        [
            [
                figure.add_axes(
                    (
                        left / _WIDTH_IN,
                        bottom / _HEIGHT_IN,
                        width / _WIDTH_IN,
                        height / _HEIGHT_IN,
                    )
                )
                for left in lefts
            ]
            for bottom in bottoms
        ]
    )


def _title(axes: Any, text: str) -> None:
    # With a height of its own, as to find one costs a quarter of the drawing.
    axes.set_title(text, loc="left", y=1.0, fontsize=10, fontweight="bold", color=_INK)


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
    return max(0.1, 1.1 * float(np.abs(matches.residual_mas[used]).max()))


def _groups(matches: MatchTable, shown: BoolArray) -> list[tuple[BoolArray, str, str]]:
    """Return rows, colour and label of what is drawn apart."""
    reference = shown & matches.is_used & matches.is_reference
    links = shown & matches.is_used & ~matches.is_reference
    unused = shown & ~matches.is_used
    return [
        (rows, colour, f"{rows.sum()} {label}")
        for rows, colour, label in (
            (unused, _UNUSED, "not used"),
            (links, _LINK, "links"),
            (reference, _REFERENCE, "used"),
        )
        if rows.any()
    ]


def _rms(matches: MatchTable, used: BoolArray, axis: int) -> float:
    if not used.any():
        return 0.0
    return float(np.sqrt(np.mean(matches.residual_mas[used, axis] ** 2)))


def _draw_scatter(
    axes: Any, matches: MatchTable, shown: BoolArray, limit: float
) -> None:
    axes.axhline(0.0, lw=0.8, color=_FAINT)
    axes.axvline(0.0, lw=0.8, color=_FAINT)
    for rows, colour, label in _groups(matches, shown):
        axes.plot(*matches.residual_mas[rows].T, ".", ms=4, color=colour, label=label)
    axes.set(
        xlim=(limit, -limit),  # east to the left, as on the sky
        ylim=(-limit, limit),
        xlabel="east [mas]",
        ylabel="north [mas]",
        aspect="equal",
    )
    _title(axes, "after the fit")
    if shown.any():
        axes.legend(
            fontsize=8,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.14),
            ncols=2,
            frameon=False,
        )


def _draw_trend(
    axes: Any,
    matches: MatchTable,
    shown: BoolArray,
    what: tuple[NDArray[np.float64], int],
    limit: float,
) -> None:
    values, axis = what
    axes.axhline(0.0, lw=0.8, color=_FAINT)
    for rows, colour, _ in _groups(matches, shown):
        axes.plot(
            values[rows], matches.residual_mas[rows, axis], ".", ms=4, color=colour
        )
    used = shown & matches.is_used & np.isfinite(values)
    if used.sum() >= 20:
        order = np.argsort(values[used])
        parts = np.array_split(order, min(10, used.sum() // 8))
        residual = matches.residual_mas[used, axis]
        axes.plot(
            [np.median(values[used][part]) for part in parts],
            [np.median(residual[part]) for part in parts],
            "-",
            color=_TREND,
            lw=2,
        )
    axes.set_ylim(-limit, limit)


def _draw_vectors(
    axes: Any, matches: MatchTable, shown: BoolArray, limit: float
) -> None:
    rows = np.flatnonzero(shown & matches.is_used)
    step = max(1, -(-len(rows) // _MOST_VECTORS))
    rows = rows[::step]
    _title(axes, "vectors" if step == 1 else f"vectors, 1 in {step}")
    if len(rows):
        centre = np.array(
            [matches.ra_deg[rows].mean(), matches.dec_deg[rows].mean()], dtype=float
        )
        east, north = _offsets_arcsec(matches, rows, centre)
        length = max(limit / 2.0, 0.1)
        arrows = axes.quiver(
            east,
            north,
            # The axis points to the left: arrows are drawn as on the paper.
            -matches.residual_mas[rows, 0],
            matches.residual_mas[rows, 1],
            color=_REFERENCE if matches.is_reference[rows].all() else _LINK,
            angles="uv",
            scale=10.0 * length,
            width=0.004,
        )
        axes.quiverkey(
            arrows, 0.80, 1.045, length, f"{length:.1f} mas", labelpos="E",
            fontproperties={"size": 8},
        )  # fmt: skip
        axes.invert_xaxis()
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel(f'east of {centre[0]:.5f}° ["]')
        axes.set_ylabel(f'north of {centre[1]:+.5f}° ["]')


def _offsets_arcsec(
    matches: MatchTable, rows: NDArray[np.intp], centre: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places on the sky about a centre [arcsec], through RA 0 as well."""
    delta = (matches.ra_deg[rows] - centre[0] + 180.0) % 360.0 - 180.0
    return (
        delta * 3600.0 * np.cos(np.radians(centre[1])),
        (matches.dec_deg[rows] - centre[1]) * 3600.0,
    )


def _draw_pairs(axes: Any, matches: MatchTable, shown: BoolArray) -> None:
    rows = np.flatnonzero(shown)[:600]
    axes.set(xlabel="east [mas]", ylabel="north [mas]")
    _title(axes, "offsets of all pairs before the fit")
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
        cmap="Blues",
        aspect="equal",
    )
    axes.axhline(0.0, lw=0.8, color=_FAINT)
    axes.axvline(0.0, lw=0.8, color=_FAINT)
    axes.text(
        0.03,
        0.97,
        f"peak at {found.peak_mas[0]:.0f}, {found.peak_mas[1]:.0f}",
        transform=axes.transAxes,
        color=_INK,
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
        color=_REFERENCE if matches.is_reference[shown].any() else _LINK,
        edgecolor="white",
        linewidth=0.4,
    )
    axes.axvline(0.0, lw=0.8, color=_INK)
    name = ("east", "north")[axis]
    axes.set(xlabel=f"{name} [mas]", ylabel="matches")
    _title(axes, f"{name}: rms {_rms(matches, used, axis):.2f} mas")


def _draw_exposures(axes: Any, fit: GroupFit) -> None:
    """Draw how far each exposure was moved, one row each, in processing order."""
    axes.axvline(0.0, lw=0.8, color=_FAINT)
    for axis, name, colour in (
        ("shift_east_mas", "east", _REFERENCE),
        ("shift_north_mas", "north", _TREND),
    ):
        axes.plot(
            [getattr(each.terms, axis) for each in fit.exposures],
            range(len(fit.exposures)),
            "o",
            ms=5,
            color=colour,
            label=name,
        )
    labels = [
        each.rootname + ("" if each.state == "fitted" else f" ({each.state})")
        for each in fit.exposures
    ]
    if len(labels) <= _MOST_NAMES:
        axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.grid(axis="y", color=_FAINT, lw=0.5)
    axes.set_xlabel("shift [mas]")
    _title(axes, "how far each exposure moved")
    axes.legend(
        fontsize=8,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=2,
        frameon=False,
    )
