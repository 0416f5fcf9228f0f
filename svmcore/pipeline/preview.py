"""Preview tasks: one per drizzled product, and the colour composite."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.io.export_previews import write_preview
from svmcore.io.mosaics import Mosaic, read_mosaic, row_blocks
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.pipeline.tasks import Task, TaskCall
from svmcore.previews import (
    GAP_REACH,
    color_balance,
    fill_small_gaps,
    order_red_to_blue,
    render_color,
    render_gray,
    robust_limits,
)

__all__ = ["ColorPreview", "GrayPreview", "preview_tasks"]

VERSION = 2


@dataclass(frozen=True, slots=True)
class GrayPreview:
    """Payload of the preview of one drizzled product.

    Parameters
    ----------
    drizzle_name : str
        Drizzled product in the output folder.
    preview_name, thumbnail_name : str
        Files to write.
    """

    drizzle_name: str
    preview_name: str
    thumbnail_name: str


@dataclass(frozen=True, slots=True)
class ColorPreview:
    """Payload of the colour composite of one detector.

    Parameters
    ----------
    drizzle_names : tuple of str
        Filter products in the output folder, from red to blue.
    preview_name, thumbnail_name : str
        Files to write.
    """

    drizzle_names: tuple[str, ...]
    preview_name: str
    thumbnail_name: str


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


def _gray_task(product: Product) -> Task:
    return Task(
        step="preview",
        subject=product.basename,
        function=make_gray_preview,
        version=VERSION,
        payload=GrayPreview(
            product.drizzle_name, product.preview_name, product.thumbnail_name
        ),
        needs={"product": (f"drizzle product: {product.basename}",)},
        outputs=(product.preview_name, product.thumbnail_name),
    )


def _color_task(total: TotalProduct) -> Task:
    by_name: dict[str, FilterProduct] = {p.filter_name: p for p in total.filters}
    order = order_red_to_blue(tuple(by_name), total.detector_key.detector)
    products = [by_name[name] for name in order]
    names = (total.color_preview_name(order), total.color_thumbnail_name(order))
    return Task(
        step="color preview",
        subject=total.basename,
        function=make_color_preview,
        version=VERSION,
        payload=ColorPreview(tuple(p.drizzle_name for p in products), *names),
        needs={"filters": tuple(f"drizzle product: {p.basename}" for p in products)},
        outputs=names,
    )


def preview_tasks(total: TotalProduct) -> tuple[Task, ...]:
    """Return the preview tasks of one detector.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector; ramp and grism exposures get no preview, as
        they are not drizzled.

    Returns
    -------
    tuple of Task
        One task per exposure, filter and total product; with two filters or
        more also the colour composite of the filter products.
    """
    if not total.filters:
        return ()
    products: tuple[Product, ...] = (*total.members, *total.filters, total)
    tasks = [_gray_task(product) for product in products]
    if len(total.filters) > 1:
        tasks.append(_color_task(total))
    return tuple(tasks)
