"""Pixels that a cosmic ray hit, by comparison with a model: step 6."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from svmcore.drizzling.settings import CosmicRaySettings

__all__ = ["find_hits", "grow_hits"]

BoolImage = NDArray[np.bool_]


def find_hits(
    science: NDArray[np.float32],
    model: NDArray[np.float32],
    settings: CosmicRaySettings,
    *,
    read_noise: float,
    extra_sky: float,
) -> BoolImage:
    """Return which pixels differ from the model by more than its noise.

    Parameters
    ----------
    science, model : ndarray of float32, shape (ny, nx)
        Chip and blotted model, sky included [electron].
    settings : CosmicRaySettings
        ``driz_cr_snr`` and ``driz_cr_scale``.
    read_noise : float
        Read noise [electron].
    extra_sky : float
        Added to the model where its noise is estimated [electron].

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True where a pixel was hit.

    Notes
    -----
    A pixel is hit if it is off by more than the second pair of limits, and it
    or a neighbour by more than the first. A limit is ``scale`` times the
    largest difference of the model to the four neighbours plus ``snr`` times
    the noise sqrt(|model| + read noise²). Blocks of rows want two more rows
    on each side.
    """
    noise = model + np.float32(extra_sky)
    np.abs(noise, out=noise)
    noise += np.float32(read_noise**2)
    np.sqrt(noise, out=noise)
    slope = _slope(model)
    off = science - model
    np.abs(off, out=off)
    first, second = (
        off > scale * slope + snr * noise
        for scale, snr in zip(settings.scale, settings.snr, strict=True)
    )
    return np.asarray(_with_neighbours(first) & second)


def _slope(model: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest difference of every pixel to its four neighbours."""
    found = np.zeros_like(model)
    for axis in (0, 1):
        steps = np.abs(np.diff(model, axis=axis))
        into = found.swapaxes(0, axis)
        steps = steps.swapaxes(0, axis)
        for near in (into[1:], into[:-1]):
            np.fmax(near, steps, out=near)  # a step to nan does not count
    return found


def _with_neighbours(mask: BoolImage) -> BoolImage:
    """Return a mask with every pixel that touches one, diagonals too."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    found = rows.copy()
    found[:, 1:] |= rows[:, :-1]
    found[:, :-1] |= rows[:, 1:]
    return found


def grow_hits(
    hits: BoolImage, settings: CosmicRaySettings, *, cte_direction: int
) -> BoolImage:
    """Return the hits with what surrounds them and their charge trails.

    Parameters
    ----------
    hits : ndarray of bool, shape (ny, nx)
        Pixels that were hit.
    settings : CosmicRaySettings
        ``driz_cr_grow``: side of the square around a hit; 1 is the hit alone.
        ``driz_cr_ctegrow``: length of the trail.
    cte_direction : int
        1 where trails run to higher rows, -1 to lower ones, 0 for none.
    """
    grown = hits
    if settings.grow > 1:
        grown = ndimage.binary_dilation(
            hits, np.ones((settings.grow, settings.grow), bool)
        )
    if settings.ctegrow and cte_direction:
        grown = grown.copy()
        for step in range(1, settings.ctegrow + 1):
            if cte_direction > 0:
                grown[step:] |= hits[:-step]
            else:
                grown[:-step] |= hits[step:]
    return grown
