"""What a product's parameters say about its drizzling: grid, masks, drops."""

import math
from collections.abc import Mapping
from dataclasses import replace

from svmcore.drizzling.settings import (
    DrizzleSettings,
    FinalSettings,
    FrameSettings,
    drizzle_settings,
)
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.drizzle_payloads import Masking

__all__ = [
    "choose_masking",
    "drop_settings",
    "follows_total",
    "settings_of",
    "total_filters",
    "unmade_products",
]


def settings_of(
    product: Product, parameters: Mapping[str, ParameterSet]
) -> DrizzleSettings:
    """Return the typed drizzling settings of a product.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters : Mapping of str to ParameterSet
        By basename.

    Raises
    ------
    ParameterError
        If a value is wrong.
    """
    section = parameters[product.basename].section("astrodrizzle")
    return drizzle_settings(section, exposures=len(product.exposures))


def total_filters(total: TotalProduct) -> tuple[FilterProduct, ...]:
    """Return the filters that go into a total product.

    Notes
    -----
    As in HAP: filters with two exposures or more, if there is any; all if the
    visit is prepared with ``singles_in_total``.
    """
    return total.used_filters


def choose_masking(
    mine: DrizzleSettings,
    filters: DrizzleSettings,
    owner: FilterProduct,
    *,
    is_own: bool,
) -> Masking:
    """Return which pixels of one filter's exposures a product uses.

    Parameters
    ----------
    mine : DrizzleSettings
        Settings of the product.
    filters : DrizzleSettings
        Settings of the filter product, which finds the cosmic rays.
    owner : FilterProduct
        That product.
    is_own : bool
        Whether the product is that filter product: its own cosmic rays are
        left out always, others only if ``final_bits`` does not take them.
    """
    bits = mine.final.bits
    respects = is_own or (bits is not None and not bits & filters.crbit)
    return Masking(
        bits,
        mine.static.is_on,
        filters.cosmic_rays.is_on and respects,
        filters.resetbits if len(owner.members) > 1 else 0,
    )


def unmade_products(
    total: TotalProduct, *, parameters: Mapping[str, ParameterSet]
) -> tuple[Product, ...]:
    """Return the products that ``driz_combine`` switches off.

    Parameters
    ----------
    total : TotalProduct
        Products of one detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    """
    products: tuple[Product, ...] = (total, *total.filters, *total.members)
    return tuple(one for one in products if not settings_of(one, parameters).combine)


def follows_total(
    own: DrizzleSettings, common: DrizzleSettings, total: TotalProduct
) -> bool:
    """Return whether a product simply takes the grid of the detector.

    Notes
    -----
    It does if every property of its frame is open, or the same as asked for
    the total product, or the detector's nominal pixel size: HAP's sets give
    0.025 arcsec for HRC filters, and nothing for the total.
    """
    mine, theirs = own.final.frame, common.final.frame
    if not mine.is_custom or mine == theirs:
        return mine.is_custom == theirs.is_custom or mine == FrameSettings()
    nominal = total.detector_key.traits.pixel_scale_arcsec
    scale = mine.scale_arcsec
    open_or_same = all(
        value is None or value == "" or value == getattr(theirs, name)
        for name in FrameSettings.__slots__
        if name not in ("is_custom", "scale_arcsec")
        for value in [getattr(mine, name)]
    )
    return open_or_same and (
        scale is None
        or scale == theirs.scale_arcsec
        or (theirs.scale_arcsec is None and math.isclose(scale, nominal, rel_tol=1e-6))
    )


def drop_settings(final: FinalSettings) -> FinalSettings:
    """Return the settings without what does not matter for resampling."""
    return replace(
        final,
        fillval=None,
        units="cps",
        maskval=None,
        bits=None,
        frame=FrameSettings(),
    )
