"""Small pieces that the panels are made of."""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as widgets

__all__ = [
    "act",
    "card",
    "choice",
    "columns",
    "field",
    "label",
    "menu",
    "rows",
    "rows_of_labels",
    "set_facts",
    "set_states",
    "set_text",
    "switch",
    "text",
    "title",
    "toolbar",
]


def act(
    label: str, call: Callable[[], Any], *, kind: str = "", tooltip: str = ""
) -> widgets.Button:
    """Return a button that calls a function of nothing.

    Parameters
    ----------
    label : str
        Text of the button.
    call : callable
        What it does.
    kind : str
        ``primary``, ``quiet``, ``danger`` or empty.
    tooltip : str
        Shown on hover.
    """
    button = widgets.Button(description=label, tooltip=tooltip)
    button.add_class("svm-button")
    if kind:
        button.add_class(f"svm-{kind}")
    button.on_click(lambda _: call())
    return button


def field(
    label: str = "", *, placeholder: str = "", value: str = "", width: str = "100%"
) -> widgets.Text:
    """Return a line of text that reports when it is entered, not typed."""
    made = widgets.Text(
        value=value,
        placeholder=placeholder,
        continuous_update=False,
        layout=widgets.Layout(width=width, min_width="0"),
        tooltip=label,
    )
    made.add_class("svm-text")
    return made


def menu(
    options: Sequence[Any], *, value: Any = None, width: str = "auto", label: str = ""
) -> widgets.Dropdown:
    """Return a drop-down menu."""
    made = widgets.Dropdown(
        options=options,
        value=value,
        layout=widgets.Layout(width=width, min_width="0"),
        tooltip=label,
    )
    made.add_class("svm-menu")
    return made


def choice(options: Sequence[Any], *, value: Any = None) -> widgets.ToggleButtons:
    """Return a row of buttons of which one is pressed."""
    made = widgets.ToggleButtons(
        options=options, value=value, style={"button_width": "auto"}
    )
    made.add_class("svm-segments")
    return made


def switch(label: str, *, value: bool = False, tooltip: str = "") -> widgets.Checkbox:
    """Return a check box with its label behind it."""
    made = widgets.Checkbox(
        value=value,
        description=label,
        indent=False,
        tooltip=tooltip,
        layout=widgets.Layout(width="auto"),
    )
    made.add_class("svm-switch")
    return made


def text(value: str = "", *, css: str = "svm-note") -> widgets.HTML:
    """Return a line of plain text; markup in it is shown as it is."""
    made = widgets.HTML()
    made.add_class(css)
    set_text(made, value)
    return made


def set_text(line: widgets.HTML, value: str) -> None:
    """Change a line made by `text`."""
    line.value = html.escape(value)
    line.layout.display = None if value else "none"


def title(value: str) -> widgets.HTML:
    """Return the heading of a card."""
    made = widgets.HTML(html.escape(value))
    made.add_class("svm-card-title")
    return made


def card(
    children: Iterable[widgets.Widget], *, heading: str = "", css: str = ""
) -> widgets.VBox:
    """Return a framed group with an optional heading."""
    inside = [title(heading)] if heading else []
    box = widgets.VBox([*inside, *children])
    box.add_class("svm-card")
    if css:
        box.add_class(css)
    return box


def toolbar(*children: widgets.Widget) -> widgets.HBox:
    """Return a row of controls."""
    box = widgets.HBox(children)
    box.add_class("svm-toolbar")
    return box


def label(value: str, control: widgets.Widget) -> widgets.HBox:
    """Return a control with its name before it."""
    name = widgets.HTML(f"<span>{html.escape(value)}</span>")
    name.add_class("svm-label")
    box = widgets.HBox([name, control])
    box.add_class("svm-labelled")
    return box


def columns(
    left: Sequence[widgets.Widget],
    right: Sequence[widgets.Widget],
    *,
    split: str = "three-two",
) -> widgets.HBox:
    """Return two columns.

    Parameters
    ----------
    left, right : sequence of Widget
        What stands in them, from top to bottom.
    split : str
        ``wide``, ``three-two``, ``two-three`` or ``even``: widths.
    """
    one, two = widgets.VBox(list(left)), widgets.VBox(list(right))
    one.add_class("svm-column")
    two.add_class("svm-column")
    box = widgets.HBox([one, two])
    box.add_class("svm-split")
    box.add_class(f"svm-split-{split}")
    return box


def rows(*children: widgets.Widget) -> widgets.VBox:
    """Return widgets one under the other."""
    box = widgets.VBox(children)
    box.add_class("svm-rows")
    return box


def rows_of_labels(*labelled: widgets.Widget) -> widgets.VBox:
    """Return controls made by `label` one under the other, their names aligned."""
    box = rows(*labelled)
    box.add_class("svm-aligned")
    return box


def set_facts(
    holder: widgets.HTML, facts: Iterable[tuple[str, str]], *, css: str = ""
) -> None:
    """Show names and values as a quiet two-column list.

    Parameters
    ----------
    holder : HTML
        Made by `text`.
    facts : iterable of (name, value)
        Plain texts; a value with line breaks becomes several lines.
    css : str
        Further class.
    """
    lines = []
    for name, value in facts:
        shown = "<br>".join(html.escape(part) for part in value.split("\n"))
        lines.append(f"<dt>{html.escape(name)}</dt><dd>{shown}</dd>")
    holder.layout.display = None if lines else "none"
    holder.value = f'<dl class="svm-facts {css}">{"".join(lines)}</dl>'


def set_states(
    holder: widgets.HTML, states: Iterable[tuple[str, str, str, str, bool]]
) -> None:
    """Show names, values and what they mean as a quiet three-column list.

    Parameters
    ----------
    holder : HTML
        Made by `text`.
    states : iterable of (name, value, meaning, keyword, is_odd)
        Plain texts; the keyword shows when the pointer rests on the name. What
        is odd is marked.
    """
    lines = []
    for name, value, meaning, keyword, is_odd in states:
        odd = ' class="svm-odd"' if is_odd else ""
        hint = f' title="{html.escape(keyword)}"' if keyword else ""
        mark = '<span aria-hidden="true">! </span>' if is_odd else ""
        lines.append(
            f"<tr{odd}><th scope='row'{hint}>{html.escape(name)}</th>"
            f"<td><code>{mark}{html.escape(value)}</code></td>"
            f"<td>{html.escape(meaning)}</td></tr>"
        )
    holder.layout.display = None if lines else "none"
    holder.value = f'<table class="svm-states">{"".join(lines)}</table>'
