"""The rail of steps on top of the dashboard."""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from svmwidgets.figures.esm import bundle_script, read_theme
from svmwidgets.figures.status import badge

__all__ = ["Rail", "rail_step"]


def rail_step(
    key: str, name: str, *, status: str = "todo", word: str = "", summary: str = ""
) -> dict[str, Any]:
    """Return the description of a step.

    Parameters
    ----------
    key : str
        Unique key.
    name : str
        Shown beside the number.
    status : str, optional
        A key of `svmwidgets.figures.STATUS_GLYPHS`.
    word : str, optional
        The status in words; by default that of `STATUS_WORDS`.
    summary : str, optional
        One line, for example ``10 of 12 kept``.
    """
    return {"key": key, "name": name, "summary": summary, "badge": badge(status, word)}


class Rail(anywidget.AnyWidget):
    """Numbered steps with state and summary; one is current.

    Parameters
    ----------
    steps : sequence of dict
        Made by `rail_step`.
    **traits
        Start values of the traits below.

    Notes
    -----
    Keys: left and right, home and end. Observe `selected`.
    """

    _esm = bundle_script("rail")
    _css = read_theme()

    steps = traitlets.List(help="Steps from left to right").tag(sync=True)
    selected = traitlets.Unicode("", help="Key of the current step").tag(sync=True)
    label = traitlets.Unicode("Steps", help="Name for screen readers").tag(sync=True)

    def __init__(self, steps: Sequence[Mapping[str, Any]] = (), **traits: Any) -> None:
        super().__init__(steps=[dict(one) for one in steps], **traits)
