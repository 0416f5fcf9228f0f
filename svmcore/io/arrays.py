"""Arrays on disk, with bytes that depend on nothing but the arrays."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import StoreError

__all__ = ["read_npz", "write_npz", "writing"]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file and the remedy where writing to the disk fails.

    Parameters
    ----------
    path : Path
        File that is being written.

    Raises
    ------
    StoreError
        In the place of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            str(path),
            f"cannot be written ({error.strerror or error})",
            "Check that its folder may be written and make room on the disk.",
        ) from error


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to an uncompressed ``.npz`` file.

    Parameters
    ----------
    path : Path
        File, usually in the scratch folder of a task.
    arrays : Mapping of str to ndarray
        Arrays by name; no object arrays.

    Raises
    ------
    StoreError
        If the file cannot be written.

    Notes
    -----
    Members carry a fixed date, so that equal arrays give equal bytes.
    """
    with writing(path):
        np.savez(
            path, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)}
        )


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an ``.npz`` file.

    Parameters
    ----------
    path : Path
        File that `write_npz` wrote.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise StoreError(
            str(path), f"cannot be read ({error})", "Delete the store and run again."
        ) from error
