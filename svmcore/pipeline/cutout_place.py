"""Where a cutout is: the grid of a product, and a part of it."""

import operator
from collections.abc import Mapping

from svmcore.drizzling.grid import grid_wcs
from svmcore.errors import DrizzleError, ParameterError
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.product import Product, ProductTree, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle_choices import follows_total, settings_of

__all__ = ["Parameters", "cutout_window", "find_product", "product_grid"]

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
        If the grid would be too large to be meant, or the product is none of
        the opened ones.
    ParameterError
        If a value is wrong.
    """
    total = source.total
    _check_known(total, product, parameters)
    shared = settings_of(total, parameters)
    everything = frozenset(one.rootname for one in total.exposures)
    common = source.grid(everything, shared.final.frame, coeffs=shared.coeffs)
    own = settings_of(product, parameters)
    if isinstance(product, TotalProduct) or follows_total(own, shared, total):
        return common
    mine = frozenset(one.rootname for one in product.exposures)
    return source.grid(mine, own.final.frame, common, coeffs=shared.coeffs)


def find_product(total: TotalProduct, name: str) -> Product:
    """Return the product of a detector that has a name.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    name : str
        Basename.

    Raises
    ------
    DrizzleError
        If there is none.
    """
    products = ProductTree((total,)).products
    for product in products:
        if product.basename == name:
            return product
    raise DrizzleError(
        name,
        f"is no product of {total.basename}",
        f"Known are: {', '.join(product.basename for product in products)}.",
    )


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
    ny, nx = _sides(size, max(grid.shape), name)
    x, y = (float(value) for value in grid_wcs(grid).wcs_world2pix([center_deg], 0)[0])
    if not (-0.5 <= x <= grid.shape[1] - 0.5 and -0.5 <= y <= grid.shape[0] - 0.5):
        raise DrizzleError(
            name,
            f"the place {center_deg[0]:.6f}, {center_deg[1]:.6f} lies outside of it",
            "Choose a place inside the product.",
        )
    return GridWindow(round(y - ny / 2), round(x - nx / 2), ny, nx)


def _check_known(total: TotalProduct, product: Product, parameters: Parameters) -> None:
    found = find_product(total, product.basename)
    missing = {found.basename, total.basename} - set(parameters)
    if missing:
        raise DrizzleError(
            ", ".join(sorted(missing)),
            "has no parameters among those given",
            "Give the parameters of the product, its filters and its total.",
        )


def _sides(size: int | tuple[int, int], longest: int, name: str) -> tuple[int, int]:
    """Return height and width of a cutout."""
    given = size if isinstance(size, tuple) else (size, size)
    try:
        sides = tuple(operator.index(side) for side in given)
    except TypeError:
        sides = ()
    if len(sides) != 2 or not all(1 <= side <= longest for side in sides):
        raise ParameterError(
            f"size {size} of a cutout of {name}",
            f"is not between 1 and {longest} pixels, the longer side of the product",
            "Give one whole number, or height and width.",
        )
    return sides[0], sides[1]
