"""Session files and the list of recent visits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svmcore.errors import InputError, StoreError
from svmcore.io.atomic import write_text
from svmwidgets.history import History

__all__ = [
    "SESSION_NAME",
    "SavedSession",
    "read_recent",
    "read_session",
    "user_folder",
    "write_recent",
    "write_session",
]

SESSION_NAME = "svm_session.json"
RECENT_NAME = "svm_recent_visits.json"
RECENT_LENGTH = 12
FORMAT = "svm session"
VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What a session file holds.

    Parameters
    ----------
    source : str or tuple of str
        The visit, by absolute path.
    data_folder : Path or None
        Where exposures are looked for besides the folder of the list.
    output : Path
        Folder of the products.
    history : History
        Decisions and what was undone.
    step : str
        Step that was looked at.
    view : Mapping of str to JSON value
        What was looked at there: values of controls, by name.
    """

    source: str | tuple[str, ...]
    data_folder: Path | None
    output: Path
    history: History
    step: str
    view: Mapping[str, Any] = field(default_factory=dict)


def write_session(path: Path, saved: SavedSession) -> None:
    """Write a session file, complete or not at all.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    source = saved.source if isinstance(saved.source, str) else list(saved.source)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "source": source,
        "data_folder": str(saved.data_folder) if saved.data_folder else None,
        "output": str(saved.output),
        "step": saved.step,
        "view": dict(saved.view),
        "history": saved.history.to_json(),
    }
    write_text(path, json.dumps(document, indent=1) + "\n")


def read_session(path: Path) -> SavedSession:
    """Return what a session file holds.

    Raises
    ------
    InputError
        If the file cannot be read or is no session file of this version.
    """
    document = _read_json(path)
    found = (document.get("format"), document.get("version"))
    if found != (FORMAT, VERSION):
        problem = f"is {found[0]!r} version {found[1]!r}, expected a session file"
        remedy = f"Open a {SESSION_NAME} that the dashboard wrote, or the visit itself."
        raise InputError(str(path), problem, remedy)
    try:
        source, folder = document["source"], document["data_folder"]
        return SavedSession(
            source if isinstance(source, str) else tuple(source),
            Path(folder) if folder else None,
            Path(document["output"]),
            History.from_json(document["history"]),
            str(document["step"]),
            dict(document.get("view", {})),  # files of earlier versions have none
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        problem = f"is incomplete or damaged ({type(error).__name__}: {error})"
        raise InputError(str(path), problem, "Open the visit itself.") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InputError(str(path), problem, "Check the path.") from error
    except ValueError as error:
        problem = f"is not JSON: {error}"
        raise InputError(str(path), problem, "Open the visit itself.") from error
    if not isinstance(document, dict):
        problem = f"holds a {type(document).__name__}, expected a session"
        raise InputError(str(path), problem, "Open the visit itself.")
    return document


def user_folder() -> Path:
    """Return where a user's list of recent visits is kept."""
    return Path.home() / ".local" / "state" / "svm"


def read_recent(folder: Path) -> list[str]:
    """Return the visits opened before, newest first; none if never saved."""
    try:
        names = json.loads((folder / RECENT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)][:RECENT_LENGTH]


def write_recent(folder: Path, name: str) -> list[str]:
    """Put a visit first in the list of recent ones, and return the list."""
    others = [one for one in read_recent(folder) if one != name]
    names = [name, *others][:RECENT_LENGTH]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / RECENT_NAME, json.dumps(names, indent=1) + "\n")
    except (OSError, StoreError):
        return names  # a read-only folder costs the memory, not the session
    return names
