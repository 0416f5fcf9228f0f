"""Drizzled products as the dashboard lists them, and their numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from svmcore.io.mosaics import Mosaic, read_mosaic
from svmcore.model.product import ExposureProduct, Product, TotalProduct
from svmcore.model.verdict import Role

__all__ = [
    "ProductState",
    "Statistics",
    "difference_python",
    "is_drizzled",
    "product_kind",
    "product_label",
    "read_statistics",
]

_UNEVEN = 0.2  # rms over median of the weight above which pixfrac is too small
_KEYWORDS = ("NPIXFRAC", "MEANEXPT", "MEDEXPT", "MEANNEXP", "MEDNEXP")


@dataclass(frozen=True, slots=True)
class ProductState:
    """A drizzled product and whether its file is up to date.

    Parameters
    ----------
    basename, kind, label : str
        The product.
    file : str
        Name of the drizzled image.
    is_there, is_fresh : bool
        Whether the file exists, and is what the present decisions give.
    """

    basename: str
    kind: str
    label: str
    file: str
    is_there: bool
    is_fresh: bool

    @property
    def status(self) -> str:
        """``ok``, ``stale`` or ``todo``."""
        if not self.is_there:
            return "todo"
        return "ok" if self.is_fresh else "stale"


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers of one product.

    Parameters
    ----------
    keywords : tuple of (str, str)
        Keywords of coverage and exposure, as written in the header.
    weight_mean, weight_ratio : float
        Mean of the weight, and its rms over its median, where it is deepest.
    """

    keywords: tuple[tuple[str, str], ...]
    weight_mean: float
    weight_ratio: float

    @property
    def is_uneven(self) -> bool:
        """Whether the weight varies too much for this pixfrac and scale."""
        return bool(self.weight_ratio > _UNEVEN)


def read_statistics(path: Path) -> Statistics:
    """Return the numbers of a drizzled product.

    Parameters
    ----------
    path : Path
        The product.
    """
    mosaic = read_mosaic(path)
    keywords = tuple(
        (name, _keyword(mosaic, name))
        for name in _KEYWORDS
        if mosaic.keyword(name) is not None
    )
    step = max(1, int(np.ceil(np.sqrt(mosaic.wht.size / 1_000_000))))
    weight = np.array(mosaic.wht[::step, ::step], dtype=np.float64)
    deep = weight[weight > 0.5 * weight.max()] if weight.size else weight
    if not deep.size:
        return Statistics(keywords, float("nan"), float("nan"))
    ratio = float(np.std(deep) / np.median(deep))
    return Statistics(keywords, float(np.mean(deep)), ratio)


def _keyword(mosaic: Mosaic, name: str) -> str:
    value = mosaic.keyword(name)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def difference_python(path: Path, other: Path) -> str:
    """Return Python that subtracts one product from another.

    Parameters
    ----------
    path, other : Path
        What is subtracted from, and what is subtracted.
    """
    return (
        "from svmcore.io.mosaic_difference import subtract_mosaics\n"
        f"difference = subtract_mosaics({str(path)!r}, {str(other)!r})"
    )


def is_drizzled(product: Product) -> bool:
    """Return whether a product has a drizzled image."""
    match product:
        case TotalProduct():
            return bool(product.filters)
        case ExposureProduct():
            return product.role is Role.DIRECT
        case _:
            return True


def product_kind(product: Product) -> str:
    """Return ``total``, ``filter`` or ``exposure``."""
    match product:
        case TotalProduct():
            return "total"
        case ExposureProduct():
            return "exposure"
        case _:
            return "filter"


def product_label(product: Product) -> str:
    """Return a short name for menus and lists."""
    match product:
        case TotalProduct():
            return f"{product.detector_key.label} total"
        case ExposureProduct():
            return f"{product.filter_name.upper()} {product.exposure.rootname}"
        case _:
            return f"{product.filter_name.upper()}"
