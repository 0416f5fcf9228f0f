"""Chips onto a grid and back, through the ``drizzle`` library.

The C code is called in blocks of rows, so that the pixel map never exists as a
whole. It inverts the map at the corners of what it is given and loses rows of
long strips by that; a row of zero weight and a row without positions on each
side make a block give exactly what the whole chip gives.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from drizzle.resample import Drizzle, blot_image
from numpy.typing import NDArray

from svmcore.drizzling.pixmap import PixelMap
from svmcore.drizzling.sinc import interpolate_sinc
from svmcore.model.grid import GridWindow
from svmcore.model.image import DrizzledChip

__all__ = [
    "Drop",
    "blot_rows",
    "drizzle_chip",
    "drizzle_section",
    "drizzle_sparse",
    "row_slices",
]

FloatImage = NDArray[np.float32]

BLOCK_ROWS = 512
SPARSE_ROWS = 128
GUARD_ROWS = 2


@dataclass(frozen=True, slots=True)
class Drop:
    """How a pixel is spread on the grid.

    Parameters
    ----------
    kernel : {'square', 'turbo', 'point', 'gaussian', 'lanczos3'}
        Shape of the drop.
    pixfrac : float
        Size of the drop over that of the pixel.
    scale_ratio : float
        Output over undistorted input pixel size.
    weight_scale : float
        Factor for all weights.
    exptime_s : float
        Values are divided by this [s]; 1 for rates.
    """

    kernel: str
    pixfrac: float
    scale_ratio: float
    weight_scale: float
    exptime_s: float


def row_slices(ny: int, rows: int) -> Iterator[slice]:
    """Yield slices that cover `ny` rows in blocks.

    Examples
    --------
    >>> list(row_slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, ny, rows):
        yield slice(start, min(start + rows, ny))


def drizzle_chip(
    science: FloatImage,
    weight: FloatImage,
    pixel_map: PixelMap,
    window: GridWindow,
    *,
    drop: Drop,
    variance: FloatImage | None = None,
    target: DrizzledChip | None = None,
) -> DrizzledChip:
    """Return a chip drizzled onto a part of a grid.

    Parameters
    ----------
    science, weight : ndarray of float32, shape (ny, nx)
        Pixel values and their weights; pixels of weight 0 are not used.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    window : GridWindow
        Part of the grid to fill.
    drop : Drop
        Shape and size of drops, and units.
    variance : ndarray of float32, shape (ny, nx), optional
        Variances to propagate.
    target : DrizzledChip, optional
        An image of the same window that the chip is added to, in place.

    Returns
    -------
    DrizzledChip
        Values per second on the grid.
    """
    if target is None:
        target = DrizzledChip(
            window,
            np.zeros(window.shape, np.float32),
            np.zeros(window.shape, np.float32),
            None if variance is None else np.zeros(window.shape, np.float32),
        )
    inner_map = pixel_map.moved(window)
    room = _room(inner_map, BLOCK_ROWS)
    for rows in row_slices(science.shape[0], BLOCK_ROWS):
        positions = _guarded_positions(inner_map, rows, room)
        _add(
            target,
            _with_guards(science, rows),
            _guarded(weight, rows),
            positions,
            drop,
            None if variance is None else _with_guards(variance, rows),
        )
    return target


def drizzle_sparse(
    target: DrizzledChip,
    science: FloatImage,
    weight: FloatImage,
    pixel_map: PixelMap,
    *,
    drop: Drop,
    variance: FloatImage | None = None,
) -> None:
    """Add a few pixels of a chip to what has been drizzled already, in place.

    Parameters
    ----------
    target : DrizzledChip
        What the pixels are added to; its arrays change.
    science, weight : ndarray of float32, shape (ny, nx)
        Pixel values; only pixels with a weight that is not 0 are added.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    drop : Drop
        The same as for the other pixels.
    variance : ndarray of float32, shape (ny, nx), optional
        Variances of the pixels, if the target has any.

    Notes
    -----
    Positions of all pixels but the wanted ones and their neighbours are left
    out, which the C code skips: about a seventh of the time of a whole chip
    where one pixel in a hundred is wanted.
    """
    inner_map = pixel_map.moved(target.window)
    room = _room(inner_map, SPARSE_ROWS)
    for rows in row_slices(science.shape[0], SPARSE_ROWS):
        wanted = weight[rows] != 0
        if not wanted.any():
            continue
        positions = _guarded_positions(inner_map, rows, room)
        near = _neighbours(np.pad(wanted, (_guards(rows, len(weight)), (0, 0))))
        # one complex number a pixel: half the work of two numbers
        pairs = positions.view(np.complex128)[..., 0]
        np.copyto(pairs, complex(np.nan, np.nan), where=~near)
        _add(
            target,
            _with_guards(science, rows),
            _guarded(weight, rows),
            positions,
            drop,
            None if variance is None else _with_guards(variance, rows),
        )


