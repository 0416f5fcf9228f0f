"""What selects a product's AstroDrizzle values: the table of conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

from svmcore.model.detector import DetectorKey
from svmcore.model.exposure import Exposure
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    TotalProduct,
)

__all__ = [
    "FILTER_CONDITIONS",
    "UVIS_POSTFLASH_MJD",
    "FilterCondition",
    "processing_key",
    "product_conditions",
]

# 2012-11-08T02:59:15 UTC: from then on UVIS exposures may be post-flashed, and
# other DQ flags mark charge that was lost.
UVIS_POSTFLASH_MJD = 56239.12447916667

_BLUE = ("f115lp", "f122m")
_GRISMS = ("g102", "g141")


@dataclass(frozen=True, slots=True)
class FilterCondition:
    """One row of the table: which filter products a condition is for.

    Parameters
    ----------
    detector : str
        Detector slug.
    condition : str
        Name of the condition.
    least, most : int
        Numbers of exposures, both included.
    filters : tuple of str
        Filters it is for; empty for all that no other row names.
    era : {'', 'pre', 'post'}
        Whether the first exposure must lie before or after
        `UVIS_POSTFLASH_MJD`; empty if the date does not matter.
    """

    detector: str
    condition: str
    least: int
    most: int
    filters: tuple[str, ...] = ()
    era: str = ""


_MANY = 10**9

FILTER_CONDITIONS: tuple[FilterCondition, ...] = (
    FilterCondition("acs_hrc", "acs_hrc_any_n2", 2, 5),
    FilterCondition("acs_hrc", "acs_hrc_any_n6", 6, _MANY),
    FilterCondition("acs_sbc", "acs_sbc_blue_n2", 2, 5, _BLUE),
    FilterCondition("acs_sbc", "acs_sbc_blue_n6", 6, _MANY, _BLUE),
    FilterCondition("acs_sbc", "acs_sbc_any_any", 2, _MANY),
    FilterCondition("acs_wfc", "acs_wfc_any_n2", 2, 5),
    FilterCondition("acs_wfc", "acs_wfc_any_n6", 6, _MANY),
    FilterCondition("wfc3_ir", "wfc3_ir_grism_n2", 2, 3, _GRISMS),
    FilterCondition("wfc3_ir", "wfc3_ir_grism_n4", 4, _MANY, _GRISMS),
    FilterCondition("wfc3_ir", "wfc3_ir_any_n2", 2, 3),
    FilterCondition("wfc3_ir", "wfc3_ir_any_n4", 4, _MANY),
    FilterCondition("wfc3_uvis", "wfc3_uvis_any_pre_n2", 2, 5, (), "pre"),
    FilterCondition("wfc3_uvis", "wfc3_uvis_any_pre_n6", 6, _MANY, (), "pre"),
    FilterCondition("wfc3_uvis", "wfc3_uvis_any_post_n2", 2, 5, (), "post"),
    FilterCondition("wfc3_uvis", "wfc3_uvis_any_post_n6", 6, _MANY, (), "post"),
    FilterCondition("wfpc2_pc", "wfpc2_pc_any_n2", 2, 2),
    FilterCondition("wfpc2_pc", "wfpc2_pc_any_n3", 3, 3),
    FilterCondition("wfpc2_pc", "wfpc2_pc_any_n4", 4, _MANY),
)


def _era(exposures: Sequence[Exposure]) -> str:
    first = min(exposures, key=processing_key)
    return "post" if first.start_mjd >= UVIS_POSTFLASH_MJD else "pre"


def processing_key(exposure: Exposure) -> tuple[float, float]:
    """Return what exposures are sorted by: exposure time, then -PHOTFLAM."""
    photflam = exposure.photflam
    return exposure.exptime_s, -photflam if photflam is not None else 1.0


def _total(product: TotalProduct) -> tuple[str, ...]:
    counted = product.aligned_members
    basic = "total_basic"
    if product.detector_key == DetectorKey("wfc3", "uvis"):
        exposures = [member.exposure for member in counted or product.all_members]
        basic += f"_{_era(exposures)}"
    return (basic, "any_n1") if len(counted) == 1 else (basic,)


def _filter(product: FilterProduct) -> tuple[str, ...]:
    count = len(product.members)
    if count == 1:
        return ("filter_basic", "any_n1")
    return ("filter_basic", _many(product, count))


def _many(product: FilterProduct, count: int) -> str:
    eras = ("", _era(product.exposures))
    rows = [
        row
        for row in FILTER_CONDITIONS
        if row.detector == product.detector_key.slug
        and row.least <= count <= row.most
        and row.era in eras
    ]
    named = [row for row in rows if product.filter_name in row.filters]
    return (named or [row for row in rows if not row.filters])[0].condition


def _exposure(product: ExposureProduct) -> tuple[str, ...]:
    if product.is_only_of_filter:
        return ("single_basic", "any_n1")
    return ("single_basic",)


def product_conditions(product: Product) -> tuple[str, ...]:
    """Return the conditions that select a product's parameters.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.

    Returns
    -------
    tuple of str
        Names of conditions, the general one first.

    Notes
    -----
    The number of exposures of a total product includes ramp and quad
    exposures, although they are not drizzled, and excludes grism exposures.
    The date of a product is that of its first exposure in processing order:
    shortest exposure first, then largest PHOTFLAM.
    """
    match product:
        case TotalProduct():
            return _total(product)
        case FilterProduct():
            return _filter(product)
        case ExposureProduct():
            return _exposure(product)
