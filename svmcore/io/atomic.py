"""Files that appear complete or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from svmcore.errors import StoreError

__all__ = ["remove_abandoned", "write_atomically", "write_text"]


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` on success.

    Parameters
    ----------
    path : Path
        Final name. Its folder must exist.

    Yields
    ------
    Path
        Temporary name on the same disk, to be written by the caller: in the
        store of an output folder, where nobody takes it for a product, or
        else beside the final name. It keeps the final name's suffix, as
        writers choose a format by it.

    Raises
    ------
    StoreError
        If the file cannot be written (folder missing, disk full, no right).

    Notes
    -----
    A killed process leaves the old file or the new one. Nothing is forced to
    the disk: on a busy machine that costs seconds per file. What a power cut
    may truncate, the store notices by its size and makes again.
    """
    name = f".{os.getpid()}-{uuid.uuid4().hex[:8]}-{path.name}"
    scratch = path.parent / ".svm" / "scratch"
    temporary = (scratch if scratch.is_dir() else path.parent) / name
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            str(path),
            f"cannot be written ({error.strerror or error})",
            "Check that the folder exists, may be written and has room.",
        ) from error
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            temporary.unlink()


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files in a folder whose writers are no longer alive.

    Parameters
    ----------
    folder : Path
        Folder that `write_atomically` has written to.
    """
    for path in folder.glob(".*-????????-*"):
        writer = path.name[1:].split("-")[0]
        if writer.isdecimal() and not _is_alive(int(writer)):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8.

    Parameters
    ----------
    path : Path
        Final name.
    text : str
        Content.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
