"""Worker processes, forked from a server that has the libraries loaded."""

import contextlib
import ctypes
import gc
import importlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import resource
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from svmcore.pipeline.tasks import TaskCall, TaskFunction

__all__ = ["TaskUsage", "WorkerPool", "execute", "start_server", "stop_server"]


# Linear algebra of numpy and of scipy is loaded whatever is to be run: the number
# of its threads is set when a worker starts.
_ALWAYS = ("svmcore.pipeline.server", "scipy.linalg")

# Options of the C library's allocator (mallopt): pieces that get a mapping of
# their own, and the free end of the heap that goes back to the system [byte].
_M_MMAP_MAX, _M_TRIM_THRESHOLD = -4, -1


@dataclass(frozen=True, slots=True)
class TaskUsage:
    """What a task cost.

    Parameters
    ----------
    seconds : float
        Wall time [s].
    cpu_seconds : float
        Processor time of the worker [s].
    peak_mb : float
        Largest memory of the worker so far [MB].
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


def execute(work: tuple[TaskFunction, TaskCall]) -> TaskUsage:
    """Run one task in the present process.

    Parameters
    ----------
    work : tuple
        The function and its call: one picklable argument, as executors of
        all kinds take it.

    Returns
    -------
    TaskUsage
        Its cost.
    """
    function, call = work
    wall, cpu = time.perf_counter(), time.process_time()
    function(call)
    return TaskUsage(
        time.perf_counter() - wall,
        time.process_time() - cpu,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    )


def _start_worker() -> None:
    gc.freeze()  # what the server loaded stays shared with it
    gc.enable()
    # One process per core: further threads would only compete.
    threadpool_limits(1)
    _keep_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _keep_freed_memory() -> None:
    """Let large arrays reuse the memory of those that came before.

    Otherwise every one of them is new memory, which the system hands out page by
    page, filled with zeros: a tenth of the time of drizzling. Without effect where
    the C library is not that of GNU.
    """
    with contextlib.suppress(AttributeError, OSError):
        allocator = ctypes.CDLL(None).mallopt
        allocator(_M_MMAP_MAX, 0)
        allocator(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def _end_with_parent() -> None:
    """End this worker when the coordinating process is gone, however it went.

    A killed coordinator cannot tell its workers; they would wait for ever, or
    go on writing into a folder that the next run has taken over.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _load(modules: Iterable[str]) -> None:
    for name in modules:
        importlib.import_module(name)


def _touch() -> None:
    time.sleep(0.01)


@contextlib.contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep workers from importing the caller's script, guarded or not.

    Tasks are functions of this package, so a worker has no use for it.
    """
    main = sys.modules["__main__"]
    if getattr(main, "__file__", None) is None:
        yield
        return
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def start_server(modules: Iterable[str]) -> None:
    """Start the server that worker processes are forked from, if there is none.

    Parameters
    ----------
    modules : iterable of str
        Modules of this package that it loads before it is asked for workers:
        those of the functions to be run. A server that is already there
        keeps what it has.

    Notes
    -----
    This returns at once; a pool waits for the server when it gets its first
    work.
    """
    ours = sorted({name for name in modules if name.startswith("svmcore.")})
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_ALWAYS, __name__, *ours])
    with _main_module_hidden():
        multiprocessing.forkserver.ensure_running()


def stop_server() -> None:
    """End the server at once, even while it is still loading libraries.

    Notes
    -----
    It ends with this process anyway, but only when it has loaded everything;
    until then it would hold on to the terminal or pipe that it was given.
    Workers that run already are not touched; their pools end them.
    """
    # It has no public name; without its number it ends a second later.
    server = multiprocessing.forkserver._forkserver  # noqa: SLF001
    pid: int | None = getattr(server, "_forkserver_pid", None)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


class WorkerPool(ProcessPoolExecutor):
    """Processes for heavy work; they survive between runs.

    Parameters
    ----------
    workers : int
        Number of processes.
    modules : iterable of str
        What the server loads that workers are forked from, see `start_server`.

    Notes
    -----
    The compiled drizzle holds Python's lock, so threads would gain nothing
    and freeze an interactive session. The server that workers are forked
    from holds the libraries in memory: a first pool is ready after about
    two seconds, a later one at once.
    """

    def __init__(self, workers: int, modules: Iterable[str] = ()) -> None:
        start_server(modules)
        self.workers = workers
        context = multiprocessing.get_context("forkserver")
        super().__init__(workers, mp_context=context, initializer=_start_worker)

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Submit a call, as any executor does."""
        with _main_module_hidden():
            return super().submit(fn, *args, **kwargs)

    def warm_up(self) -> None:
        """Start the processes without waiting for them."""
        for _ in range(self.workers):
            self.submit(_touch)

    def load_ahead(self, modules: Iterable[str]) -> None:
        """Let the next idle process load modules, without waiting for it.

        Parameters
        ----------
        modules : iterable of str
            Those of tasks to come; what is loaded already costs nothing.
        """
        self.submit(_load, sorted(modules))

    def kill(self) -> None:
        """End all worker processes at once; the pool cannot be used again."""
        processes = list((self._processes or {}).values())
        self.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join(5.0)
