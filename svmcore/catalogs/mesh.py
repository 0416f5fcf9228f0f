"""Background statistics in boxes, all boxes of a row at once."""

import warnings

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
    level, rms = np.full(shape, np.nan), np.full(shape, np.nan)
    for row in range(shape[0]):
        rows = slice(row * box, min((row + 1) * box, ny))
        pixels = np.where(mask[rows], sci[rows], np.nan)
        level[row], rms[row] = _row_of_boxes(pixels, box, shape[1])
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
    pixels: NDArray[np.floating], box: int, n_boxes: int
) -> tuple[FloatArray, FloatArray]:
    """Clipped mode and scatter of each box of a strip of rows."""
    full = np.full((pixels.shape[0], n_boxes * box), np.nan)
    full[:, : pixels.shape[1]] = pixels
    boxes = full.reshape(-1, n_boxes, box).swapaxes(0, 1).reshape(n_boxes, -1)
    n_pixels = boxes.shape[1]
    boxes = boxes[:, :: max(1, n_pixels // _PIXELS_PER_BOX)]
    is_filled = np.isfinite(boxes).sum(axis=1) >= _LEAST_FILL * boxes.shape[1]
    boxes = boxes[is_filled]
    level, rms = np.full(n_boxes, np.nan), np.full(n_boxes, np.nan)
    if len(boxes) == 0:
        return level, rms
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # boxes clipped to nothing
        for _ in range(_CLIP_ROUNDS):
            middle = np.nanmedian(boxes, axis=1, keepdims=True)
            spread = np.nanstd(boxes, axis=1, keepdims=True)
            boxes = np.where(
                np.abs(boxes - middle) > _CLIP_SIGMA * spread, np.nan, boxes
            )
        median, mean = np.nanmedian(boxes, axis=1), np.nanmean(boxes, axis=1)
        spread = np.nanstd(boxes, axis=1)
    is_sure = np.abs(mean - median) <= _SKEW_LIMIT * spread
    level[is_filled] = np.where(is_sure, 2.5 * median - 1.5 * mean, median)
    rms[is_filled] = spread
    return level, rms
