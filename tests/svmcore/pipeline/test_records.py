import json

from svmcore.io.drizzle_results import write_skies
from svmcore.io.store import ResultRef
from svmcore.model.decisions import Decisions, ParameterChange
from svmcore.model.reference import ReferenceChoice
from svmcore.model.visit import VisitInput
from svmcore.pipeline.drizzle import cosmic_ray_tasks, drizzling_tasks
from svmcore.pipeline.outcome import RunOutcome, State
from svmcore.pipeline.plan import Plan
from svmcore.pipeline.prepare import decide
from svmcore.pipeline.records import collect_record
from svmcore.pipeline.tasks import Task


def _task(step, subject):
    return Task(step, subject, print, 1, None)


def test_collects_what_a_run_left(exposure_with, tmp_path):
    exposures = (exposure_with(number=1), exposure_with(number=2, EXPTIME=0.0))
    changes = (
        ParameterChange("*", "astrodrizzle", "final_pixfrac", 0.7, reason="sharper"),
    )
    prepared = decide(
        VisitInput("visit", "visit.lst", exposures), Decisions(parameters=changes)
    )
    rootname = exposures[0].rootname
    (tmp_path / "sky.json").write_text(json.dumps({"1": 0.25}))
    flag, drizzle = _task("flag cosmic rays", rootname), _task("drizzle product", "p")
    plan = Plan(prepared, ReferenceChoice.from_user(None), (flag, drizzle))
    outcome = RunOutcome(
        states={flag.identifier: State.REUSED, drizzle.identifier: State.FAILED},
        results={flag.identifier: ResultRef("k", "d", tmp_path, is_present=True)},
        messages={drizzle.identifier: "no room."},
        seconds=3.0,
    )
    record = collect_record(plan, outcome, {})
    assert [(level.rootname, level.level) for level in record.sky] == [(rootname, 0.25)]
    assert [note.state for note in record.tasks] == ["finished", "failed"]
    assert [note.message for note in record.problems] == ["no room."]
    assert {(c.key, c.value) for c in record.changed} >= {("final_pixfrac", 0.7)}
    assert {c.product for c in record.changed} == set(prepared.parameters)
    assert record.versions["svmcore"]
    assert record.stem == "wfc3_b46_06"
    assert record.verdict_on(exposures[1].rootname).accepted is False


def test_collects_remarks_of_products(exposure_with, tmp_path):
    exposures = (
        exposure_with(number=1, FILTER="F110W"),
        exposure_with(number=2),
        exposure_with(number=3),
    )
    prepared = decide(VisitInput("visit", "visit.lst", exposures), Decisions())
    (total,) = prepared.tree.totals
    tasks = (
        *cosmic_ray_tasks(total, parameters=prepared.parameters, fit_task="fit: x"),
        *drizzling_tasks(total, parameters=prepared.parameters, fit_task="fit: x"),
    )
    (measured,) = [task for task in tasks if task.step == "measure sky"]
    remark = f"{exposures[1].rootname}: overlaps no other exposure"
    write_skies(tmp_path, {}, method="match", remarks=(remark,))
    plan = Plan(prepared, ReferenceChoice.from_user(None), tasks)
    ref = ResultRef("k", "d", tmp_path, is_present=True)
    outcome = RunOutcome({}, {measured.identifier: ref}, {}, 1.0)
    remarks = collect_record(plan, outcome, {}).remarks
    (several,) = [one for one in total.filters if len(one.members) == 2]
    assert remarks[several.basename] == (f"Sky of {remark}",)
    left_out, sky = remarks[total.basename]
    assert left_out.startswith(f"{exposures[0].rootname} (f110w): left out")
    assert sky == f"Sky of {remark}"
    concerned = {total.basename, several.basename, several.members[0].basename}
    assert set(remarks) <= concerned
