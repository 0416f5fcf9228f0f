"""What a cutout is made of: the wanted product, its grid, masks and sky."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.grid import grid_wcs
from svmcore.drizzling.settings import DrizzleSettings
from svmcore.errors import DrizzleError
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.cutout_compare import Compared, compare_filter
from svmcore.pipeline.cutout_masks import skies_of, static_of
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle import (
    shares_filters,
)
from svmcore.pipeline.drizzle_choices import (
    follows_total,
    settings_of,
    total_filters,
)

__all__ = [
    "Parameters",
    "Trial",
    "TrialFilter",
    "cutout_window",
    "prepare_trial",
    "product_grid",
]

Parameters = Mapping[str, ParameterSet]


@dataclass(frozen=True, slots=True, eq=False)
class TrialFilter:
    """A filter product whose exposures are used, and what is known of them.

    Parameters
    ----------
    product : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    compared : Compared or None
        Its exposures, compared around the place.
    static : Mapping of int to ndarray of bool
        Static pixels by chip number.
    skies : Mapping of str to Mapping of int to float
        Sky by rootname and EXTVER, in the unit of the files.
    offset : float
        What the total product subtracts from this filter [1 / s].
    """

    product: FilterProduct
    settings: DrizzleSettings
    compared: Compared | None
    static: Mapping[int, NDArray[np.bool_]]
    skies: Mapping[str, Mapping[int, float]]
    offset: float

    @property
    def is_measured(self) -> bool:
        """Whether a run measures sky and cosmic rays of the exposures."""
        settings = self.settings
        is_on = settings.sky.is_on or settings.cosmic_rays.is_on
        return len(self.product.members) > 1 and is_on


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is to be made, and how.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    settings : DrizzleSettings
        Its settings.
    owners : Mapping of str to TrialFilter
        Filters that are used, by basename.
    subtracts : Mapping of str to bool
        Whether the sky of a filter's exposures is subtracted.
    grid : MosaicGrid
        Grid of the product.
    window : GridWindow
        Part of it.
    """

    product: Product
    settings: DrizzleSettings
    owners: Mapping[str, TrialFilter]
    subtracts: Mapping[str, bool]
    grid: MosaicGrid
    window: GridWindow

    @property
    def rootnames(self) -> frozenset[str]:
        """Exposures that go in."""
        used = {
            one.rootname
            for owner in self.owners.values()
            for one in owner.product.exposures
        }
        return frozenset(used & {one.rootname for one in self.product.exposures})


def product_grid(
    source: CutoutSource, product: Product, parameters: Parameters
) -> MosaicGrid:
    """Return the grid that a parameter set gives a product.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures of the product's detector.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters : Mapping of str to ParameterSet
        Of the product and its total, by basename.

    Raises
    ------
    DrizzleError
        If the grid would be too large to be meant.
    ParameterError
        If a value is wrong.
    """
    total = source.total
    shared = settings_of(total, parameters)
    everything = frozenset(one.rootname for one in total.exposures)
    common = source.grid(everything, shared.final.frame, coeffs=shared.coeffs)
    own = settings_of(product, parameters)
    if isinstance(product, TotalProduct) or follows_total(own, shared, total):
        return common
    mine = frozenset(one.rootname for one in product.exposures)
    return source.grid(mine, own.final.frame, common, coeffs=shared.coeffs)


def cutout_window(
    grid: MosaicGrid,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
    name: str,
) -> GridWindow:
    """Return the part of a grid around a place.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of a product.
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    size : int or tuple of int
        Side, or (ny, nx) [output pixel].
    name : str
        Product, for the message.

    Raises
    ------
    DrizzleError
        If no pixel of it lies on the grid.
    """
    x, y = grid_wcs(grid).wcs_world2pix([center_deg], 0)[0]
    ny, nx = (size, size) if isinstance(size, int) else size
    window = GridWindow(round(float(y) - ny / 2), round(float(x) - nx / 2), ny, nx)
    inside = window.intersect(grid.window)
    if not inside.ny or not inside.nx:
        raise DrizzleError(
            name,
            f"the place {center_deg[0]:.6f}, {center_deg[1]:.6f} lies outside of it",
            "Choose a place inside the product.",
        )
    return window


def prepare_trial(
    source: CutoutSource,
    product: Product,
    parameters: Parameters,
    grid: MosaicGrid,
    window: GridWindow,
) -> tuple[Trial, list[str]]:
    """Compare the exposures that a product uses; return what is to be stacked."""
    total = source.total
    settings = settings_of(product, parameters)
    is_total = isinstance(product, TotalProduct)
    shares = is_total and shares_filters(total, parameters)
    offsets, notes = _offsets(source, settings) if shares else ({}, [])
    owners = {}
    for one in _owners(total, product):
        own = settings_of(one, parameters)
        owners[one.basename] = TrialFilter(
            one,
            own,
            compare_filter(source, one, own, grid, window),
            static_of(source, one, own),
            skies_of(source, one, own),
            offsets.get(one.drizzle_name, 0.0),
        )
    for name, owner in owners.items():
        if owner.compared is not None and not owner.compared.is_of_run:
            notes.append(f"{name}: cosmic rays are found around the place alone.")
    measured = all(owner.is_measured for owner in owners.values())
    subtracts = {
        name: owner.settings.sky.is_on and owner.is_measured
        if shares
        else settings.sky.is_on and measured
        for name, owner in owners.items()
    }
    return Trial(product, settings, owners, subtracts, grid, window), notes


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


def _owners(total: TotalProduct, product: Product) -> tuple[FilterProduct, ...]:
    """Return the filter products whose exposures a product uses."""
    if isinstance(product, TotalProduct):
        return total_filters(total)
    roots = {one.rootname for one in product.exposures}
    return tuple(
        one for one in total.filters if roots & {e.rootname for e in one.exposures}
    )
