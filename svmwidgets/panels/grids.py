"""The grid of a detector's products, as it lies on the sky."""

from typing import Any

import numpy as np

from svmcore.model.grid import MosaicGrid
from svmwidgets.figures import outline, tan_sky_mapping

__all__ = ["grid_outline", "grid_words"]


def grid_outline(grid: MosaicGrid, *, key: str = "grid") -> dict[str, Any]:
    """Return the outer edge of a grid, for `FootprintFigure`.

    Parameters
    ----------
    grid : MosaicGrid
        The grid.
    key : str, optional
        Key of the outline.
    """
    ny, nx = grid.shape
    crpix = (grid.crpix[0], grid.crpix[1])
    mapping = tan_sky_mapping(crpix, grid.crval_deg, np.array(grid.cd_deg))
    x = np.array([-0.5, nx - 0.5, nx - 0.5, -0.5])
    y = np.array([-0.5, -0.5, ny - 0.5, ny - 0.5])
    ra, dec = mapping.pixel_to_sky(x, y)
    return outline(key, ra, dec, label=grid_words(grid), kind="product", group="grid")


def grid_words(grid: MosaicGrid) -> str:
    """Return shape and scale of a grid in words."""
    ny, nx = grid.shape
    return f"Grid of {nx} × {ny} pixels of {grid.scale_arcsec:.5f} arcsec."
