"""What the steps show before a visit is open."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from svmwidgets.panels.parts import act, card, text, toolbar

__all__ = ["nothing_open"]


def nothing_open(go: Callable[[], Any]) -> widgets.VBox:
    """Return a card that says how to begin.

    Parameters
    ----------
    go : callable
        Goes to the step where a visit is opened.
    """
    line = text(
        "This step shows its content once a visit is open.", css="svm-text-line"
    )
    button = act("Go to Visit", go, kind="primary")
    box = widgets.VBox([card([line, toolbar(button)], heading="No visit is open")])
    box.add_class("svm-panel")
    return box
