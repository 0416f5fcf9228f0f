"""Runs and surveys of a visit, as functions that a background thread calls."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from svmcore.errors import SvmError
from svmcore.io.alignment import read_group_fit
from svmcore.io.store import ResultRef
from svmcore.model.fit import GroupFit
from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.found import find_results
from svmcore.pipeline.outcome import RunOutcome
from svmcore.pipeline.plan import Plan, make_plan
from svmcore.pipeline.prepare import PreparedVisit, check_catalog
from svmcore.pipeline.process import report_run, worker_count
from svmcore.pipeline.refit import Refitter, find_refitter
from svmcore.pipeline.run import run_plan
from svmwidgets.kept import keep_run

__all__ = ["Survey", "run_work", "survey_visit"]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What earlier runs left for the present decisions.

    Parameters
    ----------
    plan : Plan
        All tasks of the visit.
    results : Mapping of str to ResultRef
        Results that are there, by task identifier.
    fits : Mapping of str to GroupFit
        Alignment that the present decisions give, by detector slug; absent
        where it must be made.
    refitters : Mapping of str to Refitter
        What fits a detector again, by slug; absent before its first fit.
    """

    plan: Plan
    results: Mapping[str, ResultRef]
    fits: Mapping[str, GroupFit]
    refitters: Mapping[str, Refitter]

    def is_fresh(self, identifier: str) -> bool:
        """Whether a task would not run again."""
        return identifier in self.results

    @property
    def stale_counts(self) -> tuple[tuple[str, int, int], ...]:
        """Step, tasks that would run, and all tasks of the step, in order."""
        stale, total = Counter[str](), Counter[str]()
        for task in self.plan.tasks:
            total[task.step] += 1
            stale[task.step] += not self.is_fresh(task.identifier)
        return tuple((step, stale[step], total[step]) for step in total)


def survey_visit(prepared: PreparedVisit, *, reference: str, output: Path) -> Survey:
    """Find out which results of a visit are there.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    reference : str
        Reference catalog as `ReferenceChoice.from_user` takes it.
    output : Path
        Output folder; it need not exist.

    Returns
    -------
    Survey
        Nothing is run and nothing written but digests of input files.
    """
    plan = make_plan(prepared, reference=ReferenceChoice.from_user(reference))
    results = find_results(plan.tasks, output)
    fits = {
        task.subject: read_group_fit(results[task.identifier].folder)
        for task in plan.tasks
        if task.step == "fit alignment"
        and task.identifier in results
        and results[task.identifier].is_present
    }
    slugs = [task.subject for task in plan.tasks if task.step == "fit alignment"]
    refitters = {
        slug: find_refitter(prepared, plan, results, detector=slug, output=output)
        for slug in slugs
    }
    known = {slug: one for slug, one in refitters.items() if one is not None}
    return Survey(plan, results, fits, known)


def run_work(
    prepared: PreparedVisit,
    *,
    reference: str,
    output: Path,
    steps: Sequence[str],
    workers: int | None,
    label: str,
) -> Callable[[Callable[[Any], None], threading.Event], Mapping[str, Any]]:
    """Return the work of a run, for `Jobs.start`.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    reference : str
        Reference catalog as `ReferenceChoice.from_user` takes it.
    output : Path
        Output folder.
    steps : sequence of str
        Steps of the task engine that are wanted; all if empty.
    workers : int or None
        Worker processes; one per core if None.
    label : str
        Name of the run.

    Returns
    -------
    callable
        Its first event is the label with the tasks; the others come from
        `run_plan`. It returns outcome, sentence, messages and label.
    """

    def work(emit: Callable[[Any], None], cancel: threading.Event) -> Mapping[str, Any]:
        choice = ReferenceChoice.from_user(reference)
        check_catalog(choice, output=output)
        plan = make_plan(prepared, reference=choice)
        tasks = plan.of_step(*steps) if steps else plan.tasks
        emit((label, tasks))
        outcome = run_plan(
            tasks,
            output=output,
            workers=workers or worker_count(),
            on_event=emit,
            cancel=cancel,
        )
        if not steps and not cancel.is_set():
            report_run(plan, outcome, output)
        not_kept = ""
        if outcome.is_complete:
            try:
                keep_run(
                    prepared,
                    outcome,
                    output=output,
                    reference=reference,
                    label=label,
                    time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                )
            except (OSError, SvmError) as error:  # a full disk costs the comparison
                not_kept = str(error)
        ended = _ended(label, outcome, is_cancelled=cancel.is_set())
        return {**ended, "not_kept": not_kept}

    return work


def _ended(label: str, outcome: RunOutcome, *, is_cancelled: bool) -> Mapping[str, Any]:
    counts = Counter(str(state) for state in outcome.states.values())
    messages = [f"{name}: {text}" for name, text in outcome.messages.items()]
    parts = [
        f"{counts[word]} {word}"
        for word in ("done", "reused", "failed", "blocked", "cancelled")
        if counts[word]
    ]
    word = "ok"
    if messages:
        word = "failed"
    elif is_cancelled:
        word = "cancelled"
    how = {"ok": "finished", "failed": "failed", "cancelled": "cancelled"}[word]
    text = f"{label} {how} after {outcome.seconds:.1f} s: {', '.join(parts)}"
    return {"outcome": word, "sentence": text, "messages": messages, "label": label}
