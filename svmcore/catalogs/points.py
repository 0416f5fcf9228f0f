"""Star-like sources: peaks of the matched filter, measured and sifted."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from svmcore.catalogs.background import Background
from svmcore.catalogs.centroids import gather_windows, windowed_centroids
from svmcore.catalogs.kernels import matched_kernel
from svmcore.catalogs.settings import CatalogSettings
from svmcore.catalogs.weights import DepthRegions, smooth_weight
from svmcore.model.catalog import PointSources

__all__ = ["DetectionImage", "find_points"]

FloatArray = NDArray[np.float64]

_BLOCK_ROWS = 512
_HALO = 48
_HALF_WINDOW = 4
_NEAR_RADIUS = 2  # a star is the highest within it, and its shape is taken there
_OFFSET = np.arange(-_NEAR_RADIUS, _NEAR_RADIUS + 1)
_NEAR = _OFFSET[:, None] ** 2 + _OFFSET[None] ** 2 <= _NEAR_RADIUS**2
# Speckles and spikes reach about as far on every detector, in widths of a star.
_SPECKLE_REACH_FWHM = 15.0
_SPECKLE_CONTRAST = 30.0
_SPECKLE_HEIGHT = 2.0
_RING_INNER, _RING_RADIUS = 4, 7
_RING_DISTANCE = np.hypot(
    *np.mgrid[-_RING_RADIUS : _RING_RADIUS + 1, -_RING_RADIUS : _RING_RADIUS + 1]
)
# Limits by algorithm. The two of the peer's default ("psf") act on images
# sharpened by deconvolution; here they leave out what is narrower than any
# star or wide as a galaxy's core. "iraf" is the strictest on shape.
_SHARPNESS = {"psf": (0.3, 1.0), "dao": (0.2, 1.0), "iraf": (0.4, 0.95)}
# Errors of both numbers at significance s are about 1 / s and 2 / s: faint stars
# are given 1.5 times that beyond the limits.
_SHAPE_NOISE = 1.5
_ROUNDNESS = {"psf": 1.0, "dao": 1.0, "iraf": 0.5}


@dataclass(frozen=True, slots=True, eq=False)
class DetectionImage:
    """An image on which sources are found.

    Parameters
    ----------
    sci, wht : ndarray of float, shape (ny, nx)
        Science [electron / s] and weight; sci is nan without data.
    mask : ndarray of bool, shape (ny, nx)
        Pixels in which a source may lie.
    background : Background
        Level and noise.
    regions : DepthRegions
        Regions of equal depth.
    fwhm_pix : float
        Width of a star [pixel].
    """

    sci: NDArray[np.float32]
    wht: NDArray[np.float32]
    mask: NDArray[np.bool_]
    background: Background
    regions: DepthRegions
    fwhm_pix: float

    def block(
        self, start: int, stop: int, region_size: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return rows less their background (0 without data), and the noise."""
        nx = self.sci.shape[1]
        level, rms = self.background.rows(start, stop, nx)
        image = np.nan_to_num(self.sci[start:stop] - level, nan=0.0)
        above = max(start - region_size, 0)
        weight = smooth_weight(self.wht[above : stop + region_size], region_size)
        factor = self.regions.factor(weight[start - above : stop - above])
        return image, rms * factor


