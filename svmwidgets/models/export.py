"""What leaves the dashboard: parameters, script, decisions, products."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.errors import InputError, StoreError
from svmcore.io.atomic import write_atomically, write_text
from svmcore.io.decisions import decisions_to_json, write_decisions
from svmcore.io.parameters import write_compact_file, write_custom_file
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.step import Door, StepModel

__all__ = ["KINDS", "ExportModel"]

# Kind of file, default name, and what it is.
KINDS = (
    ("custom", "custom_parameters.json", "All parameters, as HAP's tools read them"),
    ("compact", "changed_parameters.json", "Changed parameters, with who and why"),
    ("script", "process_visit.py", "Python that makes these products"),
    ("replay", "replay_session.py", "Python that repeats every action here"),
    ("decisions", "decisions.json", "Decisions, for svm run --decisions"),
    ("record", "export_record.json", "Versions, inputs, overrides, time, digests"),
)
_RECORDS = ("_report.html", "_report.json", "_manifest.txt")  # of the whole run
_PACKAGES = ("svmcore", "astropy", "drizzle", "numpy", "photutils", "stwcs", "tweakwcs")


class ExportModel(StepModel):
    """Files that are written when they are asked for, never over others."""

    name = "export"
    title = "Export"

    folder = T.Unicode("", help="Where files are written")
    written = T.Tuple(help="Paths written in this session, newest last")
    in_the_way = T.Tuple(help="Existing files that would be overwritten")
    ready = T.Tuple(help="Names of the products that are there")
    outdated = T.Tuple(help="Those of them that a run would make again")
    stale = T.Int(0, help="Number of tasks that a run would do again")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._prepared: PreparedVisit | None = None
        self._survey: Any = None

    def clear(self) -> None:
        """Forget everything of the visit before."""
        self._prepared = self._survey = None
        self.written = self.in_the_way = self.ready = self.outdated = ()
        self.folder = ""
        self.settle("todo", "")

    def show(self, prepared: PreparedVisit) -> None:
        """Take the visit and the decisions as they are now."""
        self._prepared = prepared
        if not self.folder:
            self.folder = str(self.door.output)
        if self.written:
            self.settle("stale", "changed since the export")
        else:
            self.settle("ready" if prepared.working_totals else "todo", "not exported")

    def take(self, survey: Any) -> None:
        """Take which products are there."""
        self._survey = survey
        output = self.door.output
        tasks = survey.plan.tasks
        names = [name for task in tasks for name in task.outputs]
        there = [name for name in names if (output / name).is_file()]
        old = [
            name
            for task in tasks
            if not survey.is_fresh(task.identifier)
            for name in task.outputs
        ]
        records = sorted(
            path.name for ending in _RECORDS for path in output.glob(f"*{ending}")
        )
        with self.hold_trait_notifications():
            self.ready = (*records, *there)
            self.outdated = (*(records if old else ()), *old)
        self.stale = sum(todo for _, todo, _ in survey.stale_counts)

    def target(self, kind: str) -> Path:
        """Return where a file of that kind is written."""
        name = next(default for one, default, _ in KINDS if one == kind)
        return Path(self.folder).expanduser() / name

    def write(
        self, kinds: Sequence[str], texts: Callable[[str], str], *, overwrite: bool
    ) -> bool:
        """Write some files.

        Parameters
        ----------
        kinds : sequence of str
            First words of `KINDS`.
        texts : callable
            Gives the text of the kinds that the session writes.
        overwrite : bool
            Whether existing files may be replaced.

        Returns
        -------
        bool
            False if files are in the way; `in_the_way` names them.
        """
        prepared = self._require()
        paths = [self.target(kind) for kind in kinds]
        blocked = tuple(str(path) for path in paths if path.exists())
        if blocked and not overwrite:
            self.in_the_way = blocked
            return False
        self.in_the_way = ()
        self._make_folder()
        for kind, path in zip(kinds, paths, strict=True):
            self._write_one(kind, path, prepared, texts)
        python = (
            f"session.export.folder = {self.folder!r}\n"
            f"session.export.write({tuple(kinds)!r}, session.export_text, "
            f"overwrite={overwrite})"
        )
        names = ", ".join(path.name for path in paths)
        self.door.note(f"Wrote {names} to {self.folder}", python)
        self.written = (*self.written, *(str(path) for path in paths))
        self.settle("ok", f"{len(paths)} files written")
        return True

    def copy(self, names: Sequence[str], folder: Path, *, overwrite: bool) -> bool:
        """Copy products to a folder, each complete or not at all.

        Returns
        -------
        bool
            False if files are in the way; `in_the_way` names them.
        """
        targets = [folder.expanduser() / Path(name).name for name in names]
        blocked = tuple(str(path) for path in targets if path.exists())
        if blocked and not overwrite:
            self.in_the_way = blocked
            return False
        self.in_the_way = ()
        _make(folder.expanduser())
        for name, target in zip(names, targets, strict=True):
            with write_atomically(target) as temporary:
                shutil.copyfile(self.door.output / name, temporary)
        python = (
            f"session.export.copy({list(names)!r}, Path({str(folder)!r}), "
            f"overwrite={overwrite})"
        )
        self.door.note(f"Copied {len(names)} products to {folder}", python)
        self.written = (*self.written, *(str(path) for path in targets))
        return True

    def save_parameters(self, kind: str, path: Path, *, overwrite: bool) -> bool:
        """Write a parameter file of either form to a path of the user's.

        Parameters
        ----------
        kind : {'custom', 'compact'}
            All parameters, or those changed.
        path : Path
            Where to.
        overwrite : bool
            Whether an existing file may be replaced.

        Returns
        -------
        bool
            False if a file is in the way.
        """
        prepared = self._require()
        if path.exists() and not overwrite:
            return False
        _make(path.parent)
        self._write_one(kind, path, prepared, str)
        self.door.note(
            f"Saved {path}",
            f"session.export.save_parameters({kind!r}, Path({str(path)!r}), "
            f"overwrite={overwrite})",
        )
        return True

    def _write_one(
        self,
        kind: str,
        path: Path,
        prepared: PreparedVisit,
        texts: Callable[[str], str],
    ) -> None:
        match kind:
            case "custom":
                sets = prepared.parameters
                write_custom_file(path, prepared.tree, sets, overwrite=True)
            case "compact":
                changes = prepared.decisions.parameters
                write_compact_file(path, prepared.tree, changes, overwrite=True)
            case "decisions":
                write_decisions(path, prepared.decisions)
            case "record":
                write_text(path, json.dumps(self._record(prepared, texts), indent=2))
            case _:
                write_text(path, texts(kind))

    def _record(
        self, prepared: PreparedVisit, texts: Callable[[str], str]
    ) -> dict[str, Any]:
        decisions = decisions_to_json(prepared.decisions)
        digest = hashlib.sha256(json.dumps(decisions, sort_keys=True).encode())
        verdicts = {v.rootname: v.accepted for v in prepared.verdicts}
        return {
            "visit": prepared.visit.source,
            "time": texts("time"),
            "versions": {name: metadata.version(name) for name in _PACKAGES},
            "inputs": [
                {
                    "file": exposure.path.name,
                    "accepted": verdicts[exposure.rootname],
                    "bytes": exposure.path.stat().st_size,
                    "sha256": _file_digest(exposure.path),
                }
                for exposure in prepared.visit.exposures
            ],
            "products": [product.basename for product in prepared.tree.products],
            "decisions": decisions,
            "decisions_sha256": digest.hexdigest(),
        }

    def _make_folder(self) -> None:
        _make(Path(self.folder).expanduser())

    def _require(self) -> PreparedVisit:
        if self._prepared is None:
            raise InputError("visit", "none is open", "Open a poller, list or folder.")
        return self._prepared


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be made ({error.strerror or error})"
        raise StoreError(str(folder), problem, "Choose another folder.") from error


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
