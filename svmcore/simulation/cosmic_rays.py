"""Tracks of cosmic rays through a thinned CCD."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_cosmic_rays"]

_DEPTH_PIX = 1.3  # thickness of the silicon, in pixels of 15 micrometres
_STEP_PIX = 0.2
_DEPOSIT_ELECTRON = 1100.0  # most probable charge per pixel of path


def add_cosmic_rays(
    image: NDArray[np.float32],
    *,
    hits: float,
    diffusion_pix: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Add cosmic rays to an image in place and say where.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Charge [electron].
    hits : float
        Mean number of hits.
    diffusion_pix : float
        Charge diffusion, Gaussian sigma [pixel].
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        Pixels that received more than 10 electrons.

    Notes
    -----
    Particles arrive from all sides, so that most cross a few pixels and some
    graze along dozens; the charge per path follows a Landau-like law. One in
    eight is an electron that wanders (a short curly track).
    """
    height, width = image.shape
    count = rng.poisson(hits)
    lengths = _DEPTH_PIX * np.tan(np.arccos(np.sqrt(1 - rng.random(count) * 0.9995)))
    path = np.hypot(lengths, _DEPTH_PIX)
    landau = rng.exponential(0.9, count) + rng.exponential(0.9, count) ** 2 * 0.4 + 0.35
    charge = _DEPOSIT_ELECTRON * landau * path
    points = np.maximum(np.ceil(path / _STEP_PIX).astype(int), 4)
    ray = np.repeat(np.arange(count), points)
    place = np.arange(len(ray)) - np.repeat(np.cumsum(points) - points, points)
    along = lengths[ray] * (place + 0.5) / points[ray]
    bend = np.where(rng.random(count) < 0.125, rng.normal(0, 0.5, count), 0.0)
    angle = rng.uniform(0, 2 * np.pi, count)[ray] + bend[ray] * along
    x = rng.uniform(0, width, count)[ray] + along * np.cos(angle)
    y = rng.uniform(0, height, count)[ray] + along * np.sin(angle)
    depth = (place + 0.5) / points[ray]  # deep charge spreads more
    spread = 1.4 * diffusion_pix * np.sqrt(depth)
    x += rng.normal(0, 1, len(x)) * spread
    y += rng.normal(0, 1, len(y)) * spread
    share = charge[ray] / points[ray] * rng.gamma(3.0, 1 / 3.0, len(ray))
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel = row[inside] * width + column[inside]
    added = np.bincount(pixel, share[inside], height * width)
    deposit = added.astype(np.float32).reshape(height, width)
    image += deposit
    return deposit > 10.0
