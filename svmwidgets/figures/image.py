"""The image viewer: pixels are sent once, the browser does the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from svmwidgets.figures.esm import bundle_script, read_theme
from svmwidgets.figures.frame import ImageFrame

__all__ = ["COLOUR_MAPS", "OVERLAY_COLOURS", "STRETCHES", "ImageClick", "ImageViewer"]

STRETCHES = ("linear", "sqrt", "log", "asinh")
COLOUR_MAPS = ("gray", "viridis", "magma", "cividis", "turbo", "difference")

OVERLAY_COLOURS: Mapping[str, str] = {
    "detected": "#4fc3f7",
    "matched": "#7ddc6f",
    "reference": "#ffd54f",
    "rejected": "#b0bec5",
    "selected": "#ff8a3d",
}
"""Colours of the usual overlays, legible on dark and light pixels."""


@dataclass(frozen=True, slots=True)
class ImageClick:
    """A click in a viewer.

    Attributes
    ----------
    x, y : float
        Position in the frame [pixel], 0-based, centres at integers.
    frame : int
        Index of the frame shown.
    layer : str
        Name of the overlay under the pointer, empty if none.
    id : str or int or None
        Id of the marker under the pointer.
    """

    x: float
    y: float
    frame: int
    layer: str
    id: str | int | None


class ImageViewer(anywidget.AnyWidget):
    """Show one or several images with stretch, zoom, readout and overlays.

    Zoom (wheel, ``+``, ``-``), pan (drag, arrow keys), ``0`` fit, ``1`` one to
    one, blink (``b`` next, ``B`` previous, hold space for the next frame),
    ``i`` invert; dragging with the right button changes contrast and bias. None
    of these needs the kernel. Sizes follow the width of the parent.

    Parameters
    ----------
    frames : sequence of ImageFrame, optional
        What to show.
    **traits
        Start values of the traits below.

    Notes
    -----
    Positions are 0-based pixels of the first frame. With ``align="sky"`` the
    other frames are drawn where their sky positions fall on the first one, so
    that blinking keeps the sky still; with ``"pixel"`` pixel on pixel.

    Viewers whose `link` is the same non-empty text pan and zoom together, by
    `link_by`; they do so in the browser.
    """

    _esm = bundle_script("viewer")
    _css = read_theme()

    frames = traitlets.List(
        traitlets.Instance(ImageFrame), help="Images, blinked in this order"
    ).tag(sync=True, **widgets.widget_serialization)
    frame = traitlets.Int(0, help="Index of the frame shown").tag(sync=True)
    stretch = traitlets.Enum(
        STRETCHES, "asinh", help="As in astropy.visualization"
    ).tag(sync=True)
    preset = traitlets.Unicode("99.5 %", help="Name of the limits in use").tag(
        sync=True
    )
    limits = traitlets.List(help="[low, high] instead of a preset, or empty").tag(
        sync=True
    )
    is_sharing_limits = traitlets.Bool(
        default_value=True,
        help="Frames of one unit use the limits of the first of them",
    ).tag(sync=True)
    colour_map = traitlets.Enum(COLOUR_MAPS, "gray", help="Colour map").tag(sync=True)
    is_inverted = traitlets.Bool(default_value=False, help="Invert the map").tag(
        sync=True
    )
    shows_mask = traitlets.Bool(default_value=True, help="Colour masked pixels").tag(
        sync=True
    )
    align = traitlets.Enum(
        ("pixel", "sky"), "pixel", help="How frames lie on the first one"
    ).tag(sync=True)
    link = traitlets.Unicode("", help="Viewers of one name move together").tag(
        sync=True
    )
    link_by = traitlets.Enum(
        ("sky", "pixel"), "sky", help="What linked viewers share"
    ).tag(sync=True)
    layers = traitlets.List(help="Overlays; use set_layer").tag(sync=True)
    highlight = traitlets.Dict(help="Layer name to ids drawn bold").tag(sync=True)
    target = traitlets.Dict(help="Where to look; use center_on and fit").tag(sync=True)
    height = traitlets.Int(460, help="Height of the image [CSS pixel]").tag(sync=True)
    has_controls = traitlets.Bool(default_value=True, help="Show the tool row").tag(
        sync=True
    )
    blink_ms = traitlets.Int(
        0, help="Period of automatic blinking, 0 off; it leaves frame alone"
    ).tag(sync=True)
    label = traitlets.Unicode("Image", help="Name for screen readers").tag(sync=True)

    def __init__(self, frames: Sequence[ImageFrame] = (), **traits: Any) -> None:
        super().__init__(frames=list(frames), **traits)
        self._click_handlers: list[Callable[[ImageClick], None]] = []
        self._moves = 0
        self.on_msg(self._receive)

    def set_frames(self, frames: Sequence[ImageFrame], *, frame: int = 0) -> None:
        """Show other images; the view stays where it is if the size is the same.

        Notes
        -----
        A frame lives until its ``close`` is called, for other viewers may show
        it. Close those that none shows any more, or reuse one with
        `ImageFrame.set_array`.
        """
        with self.hold_sync():
            self.frames = list(frames)
            self.frame = min(frame, max(len(frames) - 1, 0))

    def set_layer(  # noqa: PLR0913 (a record: every field by name)
        self,
        name: str,
        x: ArrayLike,
        y: ArrayLike,
        *,
        kind: str = "circle",
        colour: str = "",
        label: str = "",
        ids: Sequence[str | int] | None = None,
        dx: ArrayLike | None = None,
        dy: ArrayLike | None = None,
        size: ArrayLike | float = 7.0,
        magnification: float = 1.0,
        frame: int = 0,
        is_sky: bool = False,
        is_visible: bool = True,
    ) -> None:
        """Add an overlay, or replace the one of this name.

        Parameters
        ----------
        name : str
            Stable name; also chooses the colour if it is in `OVERLAY_COLOURS`.
        x, y : array_like of float, shape (n,)
            Positions in `frame` [pixel, 0-based], or RA and Dec [deg] with
            `is_sky`. For ``kind="polygon"`` the vertices, NaN between polygons.
        kind : {"circle", "cross", "square", "vector", "polygon"}
            Marker. Vectors go from (x, y) along (dx, dy) × `magnification`.
        colour : str, optional
            Any CSS colour.
        label : str, optional
            Text of the legend; by default `name`.
        ids : sequence, optional
            Given back by clicks; by default 0, 1, 2 …
        dx, dy : array_like of float, shape (n,), optional
            Vectors [pixel of the frame].
        size : float or array_like of float, optional
            Marker radius [CSS pixel].
        frame : int, optional
            Whose pixels x and y are.
        """
        layer = {
            "name": name,
            "label": label or name,
            "kind": kind,
            "colour": colour or OVERLAY_COLOURS.get(name, "#4fc3f7"),
            "x": _doubles(x),
            "y": _doubles(y),
            "dx": _doubles(() if dx is None else dx),
            "dy": _doubles(() if dy is None else dy),
            "size": _doubles(np.atleast_1d(np.asarray(size, float))),
            "ids": [] if ids is None else [_plain(one) for one in ids],
            "magnification": float(magnification),
            "frame": frame,
            "is_sky": is_sky,
            "is_visible": is_visible,
        }
        present = {one["name"]: one for one in self.layers}
        self.layers = list((present | {name: layer}).values())

    def remove_layer(self, name: str) -> None:
        """Remove an overlay; nothing happens if there is none of this name."""
        self.layers = [one for one in self.layers if one["name"] != name]

    def clear_layers(self) -> None:
        """Remove all overlays."""
        self.layers = []

    def center_on(self, x: float, y: float, *, zoom: float | None = None) -> None:
        """Move (x, y) of the first frame to the middle.

        Parameters
        ----------
        x, y : float
            Position [pixel, 0-based].
        zoom : float, optional
            CSS pixels per image pixel; kept if not given.
        """
        self._moves += 1
        self.target = {"x": float(x), "y": float(y), "zoom": zoom, "move": self._moves}

    def center_on_sky(
        self, ra: float, dec: float, *, zoom: float | None = None
    ) -> None:
        """Move a sky position to the middle; needs a frame with a sky mapping.

        Parameters
        ----------
        ra, dec : float
            ICRS position [deg].
        zoom : float, optional
            CSS pixels per image pixel; kept if not given.
        """
        self._moves += 1
        self.target = {
            "ra": float(ra),
            "dec": float(dec),
            "zoom": zoom,
            "move": self._moves,
        }

    def fit(self) -> None:
        """Show the whole image."""
        self._moves += 1
        self.target = {"move": self._moves}

    def on_click(self, handler: Callable[[ImageClick], None]) -> None:
        """Call the handler with an `ImageClick` for each click."""
        self._click_handlers.append(handler)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        """Answer a message of the browser."""
        match content.get("event"):
            case "click":
                click = ImageClick(
                    float(content["x"]),
                    float(content["y"]),
                    int(content["frame"]),
                    str(content.get("layer") or ""),
                    content.get("id"),
                )
                for handler in self._click_handlers:
                    handler(click)
            case "view":
                index = int(content["frame"])
                if 0 <= index < len(self.frames):
                    x0, x1, y0, y1 = (int(v) for v in content["box"])
                    self.frames[index].load_tile((x0, x1, y0, y1))


def _doubles(values: ArrayLike) -> bytes:
    return np.ascontiguousarray(values, "<f8").ravel().tobytes()


def _plain(value: Any) -> str | int:
    return value if isinstance(value, str) else int(value)
