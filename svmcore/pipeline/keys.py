"""Digests: the address of a result, made from everything that it depends on."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from svmcore.errors import InputError
from svmcore.pipeline.tasks import Task

__all__ = ["FileDigests", "digest_folder", "task_key"]

_BLOCK = 1 << 22


def _hash_file(path: Path) -> str:
    sha = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                sha.update(block)
    except OSError as error:
        raise InputError(
            str(path),
            f"cannot be read ({error.strerror or error})",
            "Check that the file is there and may be read.",
        ) from error
    return sha.hexdigest()


class FileDigests:
    """Content digests of files, remembered while size and time stay the same.

    Parameters
    ----------
    known : Mapping of str to tuple
        Digests of an earlier run: path → (size, mtime_ns, digest).
    """

    def __init__(self, known: Mapping[str, tuple[int, int, str]] | None = None) -> None:
        self._known = dict(known or {})

    @property
    def known(self) -> Mapping[str, tuple[int, int, str]]:
        """All digests so far, to be saved."""
        return self._known

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file's content.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        try:
            stat = path.stat()
        except OSError as error:
            raise InputError(
                str(path),
                f"cannot be read ({error.strerror or error})",
                "Check that the file is there and may be read.",
            ) from error
        entry = self._known.get(str(path))
        if entry and (entry[0], entry[1]) == (stat.st_size, stat.st_mtime_ns):
            return entry[2]
        value = _hash_file(path)
        self._known[str(path)] = (stat.st_size, stat.st_mtime_ns, value)
        return value


def _mark(sha: Any, text: str) -> None:
    sha.update(f"{len(text)}:{text};".encode())


def _feed(sha: Any, value: Any, files: FileDigests) -> None:
    """Hash a value with its type, so that 1, 1.0, True and "1" differ."""
    if value is None or isinstance(value, (bool, int, str)):
        _mark(sha, f"{type(value).__name__}={value}")
    elif isinstance(value, float):
        _mark(sha, f"float={'nan' if math.isnan(value) else value.hex()}")
    elif isinstance(value, Path):
        _mark(sha, "folder" if value.is_dir() else f"file={files.digest(value)}")
    elif isinstance(value, np.ndarray):
        _mark(sha, f"array={value.dtype.str}{value.shape}")
        sha.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, np.generic):
        _feed(sha, value.item(), files)
    elif isinstance(value, Enum):
        _mark(sha, f"{type(value).__name__}.{value.name}")
    else:
        _feed_compound(sha, value, files)


def _feed_compound(sha: Any, value: Any, files: FileDigests) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        _mark(sha, f"dataclass={type(value).__name__}")
        for part in fields(value):
            _mark(sha, part.name)
            _feed(sha, getattr(value, part.name), files)
    elif isinstance(value, Mapping):
        _mark(sha, f"mapping={len(value)}")
        for key in sorted(value, key=str):
            _feed(sha, key, files)
            _feed(sha, value[key], files)
    elif isinstance(value, AbstractSet):
        _mark(sha, f"set={len(value)}")
        for member in sorted(_digest(member, files) for member in value):
            _mark(sha, member)
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        _mark(sha, f"sequence={len(value)}")
        for part in value:
            _feed(sha, part, files)
    else:
        msg = f"no digest for a {type(value).__name__}: payloads hold nouns only"
        raise TypeError(msg)


def _digest(value: Any, files: FileDigests) -> str:
    sha = hashlib.sha256()
    _feed(sha, value, files)
    return sha.hexdigest()


def task_key(
    task: Task, inputs: Mapping[str, Sequence[str]], files: FileDigests
) -> str:
    """Return the address of a task's result.

    Parameters
    ----------
    task : Task
        Task; its payload's paths count by content, not by name.
    inputs : Mapping of str to sequence of str
        Digests of the results that it needs, by role, in order.
    files : FileDigests
        Memory of file digests.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    parts = (task.step, task.subject, task.version, task.payload, inputs, task.outputs)
    return _digest(parts, files)


def digest_folder(folder: Path) -> str:
    """Return the digest of all files of a folder: names and content.

    Parameters
    ----------
    folder : Path
        A finished result.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            sha.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            sha.update(_hash_file(path).encode())
    return sha.hexdigest()
