"""What other masks change in a chip that has been drizzled already."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.pixmap import PixelMap
from svmcore.drizzling.resample import (
    Drop,
    drizzle_section,
    drizzle_sparse,
    row_slices,
)
from svmcore.model.grid import GridWindow
from svmcore.model.image import DrizzledChip, SparseChange

__all__ = ["find_change"]

FloatImage = NDArray[np.float32]
Places = tuple[NDArray[np.int64], NDArray[np.int64]]
Changes = tuple[Places, FloatImage, FloatImage, FloatImage]

# A chip whose weight at a pixel falls below this part of its full weight when
# pixels are taken away counts as gone: what is left are rounding errors.
LEAST_WEIGHT = 1e-3
BLOCK_ROWS = 512
# Up to so many pixels of a chip are drizzled one by one.
FEW_PIXELS = 1000
# Half width of a drop of full size [input pixel].
_REACH = {"lanczos3": 4.0, "gaussian": 2.5}
TILE = 3  # neighbours on every side of a pixel that is drizzled alone


def find_change(
    base: DrizzledChip,
    science: FloatImage,
    added: FloatImage | None,
    removed: FloatImage | None,
    pixel_map: PixelMap,
    *,
    drop: Drop,
    grid_shape: tuple[int, int],
    variance: FloatImage | None = None,
) -> SparseChange:
    """Return what it changes to add pixels to a drizzled chip, or take them away.

    Parameters
    ----------
    base : DrizzledChip
        The chip as it was drizzled; a memory map will do, as only the pixels
        that change are looked at.
    science : ndarray of float32, shape (ny, nx)
        Pixel values of the chip.
    added, removed : ndarray of float32, shape (ny, nx), or None
        Weights of the pixels to add or to take away, 0 for all others; None
        if there are none.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    drop : Drop
        As used for `base`.
    grid_shape : tuple of int
        Shape of the grid; what falls beyond is left out.
    variance : ndarray of float32, shape (ny, nx), optional
        Variances of the pixels, if `base` has any.

    Returns
    -------
    SparseChange
        Change on the grid.
    """
    given = [weights for weights in (added, removed) if weights is not None]
    largest = max((float(weights.max()) for weights in given), default=0.0)
    if sum(np.count_nonzero(weights) for weights in given) <= FEW_PIXELS:
        places, sums, change, squares = _few_changes(
            base, science, added, removed, pixel_map, drop, variance
        )
    else:
        places, sums, change, squares = _many_changes(
            base, science, added, removed, pixel_map, drop, variance
        )
    return _listed(
        base,
        places,
        (sums, change, None if variance is None else squares),
        LEAST_WEIGHT * largest * drop.weight_scale,
        grid_shape,
    )


def _few_changes(
    base: DrizzledChip,
    science: FloatImage,
    added: FloatImage | None,
    removed: FloatImage | None,
    pixel_map: PixelMap,
    drop: Drop,
    variance: FloatImage | None,
) -> Changes:
    """Return places in the window and what changes there, pixel by pixel."""
    found: list[NDArray[np.float64]] = [np.zeros((4, 0))]
    for sign, weights in ((1, added), (-1, removed)):
        if weights is None:
            continue
        for one in _drizzle_pixels(
            science,
            weights,
            pixel_map,
            drop=drop,
            reach=_reach(drop),
            variance=variance,
        ):
            y, x = np.nonzero(one.weight)
            weight = one.weight[y, x].astype(np.float64)
            square = np.zeros(len(y))
            if one.variance is not None:
                square = sign * weight**2 * one.variance[y, x]
            y, x = (
                y + one.window.y0 - base.window.y0,
                x + one.window.x0 - base.window.x0,
            )
            inside = (y >= 0) & (y < base.window.ny) & (x >= 0) & (x < base.window.nx)
            flat = y * base.window.nx + x
            value = weight * one.science[one.weight != 0]
            part = np.stack([flat, sign * value, sign * weight, square])
            found.append(part[:, inside])
    flat, *values = np.concatenate(found, axis=1)
    index, place = np.unique(flat.astype(np.int64), return_inverse=True)
    sums, change, squares = (
        np.bincount(place, one, len(index)).astype(np.float32) for one in values
    )
    y, x = np.divmod(index, base.window.nx)
    return (y, x), sums, change, squares


def _drizzle_pixels(
    science: FloatImage,
    weight: FloatImage,
    pixel_map: PixelMap,
    *,
    drop: Drop,
    reach: int,
    variance: FloatImage | None = None,
) -> Iterator[DrizzledChip]:
    """Yield what each of very few pixels becomes: a small image for each.

    The corners of a drop follow from the positions of the pixel and of its
    neighbours. A call takes a tenth of a millisecond: for a few hundred pixels
    that is much less than `drizzle_sparse` takes to pass over the others.
    """
    for y, x in np.argwhere(weight):
        rows, columns = (
            slice(max(at - TILE, 0), min(at + TILE + 1, size))
            for at, size in zip((y, x), weight.shape, strict=True)
        )
        positions = pixel_map.block(rows, columns)
        here = (y - rows.start, x - columns.start)
        x0, y0 = np.rint(positions[here]).astype(int) - (reach + 1)
        size = 2 * reach + 3
        window = GridWindow(int(y0), int(x0), size, size)
        positions -= (x0, y0)
        alone = np.zeros(positions.shape[:2], np.float32)
        alone[here] = weight[y, x]
        target = DrizzledChip(
            window,
            np.zeros(window.shape, np.float32),
            np.zeros(window.shape, np.float32),
            None if variance is None else np.zeros(window.shape, np.float32),
        )
        drizzle_section(
            target,
            np.ascontiguousarray(science[rows, columns]),
            alone,
            positions,
            drop=drop,
            variance=None
            if variance is None
            else np.ascontiguousarray(variance[rows, columns]),
        )
        yield target


def _many_changes(
    base: DrizzledChip,
    science: FloatImage,
    added: FloatImage | None,
    removed: FloatImage | None,
    pixel_map: PixelMap,
    drop: Drop,
    variance: FloatImage | None,
) -> Changes:
    """Return places in the window and what changes there, all pixels at once."""
    changed = np.zeros(science.shape, bool)
    for weights in (added, removed):
        if weights is not None:
            changed |= weights != 0
    y, x = _touched(pixel_map, changed, base.window, drop)
    sums, change, squares = (np.zeros(len(y), np.float32) for _ in range(3))
    for sign, weights in ((1, added), (-1, removed)):
        if weights is None:
            continue
        few = DrizzledChip(
            base.window,
            np.zeros(base.window.shape, np.float32),
            np.zeros(base.window.shape, np.float32),
            None if variance is None else np.zeros(base.window.shape, np.float32),
        )
        drizzle_sparse(few, science, weights, pixel_map, drop=drop, variance=variance)
        found = few.weight[y, x]
        sums += sign * found * few.science[y, x]
        change += sign * found
        if few.variance is not None:
            squares += sign * found**2 * few.variance[y, x]
    return (y, x), sums, change, squares


def _reach(drop: Drop) -> int:
    """Return how far a drop reaches from its centre [grid pixel]."""
    return 1 + int(np.ceil(_REACH.get(drop.kernel, 1.0) / drop.scale_ratio))


def _touched(
    pixel_map: PixelMap,
    changed: NDArray[np.bool_],
    window: GridWindow,
    drop: Drop,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the window's pixels that some pixels of a chip can reach."""
    reach = _reach(drop)
    near = np.zeros(window.shape, bool)
    inner_map = pixel_map.moved(window)
    for rows in row_slices(changed.shape[0], BLOCK_ROWS):
        here = changed[rows]
        if not here.any():
            continue
        places = np.rint(inner_map.block(rows)[here]).astype(np.int64)
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                x, y = places[:, 0] + dx, places[:, 1] + dy
                inside = (x >= 0) & (x < window.nx) & (y >= 0) & (y < window.ny)
                near[y[inside], x[inside]] = True
    y, x = np.nonzero(near)
    return y, x


