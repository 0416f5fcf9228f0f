"""Preview tasks: one per drizzled product, and the colour composite."""

from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.pipeline.preview_payloads import ColorPreview, GrayPreview
from svmcore.pipeline.tasks import NamedFunction, Task
from svmcore.previews.wavelength import order_red_to_blue

__all__ = ["ColorPreview", "GrayPreview", "preview_tasks"]

VERSION = 3

_STEPS = "svmcore.pipeline.preview_steps"


def _gray_task(product: Product) -> Task:
    return Task(
        step="preview",
        subject=product.basename,
        function=NamedFunction(_STEPS, "make_gray_preview"),
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
        function=NamedFunction(_STEPS, "make_color_preview"),
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
