"""Running a plan: what is needed, in any executor, resumable and cancellable."""

import logging
import shutil
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from svmcore.errors import PipelineError, SvmError
from svmcore.io.store import ResultRef, Store
from svmcore.pipeline import events as ev
from svmcore.pipeline.keys import FileDigests, digest_folder
from svmcore.pipeline.outcome import RunOutcome, State, check_plan, needed_tasks
from svmcore.pipeline.pool import TaskUsage
from svmcore.pipeline.progress import RunProgress
from svmcore.pipeline.tasks import Task, TaskCall
from svmcore.pipeline.workers import Workers

__all__ = ["run_plan"]

log = logging.getLogger(__name__)

_POLL_S = 0.1


def run_plan(
    tasks: Sequence[Task],
    *,
    output: Path | str,
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
    output : Path or str
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
    store = Store(Path(output))
    with store.locked():
        run = RunProgress(
            tasks={task.identifier: task for task in tasks},
            store=store,
            files=FileDigests(store.read_file_digests()),
            emit=on_event or (lambda _event: None),
        )
        run.emit(ev.PlanStarted(len(tasks)))
        pool = Workers(executor, workers, tasks)
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


def _loop(
    run: RunProgress, pool: Workers, workers: int, cancel: threading.Event
) -> None:
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


def _check_settled(run: RunProgress) -> None:
    """Raise if the run ends with tasks that nobody looked at."""
    open_tasks = [name for name in run.tasks if name not in run.states]
    if open_tasks:
        raise PipelineError(open_tasks[0], "could neither be run nor be given up")


def _advance(run: RunProgress, pool: Workers, workers: int) -> bool:
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


def _start_or_reuse(
    run: RunProgress, pool: Workers, task: Task, *, is_free: bool
) -> bool:
    name = task.identifier
    try:
        key = run.key_of(task)
    except SvmError as error:  # an input file that is gone or unreadable
        run.fail(task, str(error))
        return True
    found = None if name in run.forced else run.store.lookup(key)
    if found is not None:
        event = ev.TaskFinished(name, task.step, task.subject, is_reused=True)
        run.settle(found, State.REUSED, event)
        return True
    missing = [need for need in needed_tasks(task) if not run.refs[need].is_present]
    if missing:
        for need in missing:  # dropped earlier, wanted again
            run.forced.add(need)
            run.states.pop(need, None)
        return True
    if is_free:
        _start(run, pool, task)
    return is_free


def _start(run: RunProgress, pool: Workers, task: Task) -> None:
    """Give a task to a free worker."""
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
        return
    run.emit(ev.TaskStarted(task.identifier, task.step, task.subject))
    run.running[future] = (task.identifier, scratch)


def _collect(run: RunProgress, pool: Workers, future: Future[TaskUsage]) -> None:
    if future not in run.running:
        return
    name, scratch = run.running.pop(future)
    task = run.tasks[name]
    try:
        usage = future.result()
        ref = _commit(run, task, scratch)
    except SvmError as error:
        run.fail(task, str(error))
    except BrokenProcessPool:
        _lose_workers(run, pool, task)
    except Exception as error:  # noqa: BLE001 - the runner turns all into events
        text = "".join(traceback.format_exception(error))
        log.debug("%s: %s", name, text)
        run.fail(task, f"{name}: {type(error).__name__}: {error}", text)
    else:
        event = ev.TaskFinished(
            name,
            task.step,
            task.subject,
            is_reused=False,
            seconds=usage.seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_mb=usage.peak_mb,
        )
        run.settle(ref, State.DONE, event)
        return
    shutil.rmtree(scratch, ignore_errors=True)


def _commit(run: RunProgress, task: Task, scratch: Path) -> ResultRef:
    """Make a task's finished scratch folder its result."""
    is_content = not task.outputs and not task.is_transient
    key = run.key_of(task)
    digest = digest_folder(scratch) if is_content else key
    return run.store.commit(key, scratch, digest=digest, outputs=task.outputs)


def _lose_workers(run: RunProgress, pool: Workers, *more: Task) -> None:
    """Try once more what a dying process took with it."""
    pool.replace()
    lost = [*more, *(run.tasks[name] for name, _ in run.running.values())]
    for _, scratch in run.running.values():
        shutil.rmtree(scratch, ignore_errors=True)
    run.running.clear()
    for task in lost:
        if task.identifier in run.retried:
            run.fail(
                task,
                f"{task.identifier}: the worker process died twice. "
                "Most likely the machine ran out of memory: use fewer workers.",
            )
        run.retried.add(task.identifier)


def _cancel(run: RunProgress, pool: Workers) -> None:
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
