"""Colour composites whose hues follow flux ratios, also in bright cores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from svmcore.previews.stretch import NO_DATA_LEVEL, Limits

__all__ = ["channel_weights", "color_balance", "render_color"]

_BRIGHT_SIGMA = 20.0
_BRIGHT_LEAST = 30
_WHITE_OUT = 0.25  # stretched brightness over white at which hue is lost


def channel_weights(n_filters: int) -> NDArray[np.float64]:
    """Return what each filter gives to red, green and blue.

    Parameters
    ----------
    n_filters : int
        Number of filters, two or more, ordered from red to blue.

    Returns
    -------
    ndarray of float, shape (3, n_filters)
        Rows red, green, blue; every row sums to one. Each filter has a place
        between red and blue by its rank and goes to the two channels that
        it lies between.

    Examples
    --------
    >>> channel_weights(2)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    if n_filters < 2:
        msg = f"n_filters must be at least 2, got {n_filters}"
        raise ValueError(msg)
    place = np.linspace(0.0, 2.0, n_filters)
    weights = np.clip(1.0 - np.abs(np.arange(3.0)[:, None] - place[None]), 0.0, 1.0)
    if n_filters == 2:
        weights[1] = 0.5
    scaled: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return scaled


def color_balance(
    samples: Sequence[NDArray[np.floating]], limits: Sequence[Limits]
) -> NDArray[np.float64]:
    """Return the factor on each filter that makes the typical source white.

    Parameters
    ----------
    samples : sequence of ndarray of float, shape (n,)
        The same pixels in every filter; nan where one has no data.
    limits : sequence of Limits
        Sky and noise of every filter.

    Returns
    -------
    ndarray of float, shape (n_filters,)
        Positive factors with a geometric mean of one. Where fewer than 30
        pixels are bright in all filters, the noise is made equal instead.
    """
    excess = np.array([s - lim.sky for s, lim in zip(samples, limits, strict=True)])
    sigma = np.array([max(lim.sigma, 1e-30) for lim in limits])
    with np.errstate(invalid="ignore"):
        bright = np.all(excess > _BRIGHT_SIGMA * sigma[:, None], axis=0)
    if np.count_nonzero(bright) >= _BRIGHT_LEAST:
        logs = np.median(np.log(excess[:, bright]), axis=1)
    else:
        logs = np.log(sigma)
    factors: NDArray[np.float64] = np.exp(logs.mean() - logs)
    return factors


def render_color(
    sci: Sequence[NDArray[np.floating]],
    *,
    limits: Sequence[Limits],
    balance: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Return a colour composite of images, or of a block of their rows.

    Parameters
    ----------
    sci : sequence of ndarray of float, shape (ny, nx)
        One image per filter from red to blue, on one grid; nan without data.
    limits : sequence of Limits
        Stretch of every filter.
    balance : ndarray of float, shape (n_filters,)
        Factors of `color_balance`.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        Red, green, blue, in the same order of rows. Where a filter has no
        data, the others stand in for it; grey where none has.

    Notes
    -----
    The brightness is stretched and the ratios between channels are kept
    (Lupton et al. 2004, PASP 116, 133); what would be brighter than white is
    scaled back in all channels, and fades to white in the brightest cores.
    """
    planes = [
        (np.asarray(image, dtype=np.float32) - lim.sky) * np.float32(factor)
        for image, lim, factor in zip(sci, limits, balance, strict=True)
    ]
    stack = np.stack(planes)
    is_gap = ~np.isfinite(stack)
    n_data = len(planes) - is_gap.sum(axis=0, dtype=np.uint8)
    stack[is_gap] = 0
    intensity = stack.sum(axis=0)
    intensity /= np.maximum(n_data, 1)
    for plane, empty in zip(stack, is_gap, strict=True):
        np.copyto(plane, intensity, where=empty)
    channels = np.tensordot(channel_weights(len(planes)).astype("f4"), stack, axes=1)
    pixels = _stretch_color(channels, _joint_limits(limits, balance))
    pixels[:, n_data == 0] = NO_DATA_LEVEL
    return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))


def _joint_limits(limits: Sequence[Limits], balance: NDArray[np.float64]) -> Limits:
    """Stretch of the mean of all balanced, sky-free filters."""
    scaled = [
        (f * (lim.black - lim.sky), f * (lim.white - lim.sky), f * lim.soft)
        for lim, f in zip(limits, balance, strict=True)
    ]
    black, white, soft = (float(level) for level in np.mean(scaled, axis=0))
    return Limits(black, white, soft, 0.0, 0.0)


def _stretch_color(channels: NDArray[np.floating], limits: Limits) -> NDArray[np.uint8]:
    """Stretch brightness with ratios kept; faint pixels fade to grey."""
    lifted = channels - np.float32(limits.black)
    np.maximum(lifted, 0, out=lifted)
    mean = lifted.mean(axis=0)
    top = np.arcsinh((limits.white - limits.black) / limits.soft)
    factor = np.arcsinh(mean / np.float32(limits.soft))
    factor /= np.float32(top)
    np.divide(factor, mean, out=factor, where=mean > 0)
    lifted *= factor
    peak = lifted.max(axis=0)
    too_bright = peak > 1
    if too_bright.any():
        bright, highest = lifted[:, too_bright], peak[too_bright]
        bright /= highest
        fade = np.clip((highest - 1) / np.float32(_WHITE_OUT), 0, 1)
        lifted[:, too_bright] = bright + (1 - bright) * fade
    lifted *= 255
    levels: NDArray[np.uint8] = np.rint(lifted, out=lifted).astype(np.uint8)
    return levels
