"""The products of a visit: what is combined into what."""

from svmcore.products.files import product_files
from svmcore.products.footprints import (
    Footprints,
    footprints,
    mean_exposures_per_pixel,
)
from svmcore.products.group import group_products, processing_order

__all__ = [
    "Footprints",
    "footprints",
    "group_products",
    "mean_exposures_per_pixel",
    "processing_order",
    "product_files",
]
