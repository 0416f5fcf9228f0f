"""The tasks of a run as rows, and the numbers of a product as facts."""

from collections.abc import Iterable
from typing import Any

from svmwidgets.figures import Table, badge, column
from svmwidgets.models.running import TaskRow
from svmwidgets.models.states import Statistics

__all__ = ["statistics_facts", "task_rows", "task_table"]

# What a user wants to see first.
_ORDER = {"failed": 0, "blocked": 1, "running": 1, "waiting": 2, "reused": 4}


def task_table() -> Table:
    """Return an empty table for `task_rows`."""
    return Table(
        [
            column("status", "State", "badge"),
            column("step", "Task"),
            column("subject", "Subject"),
            column("seconds", "Time", "number", digits=1, unit="s"),
        ],
        height="250px",
        label="Tasks of the run",
        empty_text="Nothing has run in this session.",
    )


def task_rows(tasks: Iterable[TaskRow]) -> list[dict[str, Any]]:
    """Return rows for `task_table`: what failed first, then what runs.

    Parameters
    ----------
    tasks : iterable of TaskRow
        In the order of the plan.
    """
    return [
        {
            "id": task.identifier,
            "step": task.step,
            "subject": task.subject,
            "status": badge(task.status, "", task.message),
            "seconds": task.seconds or None,
            "_tooltip": task.message,
        }
        for task in sorted(tasks, key=lambda task: _ORDER.get(task.status, 3))
    ]


def statistics_facts(found: Statistics) -> list[tuple[str, str]]:
    """Return the coverage and weight of a product as names and values."""
    ratio = f"{found.weight_ratio:.3f}"
    if found.is_uneven:
        ratio += (
            "\nabove 0.2: exposures cover the field unevenly,"
            "\nor drops are too small: try a larger pixfrac"
        )
    return [
        *found.keywords,
        ("Mean weight", f"{found.weight_mean:.4g}"),
        ("Rms / median of weight", ratio),
    ]
