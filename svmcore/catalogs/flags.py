"""Flags: what a source's numbers and its surroundings say about it."""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.catalogs.masks import close_mask, erode_mask
from svmcore.catalogs.settings import ClassLimits

__all__ = [
    "FLAG_MEANINGS",
    "SourceFlag",
    "count_exposures",
    "flag_sources",
    "least_exposures",
    "near_saturation",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_CLOSE_RADIUS = 12
_EDGE_RADIUS = 15


class SourceFlag(IntFlag):
    """Bits of the column Flags; 0 is a star without blemish."""

    EXTENDED = 1
    SATURATED_PIXEL = 2
    SATURATED = 4
    FAINT = 8
    TOO_SHARP = 16
    SWARM = 32
    FEW_EXPOSURES = 64
    BLEEDING = 128


@dataclass(frozen=True, slots=True)
class _Meaning:
    value: int
    text: str


FLAG_MEANINGS: tuple[_Meaning, ...] = (
    _Meaning(0, "star"),
    _Meaning(1, "extended: concentration index above the upper limit, or missing"),
    _Meaning(2, "one saturated pixel (never set)"),
    _Meaning(4, "saturated pixels in or near the source"),
    _Meaning(8, "faint: flux below the limit of signal to noise"),
    _Meaning(16, "sharper than a star: concentration index too low, or missing"),
    _Meaning(32, "artefact around a bright star (never set)"),
    _Meaning(64, "edge of the image, or too few exposures"),
    _Meaning(128, "bleeding (never set)"),
)


def flag_sources(
    columns: dict[str, FloatArray],
    *,
    limits: ClassLimits,
    is_saturated: BoolArray,
    has_few_exposures: BoolArray,
) -> NDArray[np.int64]:
    """Return the flags of sources.

    Parameters
    ----------
    columns : dict of str to ndarray, shape (n,)
        Columns of `measure_apertures`.
    limits : ClassLimits
        Limits of signal to noise and concentration index.
    is_saturated, has_few_exposures : ndarray of bool, shape (n,)
        What the surroundings of each source say.

    Returns
    -------
    ndarray of int, shape (n,)
        Sums of `SourceFlag` bits.
    """
    index = columns["CI"]
    first, second = columns["MagErrAp1"], columns["MagErrAp2"]
    is_missing = ~np.isfinite(index)
    with np.errstate(invalid="ignore"):
        is_wide = is_missing | (index > limits.upper)
        is_sharp = index < limits.lower - np.hypot(first, second)
        is_sharp |= is_missing | ~np.isfinite(first) | ~np.isfinite(second)
        least = limits.signal_to_noise * columns["FluxErrAp2"]
        is_faint = ~(columns["FluxAp2"] >= least)
    flags = np.zeros(len(index), dtype=np.int64)
    for bit, is_set in (
        (SourceFlag.EXTENDED, is_wide),
        (SourceFlag.SATURATED, is_saturated),
        (SourceFlag.FAINT, is_faint),
        (SourceFlag.TOO_SHARP, is_sharp),
        (SourceFlag.FEW_EXPOSURES, has_few_exposures),
    ):
        flags[is_set] |= int(bit)
    return flags


def near_saturation(
    x: FloatArray, y: FloatArray, saturated: FloatArray, *, radius: float
) -> BoolArray:
    """Return whether a saturated pixel lies near each source.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Sources [pixel].
    saturated : ndarray of float, shape (m, 2)
        Saturated pixels of all exposures on the same grid [pixel].
    radius : float
        How near counts [pixel].
    """
    if len(saturated) == 0 or len(x) == 0:
        return np.zeros(len(x), dtype=bool)
    distance, _ = cKDTree(saturated).query(
        np.column_stack((x, y)), distance_upper_bound=radius
    )
    near: BoolArray = np.isfinite(distance)
    return near


def count_exposures(ctx: NDArray[np.integer], has_data: BoolArray) -> NDArray[np.uint8]:
    """Return how many chips contributed to each pixel, zero near the edges.

    Parameters
    ----------
    ctx : ndarray of int32, shape (p, ny, nx)
        Context planes; none if the product was made without.
    has_data : ndarray of bool, shape (ny, nx)
        Pixels with data.

    Notes
    -----
    Holes up to 25 pixels are closed before three pixels are cut from every
    edge. Pixels lost to cosmic rays do lower the count. Without context planes
    nothing is known, and the count is the largest there is.
    """
    count = np.full(has_data.shape, 0 if len(ctx) else 255, dtype=np.uint8)
    for plane in ctx:
        count += np.bitwise_count(np.asarray(plane).astype(np.uint32))
    inner = erode_mask(
        close_mask(has_data, _CLOSE_RADIUS), _EDGE_RADIUS - _CLOSE_RADIUS
    )
    count[~inner] = 0
    return count


def least_exposures(most: int, *, is_single_enough: bool) -> float:
    """Return the mean number of exposures that a source must have.

    Parameters
    ----------
    most : int
        Largest number of exposures in the image.
    is_single_enough : bool
        Whether one exposure suffices (no cosmic rays: IR and SBC).
    """
    if is_single_enough or most <= 1:
        return 0.5
    return 2.5 if most > 5 else 1.5
