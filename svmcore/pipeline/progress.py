"""What the coordinating thread knows of a run; nothing of it reaches a worker."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from svmcore.io.store import ResultRef, Store
from svmcore.pipeline import events as ev
from svmcore.pipeline.keys import FileDigests, task_key
from svmcore.pipeline.outcome import State, input_digests, needed_tasks
from svmcore.pipeline.pool import TaskUsage
from svmcore.pipeline.tasks import Task

__all__ = ["RunProgress"]


@dataclass(slots=True)
class RunProgress:
    """How far a run has come.

    Parameters
    ----------
    tasks : Mapping of str to Task
        The plan, by identifier; each task after all that it needs.
    store : Store
        Results of the output folder.
    files : FileDigests
        Digests of input files.
    emit : callable
        Called with every event.
    refs : dict of str to ResultRef
        Results that are there, by task identifier.
    states : dict of str to State
        How the tasks ended that did.
    messages : dict of str to str
        One line for every failed task.
    keys : dict of str to str
        Addresses of the results.
    forced : set of str
        Tasks whose result was dropped and is wanted again.
    retried : set of str
        Tasks that a dying worker took with it once.
    running : dict of Future to tuple of str and Path
        Identifier and scratch folder of each task that an executor has.
    """

    tasks: Mapping[str, Task]
    store: Store
    files: FileDigests
    emit: Callable[[ev.Event], None]
    refs: dict[str, ResultRef] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)
    retried: set[str] = field(default_factory=set)
    running: dict[Future[TaskUsage], tuple[str, Path]] = field(default_factory=dict)

    def key_of(self, task: Task) -> str:
        """Return the address of a task's result; all that it needs is there."""
        if task.identifier not in self.keys:
            digests = input_digests(task, self.refs)
            self.keys[task.identifier] = task_key(task, digests, self.files)
        return self.keys[task.identifier]

    def bad_need(self, task: Task) -> str | None:
        """Return a task that this one needs and that ended badly, if any."""
        for name in needed_tasks(task):
            state = self.states.get(name)
            if state is not None and not state.is_good:
                return name
        return None

    def is_ready(self, task: Task) -> bool:
        """Return whether all that a task needs has been made."""
        return all(
            name in self.states and self.states[name].is_good
            for name in needed_tasks(task)
        )

    def settle(self, ref: ResultRef, state: State, event: ev.TaskFinished) -> None:
        """Note that a task has its result, and drop what no task needs any more."""
        name = event.identifier
        self.refs[name] = ref
        self.states[name] = state
        self.forced.discard(name)
        self.emit(event)
        for need in needed_tasks(self.tasks[name]):
            self._drop_if_unused(need)

    def fail(self, task: Task, message: str, trace: str = "") -> None:
        """Note that a task has failed."""
        self.states[task.identifier] = State.FAILED
        self.messages[task.identifier] = message
        self.emit(
            ev.TaskFailed(task.identifier, task.step, task.subject, message, trace)
        )

    def _drop_if_unused(self, name: str) -> None:
        if not self.tasks[name].is_transient or not self.refs[name].is_present:
            return
        users = [task for task in self.tasks.values() if name in needed_tasks(task)]
        if all(
            task.identifier in self.states and self.states[task.identifier].is_good
            for task in users
        ):
            self.refs[name] = self.store.drop(self.refs[name])
