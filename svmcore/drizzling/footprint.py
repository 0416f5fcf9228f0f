"""The outline of the covered pixels of a product, as S_REGION."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from svmcore.drizzling.grid import grid_wcs
from svmcore.model.grid import MosaicGrid

__all__ = ["covered_region"]

# The mask is that of every fourth pixel; closed over gaps of 11 pixels, and
# outlines are followed to 10 pixels, as in the archive's products.
CLOSING = 3
TOLERANCE = 2.5
SMALLEST_PIXELS = 25


def covered_region(covered: NDArray[np.bool_], grid: MosaicGrid, *, step: int) -> str:
    """Return the S_REGION of the covered pixels.

    Parameters
    ----------
    covered : ndarray of bool, shape (ny // step, nx // step)
        Every `step`-th pixel of the product's coverage.
    grid : MosaicGrid
        Grid of the product.
    step : int
        Distance of the sampled pixels [pixel].

    Returns
    -------
    str
        One ``POLYGON ICRS`` per separate region, holes not counted, corners
        in degrees; empty if nothing is covered.
    """
    mask = np.pad(covered, CLOSING + 1)
    mask = ndimage.binary_closing(mask, np.ones((CLOSING, CLOSING), bool))
    mask = ndimage.binary_fill_holes(mask)
    labels, count = ndimage.label(mask)
    wcs = grid_wcs(grid)
    polygons = []
    for label in range(1, count + 1):
        region = labels == label
        if region.sum() < SMALLEST_PIXELS:
            continue
        outline = max(measure.find_contours(region.astype(float), 0.5), key=len)
        corners = measure.approximate_polygon(outline, TOLERANCE)[:-1] - (CLOSING + 1)
        sky = wcs.wcs_pix2world(corners[:, ::-1] * step, 0)
        numbers = " ".join(f"{ra:.9f} {dec:.9f}" for ra, dec in sky)
        polygons.append(f"POLYGON ICRS {numbers}")
    return " ".join(polygons)
