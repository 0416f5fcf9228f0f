"""Images: what is read of an exposure, and what drizzling makes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.model.grid import GridWindow

__all__ = [
    "ChipCalibration",
    "ChipPixels",
    "DrizzledChip",
    "SparseChange",
]

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChipCalibration:
    """What the headers say about the pixels of one chip.

    Parameters
    ----------
    rootname : str
        Exposure.
    extver : int
        EXTVER of the SCI extension.
    number : int
        CCDCHIP (DETECTOR for WFPC2).
    shape : tuple of int
        Shape (ny, nx) [pixel].
    exptime_s : float
        Exposure time [s].
    to_electrons : float
        Factor from the pixel values of the file to electrons: the exposure
        time for rates, the gain for data numbers, 1 for electrons.
    is_rate : bool
        Whether the pixel values are rates [1 / s].
    read_noise : float
        Read noise [electron].
    dark : float
        Dark current that was collected during the exposure [electron].
    cte_direction : int
        1 or -1 where charge trails run towards higher or lower rows, else 0.
    unit : str
        BUNIT of the file, upper case, without the time (``ELECTRONS``).
    given_sky : float
        MDRIZSKY that the file came with, in its unit; 0 if it has none.
    """

    rootname: str
    extver: int
    number: int
    shape: tuple[int, int]
    exptime_s: float
    to_electrons: float
    is_rate: bool
    read_noise: float
    dark: float
    cte_direction: int
    unit: str
    given_sky: float = 0.0

    @property
    def time_s(self) -> float:
        """Time that pixel values are divided by to get rates: 1 for rates [s]."""
        return 1.0 if self.is_rate else self.exptime_s

    @property
    def holds_data_numbers(self) -> bool:
        """Whether pixel values are data numbers, not electrons or photons."""
        return self.unit == "COUNTS" and self.gain != 1.0

    @property
    def gain(self) -> float:
        """Electrons per collected count."""
        return self.to_electrons * self.time_s / self.exptime_s


@dataclass(frozen=True, slots=True, eq=False)
class ChipPixels:
    """The pixels of one chip, as the file holds them.

    Parameters
    ----------
    science : ndarray of float32, shape (ny, nx)
        Pixel values in the unit of the file.
    quality : ndarray of uint16, shape (ny, nx)
        Data-quality flags.
    error : ndarray of float32, shape (ny, nx), or None
        One-sigma errors in the unit of the file; None if not asked for.
    time_s : ndarray of float32, shape (ny, nx), or None
        Exposure time of each pixel of WFC3/IR [s]; None if not asked for.
    """

    science: FloatImage
    quality: NDArray[np.uint16]
    error: FloatImage | None = None
    time_s: FloatImage | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DrizzledChip:
    """One chip on a mosaic grid.

    Parameters
    ----------
    window : GridWindow
        Part of the grid that the arrays cover.
    science : ndarray of float32, shape (ny, nx)
        Weighted mean of the contributing pixels; 0 where there are none.
    weight : ndarray of float32, shape (ny, nx)
        Sum of the weights.
    variance : ndarray of float32, shape (ny, nx), or None
        Propagated variance of `science`; None if not asked for.
    """

    window: GridWindow
    science: FloatImage
    weight: FloatImage
    variance: FloatImage | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SparseChange:
    """What a few more or fewer pixels change in a drizzled chip.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Flat index into the grid, ascending.
    numerator, weight : ndarray of float32, shape (n,)
        Change of weight times value, and of weight.
    context : ndarray of int8, shape (n,)
        1 where the chip contributes now, -1 where it no longer does, else 0.
    square : ndarray of float32, shape (n,), or None
        Change of squared weight times variance; None without variances.
    """

    index: NDArray[np.int64]
    numerator: FloatImage
    weight: FloatImage
    context: NDArray[np.int8]
    square: FloatImage | None = None
