"""What a dashboard's controls are called: found by walking through its panels."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import anywidget
import ipywidgets as widgets

__all__ = ["FOLDED", "find_controls", "is_control"]

_SHOWN_ONLY = (
    widgets.HTML,
    widgets.HTMLMath,
    widgets.Label,
    widgets.Image,
    widgets.Stack,
    widgets.IntProgress,
    widgets.FloatProgress,
)
FOLDED = (widgets.Accordion, widgets.Tab)
"""Boxes of which one part is open at a time."""


def is_control(widget: widgets.Widget) -> bool:
    """Return whether a user can do something with a widget.

    Parameters
    ----------
    widget : Widget
        Any widget.
    """
    if isinstance(widget, _SHOWN_ONLY) or not isinstance(widget, widgets.DOMWidget):
        return False
    if isinstance(widget, widgets.Textarea) and widget.disabled:
        return False  # a text to read and to copy
    kinds = (widgets.Button, anywidget.AnyWidget, widgets.ValueWidget, *FOLDED)
    return isinstance(widget, kinds)


def find_controls(
    path: str, widget: widgets.Widget, seen: set[str]
) -> Iterator[tuple[str, widgets.Widget]]:
    """Yield a widget and all it holds: attributes first, since they have names."""
    if widget.model_id in seen:
        return
    seen.add(widget.model_id)
    yield path, widget
    held = [
        (f"{path}.{name}", one)
        for name, value in sorted(vars(widget).items())
        if not name.startswith("_")
        for name, one in _named(name, value)
    ]
    # What is at hand keeps its own name; what is deeper gets a longer one.
    for name, one in held:
        if is_control(one):
            yield from find_controls(name, one, seen)
    for name, one in held:
        yield from find_controls(name, one, seen)
    for child in getattr(widget, "children", ()):
        label = _slug(child)
        inner = f"{path}.{label}" if label and is_control(child) else path
        yield from find_controls(inner, child, seen)


def _named(name: str, value: Any) -> Iterator[tuple[str, widgets.Widget]]:
    if isinstance(value, widgets.Widget):
        yield name, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, widgets.Widget):
                yield f"{name}.{key}", one


def _slug(widget: widgets.Widget) -> str:
    for trait in ("description", "label", "tooltip", "placeholder"):
        text = getattr(widget, trait, "") or ""
        if isinstance(text, str) and text:
            return re.sub(r"\W+", "_", text.lower()).strip("_")
    return type(widget).__name__.lower()
