"""Residual figures: ids against rows, through refits."""

import ipywidgets as widgets
import numpy as np
import pytest

from svmwidgets.figures import ResidualFigures


@pytest.fixture
def figures():
    made = ResidualFigures(unit="mas")
    made.set_matches(list("abcd"), *np.zeros((4, 4)))
    yield made
    widgets.Widget.close_all()


def test_rows_chosen_in_the_browser_become_ids(figures):
    seen = []
    figures.observe(lambda change: seen.append(change["new"]), "selected")
    figures.set_state({"selected_rows": [1, 3], "focused_row": 2})
    assert seen == [["b", "d"]]
    assert figures.focused == "c"


def test_ids_chosen_in_python_become_rows(figures):
    figures.selected = ["d", "a"]
    figures.preview = ["c"]
    figures.focused = "b"
    assert figures.selected_rows == [0, 3]
    assert (figures.preview_rows, figures.focused_row) == ([2], 1)


def test_a_selection_follows_its_matches_into_another_order(figures):
    figures.selected = ["b", "c"]
    figures.focused = "c"
    figures.set_matches(list("xcb"), *np.zeros((4, 3)))
    assert figures.selected_rows == [1, 2]
    assert sorted(figures.selected) == ["b", "c"]
    assert figures.focused_row == 1


def test_matches_that_are_gone_leave_the_selection(figures):
    figures.selected = ["b", "c"]
    figures.focused = "b"
    figures.set_matches(list("ac"), *np.zeros((4, 2)))
    assert figures.selected == ["c"]
    assert figures.focused is None


def test_rejected_matches_stay_in_the_table(figures):
    figures.set_matches(list("ab"), *np.zeros((4, 2)), is_rejected=[False, True])
    assert figures.rejected == b"\x00\x01"
    assert len(figures.columns["dx"]) == 16


def test_all_four_quad_plots_and_the_vectors_are_there(figures):
    keys = {one["key"] for one in figures.panels}
    assert {"X–dx", "X–dy", "Y–dx", "Y–dy", "scatter", "vectors"} <= keys


def test_views_are_offered_only_with_their_numbers(figures):
    assert [key for key, _ in figures.views] == ["residuals"]
    figures.set_matches(list("ab"), *np.zeros((4, 2)), magnitude=[20.0, 21.0])
    figures.set_offsets(np.ones((5, 5)), (-1, 1, -1, 1), peak=(0.1, 0.2))
    assert [key for key, _ in figures.views] == ["residuals", "magnitudes", "offsets"]
    figures.view = "magnitudes"
    figures.set_matches(list("ab"), *np.zeros((4, 2)))
    assert figures.view == "residuals"


@pytest.mark.parametrize(
    ("ids", "rejected"), [(["a", "a"], [False, False]), (["a", "b"], [True])]
)
def test_ids_that_repeat_or_flags_that_miss_are_refused(figures, ids, rejected):
    with pytest.raises(ValueError, match="ids must be unique"):
        figures.set_matches(ids, *np.zeros((4, 2)), is_rejected=rejected)


def test_columns_of_different_lengths_are_refused(figures):
    with pytest.raises(ValueError, match="columns must have one length"):
        figures.set_columns({"x": [1], "y": [1, 2]})


def test_east_left_flips_the_vectors_alone(figures):
    figures.is_east_left = True
    flipped = {one["key"] for one in figures.panels if one.get("is_x_flipped")}
    assert flipped == {"vectors"}
