"""A histogram of given counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from svmwidgets.figures.plot import PlotGrid, panel

__all__ = ["HistogramFigure"]


class HistogramFigure(PlotGrid):
    """Bars between edges, with guide lines.

    Parameters
    ----------
    x_label, y_label : str
        Axis texts with unit.
    height : int, optional
        Height [CSS pixel].
    **traits
        Start values of the traits of `PlotGrid`.
    """

    def __init__(
        self,
        *,
        x_label: str = "",
        y_label: str = "pixels",
        height: int = 180,
        **traits: Any,
    ) -> None:
        super().__init__(has_tools=False, **traits)
        self._texts = {"x_label": x_label, "y_label": y_label, "height": height}

    def set_counts(
        self,
        counts: ArrayLike,
        edges: ArrayLike,
        *,
        title: str = "",
        guides: Sequence[Mapping[str, Any]] = (),
        is_log: bool = False,
    ) -> None:
        """Show counts.

        Parameters
        ----------
        counts : array_like, shape (n,)
            Number in each bin.
        edges : array_like, shape (n + 1,)
            Bin edges, ascending.
        title : str, optional
            Heading.
        guides : sequence of mapping, optional
            ``{"axis": "x", "value": float, "label": str}`` lines.
        is_log : bool, optional
            Draw log10(1 + counts).
        """
        heights, bounds = np.asarray(counts, float), np.asarray(edges, float)
        if bounds.size != heights.size + 1:
            msg = (
                "edges must be one more than counts, "
                f"got {bounds.size} and {heights.size}"
            )
            raise ValueError(msg)
        shown = np.log10(1.0 + heights) if is_log else heights
        self.panels = [
            panel(
                "bars",
                "bars",
                title=title,
                span=12,
                guides=guides,
                counts=shown.tolist(),
                edges=bounds.tolist(),
                **self._texts,
            )
        ]
