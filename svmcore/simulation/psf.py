"""The point-spread function over a chip, and stars drawn with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.instruments import Filter, Instrument
from svmcore.simulation.optics import (
    OVERSAMPLING,
    RADIUS_PIX,
    TABLE_CENTRE,
    pixel_images,
)

__all__ = ["FieldPsf", "add_stamp", "add_stars", "build_psf"]

CELLS = 5
_HALF_SIZES = (6, 16, RADIUS_PIX)
_LIMITS_ELECTRON = (3e3, 1.5e5)  # of stars whose wings drown beyond the half sizes
_LIMITS_PHOTON = (10.0, 500.0)  # where there is neither sky nor read noise
FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FieldPsf:
    """Pixel-integrated point-spread function that varies over a chip.

    Parameters
    ----------
    middle, right, up : ndarray of float32, shape (673, 673)
        Table of the middle of the chip, and what is added at its right and
        at its upper edge: shares of the flux in a pixel by its distance from
        the star, 8 samples per pixel.
    limits : tuple of float
        Fluxes of stars from which more of the wings is drawn, in the unit of
        the fluxes.

    Notes
    -----
    A chip is divided into 5 x 5 cells of one table each.
    """

    middle: FloatImage
    right: FloatImage
    up: FloatImage
    limits: tuple[float, float] = _LIMITS_ELECTRON

    def table(self, cell: int) -> FloatImage:
        """Return the table of one cell, counted along rows from the lower left."""
        u, v = (np.array([cell % CELLS, cell // CELLS]) + 0.5) * 2 / CELLS - 1
        field = self.middle + np.float32(u) * self.right + np.float32(v) * self.up
        # A linear field leaves faint negative rings in places: no light there.
        return np.asarray(np.maximum(field, 0))

    def pixel_kernel(self, samples: int) -> FloatImage:
        """Return the kernel of the middle at `samples` per pixel."""
        step = OVERSAMPLING // samples
        reach = 12 * samples * step
        where = slice(TABLE_CENTRE - reach, TABLE_CENTRE + reach + 1, step)
        kernel = self.middle[where, where]
        return np.asarray(kernel / kernel.sum(dtype=np.float64), np.float32)


def build_psf(
    instrument: Instrument, filter_: Filter, *, breathing: float = 0.0
) -> FieldPsf:
    """Return the point-spread function of an exposure.

    Parameters
    ----------
    instrument : Instrument
        Detector.
    filter_ : Filter
        Filter.
    breathing : float
        Focus of the telescope in units of its usual scatter.
    """
    base, right, up, breath = pixel_images(instrument, filter_)
    focused = base + np.float32(breathing) * (breath - base)
    limits = _LIMITS_PHOTON if instrument.counts_photons else _LIMITS_ELECTRON
    return FieldPsf(focused, right - base, up - base, limits)


def _windowed_centre(table: FloatImage) -> tuple[float, float]:
    """Return the centroid within a Gaussian window that follows it [pixel].

    The window's sigma is 1 pixel. This is what a position of the simulation
    means: other definitions of the centre of an asymmetric image differ by a
    constant.
    """
    reach = 4 * OVERSAMPLING
    where = slice(TABLE_CENTRE - reach, TABLE_CENTRE + reach + 1)
    part = table[where, where].astype(np.float64)
    axis = np.arange(-reach, reach + 1) / OVERSAMPLING
    x, y = 0.0, 0.0
    for _ in range(12):
        wx, wy = np.exp(-0.5 * (axis - x) ** 2), np.exp(-0.5 * (axis - y) ** 2)
        total = wy @ part @ wx
        x += 1.5 * float(wy @ part @ (wx * (axis - x)) / total)
        y += 1.5 * float((wy * (axis - y)) @ part @ wx / total)
    return x, y


def add_stars(
    image: FloatImage,
    psf: FieldPsf,
    positions_pix: NDArray[np.float64],
    fluxes: NDArray[np.float64],
    *,
    chip_shape: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
) -> None:
    """Add stars to an image in place.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Image, for example a subarray of a chip.
    psf : FieldPsf
        Point-spread functions over the full chip.
    positions_pix : ndarray of float, shape (n, 2)
        Positions (x, y) in the image, 0-based [pixel].
    fluxes : ndarray of float, shape (n,)
        Fluxes, in the image's unit or electrons.
    chip_shape : tuple of int
        Shape (ny, nx) of the full chip [pixel].
    corner : tuple of int
        Position (x, y) of the image's first pixel on the chip [pixel].
    """
    share = (positions_pix + corner) / (chip_shape[1], chip_shape[0])
    column, row = np.clip((share * CELLS).astype(int), 0, CELLS - 1).T
    cell = row * CELLS + column
    size = np.searchsorted(psf.limits, fluxes)
    for chosen_cell in np.unique(cell):
        table = psf.table(int(chosen_cell))
        shifted = positions_pix - _windowed_centre(table)
        for group, half in enumerate(_HALF_SIZES):
            chosen = np.flatnonzero((cell == chosen_cell) & (size == group))
            step = max(1, int(4e6 / (16 * (2 * half + 1) ** 2)))
            for first in range(0, len(chosen), step):
                part = chosen[first : first + step]
                _add_batch(image, table, half, shifted[part], fluxes[part])


def _add_batch(
    image: FloatImage,
    table: FloatImage,
    half: int,
    positions: NDArray[np.float64],
    fluxes: NDArray[np.float64],
) -> None:
    whole = np.round(positions).astype(int)
    wanted = -OVERSAMPLING * (positions - whole)
    base = np.floor(wanted).astype(int)
    weights = _cubic_weights(wanted - base)
    offsets = OVERSAMPLING * np.arange(-half, half + 1) + TABLE_CENTRE
    index = base[:, :, None] + np.arange(-1, 3)  # star, axis, tap
    taps = index[:, :, :, None] + offsets  # star, axis, tap, pixel
    values = table[taps[:, 1, :, None, :, None], taps[:, 0, None, :, None, :]]
    stamps = np.einsum("stuyx,st,su->syx", values, weights[:, 1], weights[:, 0])
    stamps *= fluxes[:, None, None].astype(np.float32)
    for (x, y), stamp in zip(whole, stamps, strict=True):
        add_stamp(image, stamp, x - half, y - half)


def add_stamp(image: FloatImage, stamp: FloatImage, x: int, y: int) -> None:
    """Add a stamp whose first pixel is at (x, y), as far as it is inside."""
    height, width = stamp.shape
    left, low = max(0, x), max(0, y)
    right, high = min(image.shape[1], x + width), min(image.shape[0], y + height)
    if left < right and low < high:
        image[low:high, left:right] += stamp[low - y : high - y, left - x : right - x]


def _cubic_weights(fraction: NDArray[np.float64]) -> FloatImage:
    """Return Catmull-Rom weights of the four taps around a fraction."""
    t = fraction[..., None].astype(np.float64)
    t2, t3 = t**2, t**3
    taps = [-t + 2 * t2 - t3, 2 - 5 * t2 + 3 * t3, t + 4 * t2 - 3 * t3, t3 - t2]
    return (np.concatenate(taps, axis=-1) / 2).astype(np.float32)
