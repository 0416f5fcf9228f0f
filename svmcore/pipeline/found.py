"""What earlier runs left of a plan's results."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from svmcore.io.store import ResultRef, Store
from svmcore.pipeline.keys import FileDigests, task_key
from svmcore.pipeline.outcome import check_plan, input_digests, needed_tasks
from svmcore.pipeline.tasks import Task

__all__ = ["find_results", "what_is_stale"]


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

    Raises
    ------
    InputError
        If an input file is gone or cannot be read.
    StoreError
        If the output folder cannot be used.
    """
    check_plan(tasks)
    if not (output / ".svm").is_dir():
        return {}
    store = Store(output)
    files = FileDigests(store.read_file_digests())
    results: dict[str, ResultRef] = {}
    for task in tasks:
        if all(need in results for need in needed_tasks(task)):
            digests = input_digests(task, results)
            found = store.lookup(task_key(task, digests, files))
            if found is not None:
                results[task.identifier] = found
    return results


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

    Raises
    ------
    InputError
        If an input file is gone or cannot be read.
    StoreError
        If the output folder cannot be used.
    """
    found = find_results(tasks, output)
    return {task.identifier: task.identifier not in found for task in tasks}
