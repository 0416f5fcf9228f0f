"""Linked plots of one table of points; selection happens in the browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from svmwidgets.figures.esm import bundle_script, read_theme

__all__ = ["PlotGrid", "heat_panel", "panel"]

_KINDS = ("scatter", "histogram", "vectors", "heat")


def panel(  # noqa: PLR0913 (a record: every field by name)
    key: str,
    kind: str,
    *,
    x: str = "",
    y: str = "",
    dx: str = "",
    dy: str = "",
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    span: int = 4,
    height: int = 300,
    x_range: Sequence[float] = (),
    y_range: Sequence[float] = (),
    bins: int = 40,
    is_equal: bool = False,
    is_centred: Sequence[str] = (),
    guides: Sequence[Mapping[str, Any]] = (),
    view: str = "",
    **more: Any,
) -> dict[str, Any]:
    """Return the description of one plot.

    Parameters
    ----------
    key : str
        Stable name.
    kind : {"scatter", "histogram", "vectors", "heat"}
        ``vectors`` draws arrows (dx, dy) at (x, y) with a key.
    x, y, dx, dy : str
        Column names.
    title, x_label, y_label : str
        Texts; labels name the unit.
    span : int, optional
        Width in twelfths of the grid.
    height : int, optional
        Height [CSS pixel].
    x_range, y_range : (low, high), optional
        Fixed ranges; low > high flips the axis. By default from the kept points.
    bins : int, optional
        Of a histogram.
    is_equal : bool, optional
        Same scale along both axes.
    is_centred : sequence of {"x", "y"}, optional
        Axes whose automatic range is symmetric about 0.
    guides : sequence of mapping, optional
        ``{"axis": "x" or "y", "value": float, "label": str}`` lines.
    view : str, optional
        The plot shows only when the grid's `view` is this; always if empty.
    **more
        Further values for the browser.
    """
    if kind not in _KINDS:
        msg = f"kind must be one of {', '.join(_KINDS)}, got {kind!r}"
        raise ValueError(msg)
    return {
        "key": key,
        "kind": kind,
        "x": x,
        "y": y,
        "dx": dx,
        "dy": dy,
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "span": span,
        "height": height,
        "x_range": list(x_range),
        "y_range": list(y_range),
        "bins": bins,
        "is_equal": is_equal,
        "is_centred": list(is_centred),
        "guides": [dict(one) for one in guides],
        "view": view,
    } | more


def heat_panel(
    key: str,
    counts: ArrayLike,
    extent: Sequence[float],
    *,
    peak: Sequence[float] = (),
    **options: Any,
) -> dict[str, Any]:
    """Return the description of a two-dimensional histogram.

    Parameters
    ----------
    key : str
        Stable name.
    counts : array_like, shape (ny, nx)
        Counts, row 0 at the bottom.
    extent : (x_low, x_high, y_low, y_high)
        Outer edges.
    peak : (x, y), optional
        Position to ring.
    **options
        As for `panel`.
    """
    values = np.ascontiguousarray(counts, "<f4")
    x0, x1, y0, y1 = (float(v) for v in extent)
    return panel(
        key,
        "heat",
        x_range=(x0, x1),
        y_range=(y0, y1),
        counts=values.tobytes(),
        shape=list(values.shape),
        extent=[x0, x1, y0, y1],
        peak=[float(v) for v in peak],
        **options,
    )


class PlotGrid(anywidget.AnyWidget):
    """Plots that share points, selection, focus and rejection.

    Lasso or box selects in any plot and shows in all; shift adds, alt removes,
    a click without a drag focuses the nearest point, a double click resets the
    ranges, escape clears. Left and right step through the points, enter selects
    the focused one. Rejected points stay, as grey crosses, and can be selected.

    Parameters
    ----------
    panels : sequence of dict, optional
        Made by `panel`.
    **traits
        Start values of the traits below.
    """

    _esm = bundle_script("plotgrid")
    _css = read_theme()

    panels = traitlets.List(help="Plot descriptions").tag(sync=True)
    views = traitlets.List(help="[key, label] of the views on offer").tag(sync=True)
    view = traitlets.Unicode("", help="Key of the present view").tag(sync=True)
    columns = traitlets.Dict(help="Column name to float64 bytes").tag(sync=True)
    row_labels = traitlets.List(help="Text of each row in the tooltip").tag(sync=True)
    tooltips = traitlets.List(help="[column, label, unit, digits] of the tooltip").tag(
        sync=True
    )
    rejected = traitlets.Bytes(b"", help="1 for each rejected row").tag(sync=True)
    selected_rows = traitlets.List(help="Selected rows").tag(sync=True)
    preview_rows = traitlets.List(help="Rows that would be rejected").tag(sync=True)
    focused_row = traitlets.Int(-1, help="Focused row, -1 for none").tag(sync=True)
    mode = traitlets.Enum(
        ("lasso", "box", "pan"), "lasso", help="What a drag does"
    ).tag(sync=True)
    magnification = traitlets.Float(0.0, help="Of vectors, 0 automatic").tag(sync=True)
    clip = traitlets.List(help="[half-width x, half-width y] of the clip outline").tag(
        sync=True
    )
    has_tools = traitlets.Bool(default_value=True, help="Show the tool row").tag(
        sync=True
    )
    words = traitlets.Dict(help="Legend words for kept, rejected, preview").tag(
        sync=True
    )
    empty_text = traitlets.Unicode("No points to show.", help="Shown without rows").tag(
        sync=True
    )
    label = traitlets.Unicode("Plots", help="Name for screen readers").tag(sync=True)

    def __init__(self, panels: Sequence[Mapping[str, Any]] = (), **traits: Any) -> None:
        super().__init__(panels=[dict(one) for one in panels], **traits)

    def set_columns(self, columns: Mapping[str, ArrayLike]) -> None:
        """Replace the table; all columns have one length [any unit]."""
        arrays = {
            key: np.ascontiguousarray(v, "<f8").ravel() for key, v in columns.items()
        }
        lengths = {array.size for array in arrays.values()}
        if len(lengths) > 1:
            msg = f"columns must have one length, got {sorted(lengths)}"
            raise ValueError(msg)
        self.columns = {key: array.tobytes() for key, array in arrays.items()}
