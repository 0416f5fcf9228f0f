"""Every decision goes through one door: tried, recorded, undone, replayed."""

import json

import pytest

from svmcore import prepare_visit
from svmcore.errors import InputError
from svmcore.io.decisions import decisions_to_json
from svmcore.model.decisions import Decisions, ParameterChange
from svmwidgets.jobs import Courier
from svmwidgets.replay import LOG_HEAD
from svmwidgets.session import Session


def statuses(session):
    return {step.name: step.status for step in session.steps}


def reopened(session, tmp_path):
    again = Session(state_folder=tmp_path, courier=Courier())
    again.open(session.session_path)
    again.wait(60)
    return again


def tune(session, value="0.8"):
    session.parameters.scope = "visit"
    return session.parameters.change("astrodrizzle", "final_pixfrac", value)


def test_opening_fills_the_cheap_half(session):
    found = statuses(session)
    assert found["inputs"] == "ok"
    assert found["products"] == "ok"
    assert found["alignment"] == "ready"
    assert "7" in session.inputs.summary
    assert session.filtering.summary == "4 of 7 kept"


def test_reference_beside_the_visit_is_found(session, small_visit):
    assert session.reference == str(small_visit.parent / "gaia.ecsv")


def test_missing_visit_is_an_error_that_says_so(tmp_path):
    with pytest.raises(InputError, match=r"none\.lst"):
        Session(courier=Courier()).open(tmp_path / "none.lst")


def test_wrong_decision_is_refused_as_a_whole(session):
    before = session.to_dict()
    wrong = ParameterChange("*", "astrodrizzle", "final_pixfrac", 7.0)
    assert not session.decide("wrong", session.decisions.with_parameter(wrong))
    assert session.to_dict() == before
    assert "final_pixfrac" in session.banner.subject
    session.dismiss()
    assert session.banner is None


def test_undo_and_redo_cover_verdicts_and_parameters(session):
    start = json.dumps(session.to_dict()["start"])
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    session.filtering.override(kept[:1], accepted=False, reason="trailed")
    tune(session)
    assert session.filtering.summary == "3 of 7 kept"
    assert session.undo_label.startswith("final_pixfrac")
    session.undo()
    session.undo()
    assert session.decisions == Decisions()
    assert session.filtering.summary == "4 of 7 kept"
    assert not session.undo()
    session.redo()
    assert session.filtering.summary == "3 of 7 kept"
    assert json.dumps(session.to_dict()["start"]) == start


def test_reference_can_be_undone(session):
    before = session.reference
    session.choose_reference("none")
    assert session.reference == "none"
    session.undo()
    assert session.reference == before


def test_session_is_saved_and_resumed_with_its_undo(session, tmp_path):
    tune(session)
    session.wait(60)
    again = reopened(session, tmp_path)
    assert again.to_dict() == session.to_dict()
    assert again.undo_label == session.undo_label
    again.undo()
    assert again.decisions == Decisions()


def test_opening_the_visit_again_brings_decisions_back(session, small_visit, tmp_path):
    tune(session)
    session.wait(60)
    again = Session(state_folder=tmp_path, courier=Courier())
    again.open(small_visit, output=session.output)
    assert again.decisions == session.decisions
    assert any("1 earlier decision" in line.text for line in again.lines)


def test_script_gives_the_same_products_in_a_fresh_interpreter(session):
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    session.filtering.override(kept[:1], accepted=False, reason="it's trailed")
    tune(session)
    session.alignment.keep_apriori(kept[1], kept=True)
    session.choose_reference("none")
    session.undo()
    scope = {"__name__": "replay"}
    exec(session.script(), scope)
    assert decisions_to_json(scope["decisions"]) == decisions_to_json(session.decisions)
    replayed = prepare_visit(scope["source"], decisions=scope["decisions"])
    assert replayed.tree == session.prepared.tree
    assert replayed.parameters == session.prepared.parameters
    assert scope["reference"] == session.reference


def test_every_decision_logs_its_python(session):
    tune(session)
    first, second, third = session.lines[-1].python.splitlines()
    assert first == "decisions = session.decisions"
    assert second.startswith("decisions = decisions.with_parameter(")
    assert third == "session.decide('final_pixfrac = 0.8 (visit)', decisions)"


def test_lines_of_the_log_repeat_the_session(session, tmp_path):
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    session.filtering.override(kept[:1], accepted=False, reason="it's trailed")
    tune(session)
    session.choose_reference("none")
    session.undo()
    session.undo()
    session.redo()
    code = "\n".join(line.python for line in session.lines if line.python)
    code = code.replace(str(session.output), str(tmp_path / "elsewhere"))
    again = Session(state_folder=tmp_path, courier=Courier())
    exec(LOG_HEAD, scope := {})
    exec(code, scope | {"session": again})
    assert again.to_dict() == session.to_dict()
    assert again.prepared.parameters == session.prepared.parameters


