"""Kernels with which sources are found."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["gaussian_kernel", "matched_kernel", "ricker_kernel"]

FloatArray = NDArray[np.float64]

SIGMA_PER_FWHM = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))


def _squared_radius(radius: int) -> FloatArray:
    offset = np.arange(-radius, radius + 1.0)
    return offset[:, None] ** 2 + offset[None] ** 2


def gaussian_kernel(fwhm_pix: float, *, radius: int = 5) -> FloatArray:
    """Return a Gaussian whose sum is one, shape (2 radius + 1, same)."""
    sigma = fwhm_pix * SIGMA_PER_FWHM
    kernel = np.exp(-0.5 * _squared_radius(radius) / sigma**2)
    normalised: FloatArray = kernel / kernel.sum()
    return normalised


def ricker_kernel(fwhm_pix: float, *, size: int) -> FloatArray:
    """Return a Ricker wavelet as high as the Gaussian of the same source.

    Parameters
    ----------
    fwhm_pix : float
        Width of a source [pixel]; the wavelet's is 1.5 times that.
    size : int
        Side of the kernel; odd [pixel].
    """
    scaled = _squared_radius(size // 2) / (1.5 * fwhm_pix * SIGMA_PER_FWHM) ** 2
    kernel = (1.0 - 0.5 * scaled) * np.exp(-0.5 * scaled)
    kernel -= kernel.mean()
    peak: float = gaussian_kernel(fwhm_pix).max()
    result: FloatArray = kernel * peak / kernel.max()
    return result


def matched_kernel(fwhm_pix: float) -> tuple[FloatArray, float]:
    """Return the kernel that gives the height of a Gaussian over its sky.

    Parameters
    ----------
    fwhm_pix : float
        Width of a star [pixel].

    Returns
    -------
    kernel : ndarray of float, shape (n, n)
        Correlated with an image, it gives at every pixel the height of the
        best-fitting Gaussian; its sum is zero.
    noise_ratio : float
        Noise of that height over the noise of a pixel, for independent
        pixels.

    Notes
    -----
    As Stetson (1987, PASP 99, 191), but twice as wide: within 3.2 sigma of the
    centre, and at least 2.9 pixels. His window of 1.5 sigma takes most of a
    star's own light for sky and needs stars that are 25 to 60 % brighter.
    """
    sigma = fwhm_pix * SIGMA_PER_FWHM
    extent = max(2.9, 3.2 * sigma)
    radius = int(extent)
    squared = _squared_radius(radius)
    inside = squared <= extent**2
    star = np.where(inside, np.exp(-0.5 * squared / sigma**2), 0.0)
    mean = star.sum() / inside.sum()
    kernel = np.where(inside, star - mean, 0.0)
    kernel /= (kernel * star).sum()
    return kernel, float(np.sqrt((kernel**2).sum()))
