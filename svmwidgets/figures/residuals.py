"""Residuals of a match: scatter, quad plot, vectors, histograms, magnitudes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from svmwidgets.figures.plot import PlotGrid, heat_panel, panel

__all__ = ["ResidualFigures"]

Id = str | int

_VIEWS = (
    ("residuals", "Residuals"),
    ("magnitudes", "Magnitudes"),
    ("offsets", "Offsets"),
)


class ResidualFigures(PlotGrid):
    """The linked residual plots of one fit.

    Vectors point from the reference to the image: (dx, dy) = image − reference.

    Parameters
    ----------
    unit : str, optional
        Unit of dx and dy.
    position_unit : str, optional
        Unit of x and y.
    **traits
        Start values of the traits of `PlotGrid`.

    Notes
    -----
    `selected`, `preview` and `focused` speak of match ids, whatever the order
    of the rows. Ids that the present matches do not have are dropped.

    Examples
    --------
    >>> figures = ResidualFigures(unit="mas")
    >>> figures.set_matches(["a", "b"], [1, 2], [3, 4], [0.1, 0.2], [0.0, 0.3])
    >>> figures.selected = ["b"]
    >>> figures.selected_rows
    [1]
    """

    selected = traitlets.List(help="Ids of the selected matches")
    preview = traitlets.List(help="Ids of the matches that a clip would reject")
    focused = traitlets.Any(None, allow_none=True, help="Id of the focused match")
    position_unit = traitlets.Unicode("pixel", help="Unit of x and y")
    is_east_left = traitlets.Bool(
        default_value=False, help="x points east: draw the vectors with east left"
    )

    def __init__(
        self, *, unit: str = "mas", position_unit: str = "pixel", **traits: Any
    ) -> None:
        super().__init__(
            view="residuals",
            views=[list(_VIEWS[0])],
            words={
                "kept": "kept",
                "rejected": "rejected",
                "preview": "would be clipped",
            },
            label="Residuals of the matches",
            empty_text="No matches to show.",
            **traits,
        )
        self._unit = unit
        self.position_unit = position_unit
        self._ids: tuple[Id, ...] = ()
        self._row_of: dict[Id, int] = {}
        self._offsets: dict[str, Any] | None = None
        self._has_magnitudes = False
        self.panels = self._describe()
        for ids, rows in (("selected", "selected_rows"), ("preview", "preview_rows")):
            self.observe(lambda change, r=rows: self._to_rows(change["new"], r), ids)
            self.observe(lambda change, i=ids: self._to_ids(change["new"], i), rows)
        self.observe(
            lambda _change: self._update_views(), ["is_east_left", "position_unit"]
        )
        self.observe(lambda change: self._focus_row(change["new"]), "focused")
        self.observe(lambda change: self._focus_id(change["new"]), "focused_row")

    def set_matches(
        self,
        ids: Sequence[Id],
        x: ArrayLike,
        y: ArrayLike,
        dx: ArrayLike,
        dy: ArrayLike,
        *,
        is_rejected: ArrayLike | None = None,
        magnitude: ArrayLike | None = None,
    ) -> None:
        """Show matches.

        Parameters
        ----------
        ids : sequence of str or int
            One id per match, unique; it follows a match through refits.
        x, y : array_like of float, shape (n,)
            Positions in the image (`position_unit`).
        dx, dy : array_like of float, shape (n,)
            Image minus reference (`unit`).
        is_rejected : array_like of bool, shape (n,), optional
            Drawn grey, left out of the histograms and of the axis ranges.
        magnitude : array_like of float, shape (n,), optional
            For the magnitude plots; NaN where unknown.
        """
        keep_selected, keep_focus = list(self.selected), self.focused
        count = len(ids)
        columns = {"x": x, "y": y, "dx": dx, "dy": dy}
        if magnitude is not None:
            columns["magnitude"] = magnitude
        rejected = (
            np.zeros(count, bool)
            if is_rejected is None
            else np.asarray(is_rejected, bool)
        )
        if rejected.shape != (count,) or len(set(ids)) != count:
            msg = f"ids must be unique and is_rejected of their number {count}"
            raise ValueError(msg)
        with self.hold_sync():
            self._ids = tuple(ids)
            self._row_of = {one: row for row, one in enumerate(self._ids)}
            self.set_columns(columns)
            self.row_labels = [str(one) for one in self._ids]
            self.rejected = rejected.astype("u1").tobytes()
            self._set_magnitudes(is_known=magnitude is not None)
            self._to_rows(keep_selected, "selected_rows")
            self._to_rows(self.preview, "preview_rows")
            self._focus_row(keep_focus)
            self._to_ids(self.selected_rows, "selected")
            self._to_ids(self.preview_rows, "preview")
            self._focus_id(self.focused_row)

    def set_offsets(
        self, counts: ArrayLike, extent: Sequence[float], *, peak: Sequence[float] = ()
    ) -> None:
        """Show the two-dimensional histogram of all pair offsets.

        Parameters
        ----------
        counts : array_like, shape (ny, nx)
            Pairs per bin, row 0 at the lowest dy.
        extent : (dx_low, dx_high, dy_low, dy_high)
            Outer edges [arcsec].
        peak : (dx, dy), optional
            The offset that was chosen.
        """
        self._offsets = heat_panel(
            "offsets",
            counts,
            extent,
            peak=peak,
            title="Offsets of all pairs",
            x_label="dx [arcsec]",
            y_label="dy [arcsec]",
            span=12,
            height=440,
            is_equal=True,
            view="offsets",
        )
        self._update_views()

    def _set_magnitudes(self, *, is_known: bool) -> None:
        if is_known != self._has_magnitudes:
            self._has_magnitudes = is_known
            self._update_views()

    def _update_views(self) -> None:
        known = {"residuals": True, "magnitudes": self._has_magnitudes}
        known["offsets"] = self._offsets is not None
        with self.hold_sync():
            self.panels = self._describe()
            self.views = [list(one) for one in _VIEWS if known[one[0]]]
            if not known[self.view]:
                self.view = "residuals"

    def _describe(self) -> list[dict[str, Any]]:
        """Return all plots; the browser shows those of the present view."""
        unit, place = self._unit, self.position_unit
        names = {"dx": f"dx [{unit}]", "dy": f"dy [{unit}]"}
        here = {"view": "residuals"}
        self.tooltips = [
            ["x", "x", place, 1],
            ["y", "y", place, 1],
            ["dx", "dx", unit, 2],
            ["dy", "dy", unit, 2],
        ] + ([["magnitude", "mag", "", 2]] if self._has_magnitudes else [])
        panels = [
            panel(
                "scatter", "scatter", x="dx", y="dy", title="dx – dy",
                x_label=names["dx"], y_label=names["dy"], height=320,
                is_equal=True, is_centred=("x", "y"), has_clip="xy", **here,
            ),
            panel(
                "vectors", "vectors", x="x", y="y", dx="dx", dy="dy",
                title="Residual vectors, reference to image", unit=unit,
                x_label=f"x [{place}]", y_label=f"y [{place}]", height=320,
                is_equal=True, is_x_flipped=self.is_east_left, **here,
            ),
            panel(
                "histogram dx", "histogram", x="dx", title="Histograms",
                x_label=names["dx"], y_label="matches", height=156, span=4,
                is_centred=("x",), has_clip="x", stack=1, **here,
            ),
            panel(
                "histogram dy", "histogram", x="dy", x_label=names["dy"],
                y_label="matches", height=156, span=4, is_centred=("x",),
                has_clip="y", stack=1, **here,
            ),
        ]  # fmt: skip
        panels += [
            panel(
                f"{along.upper()}–{of}", "scatter", x=along, y=of, span=3, height=210,
                title=f"{along.upper()} – {of}", x_label=f"{along} [{place}]",
                y_label=names[of], is_centred=("y",), has_clip=of[1], **here,
            )
            for along in ("x", "y")
            for of in ("dx", "dy")
        ]  # fmt: skip
        if self._has_magnitudes:
            panels += [
                panel(
                    f"magnitude–{of}", "scatter", x="magnitude", y=of, span=6,
                    height=360, title=f"Magnitude – {of}", y_label=names[of],
                    x_label="magnitude [mag]", is_centred=("y",), has_clip=of[1],
                    view="magnitudes",
                )
                for of in ("dx", "dy")
            ]  # fmt: skip
        return panels + ([self._offsets] if self._offsets else [])

    def _to_rows(self, ids: Sequence[Id], trait: str) -> None:
        rows = sorted(self._row_of[one] for one in ids if one in self._row_of)
        if rows != getattr(self, trait):
            setattr(self, trait, rows)

    def _to_ids(self, rows: Sequence[int], trait: str) -> None:
        ids = [self._ids[row] for row in rows if 0 <= row < len(self._ids)]
        if set(ids) != set(getattr(self, trait)) or len(ids) != len(
            getattr(self, trait)
        ):
            setattr(self, trait, ids)

    def _focus_row(self, focused: Id | None) -> None:
        self.focused_row = self._row_of.get(focused, -1) if focused is not None else -1

    def _focus_id(self, row: int) -> None:
        self.focused = self._ids[row] if 0 <= row < len(self._ids) else None
