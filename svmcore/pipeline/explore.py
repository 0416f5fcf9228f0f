"""Questions about a prepared visit that need files but make no products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from svmcore.drizzling.grid import build_grid, grid_wcs
from svmcore.drizzling.settings import FrameSettings
from svmcore.io.images import read_reference_grid
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.exposure import Exposure
from svmcore.model.grid import MosaicGrid
from svmcore.model.product import Product, TotalProduct
from svmcore.model.wcs import AlignedWcs
from svmcore.pipeline.drizzle_chips import without_distortion
from svmcore.pipeline.drizzle_choices import (
    follows_total,
    settings_of,
)
from svmcore.pipeline.prepare import PreparedVisit

__all__ = ["DepthMap", "depth_map", "product_grids", "total_grid"]

LONGEST_RASTER = 320


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """How many exposures cover each part of a grid, on a coarse raster.

    Parameters
    ----------
    grid : MosaicGrid
        The grid of the products.
    counts : ndarray of int, shape (my, mx)
        Exposures that cover the middle of each block of the grid.
    block : int
        Side of a block [grid pixel].
    """

    grid: MosaicGrid
    counts: NDArray[np.int16]
    block: int


def total_grid(
    prepared: PreparedVisit,
    total: TotalProduct,
    *,
    aligned: Mapping[str, AlignedWcs] | None = None,
) -> MosaicGrid:
    """Return the grid that all products of a detector get.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    total : TotalProduct
        The detector's total product, with at least one exposure to drizzle.
    aligned : Mapping of str to AlignedWcs, optional
        Solutions by rootname; the WCS of the headers by default.

    Returns
    -------
    MosaicGrid
        Made from the headers, nothing drizzled.

    Raises
    ------
    InputError
        If a header cannot be read.
    DrizzleError
        If the parameters ask for an impossible grid.
    """
    return product_grids(prepared, total, [total], aligned=aligned)[total.basename]


def product_grids(
    prepared: PreparedVisit,
    total: TotalProduct,
    products: Sequence[Product] = (),
    *,
    aligned: Mapping[str, AlignedWcs] | None = None,
) -> dict[str, MosaicGrid]:
    """Return the grids that the parameters give the products of a detector.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    total : TotalProduct
        The detector's total product, with at least one exposure to drizzle.
    products : sequence of Product, optional
        Which of its products; by default all that are drizzled.
    aligned : Mapping of str to AlignedWcs, optional
        Solutions by rootname; the WCS of the headers by default.

    Returns
    -------
    dict of str to MosaicGrid
        By basename; made from the headers, nothing drizzled.

    Raises
    ------
    InputError
        If a header cannot be read, or a file named as ``final_refimage``.
    DrizzleError
        If the parameters ask for an impossible grid.
    ParameterError
        If a value is wrong.
    """
    solutions = aligned or {}
    wanted = products or (total, *total.filters, *total.members)
    shared = settings_of(total, prepared.parameters)
    chips = {}
    for exposure in total.exposures:
        found = read_chip_wcs(exposure.path, aligned=solutions.get(exposure.rootname))
        chips[exposure.rootname] = [
            wcs if shared.coeffs else without_distortion(wcs) for wcs in found.values()
        ]

    def grid(product: Product, common: MosaicGrid | None) -> MosaicGrid:
        frame = settings_of(product, prepared.parameters).final.frame
        mine = [wcs for one in product.exposures for wcs in chips[one.rootname]]
        return build_grid(mine, frame, reference=_reference(frame) or common)

    common = grid(total, None)
    return {
        one.basename: common
        if one is total
        or follows_total(settings_of(one, prepared.parameters), shared, total)
        else grid(one, common)
        for one in wanted
    }


def depth_map(grid: MosaicGrid, product: Product) -> DepthMap:
    """Return how many exposures of a product cover each part of its grid.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the product.
    product : Product
        The product.

    Returns
    -------
    DepthMap
        From the corners of the chips: bad pixels and cosmic rays are not
        considered.
    """
    ny, nx = grid.shape
    block = max(1, -(-max(ny, nx) // LONGEST_RASTER))
    x, y = np.meshgrid(
        np.arange(block / 2 - 0.5, nx, block), np.arange(block / 2 - 0.5, ny, block)
    )
    wcs = grid_wcs(grid)
    counts = np.zeros(x.shape, np.int16)
    for exposure in product.exposures:
        shape = _outline(exposure, wcs)
        counts += shapely.contains_xy(shape, x, y).astype(np.int16)
    counts.flags.writeable = False
    return DepthMap(grid, counts, block)


def _outline(exposure: Exposure, wcs: object) -> shapely.Geometry:
    """Return the outline of an exposure on the grid [pixel]."""
    chips = [
        shapely.Polygon(wcs.wcs_world2pix(np.array(chip.corners_deg), 0))  # type: ignore[attr-defined]
        for chip in exposure.chips
        if chip.corners_deg
    ]
    return shapely.union_all(chips)


def _reference(frame: FrameSettings) -> MosaicGrid | None:
    if not (frame.is_custom and frame.refimage):
        return None
    return read_reference_grid(Path(frame.refimage))
