"""A small part of a product under trial parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from svmcore.model.grid import GridWindow, MosaicGrid

__all__ = ["Comparison", "Cutout", "WeightStatistics"]

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WeightStatistics:
    """How even the weight of a cutout is.

    Parameters
    ----------
    mean, median, rms : float
        Over pixels with any weight; rms about the mean.
    covered_fraction : float
        Pixels with weight over all pixels.
    """

    mean: float
    median: float
    rms: float
    covered_fraction: float

    @property
    def unevenness(self) -> float:
        """Rms over median: above 0.2, drops are too small for the dithers."""
        return self.rms / self.median if self.median else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A rectangle of a product, and what it was made from.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the whole product.
    window : GridWindow
        Part of it that is shown.
    science, weight : ndarray of float32, shape (ny, nx)
        Values (nan where there are none) and weights.
    hits : ndarray of int16, shape (ny, nx)
        Number of input pixels at this place that were flagged as cosmic rays.
    weight_statistics : WeightStatistics
        The usual test of pixfrac and scale.
    separate_grid : Mapping of str to MosaicGrid
        Grid of separate images and model, by filter product.
    separate_window : Mapping of str to GridWindow
        Part of that grid.
    separate : Mapping of str to ndarray of float32
        Each exposure alone, by rootname; empty if nothing was compared.
    model : Mapping of str to ndarray of float32
        Their combination, by filter product.
    notes : tuple of str
        What is not as in the full product, in plain sentences.
    separate_hits : Mapping of str to ndarray of int16
        Number of flagged input pixels of each exposure alone, by rootname,
        on the grid of its separate image.
    error : ndarray of float32, shape (ny, nx), or None
        Standard deviation of the values; None if it was not asked for.
    separate_filter : Mapping of str to str
        Basename of the filter product of each separate image, by rootname.
    """

    grid: MosaicGrid
    window: GridWindow
    science: FloatImage
    weight: FloatImage
    hits: NDArray[np.int16]
    weight_statistics: WeightStatistics
    separate_grid: Mapping[str, MosaicGrid]
    separate_window: Mapping[str, GridWindow]
    separate: Mapping[str, FloatImage]
    model: Mapping[str, FloatImage]
    notes: tuple[str, ...] = ()
    separate_hits: Mapping[str, NDArray[np.int16]] = field(default_factory=dict)
    error: FloatImage | None = None
    separate_filter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The same place under two sets of parameters.

    Parameters
    ----------
    first, second : Cutout
        Results.
    difference : ndarray of float32, shape (ny, nx), or None
        Second minus first; None where the grids differ.
    rms, largest : float
        Of the difference; nan where the grids differ.
    hits_changed : int
        Change of the number of flagged input pixels.
    """

    first: Cutout
    second: Cutout
    difference: FloatImage | None
    rms: float
    largest: float
    hits_changed: int
