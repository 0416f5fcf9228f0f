"""The work of the preview tasks: pictures of drizzled products."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from svmcore.io.export_previews import write_preview
from svmcore.io.mosaics import Mosaic, read_mosaic, row_blocks
from svmcore.pipeline.preview_payloads import ColorPreview, GrayPreview
from svmcore.pipeline.tasks import TaskCall
from svmcore.previews.color import color_balance, render_color
from svmcore.previews.gaps import GAP_REACH, fill_small_gaps
from svmcore.previews.stretch import render_gray, robust_limits

__all__ = ["make_color_preview", "make_gray_preview"]


def make_gray_preview(call: TaskCall) -> None:
    """Write the preview and thumbnail of one drizzled product."""
    payload: GrayPreview = call.payload
    mosaic = read_mosaic(call.output / payload.drizzle_name)
    limits = robust_limits(mosaic.sample())
    pixels = np.empty(mosaic.shape, dtype=np.uint8)
    for start, stop in row_blocks(mosaic.shape[0]):
        pixels[start:stop] = render_gray(_filled_rows(mosaic, start, stop), limits)
    write_preview(
        pixels,
        call.output / payload.preview_name,
        thumbnail=call.output / payload.thumbnail_name,
    )


def make_color_preview(call: TaskCall) -> None:
    """Write the colour composite of one detector and its thumbnail."""
    payload: ColorPreview = call.payload
    mosaics = [read_mosaic(call.output / name) for name in payload.drizzle_names]
    limits = [robust_limits(mosaic.sample()) for mosaic in mosaics]
    balance = color_balance(_common_samples(mosaics), limits)
    ny, nx = mosaics[0].shape
    pixels = np.empty((ny, nx, 3), dtype=np.uint8)
    for start, stop in row_blocks(ny, block=256):
        blocks = [_filled_rows(mosaic, start, stop) for mosaic in mosaics]
        pixels[start:stop] = render_color(blocks, limits=limits, balance=balance)
    write_preview(
        pixels,
        call.output / payload.preview_name,
        thumbnail=call.output / payload.thumbnail_name,
    )


def _filled_rows(mosaic: Mosaic, start: int, stop: int) -> NDArray[np.float32]:
    """Read some rows, and fill gaps with the help of those around them."""
    first = max(start - GAP_REACH, 0)
    last = min(stop + GAP_REACH, mosaic.shape[0])
    return fill_small_gaps(mosaic.rows(first, last)[0])[start - first : stop - first]


def _common_samples(mosaics: Sequence[Mosaic]) -> list[NDArray[np.float32]]:
    """Read the same rows of every filter, about a million pixels each."""
    ny, nx = mosaics[0].shape
    step = max(1, int(ny * nx / 1_000_000))
    rows = range(step // 2, ny, step)
    samples = []
    for mosaic in mosaics:
        lines = [mosaic.rows(row, row + 1)[0].ravel() for row in rows]
        samples.append(np.concatenate(lines))
    return samples
