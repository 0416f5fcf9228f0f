"""How a plan may look, and how its tasks ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from svmcore.errors import PipelineError
from svmcore.io.store import ResultRef
from svmcore.pipeline.tasks import Task

__all__ = ["RunOutcome", "State", "check_plan", "input_digests", "needed_tasks"]


class State(StrEnum):
    """How a task ended."""

    DONE = "done"
    REUSED = "reused"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def is_good(self) -> bool:
        """Whether its result is there."""
        return self in (State.DONE, State.REUSED)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How every task of a plan ended.

    Parameters
    ----------
    states : Mapping of str to State
        By task identifier.
    results : Mapping of str to ResultRef
        Results that are there, by task identifier.
    messages : Mapping of str to str
        One line for every failed task.
    seconds : float
        Wall time [s].
    """

    states: Mapping[str, State]
    results: Mapping[str, ResultRef]
    messages: Mapping[str, str]
    seconds: float

    @property
    def is_complete(self) -> bool:
        """Whether every task has its result."""
        return all(state.is_good for state in self.states.values())


def check_plan(tasks: Sequence[Task]) -> None:
    """Raise if a plan has doubles, gaps, loops or two writers of one file.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks in an order in which each comes after all that it needs.

    Raises
    ------
    PipelineError
        If the plan cannot be run.
    """
    seen: set[str] = set()
    files: dict[str, str] = {}
    for task in tasks:
        if task.identifier in seen:
            raise PipelineError(task.identifier, "stands twice in the plan")
        for needed in needed_tasks(task):
            if needed not in seen:
                raise PipelineError(
                    task.identifier, f"needs '{needed}', which does not come before it"
                )
        for name in task.outputs:
            if name in files:
                raise PipelineError(
                    name, f"is written by both '{files[name]}' and '{task.identifier}'"
                )
            files[name] = task.identifier
        seen.add(task.identifier)


def needed_tasks(task: Task) -> tuple[str, ...]:
    """Return the identifiers of all tasks that a task needs, role by role."""
    return tuple(name for names in task.needs.values() for name in names)


def input_digests(
    task: Task, results: Mapping[str, ResultRef]
) -> Mapping[str, tuple[str, ...]]:
    """Return the digests of the results that a task needs, role by role.

    Parameters
    ----------
    task : Task
        A task.
    results : Mapping of str to ResultRef
        Results by task identifier, with all that it needs.
    """
    return {
        role: tuple(results[name].digest for name in names)
        for role, names in task.needs.items()
    }
