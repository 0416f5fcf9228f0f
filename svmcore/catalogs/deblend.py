"""Blended segments, taken apart one by one."""

import warnings

import numpy as np
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from photutils.segmentation import SegmentationImage, deblend_sources
from scipy import ndimage

from svmcore.catalogs.settings import CatalogSettings

__all__ = ["deblend_segments"]

_LEAST_AREA = 121  # pixels of an 11 x 11 kernel: smaller ones are single


def _blended(areas: NDArray[np.int64], ratio: float) -> NDArray[np.int64]:
    """Return labels to take apart: large ones, and giants whatever their size."""
    order = np.argsort(-areas[1:], kind="stable") + 1
    chosen = set((np.flatnonzero(areas[1:] >= _LEAST_AREA) + 1).tolist())
    for label, following in zip(order, [*order[1:], None], strict=True):
        chosen.add(int(label))
        if following is None or areas[label] < ratio * areas[following]:
            break
    return np.array(sorted(chosen), dtype=np.int64)


def deblend_segments(
    labels: NDArray[np.int32],
    smooth: NDArray[np.float32],
    areas: NDArray[np.int64],
    settings: CatalogSettings,
) -> NDArray[np.int32]:
    """Return labels in which blended sources have one each.

    Parameters
    ----------
    labels : ndarray of int, shape (ny, nx)
        Segments from 1; 0 is the background. It is changed in place.
    smooth : ndarray of float, shape (ny, nx)
        Image in which the saddles between sources are looked for.
    areas : ndarray of int, shape (n + 1,)
        Pixels by label.
    settings : CatalogSettings
        Parameters: ``nlevels``, ``contrast``, ``source_box`` and others.

    Returns
    -------
    ndarray of int, shape (ny, nx)
        The same array, with new labels after the old ones.
    """
    if len(areas) < 2 or not labels.any():
        return labels
    ratio = settings.number("sourcex.ratio_bigsource_deblend_limit")
    boxes = ndimage.find_objects(labels)
    following = len(areas)
    for label in _blended(areas, ratio):
        box = boxes[label - 1]
        cutout = labels[box]
        parts = _deblend_one(cutout == label, smooth[box], settings)
        is_new = parts > 1  # the first part keeps the label
        cutout[is_new] = parts[is_new] - 2 + following
        following += max(int(parts.max()) - 1, 0)
    return labels


def _deblend_one(
    mask: NDArray[np.bool_], smooth: NDArray[np.float32], settings: CatalogSettings
) -> NDArray[np.int32]:
    """Return parts of one segment, numbered from 1."""
    segment = SegmentationImage(mask.astype(np.int32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)  # negative pixels
        found = deblend_sources(
            smooth,
            segment,
            int(settings.number("sourcex.source_box")),
            n_levels=max(int(settings.number("sourcex.nlevels")), 1),
            contrast=settings.number("sourcex.contrast"),
            mode="exponential",
            connectivity=8,
            progress_bar=False,
        )
    parts: NDArray[np.int32] = np.asarray(found.data, dtype=np.int32)
    return parts
