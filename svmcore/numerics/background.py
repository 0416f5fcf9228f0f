"""Sky level and noise of an image from clipped medians of blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.numerics.clipping import SIGMA_PER_MAD

__all__ = ["BlockBackground", "expand_blocks", "measure_background"]

FloatImage = NDArray[np.float32]

_MIN_GOOD_FRACTION = 0.2  # of a block's pixels, else its neighbours stand in


@dataclass(frozen=True, slots=True, eq=False)
class BlockBackground:
    """Sky level and noise on a coarse grid of blocks.

    Parameters
    ----------
    level, noise : ndarray of float, shape (my, mx)
        Clipped median and robust standard deviation of the pixels of each
        block, in the unit of the image.
    box : int
        Side of a block [pixel].
    shape : tuple of int
        Shape (ny, nx) of the image.
    """

    level: NDArray[np.float32]
    noise: NDArray[np.float32]
    box: int
    shape: tuple[int, int]

    def level_image(self) -> FloatImage:
        """Return the sky level of every pixel, bilinear between blocks."""
        return expand_blocks(self.level, self.box, self.shape)

    def noise_at(
        self, x: NDArray[np.int64], y: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the noise of the blocks that hold some pixels."""
        my, mx = self.noise.shape
        found: NDArray[np.float32] = self.noise[
            np.minimum(y // self.box, my - 1), np.minimum(x // self.box, mx - 1)
        ]
        return found


def measure_background(
    image: FloatImage,
    bad: NDArray[np.bool_] | None = None,
    *,
    box: int = 64,
    window: int = 3,
    clip_sigma: float = 3.0,
    step: int = 1,
) -> BlockBackground:
    """Return the sky level and noise in blocks of an image.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Image; nan counts as bad.
    bad : ndarray of bool, shape (ny, nx), optional
        Pixels to leave out.
    box : int, optional
        Side of a block [pixel].
    window : int, optional
        Side of the median filter over blocks [block]; 1 for none.
    clip_sigma : float, optional
        Pixels above this many sigma over the first median are left out once.
    step : int, optional
        Only every `step`-th pixel along both axes is looked at.

    Returns
    -------
    BlockBackground
        Level and noise. A block with too few good pixels takes the median
        of all blocks.

    Notes
    -----
    The last row and column of blocks overlap their neighbours where the
    shape is no multiple of `box`, so that all blocks are whole.
    """
    thin = image[::step, ::step]
    thin_bad = None if bad is None else bad[::step, ::step]
    side = max(2, box // step)
    blocks = _as_blocks(thin, side)
    if thin_bad is not None:
        blocks = np.where(_as_blocks(thin_bad, side), np.float32(np.nan), blocks)
    level, noise = _clipped_statistics(blocks, clip_sigma)
    level, noise = _fill_empty(level), _fill_empty(noise)
    if window > 1 and min(level.shape) >= window:
        level, noise = _median_filter(level, window), _median_filter(noise, window)
    ny, nx = image.shape
    return BlockBackground(level, noise, side * step, (ny, nx))


def _starts(length: int, side: int) -> NDArray[np.int64]:
    """Return the first pixel of each block along one axis."""
    count = max(1, -(-length // side))
    return np.minimum(np.arange(count) * side, max(0, length - side))


def _as_blocks(image: NDArray[np.generic], side: int) -> NDArray[np.float32]:
    """Return the pixels of each block in a last axis."""
    ny, nx = image.shape
    sy, sx = min(side, ny), min(side, nx)
    windows = np.lib.stride_tricks.sliding_window_view(image, (sy, sx))
    chosen = windows[np.ix_(_starts(ny, sy), _starts(nx, sx))]
    blocks: NDArray[np.float32] = chosen.reshape(*chosen.shape[:2], sy * sx)
    return blocks


def _clipped_statistics(
    blocks: NDArray[np.float32], clip_sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return median and robust width of each block after one clip."""
    count = np.sum(np.isfinite(blocks), axis=2)
    first = _quantile(blocks, count, 0.5)
    below = first - _quantile(blocks, count, 0.1587)  # one sigma of a normal
    limit = first + clip_sigma * np.maximum(below, 1e-12)
    clipped = np.where(blocks <= limit[..., None], blocks, np.float32(np.nan))
    kept = np.sum(np.isfinite(clipped), axis=2)
    level = _quantile(clipped, kept, 0.5)
    noise = SIGMA_PER_MAD * _quantile(np.abs(clipped - level[..., None]), kept, 0.5)
    poor = kept < _MIN_GOOD_FRACTION * blocks.shape[2]
    return (
        np.where(poor, np.nan, level).astype(np.float32),
        np.where(poor, np.nan, noise).astype(np.float32),
    )


def _quantile(
    blocks: NDArray[np.float32], count: NDArray[np.int64], fraction: float
) -> NDArray[np.float32]:
    """Return a quantile along the last axis; nan sorts last and is ignored."""
    ordered = np.sort(blocks, axis=2)
    index = np.clip((count * fraction).astype(np.int64), 0, blocks.shape[2] - 1)
    found: NDArray[np.float32] = np.take_along_axis(ordered, index[..., None], axis=2)
    return found[..., 0]


def _fill_empty(mesh: NDArray[np.float32]) -> NDArray[np.float32]:
    good = np.isfinite(mesh)
    if good.all():
        return mesh
    value = np.median(mesh[good]) if good.any() else 0.0
    return np.where(good, mesh, np.float32(value))


def _median_filter(mesh: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    padded = np.pad(mesh, window // 2, mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    filtered: NDArray[np.float32] = np.median(views, axis=(2, 3)).astype(np.float32)
    return filtered[: mesh.shape[0], : mesh.shape[1]]


def expand_blocks(
    mesh: NDArray[np.float32], box: int, shape: tuple[int, int]
) -> FloatImage:
    """Return a full-size image, bilinear between the centres of blocks.

    Parameters
    ----------
    mesh : ndarray of float32, shape (my, mx)
        Value of each block.
    box : int
        Side of a block [pixel].
    shape : tuple of int
        Shape (ny, nx) of the image.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Image; constant beyond the outermost centres.
    """
    along_y = _interpolation(mesh.shape[0], box, shape[0])
    along_x = _interpolation(mesh.shape[1], box, shape[1])
    expanded: FloatImage = along_y @ mesh.astype(np.float32) @ along_x.T
    return expanded


def _interpolation(blocks: int, box: int, length: int) -> NDArray[np.float32]:
    """Return the matrix that interpolates block centres to pixels."""
    matrix = np.zeros((length, blocks), dtype=np.float32)
    centres = _starts(length, min(box, length))[:blocks] + (min(box, length) - 1) / 2
    pixels = np.arange(length)
    place = np.interp(pixels, centres, np.arange(len(centres)))
    lower = np.minimum(place.astype(np.int64), max(0, blocks - 2))
    fraction = (place - lower).astype(np.float32)
    matrix[pixels, lower] = 1.0 - fraction
    if blocks > 1:
        matrix[pixels, lower + 1] += fraction
    return matrix
