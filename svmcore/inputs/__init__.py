"""Lists and headers turned into exposures."""

from svmcore.inputs.corners import chip_corners
from svmcore.inputs.exposure import (
    exposure_from_headers,
    science_units,
    split_file_name,
)
from svmcore.inputs.listing import Listing, ListingRow, parse_listing
from svmcore.inputs.wcsname import classify_wcsname

__all__ = [
    "Listing",
    "ListingRow",
    "chip_corners",
    "classify_wcsname",
    "exposure_from_headers",
    "parse_listing",
    "science_units",
    "split_file_name",
]
