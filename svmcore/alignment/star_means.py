"""Mean positions of stars, with and without one of their observations."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.solve import Observations

__all__ = ["best_positions", "others_mean", "weighted_mean"]

FloatArray = NDArray[np.float64]


class MeanPositions(Protocol):
    """Means of the observations of stars, and the weights in force."""

    @property
    def mean(self) -> FloatArray:
        """Mean position of each star's observations, (s, 2) [mas]."""

    @property
    def total(self) -> FloatArray:
        """Weight of that mean, (s,) [1 / mas^2]."""

    @property
    def reference_weight(self) -> FloatArray:
        """Weight of each reference position, (m, 2) [1 / mas^2]."""


def weighted_mean(
    obs: Observations, position: FloatArray, weight: FloatArray, total: FloatArray
) -> FloatArray:
    """Return the mean of each star's observations; zero for one without."""
    sums = np.stack(
        [np.bincount(obs.star, weight * position[:, k], obs.stars) for k in (0, 1)],
        axis=1,
    )
    mean: FloatArray = sums / np.where(total > 0, total, 1.0)[:, None]
    return mean


def others_mean(
    obs: Observations,
    position: FloatArray,
    weight: FloatArray,
    reference_weight: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each star's other positions, and its weight."""
    total = np.bincount(obs.star, weight, obs.stars)
    moment = weighted_mean(obs, position, weight, np.ones(obs.stars))
    both = np.repeat(total[:, None], 2, axis=1)
    np.add.at(both, obs.reference_star, reference_weight)
    np.add.at(moment, obs.reference_star, reference_weight * obs.reference)
    left = both[obs.star] - weight[:, None]
    left = np.where(left > 1e-9 * both[obs.star], left, 0.0)
    mean = moment[obs.star] - weight[:, None] * position
    return mean / np.where(left > 0, left, 1.0), left


def best_positions(
    obs: Observations, state: MeanPositions
) -> tuple[FloatArray, FloatArray]:
    """Return each star's position from observations and reference, with weight."""
    weight = np.repeat(state.total[:, None], 2, axis=1)
    moment = weight * state.mean
    np.add.at(weight, obs.reference_star, state.reference_weight)
    np.add.at(moment, obs.reference_star, state.reference_weight * obs.reference)
    return np.where(weight > 0, moment / np.where(weight > 0, weight, 1), 0.0), weight
