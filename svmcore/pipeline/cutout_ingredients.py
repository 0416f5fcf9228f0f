"""What goes into a cutout: filters, their masks and sky, compared exposures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.settings import DrizzleSettings
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.pipeline.cutout_compare import Compared, compare_filter
from svmcore.pipeline.cutout_numbers import Numbers, find_numbers, static_parts
from svmcore.pipeline.cutout_pieces import Piece, Region, cut_pieces, find_region
from svmcore.pipeline.cutout_place import Parameters
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle import shares_filters
from svmcore.pipeline.drizzle_choices import settings_of, total_filters

__all__ = ["Ingredients", "UsedFilter", "find_ingredients"]


@dataclass(frozen=True, slots=True, eq=False)
class UsedFilter:
    """A filter product whose exposures are used, and what is known of them.

    Parameters
    ----------
    product : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    numbers : Numbers
        Static pixels and sky of its exposures.
    compared : Compared or None
        Its exposures, compared around the place.
    has_sky : bool
        Whether the sky of its exposures is subtracted.
    offset : float
        What the total product subtracts from this filter [1 / s].
    """

    product: FilterProduct
    settings: DrizzleSettings
    numbers: Numbers
    compared: Compared | None
    has_sky: bool
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class Ingredients:
    """What is to be stacked, and how.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    settings : DrizzleSettings
        Its settings.
    region : Region
        Part of its grid.
    filters : Mapping of str to UsedFilter
        Filters that are used, by basename.
    pieces : tuple of Piece
        Parts of chips that go in.
    chips : int
        Number of chips of the whole product.
    static : Mapping of (str, int) to ndarray of bool
        Static pixels of the pieces, by rootname and EXTVER.
    exptime_s : float
        Exposure time of the exposures that go in [s].
    notes : tuple of str
        What is not as in the full product.
    """

    product: Product
    settings: DrizzleSettings
    region: Region
    filters: Mapping[str, UsedFilter]
    pieces: tuple[Piece, ...]
    chips: int
    static: Mapping[tuple[str, int], NDArray[np.bool_]]
    exptime_s: float
    notes: tuple[str, ...]


def find_ingredients(
    source: CutoutSource,
    product: Product,
    parameters: Parameters,
    grid: MosaicGrid,
    window: GridWindow,
) -> Ingredients:
    """Return what a cutout is stacked from.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters : Mapping of str to ParameterSet
        Of the product, its filters and its total, by basename.
    grid : MosaicGrid
        Grid of the product.
    window : GridWindow
        Wanted part of it.
    """
    settings = settings_of(product, parameters)
    owners = [(one, settings_of(one, parameters)) for one in _owners(source, product)]
    everything = frozenset(
        one.rootname for owner, _ in owners for one in owner.exposures
    )
    mine = everything & {one.rootname for one in product.exposures}
    chips = source.chips_of(mine, settings)
    seen = source.chips_of(everything, settings)
    region = find_region(grid, window, seen, [settings, *(own for _, own in owners)])
    filters, notes = _filters(source, product, parameters, owners, region)
    pieces = cut_pieces(source, chips, region)
    static: dict[tuple[str, int], NDArray[np.bool_]] = {}
    for used in filters.values():
        own = [piece for piece in pieces if piece.chip.owner == used.product.basename]
        static |= static_parts(
            source, used.product, used.settings, used.numbers, own, region
        )
    seconds = sum(one.exptime_s for one in product.exposures if one.rootname in mine)
    return Ingredients(
        product,
        settings,
        region,
        filters,
        pieces,
        len(chips),
        static,
        seconds,
        tuple(notes),
    )


def _filters(
    source: CutoutSource,
    product: Product,
    parameters: Parameters,
    owners: Sequence[tuple[FilterProduct, DrizzleSettings]],
    region: Region,
) -> tuple[dict[str, UsedFilter], list[str]]:
    """Return the filters that are used, by basename, and what is to be said."""
    settings = settings_of(product, parameters)
    shares = isinstance(product, TotalProduct) and shares_filters(
        source.total, parameters
    )
    offsets, notes = _offsets(source, settings) if shares else ({}, [])
    measured = all(_is_measured(one, own) for one, own in owners)
    found = {}
    for owner, own in owners:
        numbers = find_numbers(source, owner, own)
        roots = frozenset(one.rootname for one in owner.exposures)
        pieces = (
            cut_pieces(source, source.chips_of(roots, own), region)
            if own.cosmic_rays.is_on
            else ()
        )
        static = static_parts(source, owner, own, numbers, pieces, region)
        compared = compare_filter(source, owner, own, numbers, static, pieces, region)
        has_sky = (
            own.sky.is_on and _is_measured(owner, own)
            if shares
            else settings.sky.is_on and measured
        )
        offset = offsets.get(owner.drizzle_name, 0.0)
        found[owner.basename] = UsedFilter(
            owner, own, numbers, compared, has_sky, offset
        )
        notes.extend(numbers.notes)
        if compared is not None and not compared.is_as_in_run:
            notes.append(
                f"{owner.basename}: cosmic rays are found around the place alone."
            )
    return found, notes


def _is_measured(owner: FilterProduct, settings: DrizzleSettings) -> bool:
    """Return whether a run measures sky and cosmic rays of a filter's exposures."""
    is_on = settings.sky.is_on or settings.cosmic_rays.is_on
    return len(owner.members) > 1 and is_on


def _offsets(
    source: CutoutSource, settings: DrizzleSettings
) -> tuple[dict[str, float], list[str]]:
    """Return what the total subtracts from each filter product [1 / s]."""
    if not (settings.sky.is_on and settings.sky.method.endswith("match")):
        return {}, []
    found = source.stored.offsets(source.total)
    if found is None and len(total_filters(source.total)) > 1:
        return {}, ["The filters are not brought to a common sky: no total yet."]
    return found or {}, []


def _owners(source: CutoutSource, product: Product) -> tuple[FilterProduct, ...]:
    """Return the filter products whose exposures a product uses."""
    if isinstance(product, TotalProduct):
        return total_filters(source.total)
    roots = {one.rootname for one in product.exposures}
    return tuple(
        one
        for one in source.total.filters
        if roots & {e.rootname for e in one.exposures}
    )