def row_windows(ny: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, stop) of blocks of rows, and of the same with a halo."""
    for start in range(0, ny, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, ny)
        yield start, stop, max(start - _HALO, 0), min(stop + _HALO, ny)


def correlated_noise_ratio(
    height: NDArray[np.floating], noise: NDArray[np.floating], mask: NDArray[np.bool_]
) -> float:
    """Return the noise of filtered pixels over the one expected of them.

    Parameters
    ----------
    height : ndarray of float
        Filtered image.
    noise : ndarray of float
        Its noise if pixels were independent.
    mask : ndarray of bool
        Pixels to use.

    Notes
    -----
    From the negative side alone, which holds no sources: drizzling correlates
    neighbours, so that a filter averages less noise away than one thinks.
    """
    scaled = (height[mask] / noise[mask]).astype(np.float64)
    scaled = scaled[np.isfinite(scaled)]
    if scaled.size == 0:
        return 1.0
    middle = float(np.median(scaled))
    lower = float(np.percentile(scaled, 15.865))
    return max(middle - lower, 1.0)


def find_points(image: DetectionImage, settings: CatalogSettings) -> PointSources:
    """Return the star-like sources of an image.

    Parameters
    ----------
    image : DetectionImage
        Total image.
    settings : CatalogSettings
        Parameters of the total product.

    Returns
    -------
    PointSources
        Ordered by rows of the image; empty if nothing rises above the
        threshold.

    Notes
    -----
    The threshold is ``nsigma`` times the noise of the matched filter, with
    correlation between pixels measured on the image itself.
    """
    kernel, noise_ratio = matched_kernel(image.fwhm_pix)
    region_size = int(settings.number("region_size"))
    found: list[FloatArray] = []
    ny = image.sci.shape[0]
    for start, stop, first, last in row_windows(ny):
        pixels, noise = image.block(first, last, region_size)
        height = ndimage.correlate(pixels, kernel.astype(np.float32), mode="constant")
        expected = noise * np.float32(noise_ratio)
        ratio = correlated_noise_ratio(height, expected, image.mask[first:last])
        significance = height / (expected * np.float32(ratio))
        peak = significance > settings.number("nsigma")
        peak &= image.mask[first:last]
        peak &= height >= ndimage.maximum_filter(height, footprint=_NEAR)
        y, x = np.nonzero(peak)
        inside = (y + first >= start) & (y + first < stop)
        y, x = y[inside], x[inside]
        is_star = ~_is_speckle(pixels, height, x, y, fwhm_pix=image.fwhm_pix)
        y, x = y[is_star], x[is_star]
        rows = _measure(pixels, height, significance[y, x], x, y)
        rows[:, 1] += first
        found.append(rows)
    return _sift(np.concatenate(found), settings, image.mask)


def _is_speckle(
    pixels: NDArray[np.float32],
    height: NDArray[np.float32],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    *,
    fwhm_pix: float,
) -> NDArray[np.bool_]:
    """Return which peaks are structure in the wings of a far brighter star.

    They rise no higher than the wings that they lie on, and a star of at
    least thirty times their height is near.
    """
    reach = int(min(_SPECKLE_REACH_FWHM * fwhm_pix, _HALO - 4))
    brightest = ndimage.maximum_filter(height, size=2 * reach + 1, mode="constant")
    own = height[y, x]
    suspect = brightest[y, x] > _SPECKLE_CONTRAST * own
    ring = (_RING_DISTANCE >= _RING_INNER) & (_RING_DISTANCE <= _RING_RADIUS)
    around = gather_windows(pixels, x[suspect], y[suspect], _RING_RADIUS)[:, ring]
    wings = np.median(around, axis=1) if len(around) else np.zeros(0)
    result = np.zeros(len(x), dtype=bool)
    result[suspect] = own[suspect] < _SPECKLE_HEIGHT * wings
    return result


def _measure(
    pixels: NDArray[np.float32],
    height: NDArray[np.float32],
    significance: NDArray[np.float32],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
) -> FloatArray:
    """Return rows of x, y, significance, sharpness, roundness."""
    near = gather_windows(pixels, x, y, _NEAR_RADIUS)
    neighbours = _NEAR.copy()
    neighbours[_NEAR_RADIUS, _NEAR_RADIUS] = False
    excess = near[:, _NEAR_RADIUS, _NEAR_RADIUS] - near[:, neighbours].mean(axis=1)
    sharpness = excess / height[y, x]
    roundness = _roundness(near)
    windows = gather_windows(pixels, x, y, _HALF_WINDOW)
    shift = windowed_centroids(windows)
    columns = (x + shift[:, 0], y + shift[:, 1], significance, sharpness, roundness)
    return np.column_stack(columns).astype(np.float64)


def _roundness(near: FloatArray) -> FloatArray:
    """Difference of the heights of both marginal profiles, over their mean."""
    radius = near.shape[1] // 2
    offset = np.arange(-radius, radius + 1.0)
    profile = np.exp(-0.5 * (offset / max(radius / 2.0, 0.8)) ** 2)
    profile -= profile.mean()
    along_x = near.sum(axis=1) @ profile
    along_y = near.sum(axis=2) @ profile
    total = along_x + along_y
    with np.errstate(divide="ignore", invalid="ignore"):
        result: FloatArray = np.where(total > 0, 2 * (along_x - along_y) / total, 2.0)
    return result


def _sift(
    rows: FloatArray, settings: CatalogSettings, mask: NDArray[np.bool_]
) -> PointSources:
    """Keep rows whose shape is a star's, each star once."""
    algorithm = settings.text("starfinder_algorithm")
    low, high = _SHARPNESS[algorithm]
    x, y, significance, sharpness, roundness = rows.T
    blur = _SHAPE_NOISE / significance
    good = (sharpness >= low - blur) & (sharpness <= high + blur)
    good &= np.abs(roundness) <= _ROUNDNESS[algorithm] + 2.0 * blur
    column = np.clip(np.rint(x).astype(np.int64), 0, mask.shape[1] - 1)
    row = np.clip(np.rint(y).astype(np.int64), 0, mask.shape[0] - 1)
    good &= mask[row, column]
    x, y, significance, sharpness, roundness = rows[good].T
    return PointSources(
        np.arange(1, len(x) + 1), x, y, significance, sharpness, roundness
    )
