"""Weighted means of what has been drizzled once, band by band.

The drizzled value is a weighted mean, so that a product of several exposures is
the mean of their drizzled images; a sky constant can be subtracted there, too.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from svmcore.model.grid import GridWindow
from svmcore.model.image import SparseChange

__all__ = [
    "Band",
    "Layer",
    "Sum",
]

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One image on its way into a stack: a chip or a whole product.

    Parameters
    ----------
    part : GridWindow
        What the arrays cover, inside the band.
    science, weight : ndarray of float32, shape (ny, nx)
        Drizzled values and weights.
    sky : float
        Subtracted from the values [1 / s].
    first_chip : int
        Number of the chip in the stack, 0-based; of the first chip for a
        product.
    context : ndarray of int32, shape (planes, ny, nx), or None
        Context of a product; None for a chip.
    variance : ndarray of float32, shape (ny, nx), or None
        Variance of the values, where it is propagated.
    """

    part: GridWindow
    science: FloatImage
    weight: FloatImage
    sky: float
    first_chip: int
    context: NDArray[np.int32] | None = None
    variance: FloatImage | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A band of rows of a product.

    Parameters
    ----------
    window : GridWindow
        Rows of the grid, all columns.
    science, weight : ndarray of float32, shape (ny, nx)
        Values, nan where there are none, and weights.
    context : ndarray of int32, shape (planes, ny, nx)
        Which chips contribute.
    error : ndarray of float32, shape (ny, nx), or None
        Standard deviation of the values, nan where there are none; None
        without variances.
    """

    window: GridWindow
    science: FloatImage
    weight: FloatImage
    context: NDArray[np.int32]
    error: FloatImage | None = None


@dataclass(slots=True, eq=False)
class Sum:
    """Numerator, denominator and context of a band while it is stacked.

    Parameters
    ----------
    window : GridWindow
        Rows of the grid, all columns.
    chips : int
        Number of chips of the product.
    has_errors : bool
        Whether variances are propagated: every layer and change has them.
    """

    window: GridWindow
    chips: int
    has_errors: bool = False
    numerator: FloatImage = field(init=False)
    weight: FloatImage = field(init=False)
    context: NDArray[np.int32] = field(init=False)
    square: FloatImage | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        planes = max(1, -(-self.chips // 32))
        self.numerator = np.zeros(self.window.shape, np.float32)
        self.weight = np.zeros(self.window.shape, np.float32)
        self.context = np.zeros((planes, *self.window.shape), np.int32)
        if self.has_errors:
            self.square = np.zeros(self.window.shape, np.float32)

    def add(self, layer: Layer) -> None:
        """Add one image."""
        here = layer.part.slices_within(self.window)
        values = layer.science - np.float32(layer.sky)
        values *= layer.weight
        self.numerator[here] += values
        self.weight[here] += layer.weight
        if self.square is not None and layer.variance is not None:
            self.square[here] += layer.variance * layer.weight**2
        if layer.context is None:
            plane, bit = divmod(layer.first_chip, 32)
            target = self.context[plane][here]
            np.bitwise_or(target, _bit(bit), out=target, where=layer.weight != 0)
            return
        _shift_context(self.context, here, layer)

    def change(self, change: SparseChange, nx: int, *, chip: int, sky: float) -> None:
        """Add or take away what a few pixels contribute.

        Parameters
        ----------
        change : SparseChange
            Change of one chip, on the whole grid.
        nx : int
            Number of columns of the grid.
        chip : int
            Number of the chip in the product, 0-based.
        sky : float
            Sky of the chip [1 / s].
        """
        low = self.window.y0 * nx
        first, last = np.searchsorted(change.index, (low, self.window.y1 * nx))
        index = change.index[first:last] - low
        weight = change.weight[first:last]
        self.numerator.ravel()[index] += (
            change.numerator[first:last] - np.float32(sky) * weight
        )
        self.weight.ravel()[index] += weight
        if self.square is not None and change.square is not None:
            self.square.ravel()[index] += change.square[first:last]
        plane, bit = divmod(chip, 32)
        flat = self.context[plane].ravel()
        changed = change.context[first:last]
        flat[index[changed > 0]] |= _bit(bit)
        flat[index[changed < 0]] &= ~_bit(bit)

    def finish(self) -> Band:
        """Return the weighted mean; nan where nothing contributes."""
        used = self.context[0] != 0
        for plane in self.context[1:]:
            used |= plane != 0
        self.weight *= used
        used &= self.weight != 0
        science = np.full(self.window.shape, np.nan, np.float32)
        np.divide(self.numerator, self.weight, out=science, where=used)
        error = None
        if self.square is not None:
            error = np.full(self.window.shape, np.nan, np.float32)
            root = np.sqrt(np.maximum(self.square, 0.0))
            np.divide(root, np.abs(self.weight), out=error, where=used)
        return Band(self.window, science, self.weight, self.context, error)


def _bit(bit: int) -> np.int32:
    return np.uint32(1 << bit).astype(np.int32)


def _shift_context(
    target: NDArray[np.int32], here: tuple[slice, slice], layer: Layer
) -> None:
    """Set the bits of a product's context, moved to its place in the stack."""
    if layer.context is None:
        return
    planes, bits = divmod(layer.first_chip, 32)
    for plane, source in enumerate(layer.context.view(np.uint32)):
        low = plane + planes
        if low < len(target):
            target[low][here] |= (source << np.uint32(bits)).view(np.int32)
        if bits and low + 1 < len(target):
            target[low + 1][here] |= (source >> np.uint32(32 - bits)).view(np.int32)
