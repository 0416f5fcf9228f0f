"""A histogram of given counts, drawn by bqplot."""

import bqplot
import ipywidgets as widgets
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["HistogramFigure"]


class HistogramFigure(widgets.VBox):
    """Bars between edges, with one labelled guide line.

    Parameters
    ----------
    x_label, y_label : str
        Axis texts with unit.
    height : int, optional
        Height of the drawing [CSS pixel].

    Notes
    -----
    The colours come from the style sheet, so that they follow the theme.
    """

    def __init__(
        self, *, x_label: str = "", y_label: str = "pixels", height: int = 180
    ) -> None:
        self._x, self._y = bqplot.LinearScale(), bqplot.LinearScale(min=0.0)
        scales = {"x": self._x, "y": self._y}
        nothing = np.zeros(1)
        self.bars = bqplot.Bars(
            x=nothing, y=nothing, scales=scales, padding=0.08, stroke="transparent"
        )
        self.guide = bqplot.Lines(
            x=np.zeros(2), y=np.zeros(2), scales=scales, line_style="dashed"
        )
        self.word = bqplot.Label(
            x=nothing, y=nothing, text=[""], scales=scales, default_size=11
        )
        axes = [
            bqplot.Axis(
                scale=self._x, label=x_label, tick_format="~g", label_offset="28px"
            ),
            bqplot.Axis(
                scale=self._y,
                label=y_label,
                orientation="vertical",
                tick_format="~s",
                label_offset="40px",
            ),
        ]
        self.figure = bqplot.Figure(
            marks=[self.bars, self.guide, self.word],
            axes=axes,
            animation_duration=0,
            display_toolbar=False,
            fig_margin={"top": 8, "bottom": 38, "left": 52, "right": 12},
            layout=widgets.Layout(height=f"{height}px", width="100%", min_width="0"),
        )
        self.heading = widgets.HTML()
        self.heading.add_class("svm-plot-heading")
        # bqplot complains of a place without size: it comes with the first counts.
        super().__init__([self.heading])
        self.add_class("svm-histogram")

    def set_counts(
        self,
        counts: ArrayLike,
        edges: ArrayLike,
        *,
        title: str = "",
        guide: float | None = None,
        guide_label: str = "",
    ) -> None:
        """Show counts.

        Parameters
        ----------
        counts : array_like, shape (n,)
            Number in each bin.
        edges : array_like, shape (n + 1,)
            Bin edges, ascending and evenly spaced.
        title : str, optional
            Heading.
        guide : float, optional
            Where a dashed line stands.
        guide_label : str, optional
            Its text.
        """
        heights, bounds = np.asarray(counts, float), np.asarray(edges, float)
        if bounds.size != heights.size + 1:
            msg = (
                "edges must be one more than counts, "
                f"got {bounds.size} and {heights.size}"
            )
            raise ValueError(msg)
        top = float(max(heights.max(initial=0.0), 1.0)) * 1.12
        self.heading.value = title
        self.heading.layout.display = None if title else "none"
        low, high = float(bounds[0]), float(bounds[-1])
        across, up = self.figure.axes
        across.tick_values = _round_ticks(low, high, 5)
        up.tick_values = _round_ticks(0.0, top, 3)
        with self._x.hold_sync(), self._y.hold_sync():
            self._x.min, self._x.max, self._y.max = low, high, top
        with self.bars.hold_sync():
            self.bars.x = (bounds[1:] + bounds[:-1]) / 2.0
            self.bars.y = heights
        self.children = (self.heading, self.figure)
        self.guide.visible = self.word.visible = guide is not None
        if guide is None:
            return
        # The text stands on the side of the line that has more room.
        is_right = guide > (low + high) / 2.0
        with self.guide.hold_sync(), self.word.hold_sync():
            self.guide.x, self.guide.y = np.array([guide, guide]), np.array([0.0, top])
            self.word.x, self.word.y = np.array([guide]), np.array([top * 0.94])
            self.word.text = [guide_label]
            self.word.align = "end" if is_right else "start"
            self.word.x_offset = -5 if is_right else 5


def _round_ticks(low: float, high: float, count: int) -> NDArray[np.float64]:
    """Return round values within a range, about so many of them."""
    raw = max(high - low, 1e-12) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(n for n in (1, 2, 5, 10) if n * power >= 0.8 * raw) * power
    first = np.ceil(low / step - 1e-9)
    number = int(np.floor(high / step + 1e-9) - first) + 1
    return np.round((first + np.arange(number)) * step, 12)
