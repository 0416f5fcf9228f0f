"""Which rectangle of a chip a window of a grid needs."""

import numpy as np

from svmcore.drizzling.pixmap import PixelMap
from svmcore.model.grid import GridWindow

__all__ = ["find_section"]

COARSE_STEPS = (64, 8)


def find_section(pixel_map: PixelMap, window: GridWindow) -> tuple[slice, slice] | None:
    """Return the rectangle of a chip that covers a window of a grid.

    Parameters
    ----------
    pixel_map : SeparableMap or ExactMap
        Map of the chip.
    window : GridWindow
        Wanted part of the grid.

    Returns
    -------
    rows, columns : slice
        None if the chip does not reach the window.
    """
    ny, nx = pixel_map.shape
    rows, columns = slice(0, ny), slice(0, nx)
    for step in COARSE_STEPS:
        found = _reaching(pixel_map, window, rows, columns, step)
        if found is None:
            return None
        rows, columns = found
    return rows, columns


def _reaching(
    pixel_map: PixelMap, window: GridWindow, rows: slice, columns: slice, step: int
) -> tuple[slice, slice] | None:
    """Return what is left of a rectangle after a look at every step-th pixel."""
    y = np.unique(np.append(np.arange(rows.start, rows.stop, step), rows.stop - 1))
    x = np.unique(
        np.append(np.arange(columns.start, columns.stop, step), columns.stop - 1)
    )
    places = np.concatenate(
        [
            pixel_map.block(
                slice(rows.start, rows.stop, step),
                slice(columns.start, columns.stop, step),
            )
        ]
    )
    y, x = y[: places.shape[0]], x[: places.shape[1]]
    spread = np.abs(np.diff(places[:2, :2], axis=0)).max(initial=step) + np.abs(
        np.diff(places[:2, :2], axis=1)
    ).max(initial=step)
    grown = window.grown(int(np.ceil(spread)))
    near = (
        (places[..., 0] >= grown.x0)
        & (places[..., 0] < grown.x1)
        & (places[..., 1] >= grown.y0)
        & (places[..., 1] < grown.y1)
    )
    if not near.any():
        return None
    hit_y, hit_x = y[near.any(axis=1)], x[near.any(axis=0)]
    return (
        slice(
            max(int(hit_y[0]) - step, rows.start),
            min(int(hit_y[-1]) + step + 1, rows.stop),
        ),
        slice(
            max(int(hit_x[0]) - step, columns.start),
            min(int(hit_x[-1]) + step + 1, columns.stop),
        ),
    )
