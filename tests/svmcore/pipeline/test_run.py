"""Running plans: reuse, failure, cancel, resume."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from svmcore.errors import InputError, PipelineError, StoreError
from svmcore.pipeline import events as ev
from svmcore.pipeline.found import what_is_stale
from svmcore.pipeline.outcome import State, check_plan
from svmcore.pipeline.run import run_plan
from svmcore.pipeline.tasks import Task, TaskCall


@dataclass(frozen=True, slots=True)
class Words:
    """Payload of the test steps."""

    text: str
    source: Path | None = None


def write_text(call: TaskCall) -> None:
    read = call.payload.source.read_text() if call.payload.source else ""
    (call.folder / "text.txt").write_text(call.payload.text + read)


def join_inputs(call: TaskCall) -> None:
    parts = [(f / "text.txt").read_text() for f in call.inputs["parts"]]
    (call.folder / "text.txt").write_text(call.payload.text + "".join(parts))
    (call.output / "joined.txt").write_text("".join(parts))


def count_letters(call: TaskCall) -> None:
    text = (call.inputs["parts"][0] / "text.txt").read_text()
    (call.folder / "text.txt").write_text(str(len(text)))


def fail_kindly(call: TaskCall) -> None:
    raise InputError("some.fits", "is broken", "Fetch it again.")


def fail_badly(call: TaskCall) -> None:
    raise ZeroDivisionError("oops")


def never(call: TaskCall) -> None:
    raise AssertionError("must not run")


def step(name: str, function: Callable, text: str = "", needs=(), **kwargs) -> Task:
    source = kwargs.pop("source", None)
    return Task(
        name,
        "x",
        function,
        1,
        Words(text, source),
        needs={"parts": tuple(f"{need}: x" for need in needs)} if needs else {},
        **kwargs,
    )


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def run(tasks, output, executor, **kwargs):
    seen: list[ev.Event] = []
    outcome = run_plan(
        tasks, output=output, executor=executor, on_event=seen.append, **kwargs
    )
    return outcome, seen


def test_second_run_reuses_everything(tmp_path, threads):
    tasks = [
        step("one", write_text, "a"),
        step("two", join_inputs, "b", ["one"], outputs=("joined.txt",)),
    ]
    first, _ = run(tasks, tmp_path, threads)
    second, _ = run(tasks, tmp_path, threads)
    assert set(first.states.values()) == {State.DONE}
    assert set(second.states.values()) == {State.REUSED}
    assert (tmp_path / "joined.txt").read_text() == "a"


def test_unchanged_result_does_not_wake_what_follows(tmp_path, threads):
    def plan(text):
        return [
            step("one", write_text, text),
            step("two", count_letters, "", ["one"]),
            step("three", join_inputs, "c", ["two"], outputs=("joined.txt",)),
        ]

    run(plan("abc"), tmp_path, threads)
    outcome, _ = run(plan("xyz"), tmp_path, threads)
    assert [outcome.states[f"{n}: x"] for n in ("one", "two", "three")] == [
        State.DONE,
        State.DONE,
        State.REUSED,  # both texts have three letters
    ]


def test_changed_input_file_wakes_its_task(tmp_path, threads):
    source = tmp_path / "in.txt"
    source.write_text("one")
    tasks = [step("one", write_text, "a", source=source)]
    run(tasks, tmp_path / "out", threads)
    source.write_text("other")
    outcome, _ = run(tasks, tmp_path / "out", threads)
    assert outcome.states["one: x"] is State.DONE


def test_changed_or_missing_output_is_made_again(tmp_path, threads):
    tasks = [
        step("one", write_text, "a"),
        step("two", join_inputs, "b", ["one"], outputs=("joined.txt",)),
    ]
    run(tasks, tmp_path, threads)
    (tmp_path / "joined.txt").write_text("edited by someone")
    outcome, _ = run(tasks, tmp_path, threads)
    assert outcome.states["two: x"] is State.DONE
    assert (tmp_path / "joined.txt").read_text() == "a"


def test_failure_blocks_only_what_needs_it(tmp_path, threads):
    tasks = [
        step("bad", fail_kindly),
        step("behind", join_inputs, "", ["bad"]),
        step("good", write_text, "a"),
    ]
    outcome, seen = run(tasks, tmp_path, threads)
    assert outcome.states == {
        "bad: x": State.FAILED,
        "behind: x": State.BLOCKED,
        "good: x": State.DONE,
    }
    assert outcome.messages["bad: x"] == "some.fits: is broken. Fetch it again."
    (failed,) = [e for e in seen if isinstance(e, ev.TaskFailed)]
    assert failed.traceback == ""


def test_unforeseen_error_carries_a_traceback(tmp_path, threads):
    _, seen = run([step("bad", fail_badly)], tmp_path, threads)
    (failed,) = [e for e in seen if isinstance(e, ev.TaskFailed)]
    assert "ZeroDivisionError: oops" in failed.message
    assert "fail_badly" in failed.traceback


def test_transient_result_is_dropped_and_made_again_when_wanted(tmp_path, threads):
    def plan(text):
        return [
            step("big", write_text, "a", is_transient=True),
            step("two", join_inputs, text, ["big"]),
        ]

    first, _ = run(plan("b"), tmp_path, threads)
    assert not first.results["big: x"].folder.exists()
    again, _ = run(plan("b"), tmp_path, threads)
    assert again.states["big: x"] is State.REUSED
    other, _ = run(plan("c"), tmp_path, threads)
    assert other.states["big: x"] is State.DONE
    assert (other.results["two: x"].folder / "text.txt").read_text() == "ca"


def test_cancel_before_start_runs_nothing(tmp_path, threads):
    cancel = threading.Event()
    cancel.set()
    outcome, _ = run([step("one", never)], tmp_path, threads, cancel=cancel)
    assert outcome.states["one: x"] is State.CANCELLED


def test_what_is_stale_follows_the_chain(tmp_path, threads):
    def plan(text):
        return [
            step("one", write_text, text),
            step("two", count_letters, "", ["one"]),
            step("apart", write_text, "z"),
        ]

    assert all(what_is_stale(plan("a"), tmp_path / "none").values())
    run(plan("a"), tmp_path, threads)
    assert not any(what_is_stale(plan("a"), tmp_path).values())
    stale = what_is_stale(plan("b"), tmp_path)
    assert stale == {"one: x": True, "two: x": True, "apart: x": False}


def test_two_runs_in_one_folder_are_refused(tmp_path, threads):
    def inner(event):
        if isinstance(event, ev.PlanStarted):
            run_plan([step("one", write_text)], output=tmp_path, executor=threads)

    with pytest.raises(StoreError, match="another run"):
        run_plan(
            [step("one", write_text)],
            output=tmp_path,
            executor=threads,
            on_event=inner,
        )


def test_leftovers_of_killed_runs_are_cleared(tmp_path, threads):
    run([step("one", write_text)], tmp_path, threads)
    scratch = tmp_path / ".svm" / "scratch"
    dead, alive = 2**22 + 1, os.getpid()  # beyond the largest process number
    (scratch / f".{dead}-0123abcd-joined.txt").write_text("half")
    (tmp_path / f".{dead}-0123abcd-joined.txt").write_text("half")
    (scratch / f".{alive}-0123abcd-joined.txt").write_text("being written")
    (tmp_path / ".notes-of-mine-today.txt").write_text("not ours")
    (scratch / "dead").mkdir()
    run([step("one", write_text)], tmp_path, threads)
    left = {path.name for path in [*scratch.iterdir(), *tmp_path.glob(".*-*")]}
    assert left == {f".{alive}-0123abcd-joined.txt", ".notes-of-mine-today.txt"}


@pytest.mark.parametrize(
    ("tasks", "problem"),
    [
        ([step("one", never), step("one", never)], "twice"),
        ([step("two", never, "", ["one"])], "does not come before"),
        (
            [
                step("one", never, outputs=("a",)),
                step("two", never, outputs=("a",)),
            ],
            "written by both",
        ),
    ],
    ids=["double", "gap", "two writers"],
)
def test_bad_plans_are_refused(tasks, problem):
    with pytest.raises(PipelineError, match=problem):
        check_plan(tasks)


def test_unwritable_output_is_one_clear_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError, match="cannot be used as output folder"):
        run_plan([], output=blocked / "out")


def test_truncated_result_is_made_again(tmp_path, threads):
    tasks = [step("one", write_text, "abc"), step("two", count_letters, "", ["one"])]
    first, _ = run(tasks, tmp_path, threads)
    (first.results["one: x"].folder / "text.txt").write_text("")
    outcome, _ = run(tasks, tmp_path, threads)
    assert outcome.states["one: x"] is State.DONE
    assert outcome.states["two: x"] is State.REUSED
