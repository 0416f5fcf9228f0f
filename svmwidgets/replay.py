"""A session as a Python script and as a command line."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from svmwidgets.changes import History, python_lines
from svmwidgets.saved import SavedSession

__all__ = ["command_line", "run_python", "script_text"]

_HEAD = '''"""The visit {name}, processed as it was in the dashboard."""

from dataclasses import replace
from pathlib import Path

from svmcore import Decisions, process_visit
from svmcore.io.decisions import decisions_from_json
from svmcore.model.decisions import ExcludedRegion, ManualOffset, ParameterChange
from svmcore.model.verdict import Override

source = {source!r}
output = Path({output!r})
reference = {reference!r}
decisions = {decisions}
'''
_TAIL = """
if __name__ == "__main__":  # worker processes import this file
    report = process_visit(
        source, output=output, reference=reference, decisions=decisions{data}
    )
"""


def script_text(
    saved: SavedSession, history: History, *, has_faults: bool = False
) -> str:
    """Return a script that makes the same decisions and runs the visit.

    Parameters
    ----------
    saved : SavedSession
        The visit and its folders.
    history : History
        Decisions in force; what was undone is left out.
    has_faults : bool
        Whether listed exposures cannot be used, which the script passes over.
    """
    source = saved.source if isinstance(saved.source, str) else list(saved.source)
    name = Path(source if isinstance(source, str) else source[0]).stem
    start = history.start_python()
    parts = [
        _HEAD.format(
            name=name,
            source=source,
            output=str(saved.output),
            reference=history.start.reference,
            decisions=start,
        )
    ]
    for entry in history.entries:
        lines = "\n".join(python_lines(entry.changes))
        parts.append(f"\n# {entry.label}\n{lines}\n")
    data = ", skip_faulty=True" if has_faults else ""
    if saved.data_folder:
        data += f", data_folder=Path({str(saved.data_folder)!r})"
    parts.append(_TAIL.format(data=data))
    return "".join(parts)


def run_python(steps: Sequence[str]) -> str:
    """Return the Python of a run, with the names that the log uses.

    Parameters
    ----------
    steps : sequence of str
        Steps of the task engine; all if empty.
    """
    if not steps:
        return (
            "report = process_visit("
            "source, output=output, reference=reference, decisions=decisions)"
        )
    names = ", ".join(repr(step) for step in steps)
    return "\n".join(
        (
            "prepared = prepare_visit(source, decisions=decisions)",
            "choice = ReferenceChoice.from_user(reference)",
            "plan = make_plan(prepared, reference=choice)",
            f"outcome = run_plan(plan.of_step({names}), output=output)",
        )
    )


def command_line(
    saved: SavedSession, decisions_file: str, *, has_faults: bool = False
) -> str:
    """Return the ``svm run`` command that does the same.

    Parameters
    ----------
    saved : SavedSession
        The visit, its folders and choices.
    decisions_file : str
        Path of the saved decisions.
    has_faults : bool
        Whether listed exposures cannot be used, which the command passes over.
    """
    sources = [saved.source] if isinstance(saved.source, str) else list(saved.source)
    words = ["svm", "run", *sources, "--output", str(saved.output)]
    words += ["--reference", saved.history.choices.reference]
    if saved.data_folder:
        words += ["--data", str(saved.data_folder)]
    if has_faults:
        words.append("--skip-faulty")
    words += ["--decisions", decisions_file]
    return shlex.join(words)
