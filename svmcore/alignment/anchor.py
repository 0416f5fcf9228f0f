"""Which reference stars agree with each other, before anything is fitted to them."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["agreeing_stars"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_TRIED = 30  # stars whose pairs give the maps that are tried
_COUNTED = 400  # stars that vote
_WIDTH_SIGMA = 4.0
_MODEL_MAS = 2.5  # what scale, skew and centroids may add to the errors
_MODEL_PPM = 60.0  # the same with the distance from the middle
_MAX_ROLL = np.radians(0.3)  # left after the first guess


def agreeing_stars(
    measured: FloatArray, reference: FloatArray, sigma: FloatArray
) -> BoolArray:
    """Return which reference stars one shift and roll brings onto their stars.

    Parameters
    ----------
    measured, reference : ndarray of float, shape (m, 2)
        Plane positions of stars as the first guess has them, and of the
        reference stars matched to them [mas].
    sigma : ndarray of float, shape (m,)
        Error of their difference per axis [mas].

    Returns
    -------
    ndarray of bool, shape (m,)
        The largest set that agrees; all of fewer than three stars.

    Notes
    -----
    Every shift that one star asks for, and every shift and roll that two ask
    for, is tried; the one with the least sum of squared residuals, each cut
    off at 4 sigma, wins. So nearly half of the entries of a catalog may be
    wrong. A fit with weights that fall with the residual does not bear that
    with a handful of stars: one wrong star at the edge turns it.
    """
    count = len(measured)
    if count < 3:
        return np.ones(count, dtype=np.bool_)
    middle = np.median(measured, axis=0)
    place, offset = measured - middle, reference - measured
    distance = np.hypot(place[:, 0], place[:, 1])
    width = _WIDTH_SIGMA * np.hypot(sigma, _MODEL_MAS) + 1e-6 * _MODEL_PPM * distance
    order = np.argsort(sigma, kind="stable")
    shift, roll = _candidates(place[order[:_TRIED]], offset[order[:_TRIED]])
    votes = order[:_COUNTED]
    cost = _cost(place[votes], offset[votes], width[votes], (shift, roll))
    best = int(np.argmin(cost))
    found = (shift[best], roll[best])
    for _ in range(3):
        near = _square(place, offset, found) < width**2
        found = _similarity(place[near], offset[near], width[near] ** -2)
    return np.asarray(_square(place, offset, found) < width**2, dtype=np.bool_)


_Map = tuple[FloatArray, FloatArray]


def _candidates(place: FloatArray, offset: FloatArray) -> _Map:
    """Return the shifts (k, 2) and rolls (k,) that one or two stars ask for."""
    first, second = np.triu_indices(len(place), 1)
    arm, turn = place[second] - place[first], offset[second] - offset[first]
    length = np.maximum(np.sum(arm**2, axis=1), 1.0)
    roll = (arm[:, 0] * turn[:, 1] - arm[:, 1] * turn[:, 0]) / length
    good = np.abs(roll) < _MAX_ROLL
    first, second, roll = first[good], second[good], roll[good]
    mean = (place[first] + place[second]) / 2.0
    shift = (offset[first] + offset[second]) / 2.0 - _turned(mean, roll)
    return (
        np.concatenate([offset, shift]),
        np.concatenate([np.zeros(len(offset)), roll]),
    )


def _turned(place: FloatArray, roll: FloatArray) -> FloatArray:
    """Return how far a small roll moves some places."""
    return np.stack([-roll * place[..., 1], roll * place[..., 0]], axis=-1)


def _square(place: FloatArray, offset: FloatArray, found: _Map) -> FloatArray:
    left = offset - found[0] - _turned(place, np.asarray(found[1]))
    square: FloatArray = np.sum(left**2, axis=-1)
    return square


def _cost(
    place: FloatArray, offset: FloatArray, width: FloatArray, tried: _Map
) -> FloatArray:
    """Return the cut-off sum of squares of every map that is tried."""
    shift, roll = tried
    left = offset[None, :, :] - shift[:, None, :]
    left -= _turned(place[None, :, :], roll[:, None])
    square = np.sum(left**2, axis=2) / width[None, :] ** 2
    cost: FloatArray = np.minimum(square, 1.0).sum(axis=1)
    return cost


def _similarity(place: FloatArray, offset: FloatArray, weight: FloatArray) -> _Map:
    """Return the weighted mean shift, and roll about the middle of the stars."""
    share = weight / weight.sum()
    centre, mean = share @ place, share @ offset
    arm, turn = place - centre, offset - mean
    moment = float(share @ np.sum(arm**2, axis=1))
    cross = float(share @ (arm[:, 0] * turn[:, 1] - arm[:, 1] * turn[:, 0]))
    roll = np.asarray(cross / moment if moment > 0.0 else 0.0)
    return mean - _turned(centre, roll), roll
