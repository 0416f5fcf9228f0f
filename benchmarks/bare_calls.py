"""Tasks that note what the compiled calls inside them cost: for workers."""

import json
import sys
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from svmcore.pipeline.tasks import NamedFunction, Task, TaskCall

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from drizzled_visits import write_header_solutions

__all__ = [
    "Counted",
    "counted_task",
    "read_bare_calls",
    "run_counted",
    "take_header_solutions",
]

_seconds: dict[str, float] = defaultdict(float)
_names: set[str] = set()


@dataclass(frozen=True, slots=True)
class Counted:
    """A task's own payload and function, and the step's name."""

    payload: Any
    function: NamedFunction
    step: str


def counted_task(task: Task) -> Task:
    """Return a task that does the same and notes its compiled calls."""
    return replace(
        task,
        payload=Counted(task.payload, task.function, task.step),
        function=NamedFunction("bare_calls", "run_counted"),
    )


def run_counted(call: TaskCall) -> None:
    """Run the task itself, with the compiled calls timed."""
    counted: Counted = call.payload
    counted.function.function  # noqa: B018 - loads the libraries, before they are timed
    _count_calls()
    before = dict(_seconds)
    start = time.process_time()
    counted.function(replace(call, payload=counted.payload))
    note = {
        "step": counted.step,
        "cpu_s": time.process_time() - start,
        "bare": {n: s - before.get(n, 0.0) for n, s in _seconds.items()},
    }
    notes = call.output / "bare_calls"
    notes.mkdir(exist_ok=True)
    (notes / f"{uuid.uuid4().hex}.json").write_text(json.dumps(note))


def take_header_solutions(call: TaskCall) -> None:
    """Stand for the alignment: take what the headers hold."""
    write_header_solutions(call.payload, call.folder)


def read_bare_calls(output: Path) -> tuple[dict[str, float], dict[str, dict]]:
    """Return CPU and the seconds of compiled calls by name, both by step."""
    cpu: dict[str, float] = defaultdict(float)
    bare: dict[str, dict] = defaultdict(lambda: defaultdict(float))
    for path in (output / "bare_calls").glob("*.json"):
        note = json.loads(path.read_text())
        cpu[note["step"]] += note["cpu_s"]
        for name, seconds in note["bare"].items():
            bare[note["step"]][name] += seconds
    return cpu, bare


def _count_calls() -> None:
    """Put stop-watches on drizzle's compiled calls and on the combination."""
    if _names:
        return
    import drizzle.cdrizzle as compiled  # noqa: PLC0415 - in workers only
    import drizzle.resample as resample  # noqa: PLC0415

    from svmcore.pipeline import drizzle_masks  # noqa: PLC0415

    for name in ("tdriz", "tblot"):
        setattr(compiled, name, _timed(name, getattr(compiled, name)))
    resample.cdrizzle = compiled
    drizzle_masks.combine_rows = _timed("combine", drizzle_masks.combine_rows)


def _timed(name, function):
    _names.add(name)

    def timed(*args, **kwargs):
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            _seconds[name] += time.process_time() - start

    return timed
