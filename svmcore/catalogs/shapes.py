"""Sizes and shapes of segments, by sums over their pixels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from svmcore.catalogs.points import DetectionImage
from svmcore.model.catalog import SegmentSources

__all__ = ["collect_segments", "segment_sums"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST_VARIANCE = 1.0 / 12.0  # of a source within one pixel
_FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


def segment_sums(values: FloatArray, start: IntArray) -> FloatArray:
    """Return sums over consecutive groups of values that begin at `start`."""
    if len(start) == 0:
        return np.zeros(0)
    sums: FloatArray = np.add.reduceat(values, start)
    return sums


def collect_segments(
    labels: NDArray[np.int32], image: DetectionImage
) -> SegmentSources:
    """Return segments as lists of pixels, with their shapes.

    Parameters
    ----------
    labels : ndarray of int, shape (ny, nx)
        Segments from 1; 0 is the background. Numbers may be missing.
    image : DetectionImage
        Total image, on which shapes are measured.

    Returns
    -------
    SegmentSources
        Numbered from 1 in the order of their labels.
    """
    pixel = np.flatnonzero(labels)
    label = labels.ravel()[pixel]
    order = np.argsort(label, kind="stable")
    pixel, label = pixel[order], label[order]
    start = np.flatnonzero(np.diff(label, prepend=0))
    row, column = np.divmod(pixel, labels.shape[1])
    flux = _sky_free(image, row, column)
    shapes, x, y = _shapes(flux, row, column, start)
    return SegmentSources(
        identifier=np.arange(1, len(start) + 1),
        x=x,
        y=y,
        pixel=pixel,
        start=start,
        shapes=shapes,
    )


def _sky_free(image: DetectionImage, row: IntArray, column: IntArray) -> FloatArray:
    level, _ = image.background.at(column.astype(float), row.astype(float))
    return np.nan_to_num(image.sci[row, column].astype(np.float64) - level)


def _shapes(
    flux: FloatArray, row: IntArray, column: IntArray, start: IntArray
) -> tuple[Mapping[str, FloatArray], FloatArray, FloatArray]:
    """Moments of the positive pixels, and what follows from them."""
    if len(start) == 0:
        empty = np.zeros(0)
        return dict.fromkeys(_NAMES, empty), empty, empty
    counts = np.diff(start, append=len(flux))
    group = np.repeat(np.arange(len(start)), counts)
    weight = np.maximum(flux, 0.0)
    total = segment_sums(weight, start)
    weight = np.where(total[group] > 0, weight, 1.0)
    total = segment_sums(weight, start)
    x = segment_sums(weight * column, start) / total
    y = segment_sums(weight * row, start) / total
    wide_x, wide_y = column - x[group], row - y[group]
    x2 = segment_sums(weight * wide_x**2, start) / total + _LEAST_VARIANCE
    y2 = segment_sums(weight * wide_y**2, start) / total + _LEAST_VARIANCE
    xy = segment_sums(weight * wide_x * wide_y, start) / total
    shapes = {
        "Area": counts.astype(np.float64),
        "Xmin": np.minimum.reduceat(column, start).astype(np.float64),
        "Xmax": np.maximum.reduceat(column, start).astype(np.float64),
        "Ymin": np.minimum.reduceat(row, start).astype(np.float64),
        "Ymax": np.maximum.reduceat(row, start).astype(np.float64),
        "X2": x2,
        "Y2": y2,
        "XY": xy,
        **_ellipse(x2, y2, xy),
    }
    radius = np.sqrt(
        shapes["CXX"][group] * wide_x**2
        + shapes["CYY"][group] * wide_y**2
        + shapes["CXY"][group] * wide_x * wide_y
    )
    shapes["KronRadius"] = segment_sums(weight * radius, start) / total
    return shapes, x, y


_NAMES = (
    "Area",
    "Xmin",
    "Xmax",
    "Ymin",
    "Ymax",
    "X2",
    "Y2",
    "XY",
    "CXX",
    "CYY",
    "CXY",
    "FWHM",
    "Elongation",
    "Ellipticity",
    "Theta",
    "KronRadius",
)


def _ellipse(x2: FloatArray, y2: FloatArray, xy: FloatArray) -> dict[str, FloatArray]:
    """Axes, angle and coefficients of the ellipse with these moments."""
    middle, half = (x2 + y2) / 2.0, np.hypot((x2 - y2) / 2.0, xy)
    major = np.sqrt(middle + half)
    minor = np.sqrt(np.maximum(middle - half, 1e-6))
    determinant = np.maximum(x2 * y2 - xy**2, 1e-6)
    return {
        "CXX": y2 / determinant,
        "CYY": x2 / determinant,
        "CXY": -2.0 * xy / determinant,
        "FWHM": _FWHM_PER_SIGMA * np.sqrt((major**2 + minor**2) / 2.0),
        "Elongation": major / minor,
        "Ellipticity": 1.0 - minor / major,
        "Theta": np.degrees(0.5 * np.arctan2(2.0 * xy, x2 - y2)),
    }
