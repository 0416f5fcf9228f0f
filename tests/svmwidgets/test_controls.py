"""Every control has a name, a line of Python in the log, and can be replayed."""

import contextlib

import anywidget
import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances

from svmwidgets import Dashboard

SHOWN_ONLY = (ipywidgets.HTML, ipywidgets.Image, ipywidgets.Label)


@pytest.fixture
def dashboard(small_visit, tmp_path):
    made = Dashboard(
        small_visit, output=tmp_path / "products", workers=1, state_folder=tmp_path
    )
    made.session.wait(60)
    return made


def interactive():
    """Return all living widgets that a user can press, type into or draw on.

    Found without the code under test: by what the browser gets to draw.
    """
    kinds = (ipywidgets.Button, ipywidgets.ValueWidget, anywidget.AnyWidget)
    folding = (ipywidgets.Accordion, ipywidgets.Tab)
    found = []
    for widget in list(_instances.values()):
        if isinstance(widget, SHOWN_ONLY) or not isinstance(widget, (*kinds, *folding)):
            continue
        if isinstance(widget, ipywidgets.Textarea) and widget.disabled:
            continue
        found.append(widget)
    return found


def browser_value(widget):
    """Return a change that a browser would send for a plain control; None if none."""
    if isinstance(widget, ipywidgets.Accordion):
        return {"selected_index": None if widget.selected_index == 0 else 0}
    if isinstance(widget, ipywidgets.Dropdown | ipywidgets.ToggleButtons):
        many = len(widget.options)
        return {"index": (widget.index + 1) % many} if many > 1 else None
    if isinstance(widget.value, bool):
        return {"value": not widget.value}
    if isinstance(widget.value, str):
        return {"value": f"{widget.value} 7".strip()}
    if isinstance(widget.value, int | float):
        top = getattr(widget, "max", widget.value + 1)
        return {"value": widget.value + 1 if widget.value + 1 <= top else top - 1}
    return None


def test_every_interactive_widget_of_every_panel_is_a_named_control(dashboard):
    missing = [
        f"{type(one).__name__} {getattr(one, 'description', '')!r}"
        for one in interactive()
        if one not in dashboard.controls
    ]
    assert missing == []
    assert len(dashboard.controls) > 60


def test_names_of_controls_begin_with_their_step(dashboard):
    steps = {step.name for step in dashboard.session.steps}
    head = {"steps", "undo", "redo", "dismiss", "progress", "log"}
    head |= {"to_visit", "run_again", "align_alone"}
    for control in dashboard.controls:
        assert control.name.partition(".")[0] in steps | head
        assert control.name in control.line


def test_every_value_set_in_the_browser_is_told_in_the_log(dashboard):
    session = dashboard.session
    silent = []
    for control in list(dashboard.controls):
        widget = control.widget
        if isinstance(widget, ipywidgets.Button | anywidget.AnyWidget):
            continue
        if control.name in ("inputs.path", "inputs.output", "inputs.recent"):
            continue  # these open something, tested elsewhere
        if control.name == "alignment.reference":
            continue  # a text that is no catalog is refused, tested elsewhere
        state = browser_value(widget)
        if state is None:
            continue
        told = session.told
        widget.set_state(state)
        if session.told == told:
            silent.append(control.name)
    assert silent == []


def test_every_button_is_told_in_the_log(dashboard):
    session = dashboard.session
    silent = []
    for control in list(dashboard.controls):
        if not isinstance(control.widget, ipywidgets.Button):
            continue
        if control.widget.description in ("Run everything", "Align", "Drizzle"):
            continue  # a run tells its line, tested with sessions
        told = session.told
        control.widget.click()
        session.wait(60)
        if session.told == told:
            silent.append(control.name)
    assert silent == []


@pytest.mark.parametrize(
    ("name", "state", "line"),
    [
        ("steps", {"selected": "filtering"}, "'steps.selected', 'filtering'"),
        (
            "filtering.table",
            {"sort_key": "exptime"},
            "'filtering.table.sort_key', 'exptime'",
        ),
        ("inputs.table", {"text_filter": "a0q"}, "'inputs.table.text_filter', 'a0q'"),
        ("drizzling.viewer", {"stretch": "log"}, "'drizzling.viewer.stretch', 'log'"),
        ("log", {"is_open": True}, "'log.is_open', True"),
    ],
)
def test_view_of_a_figure_has_its_line(dashboard, name, state, line):
    dashboard.controls[name].widget.set_state(state)
    last = dashboard.session.lines[-1]
    assert (last.level, last.python) == ("view", f"dashboard.set({line})")


def test_control_in_motion_keeps_one_line(dashboard):
    before = len(dashboard.session.lines)
    for text in ("p", "pi", "pix"):
        dashboard.controls["parameters.search"].widget.set_state({"value": text})
    assert len(dashboard.session.lines) == before + 1
    expected = "dashboard.set('parameters.search', 'pix')"
    assert dashboard.session.lines[-1].python == expected


def test_decision_is_told_once(dashboard):
    panel = dashboard.panels["filtering"]
    panel.table.set_state({"selected": ["idem01a0q"]})
    panel.reason.set_state({"value": "trailed"})
    before = len(dashboard.session.lines)
    panel.reject.click()
    added = dashboard.session.lines[before:]
    assert [line.level for line in added] == ["info"]
    assert "session.decide('Reject idem01a0q'" in added[0].python


def test_script_gives_the_same_dictionary_in_a_new_dashboard(dashboard, tmp_path):
    panel = dashboard.panels["filtering"]
    panel.table.set_state({"selected": ["idem01a0q"], "sort_key": "exptime"})
    panel.reason.set_state({"value": "trailed"})
    panel.reject.click()
    dashboard.panels["parameters"].search.set_state({"value": "pixfrac"})
    form = dashboard.panels["parameters"].form
    form._handle_custom_msg(
        {"event": "change", "id": "astrodrizzle→final_pixfrac", "text": "0.8"}, []
    )
    dashboard.undo_button.click()
    dashboard.rail.set_state({"selected": "products"})
    script = dashboard.script()
    elsewhere = tmp_path / "elsewhere"
    exec(script.replace(str(tmp_path / "products"), str(elsewhere)), scope := {})
    again = scope["dashboard"]
    again.session.wait(60)
    assert again.to_dict() == dashboard.to_dict()
    assert again.to_dict()["view"]["steps.selected"] == "products"
    assert again.panels["parameters"].search.value == "pixfrac"


def test_unknown_names_say_what_there_is(dashboard):
    with pytest.raises(KeyError, match=r"filtering\.table"):
        dashboard.press("filtering.nothing")
    with pytest.raises(TypeError, match="is no button"):
        dashboard.press("parameters.search")
    with pytest.raises(KeyError, match="has several values"):
        dashboard.set("filtering.table", 1)
    with contextlib.suppress(KeyError):
        dashboard.set("parameters.search.nothing", 1)
        pytest.fail("an unknown value was taken")
