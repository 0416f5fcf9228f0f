"""Tracks of cosmic rays through a thinned CCD."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["add_cosmic_rays"]

_DEPTH_PIX = 1.3  # thickness of the silicon, in pixels of 15 micrometres
_STEP_PIX = 0.4
_DEPOSIT_ELECTRON = 1100.0  # most probable charge per pixel of path


def add_cosmic_rays(
    image: NDArray[np.float32],
    *,
    hits: float,
    diffusion_pix: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Add cosmic rays to an image in place and return their charge.

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
    ndarray of float32, shape (ny, nx)
        What was added [electron].

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
    wanders = (rng.random(count) < 0.125) & (lengths < 15)
    turns = rng.normal(0, 1, len(ray)) * np.where(wanders, 0.45, 0.0)[ray]
    heading = rng.uniform(0, 2 * np.pi, count)[ray] + _along_ray(turns, ray, points)
    step = (lengths / points)[ray]
    x = rng.uniform(0, width, count)[ray] + _along_ray(
        step * np.cos(heading), ray, points
    )
    y = rng.uniform(0, height, count)[ray] + _along_ray(
        step * np.sin(heading), ray, points
    )
    depth = (place + 0.5) / points[ray]  # deep charge spreads more
    share = charge[ray] / points[ray] * rng.gamma(3.0, 1 / 3.0, len(ray))
    sigma = diffusion_pix * np.sqrt(0.15 + 0.85 * depth)
    deposit = _spread(x, y, sigma, share, image.shape)
    image += deposit
    return deposit


def _along_ray(
    steps: NDArray[np.float64], ray: NDArray[np.int64], points: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return running sums that begin anew with each ray."""
    sums = np.cumsum(steps)
    starts = np.cumsum(points) - points
    before = np.concatenate([[0.0], sums])[starts]
    return np.asarray(sums - before[ray])


def _spread(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    sigma: NDArray[np.float64],
    charge: NDArray[np.float64],
    shape: tuple[int, ...],
) -> NDArray[np.float32]:
    """Return an image of charges that diffuse to 5 x 5 pixels each."""
    height, width = shape
    column, row = np.round(x).astype(int), np.round(y).astype(int)
    around = np.arange(-2, 3)
    across, along = (
        np.diff(ndtr((np.arange(-2.5, 3.0) - offset[:, None]) / sigma[:, None]))
        for offset in (x - column, y - row)
    )
    columns, rows = column[:, None] + around, row[:, None] + around
    across[(columns < 0) | (columns >= width)] = 0
    along[(rows < 0) | (rows >= height)] = 0
    values = charge[:, None, None] * along[:, :, None] * across[:, None, :]
    pixels = rows.clip(0, height - 1)[:, :, None] * width
    pixels = pixels + columns.clip(0, width - 1)[:, None, :]
    added = np.bincount(pixels.ravel(), values.ravel(), height * width)
    return added.astype(np.float32).reshape(height, width)
