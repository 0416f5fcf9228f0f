"""How the keywords of the inputs become those of a product: rows of a table.

A keyword that no row names keeps its value where all inputs agree. Where they
differ, a text becomes ``MULTIPLE`` and a number that of the first exposure; all
values are in the table of the product (HDRTAB) anyway.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = [
    "BLENDS",
    "DELETED",
    "DELETED_IN_COMBINATIONS",
    "DELETED_PREFIXES",
    "PER_EXPOSURE",
    "PHOTOMETRY",
    "TABLE_DELETED",
    "blend_function",
]

PHOTOMETRY = ("PHOTMODE", "PHOTFLAM", "PHOTFNU", "PHOTZPT", "PHOTPLAM", "PHOTBW")

# keyword: function of the values of all exposures (primary keywords) or of all
# chips (SCI keywords).
BLENDS: Mapping[str, str] = MappingProxyType(
    {
        "ROOTNAME": "first",
        "EXPNAME": "first",
        "SIPNAME": "first",
        "DISTNAME": "first",
        "DATE-OBS": "first",
        "TIME-OBS": "first",
        "EXPSTART": "min",
        "EXPEND": "max",
        "EXPTIME": "sum",
        "TEXPTIME": "sum",
        "DARKTIME": "sum",
        "PHOTFLAM": "known mean",
        "PHOTFNU": "known mean",
        "PHOTZPT": "known mean",
        "PHOTPLAM": "known mean",
        "PHOTBW": "known mean",
        "PHOTMODE": "first",
        "TARGNAME": "multi",
        "APERTURE": "multi",
        "QUALITY": "multi",
        "PROPOSID": "first",
        "PR_INV_L": "first",
        "PR_INV_F": "first",
        "PR_INV_M": "first",
        "FLASHDUR": "sum",
        "NCOMBINE": "sum",
        "CCDCHIP": "same or -999",
        "SOFTERRS": "sum",
        "GOODMIN": "min",
        "GOODMAX": "max",
        "GOODMEAN": "mean",
        "SNRMIN": "min",
        "SNRMAX": "max",
        "SNRMEAN": "mean",
        "MEANDARK": "mean",
        "MEANBLEV": "mean",
        "MEANFLSH": "mean",
        "SAMPTIME": "sum",
    }
)

# Of a whole exposure, though they are in its SCI headers: not of each chip.
PER_EXPOSURE = frozenset(["NCOMBINE", "SAMPTIME"])

# Of one exposure or one detector frame: they mean nothing in any product.
DELETED = frozenset(
    [
        "CHECKSUM",
        "DATASUM",
        "DATE",
        "NEXTEND",
        "CHIPNUM",
        "WFCMPRSD",
        "TDDALPHA",
        "TDDBETA",
        "D2IMEXT",
        "D2IMERR",
        "DGEOEXT",
        "NPOLEXT",
        "IDCTHETA",
        "IDCXREF",
        "IDCYREF",
        "IDCV2REF",
        "IDCV3REF",
        "IDCSCALE",
        "LTV1",
        "LTV2",
        "BSCALE",
        "BZERO",
        "PIXVALUE",
        "NPIX1",
        "NPIX2",
        "MJDREF",
        "TDDCXA",
        "TDDCXB",
        "TDDCYA",
        "TDDCYB",
        "CRDER1",
        "CRDER2",
        "RMS_RA",
        "RMS_DEC",
        "NMATCHES",
        "FITGEOM",
        "HDRNAME",
        "HISTORY",
        "COMMENT",
        "SKEW",
    ]
)

# Of one exposure: deleted where several are combined.
DELETED_IN_COMBINATIONS = frozenset(
    [
        "ASN_ID",
        "ASN_TAB",
        "ASN_MTYP",
        "LINENUM",
        "EXPFLAG",
        "IPPPSSOO",
        "QUALCOM1",
        "QUALCOM2",
        "QUALCOM3",
        "GYROMODE",
        "MOONANGL",
        "SUNANGLE",
    ]
)

# Distortion, lookup tables and the records of other solutions.
DELETED_PREFIXES = (
    "A_",
    "B_",
    "AP_",
    "BP_",
    "SCD",
    "SCTYPE",
    "SCRVAL",
    "SNAXIS",
    "SCRPIX",
    "OCX",
    "OCY",
    "OCRVAL",
    "OCRPIX",
    "OCTYPE",
    "OCD",
    "OORIENTA",
    "ONAXIS",
    "CPDIS",
    "CPERR",
    "DP",
    "DQ1",
    "DQ2",
    "D2IMDIS",
    "D2IMERR",
    "D2IM1",
    "D2IM2",
    "TDD",
)

# Of no use in a table with one row per chip.
TABLE_DELETED = frozenset(
    [
        "XTENSION",
        "BITPIX",
        "NAXIS",
        "EXTEND",
        "PCOUNT",
        "GCOUNT",
        "COMMENT",
        "HISTORY",
        "CHECKSUM",
        "DATASUM",
        "S_REGION",
    ]
)


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _multi(values: Sequence[Any]) -> Any:
    return values[0] if len(set(values)) == 1 else "MULTIPLE"


def _number(function: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    def blend(values: Sequence[Any]) -> Any:
        if any(isinstance(value, bool | str) for value in values):
            return _multi(values)
        found = function(values)
        whole = all(isinstance(value, int) for value in values)
        return int(found) if whole and float(found).is_integer() else float(found)

    return blend


def _known_mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are not 0: 0 stands for unknown."""
    known = [value for value in values if value] or [0.0]
    return float(np.mean(known))


def _same_chip(values: Sequence[Any]) -> Any:
    return values[0] if len(set(values)) == 1 else -999


def _agreed(values: Sequence[Any]) -> Any:
    return _multi(values) if isinstance(values[0], str) else values[0]


_FUNCTIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = MappingProxyType(
    {
        "first": _first,
        "multi": _multi,
        "min": _number(np.min),
        "max": _number(np.max),
        "mean": _number(np.mean),
        "known mean": _number(_known_mean),
        "sum": _number(np.sum),
        "same or -999": _same_chip,
    }
)


def blend_function(keyword: str) -> Callable[[Sequence[Any]], Any]:
    """Return how the values of a keyword become one.

    Examples
    --------
    >>> blend_function("EXPTIME")([100.0, 50.0])
    150.0
    >>> blend_function("FILTER1")(["F606W", "F555W"])
    'MULTIPLE'
    """
    name = BLENDS.get(keyword)
    return _agreed if name is None else _FUNCTIONS[name]
