"""The grey stretch: limits that stars and gaps do not spoil."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.numerics.clipping import SIGMA_PER_MAD
from svmcore.numerics.ordered import median_deviation_of_sorted, median_of_sorted

__all__ = ["NO_DATA_LEVEL", "Limits", "render_gray", "robust_limits"]

NO_DATA_LEVEL = 58  # a dark grey, set apart from the sky below it

# By eye on star fields, galaxies and empty fields: the sky is dark but not
# black, its noise is visible, and stars of a thousand sigma keep a core.
_BLACK_SIGMA = 2.0
_SOFT_SIGMA = 6.0
_WHITE_SIGMA = 60.0
_WHITE_PERCENTILE = 99.8
_CLIP_SIGMA = 3.0
_CLIP_ROUNDS = 8
# Less noise than this part of the sky is the rounding of a constant, as photon
# counters leave where they counted nothing.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Limits:
    """Levels of an asinh stretch, in the unit of the image.

    Parameters
    ----------
    black, white : float
        Values drawn black and white.
    soft : float
        Scale at which the stretch turns from linear to logarithmic.
    sky, sigma : float
        Level and noise of the background that the limits rest on.
    """

    black: float
    white: float
    soft: float
    sky: float
    sigma: float


def _clipped_sky(ordered: NDArray[np.floating]) -> tuple[float, float]:
    """Median and sigma of a sorted sample after clipping what is no background."""
    kept = ordered
    sky, sigma = 0.0, 0.0
    for _ in range(_CLIP_ROUNDS):
        sky = median_of_sorted(kept)
        sigma = SIGMA_PER_MAD * median_deviation_of_sorted(kept, sky)
        limits = (sky - _CLIP_SIGMA * sigma, sky + _CLIP_SIGMA * sigma)
        low = int(np.searchsorted(kept, limits[0], "left"))
        high = int(np.searchsorted(kept, limits[1], "right"))
        if high - low in (0, len(kept)):
            break
        kept = kept[low:high]
    return sky, sigma


def robust_limits(sample: NDArray[np.floating]) -> Limits:
    """Return the stretch for an image from a sample of its pixels.

    Parameters
    ----------
    sample : ndarray of float, shape (n,)
        Pixels with data; others are ignored if they are not finite.

    Returns
    -------
    Limits
        Levels with ``black < white`` and ``soft > 0``, whatever the sample.

    Examples
    --------
    >>> robust_limits(np.zeros(10)).black < robust_limits(np.zeros(10)).white
    True
    """
    sample = np.asarray(sample, dtype=np.float64)
    sample = np.sort(sample[np.isfinite(sample)])
    if sample.size == 0:
        return Limits(0.0, 1.0, 1.0, 0.0, 0.0)
    sky, sigma = _clipped_sky(sample)
    if sigma <= _ROUNDING * abs(sky):
        sigma = 0.0
    bright = float(np.percentile(sample, _WHITE_PERCENTILE))
    unit = sigma if sigma > 0 else max((bright - sky) / _WHITE_SIGMA, 0.0)
    unit = unit or max(abs(sky), 1.0) * 1e-6
    return Limits(
        black=sky - _BLACK_SIGMA * unit,
        white=max(bright, sky + _WHITE_SIGMA * unit),
        soft=_SOFT_SIGMA * unit,
        sky=sky,
        sigma=sigma,
    )


def render_gray(sci: NDArray[np.floating], limits: Limits) -> NDArray[np.uint8]:
    """Return an image, or a block of its rows, as grey levels.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Pixels; nan where there is no data.
    limits : Limits
        Stretch of the whole image.

    Returns
    -------
    ndarray of uint8, shape (ny, nx)
        Grey levels in the same order of rows; a neutral dark grey where
        there is no data.
    """
    scaled = np.subtract(sci, np.float32(limits.black), dtype=np.float32)
    empty = np.isnan(scaled)
    scaled[empty] = 0
    scaled /= np.float32(limits.soft)
    np.arcsinh(scaled, out=scaled)
    top = np.arcsinh((limits.white - limits.black) / limits.soft)
    scaled *= np.float32(255 / top)
    np.clip(scaled, 0, 255, out=scaled)
    levels: NDArray[np.uint8] = np.rint(scaled, out=scaled).astype(np.uint8)
    levels[empty] = NO_DATA_LEVEL
    return levels
