"""Where a cutout is: the grid of a product, and a part of it."""

from collections.abc import Mapping

from svmcore.drizzling.grid import grid_wcs
from svmcore.errors import DrizzleError, ParameterError
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.product import Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle_choices import follows_total, settings_of

__all__ = ["Parameters", "cutout_window", "product_grid"]

Parameters = Mapping[str, ParameterSet]


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
        If the place lies outside the product.
    ParameterError
        If a side is not between 1 and the longer side of the product.
    """
    sides = (size, size) if isinstance(size, int) else tuple(size)
    longest = max(grid.shape)
    if len(sides) != 2 or not all(1 <= side <= longest for side in sides):
        raise ParameterError(
            f"size {size} of a cutout of {name}",
            f"is not between 1 and {longest} pixels, the longer side of the product",
            "Choose another size.",
        )
    ny, nx = sides
    x, y = (float(value) for value in grid_wcs(grid).wcs_world2pix([center_deg], 0)[0])
    if not (-0.5 <= x <= grid.shape[1] - 0.5 and -0.5 <= y <= grid.shape[0] - 0.5):
        raise DrizzleError(
            name,
            f"the place {center_deg[0]:.6f}, {center_deg[1]:.6f} lies outside of it",
            "Choose a place inside the product.",
        )
    return GridWindow(round(y - ny / 2), round(x - nx / 2), ny, nx)
