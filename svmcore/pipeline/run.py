"""Running a plan: what is needed, in any executor, resumable and cancellable."""

import logging
import shutil
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from svmcore.errors import PipelineError, SvmError
from svmcore.io.store import ResultRef, Store
from svmcore.pipeline import events as ev
from svmcore.pipeline.keys import FileDigests, digest_folder, task_key
from svmcore.pipeline.outcome import RunOutcome, State, check_plan, needed_tasks
from svmcore.pipeline.pool import TaskUsage, WorkerPool, execute
from svmcore.pipeline.tasks import Task, TaskCall

__all__ = ["find_results", "run_plan", "what_is_stale"]

log = logging.getLogger(__name__)

_POLL_S = 0.1


@dataclass(slots=True)
class _Run:
    """The coordinating thread's own notes; nothing of it reaches a worker."""

    tasks: Mapping[str, Task]
    store: Store
    files: FileDigests
    emit: Callable[[ev.Event], None]
    refs: dict[str, ResultRef] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)  # dropped results wanted again
    retried: set[str] = field(default_factory=set)  # lost with a dying worker once
    running: dict[Future[TaskUsage], tuple[str, Path]] = field(default_factory=dict)

    def key_of(self, task: Task) -> str:
        inputs = {
            role: [self.refs[name].digest for name in names]
            for role, names in task.needs.items()
        }
        return task_key(task, inputs, self.files)

    def bad_need(self, task: Task) -> str | None:
        for name in needed_tasks(task):
            state = self.states.get(name)
            if state is not None and not state.is_good:
                return name
        return None

    def is_ready(self, task: Task) -> bool:
        return all(
            name in self.states and self.states[name].is_good
            for name in needed_tasks(task)
        )


