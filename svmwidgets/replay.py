"""A session as a Python script and as a command line."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from svmwidgets.changes import python_lines
from svmwidgets.history import Entry, History
from svmwidgets.opening import plain_source
from svmwidgets.saved import SavedSession

__all__ = [
    "LOG_HEAD",
    "action_python",
    "command_line",
    "open_python",
    "replay_text",
    "run_python",
    "script_text",
]

LOG_HEAD = """\
from dataclasses import replace
from pathlib import Path

from svmcore.io.decisions import decisions_from_json
from svmcore.model.decisions import ExcludedRegion, ManualOffset, ParameterChange
from svmcore.model.verdict import Override
from svmwidgets import Dashboard

dashboard = Dashboard()
session = dashboard.session
"""
"""What the lines of the log need before them to run in a fresh interpreter."""

# Where the names are that a script may use; None stands for an empty line.
_IMPORTS = (
    ("dataclasses", ("replace",)),
    ("pathlib", ("Path",)),
    None,
    ("svmcore", ("Decisions", "process_visit")),
    ("svmcore.io.decisions", ("decisions_from_json",)),
    ("svmcore.model.decisions", ("ExcludedRegion", "ManualOffset", "ParameterChange")),
    ("svmcore.model.verdict", ("Override",)),
)
_HEAD = '''"""Processes {name} as it was decided in the dashboard."""

{imports}

source = {source!r}
output = Path({output!r})
reference = {reference!r}
decisions = {decisions}
'''
_TAIL = """
if __name__ == "__main__":
    report = process_visit(
        source, output=output, reference=reference, decisions=decisions{data}
    )
    if not report.outcome.is_complete:
        raise SystemExit("\\n".join(report.outcome.messages.values()))
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
    first = Path(source if isinstance(source, str) else source[0]).name
    name = first if isinstance(source, str) else f"{first} and the rest of its visit"
    start = history.start_python()
    parts = []
    for entry in history.entries:
        lines = "\n".join(python_lines(entry.changes))
        parts.append(f"\n# {entry.label}\n{lines}\n")
    data = ", skip_faulty=True" if has_faults else ""
    if saved.data_folder:
        data += f", data_folder=Path({str(saved.data_folder)!r})"
    parts.append(_TAIL.format(data=data))
    body = "".join(parts)
    head = _HEAD.format(
        name=name,
        imports=_imports(f"Path {start} {body}"),
        source=source,
        output=str(saved.output),
        reference=history.start.reference,
        decisions=start,
    )
    return head + body


def _imports(text: str) -> str:
    """Return the imports of the names that a text uses."""
    used = set(re.findall(r"\w+", text))
    lines = []
    for entry in _IMPORTS:
        if entry is None:
            lines.append("")
            continue
        module, names = entry
        wanted = [name for name in names if name in used]
        if wanted:
            lines.append(f"from {module} import {', '.join(wanted)}")
    return "\n".join(lines)


def open_python(saved: SavedSession, *, is_new: bool) -> str:
    """Return the Python that opens a visit in a session.

    Parameters
    ----------
    saved : SavedSession
        The visit, its folders and what the session begins with.
    is_new : bool
        Whether it begins without the decisions that were saved before.
    """
    words = [
        repr(plain_source(saved.source)),
        f"output={str(saved.output)!r}",
        f"reference={saved.history.start.reference!r}",
    ]
    if saved.data_folder:
        words.append(f"data_folder={str(saved.data_folder)!r}")
    if is_new:
        words.append("is_new=True")
    return f"session.open({', '.join(words)})"


def action_python(entry: Entry) -> str:
    """Return the Python that makes a decision in a session.

    Parameters
    ----------
    entry : Entry
        The action.
    """
    lines = python_lines(entry.changes)
    reference = [line for line in lines if line.startswith("reference = ")]
    decisions = [line for line in lines if line not in reference]
    if decisions:
        decisions.insert(0, "decisions = session.decisions")
        decisions.append(f"session.decide({entry.label!r}, decisions)")
    named = [line.removeprefix("reference = ") for line in reference]
    return "\n".join([*decisions, *(f"session.choose_reference({r})" for r in named)])


def run_python(steps: Sequence[str], label: str) -> str:
    """Return the Python of a run in a session.

    Parameters
    ----------
    steps : sequence of str
        Steps of the task engine; all if empty.
    label : str
        Name of the run.
    """
    words = [repr(step) for step in steps]
    return f"session.run({', '.join([*words, f'label={label!r}', 'wait=True'])})"


def replay_text(
    saved: SavedSession, history: History, *, view: Sequence[str] = ()
) -> str:
    """Return a script that repeats every action in a new dashboard.

    Parameters
    ----------
    saved : SavedSession
        The visit and its folders.
    history : History
        All actions; what was undone is made and undone again.
    view : sequence of str
        Lines about what is looked at, for the end.
    """
    actions = (*history.entries, *history.undone)
    parts = [
        LOG_HEAD,
        open_python(saved, is_new=True),
        *(f"\n# {entry.label}\n{action_python(entry)}" for entry in actions),
        *(["\n# taken back"] if history.undone else []),
        *("session.undo()" for _ in history.undone),
        *(["\n# what was looked at", *view] if view else []),
    ]
    return "\n".join(parts) + "\n"


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
