"""A list of the files and folders on this machine, to open a visit from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import Table, column
from svmwidgets.panels.parts import act, card, set_text, text, toolbar

__all__ = ["FileBrowser"]

_COLUMNS = (
    column("name", "Name", "code"),
    column("kind", "Kind"),
    column("size", "Size", "number", digits=1, unit="kB"),
)
_LIST_SUFFIXES = (".out", ".lst", ".txt", ".csv", ".json", ".dat", ".list")


class FileBrowser(widgets.VBox):
    """Folders and what may list a visit.

    Parameters
    ----------
    session : object
        Gives ``guard(call)``.
    on_mark : callable
        Takes the path of what was selected.
    on_open : callable
        Takes the path of what was double-clicked or entered; a folder is
        entered instead, except by its own line at the top.
    """

    def __init__(
        self,
        session: Any,
        on_mark: Callable[[Path], None],
        on_open: Callable[[Path], None],
    ) -> None:
        guard = session.guard
        self.folder = Path.home()
        self._on_mark, self._on_open = on_mark, on_open
        self.folder_above = act("Folder above", guard(self._go_up))
        self.folder_line = text(css="svm-path")
        self.entries = Table(
            _COLUMNS,
            height="240px",
            label="Files",
            has_filter=True,
            empty_text="This folder cannot be read.",
        )
        self.entries.on_activate(guard(self._activate))
        self.entries.observe(guard(self._mark), "selected")
        head = toolbar(self.folder_above, self.folder_line)
        hint = text("A click chooses; a double click or Enter opens.")
        super().__init__([card([head, self.entries, hint], css="svm-browser")])

    def show(self, folder: Path) -> None:
        """List a folder."""
        self.folder = folder
        set_text(self.folder_line, str(folder))
        self.entries.selected = []
        here = {"id": "", "name": ".  (this folder as a visit)", "kind": "folder"}
        self.entries.rows = [
            {**here, "size": None},
            *(_entry(path) for path in _listed(folder)),
        ]

    def _go_up(self) -> None:
        self.show(self.folder.absolute().parent)

    def _mark(self, change: Any) -> None:
        for name in change["new"]:
            chosen = self.folder / name if name else self.folder
            if not name or not chosen.is_dir():
                self._on_mark(chosen)

    def _activate(self, name: str) -> None:
        chosen = self.folder / name if name else self.folder
        if name and chosen.is_dir():
            self.show(chosen)
        else:
            self._on_open(chosen)


def _listed(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir(), key=lambda p: (not p.is_dir(), p.name.lower()))
    except OSError:
        return []
    return [path for path in paths if not path.name.startswith(".") and _fits(path)]


def _fits(path: Path) -> bool:
    name = path.name
    return path.is_dir() or path.suffix.lower() in _LIST_SUFFIXES or "." not in name


def _entry(path: Path) -> dict[str, Any]:
    is_folder = path.is_dir()
    kind = "folder" if is_folder else path.suffix.lstrip(".") or "file"
    size = path.stat().st_size / 1000.0 if path.is_file() else None
    return {"id": path.name, "name": path.name, "kind": kind, "size": size}
