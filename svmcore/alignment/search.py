"""A closer look at the peaks of a histogram of offsets, where none stands out."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from svmcore.alignment.matching import match_refined
from svmcore.alignment.plane import Affine
from svmcore.alignment.shift import find_shifts

__all__ = ["find_map"]

FloatArray = NDArray[np.float64]

_TIGHT_MAS = 40.0
_CHANCE = 1e-4
_TRIALS = 1e6  # shifts and rolls that could have been found instead
_GIVEN = 2  # pairs that any shift and roll can be made to fit
_PAIR_RATIO = 1.5


def find_map(
    moving: FloatArray,
    fixed: FloatArray,
    *,
    radius_mas: float,
    bin_mas: float,
    min_pairs: int,
) -> tuple[Affine, int] | None:
    """Return the map under which two crowded lists agree closely, if any does.

    Parameters
    ----------
    moving, fixed : ndarray of float, shape (n, 2) and (m, 2)
        Plane positions [mas].
    radius_mas : float
        Largest shift along each axis [mas].
    bin_mas : float
        Side of a histogram bin [mas].
    min_pairs : int
        Fewest pairs.

    Returns
    -------
    found : Affine
        Map from `moving` to `fixed`.
    pairs : int
        Pairs within 40 mas.

    Notes
    -----
    Bins must be as wide as a roll asks for, and in a crowded field they fill
    with strangers. So every high peak is refined with a roll, and its pairs
    within 40 mas are counted: strangers are a hundred times rarer there. The
    best must be beyond chance, and have half as many again as the second.
    """
    looked: list[tuple[int, float, Affine]] = []
    for shift in find_shifts(moving, fixed, radius_mas=radius_mas, bin_mas=bin_mas):
        found, rows, _ = match_refined(
            moving,
            fixed,
            Affine(np.eye(2), shift),
            min_roll_pairs=4,
            last_radius_mas=_TIGHT_MAS,
        )
        if not any(_is_same(found, other, moving) for _, _, other in looked):
            looked.append((len(rows), _strangers(found.apply(moving), fixed), found))
    looked.sort(key=lambda each: -each[0])
    if not looked:
        return None
    pairs, strangers, best = looked[0]
    second = looked[1][0] if len(looked) > 1 else 0
    if pairs < max(min_pairs, _GIVEN + 1, _PAIR_RATIO * second):
        return None
    chance = _TRIALS * float(gammainc(pairs - _GIVEN, max(strangers, 1e-9)))
    return (best, pairs) if chance < _CHANCE else None


def _is_same(first: Affine, second: Affine, position: FloatArray) -> bool:
    """Return whether two maps mean the same shift."""
    middle = position.mean(axis=0, keepdims=True)
    apart = first.apply(middle) - second.apply(middle)
    return bool(np.max(np.abs(apart)) < 2.0 * _TIGHT_MAS)


def _strangers(moved: FloatArray, fixed: FloatArray) -> float:
    """Return the pairs that chance gives within the tight radius."""
    low, high = moved.min(axis=0), moved.max(axis=0)
    area = float(np.prod(np.maximum(high - low, 1000.0)))
    inside = int(np.all((fixed > low) & (fixed < high), axis=1).sum())
    return inside * len(moved) / area * np.pi * _TIGHT_MAS**2