def run_plan(
    tasks: Sequence[Task],
    *,
    output: Path,
    executor: Executor | None = None,
    workers: int = 2,
    on_event: Callable[[ev.Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> RunOutcome:
    """Run a plan: reuse what is there, make what is missing.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks, each after all that it needs.
    output : Path
        Folder for products; results are stored in its subfolder ``.svm``.
    executor : Executor, optional
        Any executor of `concurrent.futures`; by default a pool of processes
        that is started and ended here.
    workers : int
        Number of tasks that run at once.
    on_event : callable, optional
        Called with every event, in the calling thread.
    cancel : threading.Event, optional
        When set, running processes of the own pool are ended, or no further
        task is given to a foreign executor; results so far stay.

    Returns
    -------
    RunOutcome
        How every task ended. A task that fails does not stop those that do
        not need it.

    Raises
    ------
    PipelineError
        If the plan cannot be run.
    StoreError
        If the output folder cannot be used.
    """
    check_plan(tasks)
    started = time.perf_counter()
    store = Store(output)
    with store.locked():
        run = _Run(
            tasks={task.identifier: task for task in tasks},
            store=store,
            files=FileDigests(store.read_file_digests()),
            emit=on_event or (lambda _event: None),
        )
        run.emit(ev.PlanStarted(len(tasks)))
        pool = _Pool(executor, workers, tasks)
        try:
            _loop(run, pool, workers, cancel or threading.Event())
        finally:
            pool.close()
            store.write_file_digests(run.files.known)
    seconds = time.perf_counter() - started
    counts = Counter(run.states.values())
    run.emit(
        ev.PlanFinished(
            done=counts[State.DONE],
            reused=counts[State.REUSED],
            failed=counts[State.FAILED],
            blocked=counts[State.BLOCKED],
            cancelled=counts[State.CANCELLED],
            seconds=seconds,
        )
    )
    return RunOutcome(run.states, run.refs, run.messages, seconds)


class _Pool:
    """The executor in use: a caller's, or an own one that can be replaced."""

    def __init__(
        self, executor: Executor | None, workers: int, tasks: Iterable[Task]
    ) -> None:
        self.foreign = executor
        self.workers = workers
        self.modules = {task.module for task in tasks}
        self.own: WorkerPool | None = None
        self.is_loaded = False

    def submit(self, task: Task, call: TaskCall) -> Future[TaskUsage]:
        if self.foreign is not None:
            return self.foreign.submit(execute, (task.function, call))
        if self.own is None:
            self.own = WorkerPool(self.workers, self.modules)
        return self.own.submit(execute, (task.function, call))

    def load_ahead(self) -> None:
        """Give an idle worker the modules of later tasks to load, once."""
        if self.own is None or self.is_loaded:
            return
        self.is_loaded = True
        with suppress(BrokenProcessPool):  # noticed when the next task is given
            self.own.load_ahead(self.modules)

    def replace(self) -> None:
        """Forget a pool whose process died."""
        if self.own is not None:
            self.own.kill()
            self.own = None
            self.is_loaded = False

    def close(self) -> None:
        if self.own is not None:
            self.own.shutdown(wait=True, cancel_futures=True)


def _loop(run: _Run, pool: _Pool, workers: int, cancel: threading.Event) -> None:
    while True:
        if cancel.is_set():
            _cancel(run, pool)
            return
        moved = _advance(run, pool, workers)
        if not run.running:
            if moved:
                continue
            _check_settled(run)
            return
        if len(run.running) < workers:
            pool.load_ahead()
        done, _ = wait(run.running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            _collect(run, pool, future)


def _check_settled(run: _Run) -> None:
    """Raise if the run ends with tasks that nobody looked at."""
    open_tasks = [name for name in run.tasks if name not in run.states]
    if open_tasks:
        raise PipelineError(open_tasks[0], "could neither be run nor be given up")


def _advance(run: _Run, pool: _Pool, workers: int) -> bool:
    """Settle what can be settled and fill the free workers."""
    moved = False
    busy = {name for name, _ in run.running.values()}
    for name, task in run.tasks.items():
        if name in run.states or name in busy:
            continue
        bad = run.bad_need(task)
        if bad is not None:
            run.states[name] = State.BLOCKED
            run.emit(ev.TaskBlocked(name, task.step, task.subject, bad))
            moved = True
        elif run.is_ready(task):
            moved |= _start_or_reuse(
                run, pool, task, is_free=len(run.running) < workers
            )
            busy = {name for name, _ in run.running.values()}
    return moved


def _start_or_reuse(run: _Run, pool: _Pool, task: Task, *, is_free: bool) -> bool:
    name = task.identifier
    if name not in run.keys:
        try:
            run.keys[name] = run.key_of(task)
        except SvmError as error:  # an input file that is gone or unreadable
            _fail(run, task, str(error), "")
            return True
    if name not in run.forced:
        found = run.store.lookup(run.keys[name])
        if found is not None:
            _settle(
                run,
                task,
                found,
                State.REUSED,
                ev.TaskFinished(name, task.step, task.subject, is_reused=True),
            )
            return True
    missing = [need for need in needed_tasks(task) if not run.refs[need].is_present]
    if missing:
        for need in missing:  # dropped earlier, wanted again
            run.forced.add(need)
            run.states.pop(need, None)
        return True
    if not is_free:
        return False
    inputs = {
        role: tuple(run.refs[need].folder for need in names)
        for role, names in task.needs.items()
    }
    scratch = run.store.new_scratch()
    call = TaskCall(task.payload, inputs, scratch, run.store.output)
    try:
        future = pool.submit(task, call)
    except BrokenProcessPool:  # a process died since the last look
        shutil.rmtree(scratch, ignore_errors=True)
        _lose_workers(run, pool)
        return True
    run.emit(ev.TaskStarted(name, task.step, task.subject))
    run.running[future] = (name, scratch)
    return True


def _collect(run: _Run, pool: _Pool, future: Future[TaskUsage]) -> None:
    if future not in run.running:
        return
    name, scratch = run.running.pop(future)
    task = run.tasks[name]
    try:
        usage = future.result()
        is_content = not task.outputs and not task.is_transient
        key = run.keys[name]
        digest = digest_folder(scratch) if is_content else key
        ref = run.store.commit(key, scratch, digest=digest, outputs=task.outputs)
    except SvmError as error:
        _fail(run, task, str(error), "")
    except BrokenProcessPool:
        _lose_workers(run, pool, task)
    except Exception as error:  # noqa: BLE001 - the runner turns all into events
        text = "".join(traceback.format_exception(error))
        log.debug("%s: %s", name, text)
        _fail(run, task, f"{name}: {type(error).__name__}: {error}", text)
    else:
        _settle(
            run,
            task,
            ref,
            State.DONE,
            ev.TaskFinished(
                name,
                task.step,
                task.subject,
                is_reused=False,
                seconds=usage.seconds,
                cpu_seconds=usage.cpu_seconds,
                peak_mb=usage.peak_mb,
            ),
        )
        return
    shutil.rmtree(scratch, ignore_errors=True)


def _lose_workers(run: _Run, pool: _Pool, *more: Task) -> None:
    """Try once more what a dying process took with it."""
    pool.replace()
    lost = [*more, *(run.tasks[name] for name, _ in run.running.values())]
    for _, scratch in run.running.values():
        shutil.rmtree(scratch, ignore_errors=True)
    run.running.clear()
    for task in lost:
        if task.identifier in run.retried:
            _fail(
                run,
                task,
                f"{task.identifier}: the worker process died twice. "
                "Most likely the machine ran out of memory: use fewer workers.",
                "",
            )
        run.retried.add(task.identifier)


def _settle(
    run: _Run, task: Task, ref: ResultRef, state: State, event: ev.Event
) -> None:
    name = task.identifier
    run.refs[name] = ref
    run.states[name] = state
    run.forced.discard(name)
    run.emit(event)
    for need in needed_tasks(task):
        _drop_if_unused(run, need)


def _drop_if_unused(run: _Run, name: str) -> None:
    if not run.tasks[name].is_transient or not run.refs[name].is_present:
        return
    users = [task for task in run.tasks.values() if name in needed_tasks(task)]
    if all(
        task.identifier in run.states and run.states[task.identifier].is_good
        for task in users
    ):
        run.refs[name] = run.store.drop(run.refs[name])


def _fail(run: _Run, task: Task, message: str, trace: str) -> None:
    run.states[task.identifier] = State.FAILED
    run.messages[task.identifier] = message
    run.emit(ev.TaskFailed(task.identifier, task.step, task.subject, message, trace))


def _cancel(run: _Run, pool: _Pool) -> None:
    if pool.foreign is not None:
        for future in list(run.running):
            if future.cancel():
                run.running.pop(future)
        wait(run.running)  # a foreign executor's work cannot be ended from here
        for future in list(run.running):
            _collect(run, pool, future)
    else:
        pool.replace()
    for name, task in run.tasks.items():
        if name not in run.states:
            run.states[name] = State.CANCELLED
            run.emit(ev.TaskCancelled(name, task.step, task.subject))


def find_results(tasks: Sequence[Task], output: Path) -> Mapping[str, ResultRef]:
    """Return the results of a plan that earlier runs left, nothing run.

    Parameters
    ----------
    tasks : sequence of Task
        The plan.
    output : Path
        Output folder of earlier runs; it need not exist.

    Returns
    -------
    Mapping of str to ResultRef
        By task identifier; a task is absent if it, or one that it needs, would
        have to run.
    """
    check_plan(tasks)
    if not (output / ".svm").is_dir():
        return {}
    store = Store(output)
    run = _Run(
        tasks={task.identifier: task for task in tasks},
        store=store,
        files=FileDigests(store.read_file_digests()),
        emit=lambda _event: None,
    )
    for task in tasks:
        if all(need in run.refs for need in needed_tasks(task)):
            found = store.lookup(run.key_of(task))
            if found is not None:
                run.refs[task.identifier] = found
    return run.refs


def what_is_stale(tasks: Sequence[Task], output: Path) -> Mapping[str, bool]:
    """Tell which tasks would run if the plan were run now.

    Parameters
    ----------
    tasks : sequence of Task
        The plan.
    output : Path
        Output folder of earlier runs; it need not exist.

    Returns
    -------
    Mapping of str to bool
        By task identifier: True if the task would run. A task behind a stale
        one counts as stale, although an unchanged result may spare it.
    """
    found = find_results(tasks, output)
    return {task.identifier: task.identifier not in found for task in tasks}
