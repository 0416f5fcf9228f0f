"""Parameters as a form: raw texts in, errors beside the fields."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets as T  # noqa: N812

from svmwidgets.models.fields import Field

__all__ = ["ParameterForm", "field_identifier"]

_FOLDER = Path(__file__).parent


def field_identifier(field: Field) -> str:
    """Return the name by which the browser speaks of a field."""
    return f"{field.step}→{field.key}"


class ParameterForm(anywidget.AnyWidget):
    """One row per parameter: name, control, unit, meaning, default, origin.

    Parameters
    ----------
    **traits
        Start values of the traits below.

    Notes
    -----
    The form never changes a value itself: it reports the text, and shows what
    `show` says next. A refused text stays in its field, with the reason.
    """

    _esm = _FOLDER / "forms.js"

    fields = T.List(help="Rows as the browser draws them; use show").tag(sync=True)
    height = T.Unicode("", help="Largest CSS height, then it scrolls").tag(sync=True)
    empty_text = T.Unicode("No parameter fits.", help="Without rows").tag(sync=True)
    label = T.Unicode("Parameters", help="Name for screen readers").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._change_handlers: list[Callable[[str, str, str], None]] = []
        self._revert_handlers: list[Callable[[str, str], None]] = []
        self._refused: dict[str, str] = {}
        self.on_msg(self._receive)

    def show(
        self,
        fields: Sequence[Field],
        errors: Mapping[tuple[str, str], str],
        *,
        with_steps: bool = False,
    ) -> None:
        """Draw these fields.

        Parameters
        ----------
        fields : sequence of Field
            Parameters in the order in which they are drawn.
        errors : Mapping
            Why a text was refused, by step and key.
        with_steps : bool
            Whether headings name the step too (for results of a search).
        """
        drawn = []
        for field in fields:
            identifier = field_identifier(field)
            error = errors.get((field.step, field.key), "")
            if not error:
                self._refused.pop(identifier, None)
            heading = f"{field.step} · {field.title}" if with_steps else field.title
            drawn.append(
                {
                    "id": identifier,
                    "key": field.key,
                    "name": field.name,
                    "heading": heading,
                    "kind": field.kind,
                    "text": field.text,
                    "raw": self._refused.get(identifier),
                    "default": field.default_text,
                    "unit": field.unit,
                    "rule": field.rule,
                    "meaning": field.meaning,
                    "origin": field.origin,
                    "choices": list(field.choices),
                    "changed": field.is_changed,
                    "inert": field.inert_why,
                    "error": error,
                }
            )
        self.fields = drawn

    def on_change(self, handler: Callable[[str, str, str], None]) -> None:
        """Call ``handler(step, key, text)`` when a text was entered."""
        self._change_handlers.append(handler)

    def on_revert(self, handler: Callable[[str, str], None]) -> None:
        """Call ``handler(step, key)`` when a default is wanted again."""
        self._revert_handlers.append(handler)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        step, _, key = str(content.get("id", "")).partition("→")
        match content.get("event"):
            case "change":
                text = str(content["text"])
                self._refused[str(content["id"])] = text
                for handler in self._change_handlers:
                    handler(step, key, text)
            case "revert":
                self._refused.pop(str(content["id"]), None)
                for revert in self._revert_handlers:
                    revert(step, key)
