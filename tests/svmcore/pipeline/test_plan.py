"""Plans: made without the libraries of the work, with functions that exist."""

import subprocess
import sys

import pytest

from svmcore.errors import PipelineError
from svmcore.pipeline.plan import STEPS, make_plan, with_residual_reports
from svmcore.pipeline.preload import STEP_MODULES, preload_steps
from svmcore.pipeline.prepare import prepare_visit
from svmcore.pipeline.tasks import NamedFunction
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan") / "visit"
    write_visit(folder, VisitConfig(seed=3, chip_shape=(64, 64), exposures=2))
    return with_residual_reports(make_plan(prepare_visit(folder)))


def test_the_function_of_every_task_is_there(plan):
    assert {task.step for task in plan.tasks} >= {
        "detect sources", "fit alignment", "report residuals", "write exposure",
        "build grids", "drizzle product", "catalog", "preview", "color preview",
    }  # fmt: skip
    for task in plan.tasks:
        assert isinstance(task.function, NamedFunction), task.identifier
        assert callable(task.function.function)
        assert task.module == task.function.module


def test_preloaded_modules_are_those_of_the_tasks(plan):
    named = {module for modules in STEP_MODULES.values() for module in modules}
    used = {task.module for task in plan.tasks}
    assert named == used - {"svmcore.pipeline.residual_steps"}
    assert tuple(STEP_MODULES) == STEPS


def test_total_product_leaves_work_that_can_be_done_beside_it(plan):
    (total,) = plan.prepared.tree.totals
    made = [task.subject for task in plan.tasks if task.step == "drizzle product"]
    after = made[made.index(total.basename) + 1 :]
    assert {one.basename for one in total.filters[-1].members} <= set(after)
    assert not {one.basename for one in total.filters} & set(after)


def test_every_task_comes_after_all_that_it_needs(plan):
    known = set()
    for task in plan.tasks:
        assert {name for names in task.needs.values() for name in names} <= known
        known.add(task.identifier)


def test_each_residual_report_follows_its_fit(plan):
    names = [task.step for task in plan.tasks]
    assert names[names.index("fit alignment") + 1] == "report residuals"
    assert names.count("report residuals") == names.count("fit alignment")


def test_planning_and_recording_load_none_of_the_libraries_of_the_work():
    code = (
        "import sys, svmcore.pipeline.plan, svmcore.pipeline.process; "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    heavy = {"astropy", "scipy", "stwcs", "tweakwcs", "drizzle", "matplotlib", "PIL"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("is_there", [False, True])
def test_libraries_are_loaded_ahead_unless_results_are_there(
    is_there, tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr("svmcore.pipeline.preload.start_server", started.extend)
    if is_there:
        (tmp_path / ".svm" / "records").mkdir(parents=True)
        (tmp_path / ".svm" / "records" / "a.json").write_text("{}")
    preload_steps(("alignment", "nothing we know"), output=tmp_path)
    assert started == ([] if is_there else ["svmcore.pipeline.align_steps"])


def test_what_the_wanted_steps_need_is_made_too(tmp_path):
    write_visit(tmp_path, VisitConfig(seed=3, chip_shape=(64, 64), exposures=2))
    prepared = prepare_visit(tmp_path)
    steps = {task.step for task in make_plan(prepared, steps=["catalogs"]).tasks}
    assert {"fit alignment", "drizzle product", "catalog"} <= steps
    assert "preview" not in steps
    aligned = {task.step for task in make_plan(prepared, steps=["alignment"]).tasks}
    assert "drizzle product" not in aligned


@pytest.mark.parametrize(
    ("steps", "words"),
    [(["sharpen"], "sharpen: no such step"), ([], "steps: none is given")],
)
def test_steps_must_be_known_and_some(plan, steps, words):
    with pytest.raises(PipelineError, match=rf"{words}. Steps: alignment, drizzling"):
        make_plan(plan.prepared, steps=steps)
