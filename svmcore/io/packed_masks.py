"""Masks of chips as they are stored: eight pixels to a byte, read in parts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from svmcore.io.arrays import read_npz

__all__ = ["PackedMask", "read_packed_masks"]

BoolImage = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PackedMask:
    """A mask with eight pixels to a byte.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx).
    bits : ndarray of uint8
        The pixels along rows.
    """

    shape: tuple[int, int]
    bits: NDArray[np.uint8]

    @classmethod
    def packed(cls, mask: BoolImage) -> "PackedMask":
        """Return a mask packed."""
        return cls((mask.shape[0], mask.shape[1]), np.packbits(mask))

    def whole(self) -> BoolImage:
        """Return the whole mask."""
        return self.part(slice(0, self.shape[0]), slice(0, self.shape[1]))

    def part(self, rows: slice, columns: slice) -> BoolImage:
        """Return a rectangle, without steps, of the mask."""
        nx = self.shape[1]
        first, last = rows.start * nx, rows.stop * nx
        bits = np.unpackbits(self.bits[first // 8 : -(-last // 8)])
        bits = bits[first % 8 :][: last - first]
        return bits.view(np.bool_).reshape(-1, nx)[:, columns]


def read_packed_masks(path: Path) -> dict[int, PackedMask]:
    """Read masks by EXTVER or chip number, without unpacking them.

    Parameters
    ----------
    path : Path
        File that `svmcore.io.drizzle_results.write_masks` wrote.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    arrays = read_npz(path)
    found = {}
    for name, bits in arrays.items():
        if name.startswith("mask"):
            ny, nx = (int(size) for size in arrays[name.replace("mask", "shape")])
            found[int(name.removeprefix("mask"))] = PackedMask((ny, nx), bits)
    return found