def test_replay_makes_undone_actions_too(session, tmp_path):
    tune(session)
    session.choose_reference("none")
    session.undo()
    scope = {}
    exec(session.replay(), scope)
    again = scope["session"]
    again.wait(60)
    assert again.to_dict() == session.to_dict()
    assert again.redo_label == session.redo_label


@pytest.mark.parametrize(
    "name", ["inputs", "filtering", "products", "parameters", "alignment", "export"]
)
def test_failure_marks_its_step_until_the_action_works(session, name):
    model = next(step for step in session.steps if step.name == name)
    before = (model.status, model.summary)
    faults = [RuntimeError("no luck")]

    def action():
        if faults:
            raise faults.pop()

    with session.within(name):
        call = session.guard(action)
    call()
    assert (model.status, model.summary) == ("failed", "RuntimeError: no luck")
    assert session.banner.problem == "no luck"
    assert "Traceback" in session.lines[-1].detail
    call()
    assert (model.status, model.summary) == before


def test_background_failure_marks_the_step_that_asked(session):
    before = session.products.status
    with session.within("products"):
        session.preview("geometry", lambda: 1 / 0, print)
    session.step = "export"
    session.wait(10)
    assert session.products.status == "failed"
    assert session.export.status != "failed"
    session.dismiss()
    assert session.products.status == before


def test_refusal_is_no_failure(session):
    session.filtering.override(["idem01a0q"], accepted=False, reason="")
    assert session.banner is not None
    assert session.filtering.status != "failed"


def test_step_that_was_looked_at_comes_back(session, tmp_path):
    tune(session)
    session.step = "parameters"
    session.wait(20)
    assert reopened(session, tmp_path).step == "parameters"


def test_command_names_visit_output_and_decisions(session):
    words = session.command_line("d.json").split()
    assert words[:2] == ["svm", "run"]
    assert words[-2:] == ["--decisions", "d.json"]
    assert str(session.output) in words


def test_callback_error_becomes_a_banner_with_traceback_in_the_log(session):
    session.guard(lambda: 1 / 0)()
    assert session.banner.subject == "ZeroDivisionError"
    assert "ZeroDivisionError" in session.lines[-1].detail
    assert tune(session)


def test_background_error_becomes_a_banner(session):
    session.preview("test", lambda: 1 / 0, print)
    session.wait(10)
    assert session.banner.subject == "ZeroDivisionError"


def test_recent_visits_are_kept_newest_first(session, small_visit, tmp_path):
    assert session.inputs.recent == [str(small_visit)]
    folder = str(small_visit.parent)
    session.open(folder, output=tmp_path / "second")
    assert session.inputs.recent == [folder, str(small_visit)]


def test_missing_exposure_is_shown_and_the_rest_loads(small_visit, tmp_path):
    names = small_visit.read_text().split()
    listed = tmp_path / "some.lst"
    listed.write_text("\n".join([*names, "idem01zzq_flt.fits"]) + "\n")
    session = Session(state_folder=tmp_path, courier=Courier())
    session.open(listed, output=tmp_path / "out", data_folder=small_visit.parent)
    assert session.inputs.status == "warn"
    assert session.inputs.summary == "7 exposures, 1 unusable"
    assert "idem01zzq_flt.fits" in session.inputs.remarks[0][1]
    assert "skip_faulty=True" in session.script()
    assert "--skip-faulty" in session.command_line()


def test_looking_at_a_visit_writes_nothing(session):
    assert not session.output.exists()
    tune(session)
    session.wait(20)
    assert session.session_path.is_file()


def test_output_that_cannot_be_made_says_what_to_do(session, tmp_path):
    (tmp_path / "file").write_text("")
    session.change_output(tmp_path / "file" / "products")
    tune(session)
    session.wait(20)
    assert "Choose another folder" in session.banner.remedy
    session.change_output(tmp_path / "other")
    session.wait(20)
    assert session.banner is None
    assert (tmp_path / "other" / "svm_session.json").is_file()


def test_damaged_session_file_says_what_to_open(tmp_path):
    path = tmp_path / "svm_session.json"
    path.write_text('{"format": "svm session", "version": 1}')
    with pytest.raises(InputError, match="incomplete or damaged"):
        Session(courier=Courier()).open(path)


def test_opening_later_reports_errors_in_the_banner(session, tmp_path):
    session.open_later(str(tmp_path / "none.lst"))
    assert session.is_reading
    session.wait(20)
    assert not session.is_reading
    assert "none.lst" in session.banner.subject


def test_script_imports_only_what_it_uses(session):
    assert "Override" not in session.script()
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    session.filtering.override(kept[:1], accepted=False, reason="trailed")
    assert "from svmcore.model.verdict import Override\n" in session.script()
