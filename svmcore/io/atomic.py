"""Files that appear complete or not at all."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from svmcore.errors import StoreError

__all__ = ["write_atomically", "write_text"]


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it on success.

    Parameters
    ----------
    path : Path
        Final name. Its folder must exist.

    Yields
    ------
    Path
        Temporary name in the same folder, to be written by the caller. It
        keeps the final name's suffix, as writers choose a format by it.

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
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
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
        temporary.unlink(missing_ok=True)


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
