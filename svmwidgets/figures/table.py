"""A real HTML table: sort, filter, select, toggle; readable by screen readers."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from svmwidgets.figures.esm import bundle_script, read_theme

__all__ = ["Table", "column"]

_KINDS = (
    "text",
    "number",
    "code",
    "toggle",
    "badge",
    "badges",
    "choice",
    "action",
    "bar",
)


def column(  # noqa: PLR0913 (a record: every field by name)
    key: str,
    label: str,
    kind: str = "text",
    *,
    digits: int | None = None,
    unit: str = "",
    tooltip: str = "",
    width: str = "",
    options: Sequence[str] = (),
    is_sortable: bool = True,
) -> dict[str, Any]:
    """Return the description of a table column.

    Parameters
    ----------
    key : str
        Name of the value in each row.
    label : str
        Header text.
    kind : str
        ``text``; ``number`` (right-aligned, `digits` after the point); ``code``
        (monospaced); ``toggle`` (check box of a bool); ``badge`` and ``badges``
        (one or a list of `svmwidgets.figures.badge`); ``choice`` (menu of
        `options`); ``action`` (button whose text is the value, none if empty);
        ``bar`` (a fraction from 0 to 1).
    digits : int, optional
        Decimals of a number.
    unit : str, optional
        Shown behind the header, quieter.
    tooltip : str, optional
        Explains the header.
    width : str, optional
        CSS width.
    options : sequence of str, optional
        Of a ``choice``.
    is_sortable : bool, optional
        False takes the sort button away.
    """
    if kind not in _KINDS:
        msg = f"kind must be one of {', '.join(_KINDS)}, got {kind!r}"
        raise ValueError(msg)
    return {
        "key": key,
        "label": label,
        "kind": kind,
        "digits": digits,
        "unit": unit,
        "tooltip": tooltip,
        "width": width,
        "options": list(options),
        "is_sortable": is_sortable and kind != "action",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Table(anywidget.AnyWidget):
    """Rows of values.

    Parameters
    ----------
    columns : sequence of dict
        Made by `column`.
    rows : sequence of mapping, optional
        Each has a unique ``id`` (str) and a value per column key: a plain value,
        a `badge`, or a `cell`. ``_status`` (a status word) marks the row's edge,
        ``_muted`` (bool) greys it, ``_tooltip`` explains it. Setting `rows`
        again redraws only the rows that differ and keeps focus and scroll.
    **traits
        Start values of the traits below.

    Notes
    -----
    Keys: up and down move, space or enter select (with shift a range, with
    control one more), typing in the field above filters all columns. A change
    of a toggle or choice is only reported: set `rows` to make it true.
    """

    _esm = bundle_script("table")
    _css = read_theme()

    columns = traitlets.List(help="Column descriptions").tag(sync=True)
    rows = traitlets.List(help="Values, one mapping a row").tag(sync=True)
    selected = traitlets.List(help="Ids of the selected rows").tag(sync=True)
    is_multiple = traitlets.Bool(
        default_value=False, help="Several may be selected"
    ).tag(sync=True)
    sort_key = traitlets.Unicode(
        "", help="Column sorted by, empty for given order"
    ).tag(sync=True)
    is_descending = traitlets.Bool(default_value=False, help="Sort downwards").tag(
        sync=True
    )
    text_filter = traitlets.Unicode("", help="Text that shown rows contain").tag(
        sync=True
    )
    has_filter = traitlets.Bool(default_value=True, help="Show the filter field").tag(
        sync=True
    )
    height = traitlets.Unicode("", help="Largest CSS height, then it scrolls").tag(
        sync=True
    )
    hover_group = traitlets.Unicode(
        "", help="Figures and tables of one group mark what the pointer is on"
    ).tag(sync=True)
    label = traitlets.Unicode("Table", help="Name for screen readers").tag(sync=True)
    empty_text = traitlets.Unicode("Nothing to show.", help="Shown without rows").tag(
        sync=True
    )

    def __init__(
        self,
        columns: Sequence[Mapping[str, Any]] = (),
        rows: Sequence[Mapping[str, Any]] = (),
        **traits: Any,
    ) -> None:
        super().__init__(
            columns=[dict(one) for one in columns],
            rows=[dict(one) for one in rows],
            **traits,
        )
        self._change_handlers: list[Callable[[str, str, Any], None]] = []
        self._activate_handlers: list[Callable[[str], None]] = []
        self.on_msg(self._receive)

    @traitlets.validate("rows")
    def _make_plain(self, proposal: Any) -> list[dict[str, Any]]:
        """Turn numpy scalars into Python's and NaN, which JSON lacks, into None."""
        return [
            {key: _plain(value) for key, value in row.items()}
            for row in proposal["value"]
        ]

    def on_change(self, handler: Callable[[str, str, Any], None]) -> None:
        """Call ``handler(row_id, column_key, value)`` for a toggle, choice or action.

        The value is a bool, the chosen text, or the text of the button.
        """
        self._change_handlers.append(handler)

    def on_activate(self, handler: Callable[[str], None]) -> None:
        """Call ``handler(row_id)`` when a row is double-clicked or entered."""
        self._activate_handlers.append(handler)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        match content.get("event"):
            case "change":
                for handler in self._change_handlers:
                    handler(
                        str(content["row"]), str(content["column"]), content["value"]
                    )
            case "activate":
                for activate in self._activate_handlers:
                    activate(str(content["row"]))
