"""Pixels that a cosmic ray hit, by comparison with a model: step 6."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from stcal.outlier_detection.utils import flag_resampled_crs

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
    noise = np.sqrt(np.abs(model + np.float32(extra_sky)) + np.float32(read_noise**2))
    hits: BoolImage = flag_resampled_crs(
        science, noise, model, *settings.snr, *settings.scale, 0
    )
    return hits


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
