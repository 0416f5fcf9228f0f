"""Lists and headers turned into exposures."""

from svmcore.inputs.calibration import CalibrationState, calibration_state
from svmcore.inputs.corners import chip_corners
from svmcore.inputs.exposure import exposure_from_headers
from svmcore.inputs.file_name import file_name_spellings, split_file_name
from svmcore.inputs.listing import Listing, ListingRow, parse_listing
from svmcore.inputs.lookup import science_units
from svmcore.inputs.wcsname import classify_wcsname

__all__ = [
    "CalibrationState",
    "Listing",
    "ListingRow",
    "calibration_state",
    "chip_corners",
    "classify_wcsname",
    "exposure_from_headers",
    "file_name_spellings",
    "parse_listing",
    "science_units",
    "split_file_name",
]
