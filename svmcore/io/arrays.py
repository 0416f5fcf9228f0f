"""Arrays on disk, with bytes that depend on nothing but the arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import StoreError

__all__ = ["read_npz", "write_npz"]


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to an uncompressed ``.npz`` file.

    Parameters
    ----------
    path : Path
        File, usually in the scratch folder of a task.
    arrays : Mapping of str to ndarray
        Arrays by name; no object arrays.

    Notes
    -----
    Members carry a fixed date, so that equal arrays give equal bytes.
    """
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
