"""A run under way: tasks, progress, time left."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.pipeline import events as ev

__all__ = ["RunModel", "TaskRow"]

# What a task of a step costs beside the others [s], from runs of whole visits.
# Only the ratios count, and only until the run itself has times of that step.
_USUAL = {
    "detect sources": 1.5,
    "fit alignment": 6.0,
    "measure sky": 3.0,
    "resample": 1.8,
    "drizzle product": 1.5,
    "change pixels for total": 0.3,
    "combine images": 0.4,
    "preview": 0.5,
    "color preview": 2.0,
    "find catalog sources": 4.5,
    "measure catalog sources": 4.5,
}
_OVER = frozenset({"ok", "reused", "failed", "blocked"})


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as the progress list shows it.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    status : str
        ``waiting``, ``running``, ``ok``, ``reused``, ``failed``, ``blocked``
        or ``cancelled``.
    seconds : float
        Time taken; 0 while unknown [s].
    message : str
        Why it failed or was blocked.
    """

    identifier: str
    step: str
    subject: str
    status: str = "waiting"
    seconds: float = 0.0
    message: str = ""


class RunModel(T.HasTraits):
    """What a run tells, gathered for the bar and the list."""

    is_running = T.Bool(default_value=False, help="Whether a run is under way")
    label = T.Unicode("", help="What is run, for example 'Align'")
    fraction = T.Float(0.0, help="Part of the tasks that are over")
    message = T.Unicode("", help="What the workers do now, or how the run ended")
    outcome = T.Unicode("", help="ok, failed or cancelled; empty while running")
    rows = T.Tuple(help="Every task, in the order of the plan")
    elapsed_s = T.Float(0.0, help="Time since the start [s]")
    remaining_s = T.Float(float("nan"), help="Estimated time left; nan if unknown [s]")

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._place: dict[str, int] = {}
        self._weights: dict[str, float] = {}
        self._estimate = (float("nan"), 0.0)  # time left, and when that was said [s]

    def begin(self, label: str, tasks: Sequence[Any]) -> None:
        """Start a new list of tasks."""
        rows = tuple(TaskRow(t.identifier, t.step, t.subject) for t in tasks)
        self._place = {row.identifier: index for index, row in enumerate(rows)}
        with self.hold_trait_notifications():
            self.rows, self.label, self.outcome = rows, label, ""
            self.fraction, self.elapsed_s = 0.0, 0.0
            self.remaining_s = float("nan")
            self._estimate = (float("nan"), 0.0)
            self.message = f"{label}: starting workers"
            self.is_running = True

    def take(self, events: Sequence[Any], *, elapsed_s: float) -> None:
        """Take a batch of events of a run."""
        rows = list(self.rows)
        for event in events:
            identifier = getattr(event, "identifier", "")
            if identifier in self._place:
                place = self._place[identifier]
                rows[place] = _updated(rows[place], event)
                if isinstance(event, ev.TaskFinished) and not event.is_reused:
                    self._weights[event.step] = max(event.seconds, 0.01)
        with self.hold_trait_notifications():
            self.rows = tuple(rows)
            self.elapsed_s = elapsed_s
            self._measure()

    def tick(self, elapsed_s: float) -> None:
        """Show that time passes while no event comes."""
        if self.is_running:
            left, said_s = self._estimate
            with self.hold_trait_notifications():
                self.elapsed_s = elapsed_s
                left -= elapsed_s - said_s
                self.remaining_s = 1.0 if left < 1.0 else left  # nan stays nan

    def end(self, outcome: str, message: str) -> None:
        """Note how the run ended."""
        with self.hold_trait_notifications():
            self.outcome, self.message = outcome, message
            self.remaining_s = 0.0
            if outcome == "ok":
                self.fraction = 1.0
            self.is_running = False

    @property
    def counts(self) -> Counter[str]:
        """Number of tasks in each status."""
        return Counter(row.status for row in self.rows)

    def _measure(self) -> None:
        known = {step: self._weight(step) for step in {r.step for r in self.rows}}
        weight = [known[row.step] for row in self.rows]
        over = sum(
            w for w, row in zip(weight, self.rows, strict=True) if row.status in _OVER
        )
        total = sum(weight) or 1.0
        self.fraction = min(over / total, 1.0)
        made = sum(row.seconds for row in self.rows)
        if made > 0 and self.elapsed_s > 0:
            # Workers side by side make it shorter, starting them does not count.
            share = min(max(self.elapsed_s / made, 0.1), 1.0)
            self.remaining_s = (total - over) * share
            self._estimate = (self.remaining_s, self.elapsed_s)
        running = [row for row in self.rows if row.status == "running"]
        if running:
            names = ", ".join(f"{row.step} {row.subject}" for row in running[:2])
            done = sum(r.status not in ("waiting", "running") for r in self.rows)
            self.message = f"{done} of {len(self.rows)} · {names}"

    def _weight(self, step: str) -> float:
        """Return what a task of a step costs, by this run or by earlier ones [s]."""
        if step in self._weights:
            return self._weights[step]
        ratios = sorted(w / _USUAL.get(k, 1.0) for k, w in self._weights.items())
        pace = ratios[len(ratios) // 2] if ratios else 1.0
        return _USUAL.get(step, 1.0) * pace


def _updated(row: TaskRow, event: Any) -> TaskRow:
    match event:
        case ev.TaskStarted():
            return replace(row, status="running")
        case ev.TaskFinished():
            status = "reused" if event.is_reused else "ok"
            return replace(row, status=status, seconds=event.seconds)
        case ev.TaskFailed():
            return replace(row, status="failed", message=event.message)
        case ev.TaskBlocked():
            return replace(row, status="blocked", message=f"needs {event.by}")
        case ev.TaskCancelled():
            return replace(row, status="cancelled")
        case _:
            return row
