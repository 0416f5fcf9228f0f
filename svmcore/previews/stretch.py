"""The grey stretch: limits that stars and gaps do not spoil."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
_MAD_TO_SIGMA = 1.4826


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


def _clipped_sky(sample: NDArray[np.floating]) -> tuple[float, float]:
    """Median and sigma of the sample after clipping what is no background."""
    kept = sample
    sky, sigma = 0.0, 0.0
    for _ in range(_CLIP_ROUNDS):
        sky = float(np.median(kept))
        sigma = _MAD_TO_SIGMA * float(np.median(np.abs(kept - sky)))
        inside = np.abs(kept - sky) <= _CLIP_SIGMA * sigma
        if inside.all() or not inside.any():
            break
        kept = kept[inside]
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
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return Limits(0.0, 1.0, 1.0, 0.0, 0.0)
    sky, sigma = _clipped_sky(sample)
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


def asinh_scale(values: NDArray[np.floating], limits: Limits) -> NDArray[np.floating]:
    """Return values between 0 at black and 1 at white; nan stays nan."""
    top = np.arcsinh((limits.white - limits.black) / limits.soft)
    scaled = np.arcsinh((values - limits.black) / limits.soft) / top
    clipped: NDArray[np.floating] = np.clip(scaled, 0.0, 1.0)
    return clipped


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
    scaled = asinh_scale(np.asarray(sci, dtype=np.float32), limits)
    empty = np.isnan(scaled)
    scaled[empty] = 0
    levels: NDArray[np.uint8] = np.rint(scaled * 255).astype(np.uint8)
    levels[empty] = NO_DATA_LEVEL
    return levels
