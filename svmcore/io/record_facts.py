"""What the files of a finished run say about themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from svmcore.errors import StoreError
from svmcore.io.mosaics import Mosaic, read_mosaic, row_blocks
from svmcore.model.product import ExposureProduct, FilterProduct, Product
from svmcore.model.verdict import Role

__all__ = ["CatalogFacts", "ProductFacts", "read_product_facts"]


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """Size of one catalog.

    Parameters
    ----------
    name : str
        File name.
    n_rows : int
        Sources.
    """

    name: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What a drizzled product holds.

    Parameters
    ----------
    basename : str
        Product.
    kind : {'exposure', 'filter', 'total', 'calibrated only'}
        Kind of product.
    is_made : bool
        Whether the drizzled file is there.
    size_bytes : int
        Size of the drizzled file; 0 if it is not there.
    shape : tuple of int
        Shape (ny, nx) [pixel].
    pixel_scale_arcsec : float
        Size of a pixel [arcsec].
    exptime_s : float
        EXPTIME of the product [s].
    covered_percent : float
        Part of the grid that has data [percent].
    covered_pixels : int
        Number of pixels with data.
    sky, noise : float
        Median and scatter of the background, in `unit`.
    median_weight : float
        Median of WHT over pixels with data.
    unit : str
        BUNIT.
    wcs_name : str
        WCSNAME of the product.
    catalogs : tuple of CatalogFacts
        Catalogs that are there.
    """

    basename: str
    kind: str
    is_made: bool
    size_bytes: int = 0
    shape: tuple[int, int] = (0, 0)
    pixel_scale_arcsec: float = 0.0
    exptime_s: float = 0.0
    covered_percent: float = 0.0
    covered_pixels: int = 0
    sky: float = 0.0
    noise: float = 0.0
    median_weight: float = 0.0
    unit: str = ""
    wcs_name: str = ""
    catalogs: tuple[CatalogFacts, ...] = ()


def _kind(product: Product) -> str:
    if isinstance(product, ExposureProduct):
        return "exposure" if product.role is Role.DIRECT else "calibrated only"
    return "filter" if isinstance(product, FilterProduct) else "total"


def _count_rows(path: Path) -> int:
    """Count lines that are neither comment nor the line of column names."""
    with path.open(encoding="utf-8") as lines:
        n_lines = sum(1 for line in lines if line.strip() and not line.startswith("#"))
    return max(n_lines - 1, 0)


def _catalogs(output: Path, names: Iterable[str]) -> tuple[CatalogFacts, ...]:
    found = (output / name for name in names)
    return tuple(
        CatalogFacts(path.name, _count_rows(path)) for path in found if path.is_file()
    )


def _background(mosaic: Mosaic) -> tuple[float, float]:
    """Median and robust scatter of a sample of the pixels."""
    sample = mosaic.sample().astype(np.float64)
    if sample.size == 0:
        return 0.0, 0.0
    middle = noise = 0.0
    for _ in range(5):
        middle = float(np.median(sample))
        noise = 1.4826 * float(np.median(np.abs(sample - middle)))
        kept = sample[np.abs(sample - middle) <= 3 * noise]
        if kept.size in (0, sample.size):
            break
        sample = kept
    return middle, noise


def _coverage(mosaic: Mosaic) -> tuple[int, float]:
    """Count pixels with data, and take the median weight of a part of them."""
    covered, some = 0, []
    for start, stop in row_blocks(mosaic.shape[0]):
        weight = mosaic.rows(start, stop)[1]
        covered += int(np.count_nonzero(weight))
        some.append(weight[::8][weight[::8] > 0])
    seen = np.concatenate(some)
    return covered, float(np.median(seen)) if seen.size else 0.0


def _mosaic_facts(
    path: Path, basename: str, kind: str, catalogs: tuple[CatalogFacts, ...]
) -> ProductFacts:
    mosaic = read_mosaic(path)
    covered, median_weight = _coverage(mosaic)
    sky, noise = _background(mosaic)
    return ProductFacts(
        basename=basename,
        kind=kind,
        is_made=True,
        size_bytes=path.stat().st_size,
        shape=mosaic.shape,
        pixel_scale_arcsec=mosaic.pixel_scale_arcsec,
        exptime_s=float(mosaic.primary.get("EXPTIME", 0.0) or 0.0),
        covered_percent=100.0 * covered / mosaic.sci.size,
        covered_pixels=covered,
        sky=sky,
        noise=noise,
        median_weight=median_weight,
        unit=str(mosaic.keyword("BUNIT", "")),
        wcs_name=str(mosaic.keyword("WCSNAME", "")),
        catalogs=catalogs,
    )


def read_product_facts(output: Path, product: Product) -> ProductFacts:
    """Read what the files of a product say.

    Parameters
    ----------
    output : Path
        Folder with the products.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.

    Returns
    -------
    ProductFacts
        With ``is_made`` false if the drizzled file is missing or damaged.
    """
    kind = _kind(product)
    catalogs: tuple[CatalogFacts, ...] = ()
    if not isinstance(product, ExposureProduct):
        names = (product.point_catalog_name, product.segment_catalog_name)
        catalogs = _catalogs(output, names)
    path = output / product.drizzle_name
    if kind == "calibrated only" or not path.is_file():
        return ProductFacts(product.basename, kind, is_made=False, catalogs=catalogs)
    try:
        return _mosaic_facts(path, product.basename, kind, catalogs)
    except StoreError:
        return ProductFacts(product.basename, kind, is_made=False, catalogs=catalogs)
