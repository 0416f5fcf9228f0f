"""Results of tasks on disk, under the digest of what they depend on."""

import fcntl
import json
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from svmcore.errors import StoreError
from svmcore.io.atomic import remove_abandoned, write_text

__all__ = ["ResultRef", "Store", "has_results"]


_RECORD_VERSION = 2  # of the file that describes a result
_MEMBERS = {"version", "digest", "outputs", "sizes", "is_dropped"}


@dataclass(frozen=True, slots=True)
class ResultRef:
    """A finished result.

    Parameters
    ----------
    key : str
        Address: digest of everything that the result depends on.
    digest : str
        Digest of what it holds; what depends on the result is addressed by it.
    folder : Path
        Where its files are, unless they were dropped.
    is_present : bool
        Whether the files are there.
    """

    key: str
    digest: str
    folder: Path
    is_present: bool


def has_results(output: Path) -> bool:
    """Return whether an earlier run left results in an output folder.

    Parameters
    ----------
    output : Path
        Output folder; it need not exist.
    """
    return any((output / ".svm" / "records").glob("*.json"))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that names the place."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            str(path),
            f"cannot be written ({error.strerror or error})",
            "Check that the folder may be written and has room.",
        ) from error


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Store:
    """Results of one output folder.

    Parameters
    ----------
    output : Path
        The user's output folder; the store lives in its subfolder ``.svm``.

    Raises
    ------
    StoreError
        If the folder cannot be made or written.

    Notes
    -----
    A result appears under its key by one rename, and counts only when its
    record has been written after that: a killed run leaves either all or
    nothing. Scratch folders of killed runs are removed by `locked`.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.root = output / ".svm"
        try:
            for name in ("results", "records", "scratch"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            probe = self.root / f"probe-{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                str(output),
                f"cannot be used as output folder ({error.strerror or error})",
                "Choose a folder that you may write to.",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of this folder, and clear what a killed run left.

        Raises
        ------
        StoreError
            If another run is at work in the folder, or it cannot be written.
        """
        lock = self.root / "lock"
        with ExitStack() as stack:
            with _writing(lock):
                stream = stack.enter_context(lock.open("w"))
            self._lock(stream)
            with _writing(self.root):
                self._clear()
            yield

    def _lock(self, stream: TextIO) -> None:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                str(self.output),
                "another run is writing to this folder",
                "Wait until it ends, or choose another output folder.",
            ) from error
        except OSError as error:
            raise StoreError(
                stream.name,
                f"cannot be locked ({error.strerror or error})",
                "Choose an output folder on a file system with locks.",
            ) from error

    def _clear(self) -> None:
        scratch = self.root / "scratch"
        for left in scratch.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        for folder in (scratch, self.output, self.root, self.root / "records"):
            remove_abandoned(folder)

    def lookup(self, key: str) -> ResultRef | None:
        """Return the result of that key, or None if it must be made.

        Parameters
        ----------
        key : str
            Address.

        Returns
        -------
        ResultRef or None
            None also if a file in the output folder is missing or was changed
            since it was written.
        """
        record = self._read_record(key)
        if record is None:
            return None
        for name, stamp in record["outputs"].items():
            path = self.output / name
            if not path.is_file() or _stamp(path) != stamp:
                return None
        folder = self._folder(key)
        is_present = folder.is_dir()
        if is_present and _sizes(folder) != record["sizes"]:
            return None  # a power cut can truncate what was not yet on disk
        if not is_present and not record["is_dropped"]:
            return None
        return ResultRef(key, record["digest"], folder, is_present)

    def new_scratch(self) -> Path:
        """Return a new empty folder for a task to write into.

        Raises
        ------
        StoreError
            If it cannot be made.
        """
        folder = self.root / "scratch" / uuid.uuid4().hex
        with _writing(folder):
            folder.mkdir()
        return folder

    def commit(
        self, key: str, scratch: Path, *, digest: str, outputs: Iterable[str]
    ) -> ResultRef:
        """Make a finished scratch folder the result of that key.

        Parameters
        ----------
        key : str
            Address.
        scratch : Path
            Folder from `new_scratch`, complete.
        digest : str
            Digest of the result.
        outputs : iterable of str
            Files that the task wrote to the output folder.

        Raises
        ------
        StoreError
            If a file that the task should have written is missing, or the
            store cannot be written.
        """
        stamps: dict[str, list[int]] = {}
        for name in outputs:
            path = self.output / name
            if not path.is_file():
                raise StoreError(name, "was not written by the task that makes it")
            stamps[name] = _stamp(path)
        folder = self._folder(key)
        with _writing(folder):
            if folder.exists():
                shutil.rmtree(folder)
            scratch.replace(folder)
        self._write_record(key, digest, stamps, sizes=_sizes(folder))
        return ResultRef(key, digest, folder, is_present=True)

    def drop(self, ref: ResultRef) -> ResultRef:
        """Remove a result's files but remember that they were made."""
        record = self._read_record(ref.key)
        if record is None:
            raise StoreError(str(self._record(ref.key)), "is gone while it was in use")
        self._write_record(ref.key, ref.digest, record["outputs"], sizes=None)
        shutil.rmtree(ref.folder, ignore_errors=True)
        return ResultRef(ref.key, ref.digest, ref.folder, is_present=False)

    def read_file_digests(self) -> dict[str, tuple[int, int, str]]:
        """Return the remembered digests of input files."""
        path = self.root / "files.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            return {name: (int(a), int(b), str(c)) for name, (a, b, c) in known.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # a memory only: everything is hashed again

    def write_file_digests(self, known: Mapping[str, tuple[int, int, str]]) -> None:
        """Remember the digests of input files."""
        write_text(self.root / "files.json", json.dumps(known, sort_keys=True))

    def _folder(self, key: str) -> Path:
        return self.root / "results" / key

    def _record(self, key: str) -> Path:
        return self.root / "records" / f"{key}.json"

    def _read_record(self, key: str) -> dict[str, Any] | None:
        """Read what is known of a result; None if that is nothing of use."""
        try:
            record = json.loads(self._record(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # no such result yet, or a power cut
        is_ours = isinstance(record, dict) and set(record) >= _MEMBERS
        return record if is_ours and record["version"] == _RECORD_VERSION else None

    def _write_record(
        self,
        key: str,
        digest: str,
        stamps: Mapping[str, list[int]],
        *,
        sizes: Mapping[str, int] | None,
    ) -> None:
        record = {
            "version": _RECORD_VERSION,
            "digest": digest,
            "outputs": stamps,
            "sizes": sizes,
            "is_dropped": sizes is None,
        }
        write_text(self._record(key), json.dumps(record, sort_keys=True))
