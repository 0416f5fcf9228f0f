"""A task: one step on one subject, and what a worker is told about it."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["NamedFunction", "Task", "TaskCall", "TaskFunction"]


@dataclass(frozen=True, slots=True)
class TaskCall:
    """What the function of a task gets: the only argument, picklable.

    Parameters
    ----------
    payload : object
        The task's own frozen dataclass of facts and parameters.
    inputs : Mapping of str to tuple of Path
        Result folders of the tasks that this one depends on, by the role
        name given in `Task.needs`, in the order given there.
    folder : Path
        An empty scratch folder: what is written here becomes the result.
    output : Path
        The user's output folder; only files named in `Task.outputs` may be
        written here, to a temporary name first and then renamed.
    """

    payload: Any
    inputs: Mapping[str, tuple[Path, ...]]
    folder: Path
    output: Path


TaskFunction = Callable[[TaskCall], None]


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A task function by name, imported only by the process that runs it.

    Parameters
    ----------
    module : str
        Module that holds the function; its libraries may be heavy, for a plan
        is made without importing it.
    name : str
        The function: module level, of one `TaskCall`.

    Examples
    --------
    >>> NamedFunction("svmcore.pipeline.align_steps", "fit_alignment").name
    'fit_alignment'
    """

    module: str
    name: str

    @property
    def function(self) -> TaskFunction:
        """The function itself."""
        found: TaskFunction = getattr(importlib.import_module(self.module), self.name)
        return found

    def __call__(self, call: TaskCall) -> None:
        """Run the function."""
        self.function(call)


@dataclass(frozen=True, slots=True)
class Task:
    """One step on one subject, ideally well under 30 s.

    Parameters
    ----------
    step : str
        Name of the step, for example ``detect sources``.
    subject : str
        What it works on: a rootname, a detector slug or a product basename.
    function : callable
        Module-level function of one `TaskCall`, usually a `NamedFunction`. It
        raises `SvmError` for what a user can mend; it must give the same files
        for the same payload and inputs, without time stamps, host names or
        paths in them.
    version : int
        Raised whenever pixels, values or file names of the step change.
    payload : object
        Frozen dataclass with the facts and parameters that the result depends
        on. Paths in it are replaced by content digests of the files in keys.
    needs : Mapping of str to tuple of str
        Identifiers of the tasks that must be done first, by role name.
    outputs : tuple of str
        Names of the files that are written to the output folder.
    is_transient : bool
        Whether the result may be dropped once all that need it are done, and
        is made again only if something asks for it.
    """

    step: str
    subject: str
    function: TaskFunction
    version: int
    payload: Any
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    is_transient: bool = False

    @property
    def module(self) -> str:
        """Module of the function."""
        if isinstance(self.function, NamedFunction):
            return self.function.module
        return self.function.__module__

    @property
    def identifier(self) -> str:
        """Unique name within a plan: step and subject."""
        return f"{self.step}: {self.subject}"
