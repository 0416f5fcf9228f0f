"""Background statistics in boxes, all boxes of a row at once."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["measure_mesh"]

FloatArray = NDArray[np.float64]

_CLIP_SIGMA = 3.0
_CLIP_ROUNDS = 3
_LEAST_FILL = 0.25
_PIXELS_PER_BOX = 256
_SKEW_LIMIT = 0.3  # beyond it the mode is unsure and the median is taken


def measure_mesh(
    sci: NDArray[np.floating], mask: NDArray[np.bool_], *, box: int, filter_size: int
) -> tuple[FloatArray, FloatArray] | None:
    """Return level and noise in boxes.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Image; nan where there is no data.
    mask : ndarray of bool, shape (ny, nx)
        Pixels to use.
    box : int
        Side of the boxes [pixel].
    filter_size : int
        Side of the median filter over the boxes.

    Returns
    -------
    level, rms : ndarray of float, shape (my, mx)
        Clipped mode ``2.5 median - 1.5 mean`` (the median where that is
        unsure; Bertin & Arnouts 1996, A&AS 117, 393) and clipped standard
        deviation. Boxes with less than a quarter of usable pixels take the
        value of the nearest good one. None if there is no good box.
    """
    ny, nx = sci.shape
    shape = (-(-ny // box), -(-nx // box))
    strips = [
        _row_of_boxes(sci[rows], mask[rows], box, shape[1])
        for rows in (slice(top, top + box) for top in range(0, ny, box))
    ]
    level = np.stack([strip[0] for strip in strips])
    rms = np.stack([strip[1] for strip in strips])
    good = np.isfinite(level)
    if not good.any():
        return None
    nearest = ndimage.distance_transform_edt(
        ~good, return_distances=False, return_indices=True
    )
    level, rms = level[tuple(nearest)], rms[tuple(nearest)]
    if filter_size > 1:
        level = ndimage.median_filter(level, size=filter_size, mode="nearest")
        rms = ndimage.median_filter(rms, size=filter_size, mode="nearest")
    return level, rms


def _row_of_boxes(
    sci: NDArray[np.floating], mask: NDArray[np.bool_], box: int, n_boxes: int
) -> tuple[FloatArray, FloatArray]:
    """Clipped mode and scatter of each box of a strip of rows."""
    full = np.full((sci.shape[0], n_boxes * box), np.nan)
    full[:, : sci.shape[1]] = np.where(mask, sci, np.nan)
    boxes = full.reshape(-1, n_boxes, box).swapaxes(0, 1).reshape(n_boxes, -1)
    n_pixels = boxes.shape[1]
    boxes = boxes[:, :: max(1, n_pixels // _PIXELS_PER_BOX)]
    is_filled = np.isfinite(boxes).sum(axis=1) >= _LEAST_FILL * boxes.shape[1]
    level, rms = np.full(n_boxes, np.nan), np.full(n_boxes, np.nan)
    if is_filled.any():
        median, mean, spread = _clipped_statistics(boxes[is_filled])
        is_sure = np.abs(mean - median) <= _SKEW_LIMIT * spread
        level[is_filled] = np.where(is_sure, 2.5 * median - 1.5 * mean, median)
        rms[is_filled] = spread
    return level, rms


def _clipped_statistics(boxes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return median, mean and scatter of rows, clipped; nan is no value.

    Clipping about the median keeps a stretch of the sorted values, so that
    one sort and running sums serve all rounds.
    """
    values = np.sort(boxes, axis=1)  # nan goes to the end
    row = np.arange(len(values))
    first = np.zeros(len(values), dtype=np.intp)
    end = np.isfinite(values).sum(axis=1)
    # Sums about a typical value lose no digits.
    offset = values[row, end // 2]
    values -= offset[:, None]
    plain = np.nan_to_num(values)
    sums, squares = (
        np.pad(np.cumsum(each, axis=1), ((0, 0), (1, 0))) for each in (plain, plain**2)
    )
    median, mean, spread = (np.zeros(len(values)) for _ in range(3))
    for rounds_left in range(_CLIP_ROUNDS, -1, -1):
        number = end - first
        median = (
            values[row, first + (number - 1) // 2] + values[row, first + number // 2]
        ) / 2.0
        mean = (sums[row, end] - sums[row, first]) / number
        variance = (squares[row, end] - squares[row, first]) / number - mean**2
        spread = np.sqrt(np.maximum(variance, 0.0))
        if rounds_left:
            # The median itself is never further than the limit from itself.
            is_kept = np.abs(values - median[:, None]) <= _CLIP_SIGMA * spread[:, None]
            place = np.arange(values.shape[1])
            is_kept &= (place >= first[:, None]) & (place < end[:, None])
            empty = ~is_kept.any(axis=1)
            first = np.where(empty, first, is_kept.argmax(axis=1))
            end = np.where(empty, end, first + is_kept.sum(axis=1))
    return median + offset, mean + offset, spread
