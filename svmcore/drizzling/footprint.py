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
        One closed ``POLYGON ICRS`` per separate region, holes not counted,
        corners in degrees; empty if nothing is covered.
    """
    mask = _without_holes(_closed(np.pad(covered, CLOSING + 1)))
    labels, count = ndimage.label(mask)
    wcs = grid_wcs(grid)
    polygons = []
    for label in range(1, count + 1):
        region = labels == label
        if region.sum() < SMALLEST_PIXELS:
            continue
        outline = max(measure.find_contours(region.astype(float), 0.5), key=len)
        corners = _simplified(outline, TOLERANCE) - (CLOSING + 1)
        sky = wcs.wcs_pix2world(corners[:, ::-1] * step, 0)
        numbers = " ".join(f"{ra:.9f} {dec:.9f}" for ra, dec in sky)
        polygons.append(f"POLYGON ICRS {numbers}")
    return " ".join(polygons)


def _closed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask, empty near its border, with the narrowest gaps closed."""
    for join in (np.logical_or, np.logical_and):
        for axis in (0, 1):
            middle = mask.swapaxes(0, axis)
            grown = middle.copy()
            grown[1:-1] = join(join(middle[:-2], middle[2:]), middle[1:-1])
            mask = grown.swapaxes(0, axis)
    return mask


def _without_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask, empty along its border, with all holes filled."""
    outside, _ = ndimage.label(~mask)
    return np.asarray(outside != outside[0, 0])


def _simplified(line: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return the points of a line that are needed to stay near it.

    Douglas and Peucker's way: a piece is split at the point that is farthest
    from the straight line between its ends, until none is farther than the
    tolerance.
    """
    kept = {0, len(line) - 1}
    pieces = [(0, len(line) - 1)]
    while pieces:
        first, last = pieces.pop()
        if last - first < 2:
            continue
        along = line[last] - line[first]
        place = line[first + 1 : last] - line[first]
        share = place @ along / max(float(along @ along), 1e-30)
        away = place - np.clip(share, 0.0, 1.0)[:, np.newaxis] * along
        distances = np.hypot(away[:, 0], away[:, 1])
        farthest = int(np.argmax(distances))
        if distances[farthest] > tolerance:
            middle = first + 1 + farthest
            kept.add(middle)
            pieces += [(first, middle), (middle, last)]
    return line[sorted(kept)]
