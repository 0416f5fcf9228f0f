"""Drizzled products as frames of the image viewer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from svmcore.errors import DrizzleError
from svmcore.io.mosaic_difference import subtract_mosaics
from svmcore.io.mosaic_wcs import mosaic_wcs
from svmcore.io.mosaics import Mosaic, read_mosaic
from svmcore.previews.color import color_balance, render_color
from svmcore.previews.stretch import robust_limits
from svmwidgets.figures import MASK_CLASSES, Box, ImageFrame, fit_sky_mapping

__all__ = ["colour_frame", "difference_frame", "mosaic_sky", "product_frame"]

_NO_DATA = tuple(bytes.fromhex(MASK_CLASSES[0]["colour"][1:]))


def mosaic_sky(mosaic: Mosaic) -> Any:
    """Return the sky mapping of a product for the browser."""
    wcs = mosaic_wcs(mosaic)
    return fit_sky_mapping(lambda x, y: wcs.all_pix2world(x, y, 0), mosaic.shape)


def product_frame(path: Path, plane: str) -> ImageFrame:
    """Return one plane of a product; what is looked at is read when needed.

    Parameters
    ----------
    path : Path
        The product.
    plane : {'SCI', 'WHT', 'CTX'}
        Science, weight, or number of chips that contribute.
    """
    mosaic = read_mosaic(path)

    def read_box(box: Box) -> np.ndarray:
        x0, x1, y0, y1 = box
        if plane == "WHT":
            return np.array(mosaic.wht[y0:y1, x0:x1], dtype=np.float32)
        if plane == "CTX":
            bits = np.array(mosaic.ctx[:, y0:y1, x0:x1]).astype(np.uint32)
            return np.bitwise_count(bits).sum(axis=0, dtype=np.float32)
        return np.array(mosaic.sci[y0:y1, x0:x1], dtype=np.float32)

    def read_mask(box: Box) -> np.ndarray:
        x0, x1, y0, y1 = box
        empty = ~(np.array(mosaic.wht[y0:y1, x0:x1]) > 0)
        return empty.astype(np.uint8)

    units = {"SCI": str(mosaic.keyword("BUNIT", "")), "WHT": "", "CTX": "chips"}
    return ImageFrame.from_reader(
        mosaic.shape,
        name=f"{path.stem} {plane}",
        read_box=read_box,
        read_mask=read_mask,
        unit=units[plane],
        mask_classes=MASK_CLASSES[:1],
        sky=mosaic_sky(mosaic),
    )


def difference_frame(path: Path, other: Path, *, name: str = "") -> ImageFrame:
    """Return a product minus another one, on the grid of the first named.

    Parameters
    ----------
    path, other : Path
        What is subtracted from, and what is subtracted.
    name : str, optional
        Shown beside the readout; by default the names of both files.

    Raises
    ------
    DrizzleError
        If they do not overlap or have different units.
    """
    difference = subtract_mosaics(path, other)
    how = "" if difference.is_exact else ", resampled"

    def read_box(box: Box) -> np.ndarray:
        return difference.box(*box)

    def read_mask(box: Box) -> np.ndarray:
        return np.isnan(difference.box(*box)).astype(np.uint8)

    return ImageFrame.from_reader(
        difference.shape,
        name=(name or f"{path.stem} − {other.stem}") + how,
        read_box=read_box,
        read_mask=read_mask,
        unit=str(difference.mosaic.keyword("BUNIT", "")),
        scale_group="difference",
        mask_classes=({**MASK_CLASSES[0], "label": "no common data"},),
        sky=mosaic_sky(difference.mosaic),
    )


def colour_frame(model: Any, basename: str) -> ImageFrame:
    """Return the colour composite of the filters of a product's detector.

    Raises
    ------
    DrizzleError
        If fewer than two filter products are there.
    """
    paths = model.filter_paths(basename)
    if len(paths) < 2:
        raise DrizzleError(
            "colour composite",
            f"{len(paths)} filter products are there, two are needed",
            "Drizzle the visit, or choose another plane.",
        )
    mosaics = [read_mosaic(path) for path in paths]
    limits = [robust_limits(mosaic.sample()) for mosaic in mosaics]
    balance = color_balance(_common_samples(mosaics), limits)

    def read_box(box: Box) -> np.ndarray:
        x0, x1, y0, y1 = box
        planes = [mosaic.rows(y0, y1)[0][:, x0:x1] for mosaic in mosaics]
        colours = np.array(render_color(planes, limits=limits, balance=balance))
        colours[np.isnan(planes).all(axis=0)] = _NO_DATA
        return colours

    return ImageFrame.from_reader(
        mosaics[0].shape,
        name=f"colour of {len(paths)} filters",
        read_box=read_box,
        channels=3,
        sky=mosaic_sky(mosaics[0]),
    )


def _common_samples(mosaics: Sequence[Mosaic]) -> list[np.ndarray]:
    """Return the same rows of every filter, about 200,000 pixels each."""
    ny, nx = mosaics[0].shape
    step = max(1, ny * nx // 200_000)
    lines = range(step // 2, ny, step)
    return [
        np.concatenate([mosaic.rows(row, row + 1)[0].ravel() for row in lines])
        for mosaic in mosaics
    ]
