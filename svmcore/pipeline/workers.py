"""Who runs the tasks of a plan: a caller's executor, or processes of our own."""

from collections.abc import Iterable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from svmcore.pipeline.pool import TaskUsage, WorkerPool, execute
from svmcore.pipeline.tasks import Task, TaskCall

__all__ = ["Workers"]


class Workers:
    """The executor in use: a caller's, or an own one that can be replaced.

    Parameters
    ----------
    executor : Executor or None
        The caller's; None for processes of our own, started when first used.
    count : int
        Number of these processes.
    tasks : iterable of Task
        The plan, for the modules that the processes will need.
    """

    def __init__(
        self, executor: Executor | None, count: int, tasks: Iterable[Task]
    ) -> None:
        self.foreign = executor
        self.count = count
        self.modules = {task.module for task in tasks}
        self.own: WorkerPool | None = None
        self.is_loaded = False

    def submit(self, task: Task, call: TaskCall) -> Future[TaskUsage]:
        """Give a task to the executor; raise `BrokenProcessPool` if it is dead."""
        if self.foreign is not None:
            return self.foreign.submit(execute, (task.function, call))
        if self.own is None:
            self.own = WorkerPool(self.count, self.modules)
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
        """End processes of our own, when their tasks have ended."""
        if self.own is not None:
            self.own.shutdown(wait=True, cancel_futures=True)