def _listed(
    base: DrizzledChip,
    place: tuple[NDArray[np.int64], NDArray[np.int64]],
    changes: tuple[FloatImage, FloatImage, FloatImage | None],
    least: float,
    grid_shape: tuple[int, int],
) -> SparseChange:
    """Return the pixels that change, with what is left empty removed whole."""
    y, x = place
    sums, weights, squares = changes
    grid_y, grid_x = y + base.window.y0, x + base.window.x0
    wanted = (
        (weights != 0)
        & (grid_y >= 0)
        & (grid_y < grid_shape[0])
        & (grid_x >= 0)
        & (grid_x < grid_shape[1])
    )
    y, x, grid_y, grid_x = y[wanted], x[wanted], grid_y[wanted], grid_x[wanted]
    before, weights, sums = base.weight[y, x], weights[wanted], sums[wanted]
    gone = (weights < 0) & (before + weights < least)
    weights = np.where(gone, -before, weights)
    sums = np.where(gone, -before * base.science[y, x], sums)
    context = np.where(gone, -1, np.where(before == 0, 1, 0)).astype(np.int8)
    if squares is not None and base.variance is not None:
        whole = -(before**2) * base.variance[y, x]
        squares = np.where(gone, whole, squares[wanted]).astype(np.float32)
    return SparseChange(
        grid_y.astype(np.int64) * grid_shape[1] + grid_x,
        sums.astype(np.float32),
        weights.astype(np.float32),
        context,
        squares,
    )
