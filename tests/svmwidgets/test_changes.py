"""Changes lead from one set of decisions to another, in JSON and in Python."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svmcore.io.decisions import decisions_from_json, decisions_to_json
from svmcore.model.decisions import (
    AlignmentDecisions,
    Decisions,
    ExcludedRegion,
    ManualOffset,
    ParameterChange,
)
from svmcore.model.verdict import Override
from svmwidgets.changes import (
    Choices,
    apply_changes,
    changes_between,
    python_lines,
)
from svmwidgets.history import History

ROOTS = ["ib4606c5q", "ib4606c6q", "ib4606c8q"]
roots = st.frozensets(st.sampled_from(ROOTS))


def unique(strategy, key):
    return st.lists(strategy, max_size=4, unique_by=key).map(tuple)


alignments = st.builds(
    AlignmentDecisions,
    excluded_matches=st.frozensets(st.sampled_from("abcdef")),
    excluded_exposures=roots,
    kept_apriori=roots,
    excluded_regions=st.just(()) | st.just((ExcludedRegion(5.0, -72.0, 3.0),)),
    manual_offsets=st.just(()) | st.just((ManualOffset(ROOTS[0], 1.5, -2.0),)),
    reference_exposure=st.sampled_from(["", *ROOTS]),
)
decisions = st.builds(
    Decisions,
    overrides=unique(
        st.builds(Override, st.sampled_from(ROOTS), st.booleans(), st.text(max_size=9)),
        lambda o: o.rootname,
    ),
    parameters=unique(
        st.builds(
            ParameterChange,
            st.sampled_from(["*", "hst_1_total"]),
            st.sampled_from(["alignment", "astrodrizzle"]),
            st.sampled_from(["final_pixfrac", "run_align.fit"]),
            st.sampled_from([0.8, "square", None, [1, 2], {"a": 1}]),
        ),
        lambda c: (c.product, c.step, c.key),
    ),
    alignment=st.dictionaries(st.sampled_from(["wfc3_ir", "acs_wfc"]), alignments),
    prefer_flt=st.booleans(),
    error_extension=st.booleans(),
    singles_in_total=st.booleans(),
    carry_fit_to_grism=st.booleans(),
)
choices = st.builds(Choices, decisions, st.sampled_from(["none", "gaia.ecsv"]))


def plain(value):
    return decisions_to_json(value.decisions), value.reference


NAMES = {
    "replace": replace,
    "Override": Override,
    "ParameterChange": ParameterChange,
    "AlignmentDecisions": AlignmentDecisions,
    "ExcludedRegion": ExcludedRegion,
    "ManualOffset": ManualOffset,
    "decisions_from_json": decisions_from_json,
}


@given(choices, choices)
def test_changes_and_their_python_lead_to_the_same_value(before, after):
    changes = changes_between(before, after)
    assert plain(apply_changes(before, changes)) == plain(after)
    scope = {**NAMES, "decisions": before.decisions, "reference": before.reference}
    exec("\n".join(python_lines(changes)), scope)
    assert plain(Choices(scope["decisions"], scope["reference"])) == plain(after)


@given(choices, st.lists(choices, max_size=6), st.integers(0, 6))
def test_history_survives_json_with_what_was_undone(start, steps, undone):
    history = History(start)
    for number, step in enumerate(steps):
        history.add(f"action {number}", step)
    for _ in range(min(undone, len(history.entries))):
        history.move(-1)
    back = History.from_json(json.loads(json.dumps(history.to_json())))
    assert plain(back.choices) == plain(history.choices)
    assert (back.undo_label, back.redo_label) == (
        history.undo_label,
        history.redo_label,
    )


def test_fifty_undos_return_to_the_start():
    history = History()
    for number in range(50):
        value = history.choices.decisions.exclude_matches("wfc3_ir", [str(number)])
        assert history.add(f"reject {number}", Choices(value))
    for _ in range(50):
        history.move(-1)
    assert plain(history.choices) == plain(Choices())
    assert history.undo_label == ""
    assert history.redo_label == "reject 0"


def test_new_action_forgets_what_was_undone():
    history = History()
    history.add("first", Choices(replace(Decisions(), prefer_flt=True)))
    history.move(-1)
    history.add("second", Choices(replace(Decisions(), carry_fit_to_grism=True)))
    assert history.redo_label == ""
    assert [entry.label for entry in history.entries] == ["second"]


def test_nothing_changed_is_no_action():
    assert History().add("nothing", Choices()) is None


def test_moving_out_of_the_history_is_refused():
    with pytest.raises(ValueError, match="within the history"):
        History().move(-1)


def test_numpy_values_are_told_as_plain_python():
    offset = ManualOffset("idem01a0q", np.float64(1.5), np.float64(0.0))
    alignment = AlignmentDecisions(manual_offsets=(offset,))
    decisions = (
        Decisions()
        .with_alignment("wfc3_ir", alignment)
        .exclude_matches("wfc3_ir", [np.str_("idem01a0q-1-3-g")])
    )
    lines = python_lines(changes_between(Choices(), Choices(decisions)))
    assert "np." not in "".join(lines)
