"""Catalogs: sources of the total image, measured in every filter."""

from svmcore.catalogs.background import Background, estimate_background
from svmcore.catalogs.flags import (
    SourceFlag,
    count_exposures,
    flag_sources,
    least_exposures,
    near_saturation,
)
from svmcore.catalogs.heads import catalog_head
from svmcore.catalogs.masks import erode_mask
from svmcore.catalogs.photometry import (
    FilterImage,
    ZeroPoint,
    correlation_ratio,
    measure_apertures,
    measure_segments,
)
from svmcore.catalogs.points import DetectionImage, find_points
from svmcore.catalogs.segments import find_segments
from svmcore.catalogs.settings import CatalogSettings, catalog_settings
from svmcore.catalogs.tables import filter_catalog, total_catalog
from svmcore.catalogs.weights import divide_by_depth, smooth_weight

__all__ = [
    "Background",
    "CatalogSettings",
    "DetectionImage",
    "FilterImage",
    "SourceFlag",
    "ZeroPoint",
    "catalog_head",
    "catalog_settings",
    "correlation_ratio",
    "count_exposures",
    "divide_by_depth",
    "erode_mask",
    "estimate_background",
    "filter_catalog",
    "find_points",
    "find_segments",
    "flag_sources",
    "least_exposures",
    "measure_apertures",
    "measure_segments",
    "near_saturation",
    "smooth_weight",
    "total_catalog",
]
