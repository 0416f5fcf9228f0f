"""Local maxima of a smoothed image above the noise."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from svmcore.numerics.background import BlockBackground

__all__ = ["BORDER_PIX", "find_peaks"]

IndexArray = NDArray[np.int64]

BORDER_PIX = 3  # from the edge, within which nothing is measured
# Height over smoothed height: a single hot pixel has 1 over the central weight
# of the kernel, a star of the profile's width less than half of that.
_SHARPEST = 0.6
# Where stars are hardly wider than a pixel they come close to a hot one.
_SHARPEST_NARROW, _NARROW_PIX = 0.85, 1.8


def find_peaks(
    signal: NDArray[np.float32],
    sky: BlockBackground,
    *,
    fwhm: float,
    threshold: float,
    has_cosmic_rays: bool,
) -> tuple[IndexArray, IndexArray]:
    """Return the pixels of the peaks of an image, brightest first.

    Parameters
    ----------
    signal : ndarray of float32, shape (ny, nx)
        Image without background; zero at bad pixels.
    sky : BlockBackground
        Its noise is the unit of the threshold.
    fwhm : float
        Width of the smoothing, that of a star [pixel].
    threshold : float
        Least height of the smoothed image over its noise.
    has_cosmic_rays : bool
        Whether peaks much sharper than a star are left out.

    Returns
    -------
    x, y : ndarray of int
        Pixels that exceed their eight neighbours.
    """
    sigma = fwhm / 2.354820045
    radius = int(2.5 * fwhm) + 1
    smooth = gaussian_filter(signal, sigma, mode="nearest", radius=radius)
    point = np.zeros((15, 15), dtype=np.float32)
    point[7, 7] = 1.0
    kernel = gaussian_filter(point, sigma, mode="constant", radius=min(radius, 7))
    limit = threshold * float(np.sqrt(np.sum(kernel**2)))
    x, y = _above(smooth, sky, limit)
    value = smooth[y, x]
    is_peak = np.ones(len(x), dtype=np.bool_)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if (dy, dx) != (0, 0):
                other = smooth[y + dy, x + dx]
                # Of two equal neighbours the first counts.
                is_peak &= (value > other) | ((value == other) & ((dy, dx) > (0, 0)))
    if has_cosmic_rays:
        sharpness = signal[y, x] / np.maximum(value, 1e-30)
        sharpest = _SHARPEST if fwhm >= _NARROW_PIX else _SHARPEST_NARROW
        is_peak &= sharpness < sharpest / float(kernel[7, 7])
    x, y, value = x[is_peak], y[is_peak], value[is_peak]
    order = np.argsort(-value, kind="stable")
    return x[order], y[order]


def _above(
    smooth: NDArray[np.float32], sky: BlockBackground, limit: float
) -> tuple[IndexArray, IndexArray]:
    """Return the pixels above the limit, away from the edge."""
    b = BORDER_PIX
    inner = smooth[b:-b, b:-b]
    lowest = limit * float(np.min(sky.noise))
    y, x = np.divmod(np.flatnonzero(inner > lowest), max(1, inner.shape[1]))
    x, y = x + b, y + b
    kept = smooth[y, x] > limit * sky.noise_at(x, y)
    return x[kept].astype(np.int64), y[kept].astype(np.int64)
