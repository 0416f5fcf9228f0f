"""The manifest: names of all products of a visit, in a fixed order."""

from collections.abc import Iterator

from svmcore.model.product import FilterProduct, ProductTree, TotalProduct

__all__ = ["manifest_names"]


def _calibrated(total: TotalProduct) -> Iterator[str]:
    """Headerlets, then ramp exposures, then grism exposures."""
    for member in total.all_members:
        yield member.headerlet_name
    for member in total.ramps + total.grisms:
        yield member.calibrated_name
        yield member.trailer_name


def _images(total: TotalProduct) -> Iterator[str]:
    """Each filter with its exposures, then the total product."""
    for product in total.filters:
        yield product.drizzle_name
        yield product.trailer_name
        for member in product.members:
            yield member.drizzle_name
            yield member.calibrated_name
            yield member.trailer_name
    yield total.drizzle_name
    yield total.trailer_name


def _catalogs(total: TotalProduct) -> Iterator[str]:
    products: tuple[FilterProduct | TotalProduct, ...] = (*total.filters, total)
    for product in products:
        yield product.point_catalog_name
        yield product.segment_catalog_name


def manifest_names(tree: ProductTree) -> tuple[str, ...]:
    """Return the names that a complete run makes, in the manifest's order.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.

    Returns
    -------
    tuple of str
        File names without folders. First, detector by detector, headerlets,
        ramp and grism exposures with their trailers; then images with their
        trailers; then catalogs. Previews and reports are not listed.
    """
    names: list[str] = []
    for part in (_calibrated, _images, _catalogs):
        for total in tree.totals:
            names.extend(part(total))
    return tuple(names)
