"""The files that each product writes."""

from collections.abc import Mapping

from svmcore.model.names import FileKind
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    TotalProduct,
)
from svmcore.model.verdict import Role

__all__ = ["product_files"]


def product_files(product: Product) -> Mapping[FileKind, str]:
    """Return the names of a product's files, by kind.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.

    Returns
    -------
    Mapping of FileKind to str
        In the order in which they are made. Colour previews are not among
        them: their names hold the filters that are chosen for them. The
        headerlet is written only where the fit succeeds.
    """
    match product:
        case ExposureProduct():
            return _exposure_files(product)
        case FilterProduct() if product.members:
            return _combined_files(product)
        case TotalProduct() if product.filters:
            return _combined_files(product)
        case _:
            return {FileKind.TRAILER: product.trailer_name}


def _exposure_files(product: ExposureProduct) -> Mapping[FileKind, str]:
    files = {FileKind.CALIBRATED: product.calibrated_name}
    if product.role is not Role.GRISM:
        files[FileKind.HEADERLET] = product.headerlet_name
    if product.role is Role.DIRECT:
        files[FileKind.DRIZZLE] = product.drizzle_name
        files[FileKind.PREVIEW] = product.preview_name
        files[FileKind.THUMBNAIL] = product.thumbnail_name
    files[FileKind.TRAILER] = product.trailer_name
    return files


def _combined_files(product: FilterProduct | TotalProduct) -> Mapping[FileKind, str]:
    return {
        FileKind.DRIZZLE: product.drizzle_name,
        FileKind.POINT_CATALOG: product.point_catalog_name,
        FileKind.SEGMENT_CATALOG: product.segment_catalog_name,
        FileKind.PREVIEW: product.preview_name,
        FileKind.THUMBNAIL: product.thumbnail_name,
        FileKind.TRAILER: product.trailer_name,
    }
