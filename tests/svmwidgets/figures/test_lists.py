"""Tables, trees, rails, logs, footprints: descriptions in, events out."""

import json
import re

import ipywidgets as widgets
import numpy as np
import pytest

from svmwidgets.figures import (
    STATUS_GLYPHS,
    STATUS_WORDS,
    FootprintFigure,
    LogPane,
    ProgressStrip,
    Table,
    ThemeStyle,
    badge,
    cell,
    column,
    outline,
    panel,
    rail_step,
    tree_node,
)
from svmwidgets.figures.esm import bundle_script, read_theme
from svmwidgets.figures.histogram import HistogramFigure


@pytest.fixture(autouse=True)
def _close_widgets():
    yield
    widgets.Widget.close_all()


def test_every_status_has_a_glyph_and_a_word():
    assert set(STATUS_GLYPHS) == set(STATUS_WORDS)
    assert len(set(STATUS_WORDS.values())) == len(STATUS_WORDS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: badge("fine"), "status must be one of"),
        (lambda: column("a", "A", "picture"), "kind must be one of"),
        (lambda: panel("a", "pie"), "kind must be one of"),
        (lambda: outline("a", [1], [2], kind="star"), "kind must be"),
        (lambda: LogPane().add("a", level="loud"), "level must be one of"),
        (
            lambda: HistogramFigure().set_counts([1, 2], [0, 1]),
            "edges must be one more than counts",
        ),
    ],
    ids=["badge", "column", "panel", "outline", "log", "histogram"],
)
def test_a_wrong_word_is_refused_with_the_right_ones(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_cell_sorts_by_its_text_unless_told():
    assert cell("b")["sort"] == "b"
    assert cell("12 s", sort=12.0)["sort"] == 12.0


def test_table_events_reach_their_handlers():
    table = Table([column("keep", "Keep", "toggle")], [{"id": "r1", "keep": True}])
    changes, activated = [], []
    table.on_change(lambda *change: changes.append(change))
    table.on_activate(activated.append)
    table._handle_custom_msg(
        {"event": "change", "row": "r1", "column": "keep", "value": False}, []
    )
    table._handle_custom_msg({"event": "activate", "row": "r1"}, [])
    assert changes == [("r1", "keep", False)]
    assert activated == ["r1"]
    assert table.rows == [{"id": "r1", "keep": True}]  # reported, not done


def test_rows_hold_only_what_json_knows():
    row = {
        "id": "a",
        "n": np.float32("nan"),
        "b": np.bool_(1),
        "c": cell("x", sort=np.inf),
    }
    table = Table([column("n", "N", "number")], [row])
    assert table.rows[0]["n"] is None
    assert table.rows[0]["b"] is True
    assert table.rows[0]["c"]["sort"] is None
    json.dumps(table.rows, allow_nan=False)


def test_the_log_drops_its_oldest_lines():
    log = LogPane(capacity=2)
    for number in range(3):
        log.add(f"step {number}", code=f"step({number})")
    assert [line["text"] for line in log.lines] == ["step 1", "step 2"]
    assert log.script() == "step(1)\nstep(2)"
    log.clear()
    assert log.lines == []


def test_lines_without_code_are_not_in_the_script():
    log = LogPane()
    log.add("looked", level="warn")
    log.add("did", code="do()")
    assert log.script() == "do()"


def test_cancel_reaches_its_handler():
    strip, calls = ProgressStrip(can_cancel=True), []
    strip.on_cancel(lambda: calls.append("cancel"))
    strip._handle_custom_msg({"event": "cancel"}, [])
    strip._handle_custom_msg({"event": "other"}, [])
    assert calls == ["cancel"]


def test_footprint_clicks_reach_their_handler():
    figure, keys = FootprintFigure([outline("e1", [1, 2, 2], [3, 3, 4])]), []
    figure.on_click(keys.append)
    figure._handle_custom_msg({"event": "click", "key": "e1"}, [])
    assert keys == ["e1"]


def test_an_outline_may_have_several_rings():
    one = outline("a", np.array([1.0, 2, 2]), np.array([3.0, 3, 4]))
    two = outline("b", [[1, 2, 2], [5, 6, 6]], [[3, 3, 4], [3, 3, 4]])
    assert one["rings"] == [[[1.0, 3.0], [2.0, 3.0], [2.0, 4.0]]]
    assert len(two["rings"]) == 2


def test_bars_stand_between_their_edges_with_a_labelled_guide():
    figure = HistogramFigure(x_label="WHT [s]")
    figure.set_counts([9, 99], [0, 1, 2], guide=1.5, guide_label="median")
    assert figure.bars.x.tolist() == [0.5, 1.5]
    assert figure.bars.y.tolist() == [9.0, 99.0]
    assert figure.guide.x.tolist() == [1.5, 1.5]
    assert figure.word.align == "end"  # on the left of the line: more room
    figure.set_counts([9, 99], [0, 1, 2])
    assert not figure.guide.visible


def test_steps_and_nodes_carry_words():
    assert rail_step("a", "A", status="stale")["badge"]["text"] == "stale"
    assert tree_node("k", "name", badges=[badge("ok")])["badges"][0]["text"] == "done"


def test_the_style_sheet_comes_with_the_theme_widget():
    assert ".svm-app" in ThemeStyle().value
    assert "url(" not in read_theme()  # nothing is fetched


def test_bundles_name_nothing_twice():
    for entry in ("viewer", "plotgrid", "table", "footprint"):
        text = bundle_script(entry)
        names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", text, re.M)
        assert len(names) == len(set(names))
        assert "import {" not in text
        assert text.count("export default") == 1