def drizzle_section(
    target: DrizzledChip,
    science: FloatImage,
    weight: FloatImage,
    positions: NDArray[np.float64],
    *,
    drop: Drop,
    variance: FloatImage | None = None,
) -> None:
    """Add a small part of a chip to an image, in place.

    Parameters
    ----------
    target : DrizzledChip
        What is added to; its arrays change.
    science, weight : ndarray of float32, shape (ny, nx)
        Pixel values and weights.
    positions : ndarray of float, shape (ny, nx, 2)
        Where the pixels fall, counted from the corner of the target's window;
        nan for pixels that are not wanted.
    drop : Drop
        Shape and size of drops, and units.
    variance : ndarray of float32, shape (ny, nx), optional
        Variances of the pixels, if the target has any.
    """
    _add(target, science, weight, positions, drop, variance)


def blot_rows(
    image: FloatImage,
    positions: NDArray[np.float64],
    *,
    factor: float,
    interpolation: str,
    sinc_scale: float = 1.0,
) -> FloatImage:
    """Return an image interpolated at the positions of a chip's pixels.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Image on the grid; native byte order.
    positions : ndarray of float, shape (rows, columns, 2)
        Where the pixels fall on the image.
    factor : float
        The result is multiplied by this.
    interpolation : str
        ``blot_interp``: nearest, linear, poly3, poly5, sinc, lanczos3,
        lanczos5; lan3 and lan5 are taken as well.
    sinc_scale : float
        ``blot_sinscl``; only for sinc, which takes ten times the time of poly5.
    """
    if interpolation == "sinc":
        drawn = interpolate_sinc(image, positions, scale=sinc_scale)
        return drawn * np.float32(factor)
    name = {"lan3": "lanczos3", "lan5": "lanczos5"}
    found: FloatImage = blot_image(
        np.ascontiguousarray(image, np.float32),
        positions,
        fillval=0.0,
        iscale=factor,
        interp=name.get(interpolation, interpolation),
    )
    return found


def _guards(rows: slice, ny: int) -> tuple[int, int]:
    """Return how many guard rows go before and after a block."""
    return (
        GUARD_ROWS if rows.start > 0 else 0,
        GUARD_ROWS if rows.stop < ny else 0,
    )


def _guarded(values: FloatImage, rows: slice) -> FloatImage:
    """Return rows of an image with rows of zeros where others are cut off."""
    before, after = _guards(rows, values.shape[0])
    if not before and not after:
        return values
    return np.pad(values[rows], ((before, after), (0, 0)))


def _with_guards(values: FloatImage, rows: slice) -> FloatImage:
    """Return rows of an image and the guard rows, whose values do not matter."""
    before, after = _guards(rows, values.shape[0])
    if rows.stop + after > values.shape[0]:
        return _guarded(values, rows)
    return values[rows.start - before : rows.stop + after]


def _room(pixel_map: PixelMap, rows: int) -> NDArray[np.float64]:
    """Return room for the positions of a block: taken once, as it is large."""
    return np.empty((rows + 2 * GUARD_ROWS, pixel_map.shape[1], 2))


def _guarded_positions(
    pixel_map: PixelMap, rows: slice, room: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return positions in a window: one row more, then one of nan, where cut."""
    ny = pixel_map.shape[0]
    before, after = _guards(rows, ny)
    low, high = max(rows.start - 1, 0), min(rows.stop + 1, ny)
    positions = room[: rows.stop - rows.start + before + after]
    if before:
        positions[0] = np.nan
    if after:
        positions[-1] = np.nan
    inner = positions[1 if before else 0 : -1 if after else None]
    pixel_map.block(slice(low, high), out=inner)
    return positions


def _neighbours(wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask with every wanted pixel and the eight around it."""
    near = wanted.copy()
    near[1:] |= wanted[:-1]
    near[:-1] |= wanted[1:]
    across = near.copy()
    across[:, 1:] |= near[:, :-1]
    across[:, :-1] |= near[:, 1:]
    return across


def _add(
    target: DrizzledChip,
    science: FloatImage,
    weight: FloatImage,
    positions: NDArray[np.float64],
    drop: Drop,
    variance: FloatImage | None,
) -> None:
    collector = Drizzle(
        kernel=drop.kernel,
        out_img=target.science,
        out_wht=target.weight,
        out_img2=None if target.variance is None else [target.variance],
        fillval2="INDEF",
        exptime=drop.exptime_s,
        disable_ctx=True,
    )
    with warnings.catch_warnings():
        # Known properties of the kernels, said at every call.
        warnings.filterwarnings("ignore", "Kernel '.*' is not a flux-conserving")
        warnings.filterwarnings("ignore", "In lanczos kernel, pixel_fraction")
        collector.add_image(
            science,
            exptime=drop.exptime_s,
            pixmap=positions,
            data2=None if variance is None else [variance],
            iscale=drop.scale_ratio**2,
            pixel_scale_ratio=drop.scale_ratio,
            weight_map=weight,
            wht_scale=drop.weight_scale,
            pixfrac=drop.pixfrac,
            in_units="counts",
        )
