"""What a product is stacked from, read band by band."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from svmcore.drizzling.stack import Layer, Sum
from svmcore.errors import StoreError
from svmcore.io.drizzle_results import StoredChip
from svmcore.io.raw import RawPlane
from svmcore.model.grid import GridWindow
from svmcore.model.image import DrizzledChip, SparseChange

__all__ = [
    "ChangeSource",
    "ChipSource",
    "LoadedSource",
    "ProductSource",
    "StackSource",
    "read_product_source",
]


@dataclass(frozen=True, slots=True)
class ChipSource:
    """One drizzled chip of a stack.

    Parameters
    ----------
    chip : StoredChip
        Its images on disk.
    sky : float
        Sky to subtract [1 / s].
    number : int
        Number of the chip in the stack, 0-based.
    """

    chip: StoredChip
    sky: float
    number: int

    def add_to(self, total: Sum) -> None:
        """Add the part that lies in a band."""
        part = self.chip.window.intersect(total.window)
        if part.ny and part.nx:
            total.add(
                Layer(
                    part,
                    self.chip.science.read(part),
                    self.chip.weight.read(part),
                    self.sky,
                    self.number,
                    variance=None
                    if self.chip.variance is None
                    else self.chip.variance.read(part),
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSource:
    """One drizzled chip of a stack, in memory.

    Parameters
    ----------
    chip : DrizzledChip
        Its images.
    sky : float
        Sky to subtract [1 / s].
    number : int
        Number of the chip in the stack, 0-based.
    """

    chip: DrizzledChip
    sky: float
    number: int

    def add_to(self, total: Sum) -> None:
        """Add the part that lies in a band."""
        part = self.chip.window.intersect(total.window)
        if part.ny and part.nx:
            here = part.slices_within(self.chip.window)
            total.add(
                Layer(
                    part,
                    self.chip.science[here],
                    self.chip.weight[here],
                    self.sky,
                    self.number,
                    variance=None
                    if self.chip.variance is None
                    else self.chip.variance[here],
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class ChangeSource:
    """Pixels of a chip that are added or taken away.

    Parameters
    ----------
    change : SparseChange
        What changes, on the whole grid.
    columns : int
        Number of columns of the grid.
    sky : float
        Sky to subtract [1 / s].
    number : int
        Number of the chip in the stack, 0-based.
    """

    change: SparseChange
    columns: int
    sky: float
    number: int

    def add_to(self, total: Sum) -> None:
        """Apply the part that lies in a band."""
        total.change(self.change, self.columns, chip=self.number, sky=self.sky)


@dataclass(frozen=True, slots=True)
class ProductSource:
    """One finished product of a stack.

    Parameters
    ----------
    science, weight : RawPlane
        Images in the file.
    context : tuple of RawPlane
        Planes of the context image.
    sky : float
        Constant to subtract [1 / s].
    first_chip : int
        Number of its first chip in the stack, 0-based.
    error : RawPlane or None
        Standard deviations, if the file has them.
    seconds : float
        Values and errors of the file are divided by this [s]: 1 for rates,
        the exposure time for counts.
    """

    science: RawPlane
    weight: RawPlane
    context: tuple[RawPlane, ...]
    sky: float = 0.0
    first_chip: int = 0
    error: RawPlane | None = None
    seconds: float = 1.0

    def add_to(self, total: Sum) -> None:
        """Add the part that lies in a band."""
        part = self.science.window.intersect(total.window)
        weight = self.weight.read(part)
        science = self._rates(self.science.read(part))
        science[weight == 0] = 0.0
        planes = [plane.read(part) for plane in self.context]
        context = planes[0][np.newaxis] if len(planes) == 1 else np.stack(planes)
        variance = None
        if self.error is not None:
            variance = np.nan_to_num(self._rates(self.error.read(part))) ** 2
        total.add(
            Layer(part, science, weight, self.sky, self.first_chip, context, variance)
        )

    def _rates(self, found: NDArray[Any]) -> NDArray[np.float32]:
        values = np.asarray(found, np.float32)
        if self.seconds != 1:
            values /= np.float32(self.seconds)
        return values

    def sample(self, step: int) -> NDArray[np.float32]:
        """Return every `step`-th pixel of every `step`-th row, nan if empty."""
        science = self._rates(self.science.sample(step))
        weight = self.weight.sample(step)
        return np.where(weight > 0, science, np.float32(np.nan))


StackSource = ChipSource | LoadedSource | ChangeSource | ProductSource


def read_product_source(
    path: Path, *, sky: float = 0.0, first_chip: int = 0
) -> ProductSource:
    """Return a product as part of a stack; its pixels stay on disk.

    Parameters
    ----------
    path : Path
        Drizzled product.
    sky : float
        Constant to subtract [1 / s].
    first_chip : int
        Number of its first chip in the stack, 0-based.

    Raises
    ------
    StoreError
        If the file cannot be read.
    """
    try:
        with fits.open(path, mode="readonly", memmap=False) as product:
            exptime_s = float(product[0].header["EXPTIME"])
            places = {
                hdu.name: (hdu.fileinfo()["datLoc"], hdu.header)
                for hdu in product
                if hdu.name in ("SCI", "WHT", "CTX", "ERR")
            }
    except OSError as error:
        raise StoreError(
            path.name, f"cannot be read ({error})", "Delete the file and run again."
        ) from error
    ny, nx = places["SCI"][1]["NAXIS2"], places["SCI"][1]["NAXIS1"]
    window = GridWindow(0, 0, ny, nx)
    planes = int(places["CTX"][1].get("NAXIS3", 1))
    return ProductSource(
        RawPlane(path, window, places["SCI"][0], ">f4"),
        RawPlane(path, window, places["WHT"][0], ">f4"),
        tuple(
            RawPlane(path, window, places["CTX"][0] + plane * ny * nx * 4, ">i4")
            for plane in range(planes)
        ),
        sky,
        first_chip,
        RawPlane(path, window, places["ERR"][0], ">f4") if "ERR" in places else None,
        1.0 if places["SCI"][1]["BUNIT"].endswith("/S") else exptime_s,
    )
