"""Verdicts by hand need a reason, and say what they are."""

import pytest


@pytest.fixture
def model(session):
    return session.filtering


def test_every_rejection_names_keyword_value_and_rule(model):
    rejected = [row for row in model.rows if not row["accepted"]]
    assert len(rejected) == 3
    for row in rejected:
        assert row["reasons"]
        assert all(keyword and rule for keyword, _, rule in row["keywords"])
    keywords = {row["keywords"][0][0] for row in rejected}
    assert keywords >= {"EXPTIME", "MTFLAG", "SCAN_TYP"}


def test_override_without_a_reason_is_refused(session, model):
    assert not model.override(["idem01a0q"], accepted=False, reason="  ")
    assert "reason" in session.banner.problem
    assert session.decisions.overrides == ()


def test_override_and_automatic_verdict(session, model):
    assert model.override(["idem01a0q"], accepted=False, reason="trailed")
    assert model.verdict("idem01a0q").override.reason == "trailed"
    assert model.restore(["idem01a0q"])
    assert model.verdict("idem01a0q").accepted


def test_several_are_one_action(session, model):
    model.override(["idem01a0q", "idem01a1q"], accepted=False, reason="trailed")
    assert model.summary == "2 of 7 kept"
    session.undo()
    assert model.summary == "4 of 7 kept"
