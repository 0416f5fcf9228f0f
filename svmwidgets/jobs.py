"""Heavy work off the kernel's loop: runs, previews, cancel, throttled events."""

import asyncio
import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from svmcore.errors import SvmError

__all__ = ["Courier", "Jobs", "LatestWins", "Problem", "problem_of"]

log = logging.getLogger(__name__)

EVENT_INTERVAL_S = 0.1  # ten deliveries a second are as fluid as a bar can look
PREVIEW_DELAY_S = 0.15  # a slider in motion asks once, when it rests

Emit = Callable[[Any], None]
Work = Callable[[Emit, threading.Event], Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as the banner shows it.

    Parameters
    ----------
    subject, problem, remedy : str
        What is wrong, how, and what can be done about it.
    traceback : str
        For the log; empty for what a user caused and can mend.
    """

    subject: str
    problem: str
    remedy: str = ""
    traceback: str = ""


def problem_of(error: BaseException) -> Problem:
    """Return an exception as subject, problem, remedy and traceback.

    Parameters
    ----------
    error : BaseException
        What was raised.
    """
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, SvmError):
        return Problem(error.subject, error.problem, error.remedy, trace)
    return Problem(
        type(error).__name__,
        str(error) or "no message",
        "This is a fault of the program: the log has the details.",
        trace,
    )


class Courier:
    """Carries calls from any thread to the one that owns the widgets.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop or None
        The kernel's loop. Without one (tests, scripts) calls wait in a queue
        until `pump` is called.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    @classmethod
    def of_this_thread(cls) -> "Courier":
        """Return a courier to the loop that runs here, or to a queue."""
        try:
            return cls(asyncio.get_running_loop())
        except RuntimeError:
            return cls()

    def post(self, call: Callable[[], None]) -> None:
        """Have `call` made in the owner's thread, soon."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)
        else:
            self._waiting.put(call)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Queue calls while the owner's thread is busy; make them at the end."""
        loop, self._loop = self._loop, None
        try:
            yield
            self.pump()
        finally:
            self._loop = loop

    def pump(self, timeout_s: float = 0.0) -> int:
        """Make the calls that wait in the queue.

        Parameters
        ----------
        timeout_s : float
            How long to wait for a first call [s].

        Returns
        -------
        int
            Number of calls made.
        """
        made = 0
        try:
            call = self._waiting.get(timeout=timeout_s) if timeout_s else None
            while True:
                if call is not None:
                    call()
                    made += 1
                call = self._waiting.get_nowait()
        except queue.Empty:
            return made


class _Throttle:
    """Gathers events and hands them over as a batch, ten times a second."""

    def __init__(self, courier: Courier, deliver: Callable[[list[Any]], None]) -> None:
        self._courier = courier
        self._deliver = deliver
        self._lock = threading.Lock()
        self._batch: list[Any] = []
        self._timer: threading.Timer | None = None
        self._last = 0.0

    def __call__(self, event: Any) -> None:
        with self._lock:
            self._batch.append(event)
            wait = self._last + EVENT_INTERVAL_S - time.monotonic()
            if self._timer is None and wait > 0:
                self._timer = threading.Timer(wait, self.flush)
                self._timer.daemon = True
                self._timer.start()
                return
            if self._timer is not None:
                return
        self.flush()

    def flush(self) -> None:
        """Hand over what has gathered, now."""
        with self._lock:
            batch, self._batch = self._batch, []
            self._timer = None
            self._last = time.monotonic()
        if batch:
            self._courier.post(lambda: self._deliver(batch))


class Jobs:
    """Runs one piece of heavy work at a time in a background thread.

    Parameters
    ----------
    courier : Courier
        Delivers events and results to the owner's thread.

    Notes
    -----
    The thread only coordinates: pixels are worked on by the worker processes
    that the work itself asks for, so that the kernel stays free.
    """

    def __init__(self, courier: Courier) -> None:
        self.courier = courier
        self._thread: threading.Thread | None = None
        self._cancel = threading.Event()
        self._open = 0

    @property
    def is_busy(self) -> bool:
        """Whether work is under way or its outcome not yet delivered."""
        return self._open > 0

    def start(
        self,
        work: Work,
        *,
        on_events: Callable[[list[Any]], None],
        on_done: Callable[[Any], None],
        on_failed: Callable[[Problem], None],
        wait: bool = False,
    ) -> None:
        """Start `work(emit, cancel)`.

        Parameters
        ----------
        work : callable
            Called with a function that takes events, and with the event that
            is set when the user cancels.
        on_events : callable
            Takes a list of events, at most ten times a second, in order.
        on_done, on_failed : callable
            Take the returned value, or what went wrong; exactly one is called.
        wait : bool
            Work in the caller's thread and return when all is delivered.

        Raises
        ------
        RuntimeError
            If other work is under way.
        """
        if self.is_busy:
            msg = "a job is under way; cancel it or wait for its end"
            raise RuntimeError(msg)
        self._open += 1
        self._cancel = cancel = threading.Event()
        throttle = _Throttle(self.courier, on_events)

        def closing(then: Callable[[Any], None], outcome: Any) -> Callable[[], None]:
            def close() -> None:
                self._open -= 1
                then(outcome)

            return close

        def run() -> None:
            try:
                outcome = work(throttle, cancel)
            except Exception as error:  # noqa: BLE001  # the banner shows it
                closed = closing(on_failed, problem_of(error))
            else:
                closed = closing(on_done, outcome)
            throttle.flush()
            self.courier.post(closed)

        if wait:
            with self.courier.held():
                run()
            return
        self._thread = threading.Thread(target=run, name="svm job", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop; it does at its next check."""
        self._cancel.set()

    def wait(self, timeout_s: float = 600.0) -> None:
        """Pump deliveries until the work is over (for scripts and tests).

        Parameters
        ----------
        timeout_s : float
            How long to wait [s].

        Raises
        ------
        TimeoutError
            If the work is not over by then.
        """
        end = time.monotonic() + timeout_s
        while self.is_busy:
            self.courier.pump(0.02)
            if time.monotonic() > end:
                msg = f"the job is not over after {timeout_s} s"
                raise TimeoutError(msg)


class LatestWins:
    """Answers only the latest question, after a short rest.

    Parameters
    ----------
    courier : Courier
        Delivers answers to the owner's thread.
    delay_s : float
        How long a question rests before it is worked on; a newer one
        replaces it [s].

    Notes
    -----
    One thread works at a time. While it does, only the newest question is
    kept; the answer to an overtaken question is dropped.
    """

    def __init__(self, courier: Courier, *, delay_s: float = PREVIEW_DELAY_S) -> None:
        self._courier = courier
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._latest = 0
        self._next: tuple[int, Callable[[], Any], Any, Any] | None = None
        self._is_working = False
        self._open = 0

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to be delivered."""
        return self._open > 0

    def ask(
        self,
        question: Callable[[], Any],
        *,
        on_answer: Callable[[Any], None],
        on_failed: Callable[[Problem], None],
    ) -> None:
        """Have `question()` answered, unless a newer one comes.

        Parameters
        ----------
        question : callable
            Takes nothing, returns the answer; called in a background thread.
        on_answer, on_failed : callable
            Take the answer, or what went wrong.
        """
        with self._lock:
            self._latest += 1
            self._open += 1
            if self._next is not None:
                self._open -= 1
            self._next = (self._latest, question, on_answer, on_failed)
            if self._is_working:
                return
            self._is_working = True
        threading.Thread(target=self._work, name="svm preview", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(self._delay_s)
            with self._lock:
                entry, self._next = self._next, None
                if entry is None:
                    self._is_working = False
                    return
            number, question, on_answer, on_failed = entry
            try:
                answer, then = question(), on_answer
            except Exception as error:  # noqa: BLE001  # the banner shows it
                answer, then = problem_of(error), on_failed
            self._courier.post(self._delivery(number, then, answer))

    def _delivery(
        self, number: int, then: Callable[[Any], None], answer: Any
    ) -> Callable[[], None]:
        def deliver() -> None:
            self._open -= 1
            if number == self._latest:
                then(answer)

        return deliver

    def wait(self, timeout_s: float = 60.0) -> None:
        """Pump deliveries until nothing is open (for scripts and tests)."""
        end = time.monotonic() + timeout_s
        while self.is_busy:
            self._courier.pump(0.02)
            if time.monotonic() > end:
                msg = f"no answer after {timeout_s} s"
                raise TimeoutError(msg)
