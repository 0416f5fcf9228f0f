"""Display limits of an image, as offered in the viewer's menu."""

from collections.abc import Mapping

import numpy as np
from astropy.visualization import ZScaleInterval
from numpy.typing import NDArray

__all__ = ["display_limits"]

_LARGEST_SAMPLE = 1_000_000
_PERCENTAGES = (99.9, 99.5, 99.0, 95.0)


def display_limits(
    pixels: NDArray[np.floating], *, is_used: NDArray[np.bool_] | None = None
) -> Mapping[str, tuple[float, float]]:
    """Return the limits of every preset of the viewer's menu.

    Parameters
    ----------
    pixels : ndarray of float, shape (ny, nx)
        Image; values that are not finite are left out.
    is_used : ndarray of bool, optional
        Pixels to count, of the same shape.

    Returns
    -------
    mapping of str to (float, float)
        ``"zscale"``, ``"99.9 %"``, ``"99.5 %"``, ``"99 %"``, ``"95 %"`` (the
        central part of the values) and ``"min–max"``, in this order.

    Notes
    -----
    Above a million values the percentiles come from every n-th one; minimum and
    maximum always from all. ``zscale`` is that of astropy.
    """
    values = np.asarray(pixels)
    chosen = np.isfinite(values)
    if is_used is not None:
        chosen &= is_used
    values = values[chosen]
    names = ["zscale", *(f"{p:g} %" for p in _PERCENTAGES), "min–max"]
    if values.size == 0:
        return dict.fromkeys(names, (0.0, 1.0))
    low, high = float(values.min()), float(values.max())
    step = max(1, values.size // _LARGEST_SAMPLE)
    sample = values[::step].astype(float)
    limits = {"zscale": tuple(map(float, ZScaleInterval().get_limits(sample)))}
    for percentage in _PERCENTAGES:
        tail = (100.0 - percentage) / 2.0
        cuts = np.percentile(sample, [tail, 100.0 - tail])
        limits[f"{percentage:g} %"] = (float(cuts[0]), float(cuts[1]))
    limits["min–max"] = (low, high)
    return {name: _apart(*pair) for name, pair in limits.items()}


def _apart(low: float, high: float) -> tuple[float, float]:
    """Return limits that differ, so that a stretch has a width."""
    return (low, high) if high > low else (low, low + max(abs(low) * 1e-3, 1e-6))
