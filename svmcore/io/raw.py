"""Scratch images as raw numbers: fast, and read by rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import StoreError
from svmcore.io.arrays import writing
from svmcore.model.grid import GridWindow

__all__ = ["RawPlane", "read_json", "write_json", "write_raw"]


@dataclass(frozen=True, slots=True)
class RawPlane:
    """An image on disk that covers a window of a grid.

    Parameters
    ----------
    path : Path
        File that holds four-byte numbers, row by row.
    window : GridWindow
        What it covers.
    offset : int
        Where the numbers start [byte].
    kind : str
        Type of the numbers, as numpy writes it.
    """

    path: Path
    window: GridWindow
    offset: int = 0
    kind: str = "=f4"

    def read(self, part: GridWindow) -> NDArray[Any]:
        """Return the part of the image that covers a smaller window.

        Parameters
        ----------
        part : GridWindow
            Rectangle inside `window`.

        Raises
        ------
        StoreError
            If the file is missing or too short.
        """
        rows, columns = part.slices_within(self.window)
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.offset + rows.start * self.window.nx * 4)
                found = np.fromfile(stream, self.kind, part.ny * self.window.nx)
        except OSError as error:
            raise StoreError(
                str(self.path), f"cannot be read ({error.strerror})", "Run again."
            ) from error
        if found.size != part.ny * self.window.nx:
            raise StoreError(str(self.path), "is cut short", "Run again.")
        if not found.dtype.isnative:
            found = found.astype(found.dtype.newbyteorder("="))
        return found.reshape(part.ny, self.window.nx)[:, columns]

    def sample(self, step: int) -> NDArray[Any]:
        """Return every `step`-th number of every `step`-th row.

        Parameters
        ----------
        step : int
            Distance of the rows and of the numbers in them.

        Raises
        ------
        StoreError
            If the file is missing or too short.
        """
        ny, nx = self.window.shape
        found = np.empty((-(-ny // step), -(-nx // step)), self.kind.replace(">", "="))
        try:
            with self.path.open("rb", buffering=0) as stream:
                for row, y in zip(found, range(0, ny, step), strict=True):
                    stream.seek(self.offset + y * nx * 4)
                    row[:] = np.frombuffer(stream.read(nx * 4), self.kind, nx)[::step]
        except (OSError, ValueError) as error:
            raise StoreError(
                str(self.path), f"cannot be read ({error})", "Run again."
            ) from error
        return found


def write_raw(path: Path, image: NDArray[np.float32]) -> None:
    """Write an image as native float32 numbers.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    with writing(path), path.open("wb") as stream:
        # Not tofile, which does not say why it failed.
        stream.write(np.ascontiguousarray(image, np.float32).data)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write small facts, with the same bytes for the same content.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    text = json.dumps(content, sort_keys=True, indent=1)
    with writing(path):
        path.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read facts that `write_json` wrote.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            str(path), f"cannot be read ({error})", "Run again."
        ) from error
    return found
