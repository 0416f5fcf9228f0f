"""Bad pixels that belong to a detector and stay from exposure to exposure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.instruments import Instrument
from svmcore.simulation.random_numbers import generator

__all__ = ["Blemishes", "make_blemishes", "wfpc2_flags"]

BAD, HOT, UNSTABLE, WARM, BIAS, SATURATED, FLAT = 4, 16, 32, 64, 128, 256, 512
RAMP = 8192
_SHADOW_EDGE_PIX = 8
# DQ bits of WFPC2 (data handbook table 3.4) for those of the other detectors.
_WFPC2_BITS = {BAD: 4, HOT: 512, WARM: 1024, BIAS: 256, SATURATED: 8}
SHADOW = 2


@dataclass(frozen=True, slots=True, eq=False)
class Blemishes:
    """Static defects of one chip.

    Parameters
    ----------
    flags : ndarray of int16, shape (ny, nx)
        DQ bits.
    excess : ndarray of float32, shape (n,)
        Additional dark current of hot and warm pixels [electron / s].
    where : ndarray of int, shape (n,)
        Their flat indices.
    response : ndarray of float32, shape (ny, nx)
        Response of each pixel: 0 for a dead one, about 0.9 in a blob, near 1
        otherwise.
    """

    flags: NDArray[np.int16]
    excess: NDArray[np.float32]
    where: NDArray[np.int64]
    response: NDArray[np.float32]


def make_blemishes(
    instrument: Instrument, chip: int, shape: tuple[int, int], seed: int
) -> Blemishes:
    """Return the defects of a chip.

    Parameters
    ----------
    instrument : Instrument
        Detector.
    chip : int
        EXTVER.
    shape : tuple of int
        Shape (ny, nx) [pixel].
    seed : int
        Seed of the visit.
    """
    rng = generator(seed, "blemishes", instrument.name, chip)
    pixels = shape[0] * shape[1]
    flags = np.zeros(pixels, np.int16)
    # Flat fields are good to a few tenths of a percent.
    response = 1 + np.float32(0.003) * rng.standard_normal(pixels, np.float32)
    hot_share, dead_share = (0.004, 0.0025) if instrument.is_rate else (0.006, 0.0003)
    hot = rng.integers(0, pixels, int(hot_share * pixels))
    excess = (0.1 + rng.pareto(1.2, len(hot)) * 0.15).astype(np.float32)
    excess = np.minimum(excess, 300.0)
    is_hot = excess > (0.4 if instrument.is_rate else 0.15)
    flags[hot[is_hot]] |= HOT
    if not instrument.is_rate:
        flags[hot[~is_hot]] |= WARM
    dead = rng.integers(0, pixels, int(dead_share * pixels))
    response[dead] = rng.uniform(0.0, 0.3, len(dead))
    flags[dead] |= BAD
    if instrument.is_rate:
        unstable = rng.integers(0, pixels, int(0.006 * pixels))
        flags[unstable] |= UNSTABLE
        _add_blobs(flags.reshape(shape), response.reshape(shape), rng)
    else:
        columns = rng.integers(0, shape[1], max(1, shape[1] // 400))
        flags.reshape(shape)[:, columns] |= BIAS
        excess = (excess * 0.3).astype(np.float32)
    if instrument.shadow_pix:
        _add_shadow(response.reshape(shape), instrument.shadow_pix)
    return Blemishes(flags.reshape(shape), excess, hot, response.reshape(shape))


def _add_shadow(response: NDArray[np.float32], width: int) -> None:
    """Take the light away that a pyramid sends to the other chips."""
    for axis in (0, 1):
        place = np.arange(response.shape[axis], dtype=np.float32)
        share = np.clip((place - width) / _SHADOW_EDGE_PIX + 1, 0, 1)
        response *= share[:, None] if axis == 0 else share[None, :]


def wfpc2_flags(flags: NDArray[np.int16], shadow_pix: int) -> NDArray[np.int16]:
    """Return flags in the bits of WFPC2, with the shadow of its pyramid.

    Parameters
    ----------
    flags : ndarray of int16, shape (ny, nx)
        Bits as the other detectors have them.
    shadow_pix : int
        Rows and columns next to the first pixel without light [pixel].
    """
    found = np.zeros_like(flags)
    for theirs, bit in _WFPC2_BITS.items():
        found[(flags & theirs) > 0] |= np.int16(bit)
    found[:shadow_pix] |= np.int16(SHADOW)
    found[:, :shadow_pix] |= np.int16(SHADOW)
    return found


def _add_blobs(
    flags: NDArray[np.int16],
    response: NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    """Add the round patches of lower response that mark the IR channel."""
    height, width = flags.shape
    for _ in range(max(1, height * width // 40000)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius, depth = rng.uniform(4.0, 8.0), rng.uniform(0.03, 0.15)
        reach = int(radius) + 2
        low, left = max(0, int(y) - reach), max(0, int(x) - reach)
        high, right = min(height, int(y) + reach), min(width, int(x) + reach)
        part = (slice(low, high), slice(left, right))
        rows, columns = np.mgrid[part]
        distance = np.hypot(rows - y, columns - x)
        inside = distance < radius
        flags[part][inside] |= FLAT
        response[part] *= np.where(inside, 1 - depth, 1).astype(np.float32)
