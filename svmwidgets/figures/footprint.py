"""Footprints on the sky: exposures, product outlines, north up, east left."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from svmwidgets.figures.esm import bundle_script, read_theme

__all__ = ["FootprintFigure", "outline"]


def outline(
    key: str,
    ra: Sequence[ArrayLike] | ArrayLike,
    dec: Sequence[ArrayLike] | ArrayLike,
    *,
    label: str = "",
    group: str = "",
    kind: str = "exposure",
    is_muted: bool = False,
) -> dict[str, Any]:
    """Return the description of one outline on the sky.

    Parameters
    ----------
    key : str
        Unique key, given back by clicks.
    ra, dec : array_like, or sequence of array_like
        Vertices [deg] of one polygon, or of several (chips, islands).
    label : str, optional
        Text of the tooltip; by default `key`.
    group : str, optional
        Outlines of one group share a colour and a line of the legend, for
        example the filter.
    kind : {"exposure", "product"}
        Products are drawn as a thick dashed line, not filled.
    is_muted : bool, optional
        Grey, for example a rejected exposure.
    """
    if kind not in ("exposure", "product"):
        msg = f"kind must be 'exposure' or 'product', got {kind!r}"
        raise ValueError(msg)
    many = np.ndim(ra[0]) > 0  # type: ignore[index]
    return {
        "key": key,
        "label": label or key,
        "group": group,
        "kind": kind,
        "is_muted": is_muted,
        "rings": [
            np.column_stack([np.asarray(a, float), np.asarray(d, float)]).tolist()
            for a, d in (zip(ra, dec, strict=True) if many else [(ra, dec)])  # type: ignore[arg-type]
        ],
    }


class FootprintFigure(anywidget.AnyWidget):
    """Outlines in the tangent plane about their middle, north up, east left.

    Parameters
    ----------
    outlines : sequence of dict, optional
        Made by `outline`.
    **traits
        Start values of the traits below.

    Notes
    -----
    Wheel and drag zoom and pan, double click resets. A click reports and sets
    `highlighted`; where several outlines lie, further clicks step through them.
    """

    _esm = bundle_script("footprint")
    _css = read_theme()

    outlines = traitlets.List(help="Polygons on the sky [deg]").tag(sync=True)
    highlighted = traitlets.List(help="Keys drawn bold").tag(sync=True)
    points = traitlets.List(help="[ra, dec] of sources to dot [deg]").tag(sync=True)
    height = traitlets.Int(380, help="Height [CSS pixel]").tag(sync=True)
    hover_group = traitlets.Unicode(
        "", help="Figures and tables of one group mark what the pointer is on"
    ).tag(sync=True)
    caption = traitlets.Unicode("", help="Line below, for example shape and scale").tag(
        sync=True
    )
    label = traitlets.Unicode(
        "Footprints on the sky", help="Name for screen readers"
    ).tag(sync=True)

    def __init__(
        self, outlines: Sequence[Mapping[str, Any]] = (), **traits: Any
    ) -> None:
        super().__init__(outlines=[dict(one) for one in outlines], **traits)
        self._click_handlers: list[Callable[[str], None]] = []
        self.on_msg(self._receive)

    def on_click(self, handler: Callable[[str], None]) -> None:
        """Call ``handler(key)`` when an outline is clicked."""
        self._click_handlers.append(handler)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("event") == "click":
            for handler in self._click_handlers:
                handler(str(content["key"]))
