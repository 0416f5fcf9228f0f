"""The log pane with the Python line of each action, and the progress strip."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from svmwidgets.figures.esm import bundle_script, read_theme

__all__ = ["LogPane", "ProgressStrip"]

_LEVELS = ("info", "view", "warn", "error")


class LogPane(anywidget.AnyWidget):
    """The last lines of what happened, each with its Python line.

    Parameters
    ----------
    capacity : int, optional
        Lines kept; older ones are dropped.
    **traits
        Start values of the traits below.
    """

    _esm = bundle_script("log")
    _css = read_theme()

    lines = traitlets.List(help="Lines, oldest first; use add").tag(sync=True)
    is_open = traitlets.Bool(default_value=True, help="Whether the lines show").tag(
        sync=True
    )
    title = traitlets.Unicode("Log", help="Heading").tag(sync=True)
    head = traitlets.Unicode("", help="What is copied before the lines").tag(sync=True)

    def __init__(self, capacity: int = 300, **traits: Any) -> None:
        super().__init__(**traits)
        self._kept: deque[dict[str, str]] = deque(maxlen=capacity)

    def add(
        self,
        text: str,
        *,
        code: str = "",
        level: str = "info",
        time: str = "",
        detail: str = "",
    ) -> None:
        """Add a line.

        Parameters
        ----------
        text : str
            What happened.
        code : str, optional
            The Python line that does the same; gets a copy button, and is part
            of "Copy as Python".
        level : {"info", "view", "warn", "error"}
            Colours the line; a view is quiet.
        time : str, optional
            Clock time, given by the caller.
        detail : str, optional
            Longer text, for example a traceback, folded away.
        """
        if level not in _LEVELS:
            msg = f"level must be one of {', '.join(_LEVELS)}, got {level!r}"
            raise ValueError(msg)
        self._kept.append(
            {"text": text, "code": code, "level": level, "time": time, "detail": detail}
        )
        self.lines = list(self._kept)

    def clear(self) -> None:
        """Drop all lines."""
        self._kept.clear()
        self.lines = []

    def script(self) -> str:
        """Return the Python lines, one under the other."""
        lines = [self.head, *(line["code"] for line in self._kept)]
        return "\n".join(line for line in lines if line)


class ProgressStrip(anywidget.AnyWidget):
    """A progress bar with what runs, time used and left, and Cancel.

    Parameters
    ----------
    **traits
        Start values of the traits below.
    """

    _esm = bundle_script("progress")
    _css = read_theme()

    fraction = traitlets.Float(0.0, help="Part done, 0 to 1").tag(sync=True)
    text = traitlets.Unicode("", help="What runs now").tag(sync=True)
    elapsed_s = traitlets.Float(0.0, help="Time used [s]").tag(sync=True)
    remaining_s = traitlets.Float(-1.0, help="Time left [s], negative unknown").tag(
        sync=True
    )
    status = traitlets.Unicode("todo", help="Key of STATUS_GLYPHS").tag(sync=True)
    can_cancel = traitlets.Bool(default_value=False, help="Cancel is live").tag(
        sync=True
    )
    label = traitlets.Unicode("Progress", help="Name for screen readers").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._cancel_handlers: list[Callable[[], None]] = []
        self.on_msg(self._receive)

    def on_cancel(self, handler: Callable[[], None]) -> None:
        """Call the handler when Cancel is pressed."""
        self._cancel_handlers.append(handler)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("event") == "cancel":
            for handler in self._cancel_handlers:
                handler()
