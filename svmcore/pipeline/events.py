"""What a run tells about itself, one frozen event at a time."""

from dataclasses import dataclass

__all__ = [
    "Event",
    "PlanFinished",
    "PlanStarted",
    "TaskBlocked",
    "TaskCancelled",
    "TaskFailed",
    "TaskFinished",
    "TaskStarted",
]


@dataclass(frozen=True, slots=True)
class PlanStarted:
    """The run begins.

    Parameters
    ----------
    total : int
        Number of tasks.
    """

    total: int


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A worker got a task.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    """

    identifier: str
    step: str
    subject: str


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """A result is there.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    is_reused : bool
        Whether the result of an earlier run was taken.
    seconds, cpu_seconds : float
        Wall and processor time in the worker; 0 if reused [s].
    peak_mb : float
        Largest memory of the worker process so far [MB].
    """

    identifier: str
    step: str
    subject: str
    is_reused: bool
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """A task could not be done; what depends on it will be blocked.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    message : str
        One line: subject, problem, remedy.
    traceback : str
        For the log; empty for errors that a user can mend.
    """

    identifier: str
    step: str
    subject: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class TaskBlocked:
    """A task is not tried, since one that it needs failed.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    by : str
        Identifier of the failed or blocked task.
    """

    identifier: str
    step: str
    subject: str
    by: str


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    """A task was not finished because the run was cancelled.

    Parameters
    ----------
    identifier, step, subject : str
        The task.
    """

    identifier: str
    step: str
    subject: str


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """The run is over.

    Parameters
    ----------
    done, reused, failed, blocked, cancelled : int
        Numbers of tasks: made new, taken from an earlier run, failed, not
        tried, and stopped.
    seconds : float
        Wall time [s].
    """

    done: int
    reused: int
    failed: int
    blocked: int
    cancelled: int
    seconds: float


Event = (
    PlanStarted
    | TaskStarted
    | TaskFinished
    | TaskFailed
    | TaskBlocked
    | TaskCancelled
    | PlanFinished
)
