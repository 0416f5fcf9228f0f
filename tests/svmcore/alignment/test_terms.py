"""Which terms are fitted, and what is said of those that are not."""

import numpy as np
import pytest

from svmcore.alignment.robust import solve_group
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.solve import LENGTH_MAS, Observations, design_rows

HALF_MAS = 60.0e3  # half side of a field of two arcminutes
CORNERS = HALF_MAS * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def simulated(seed, *, stars, sigma_mas, ppm, exposures=3):
    """Return observations of a field with a wrong scale, and the true terms."""
    random = np.random.default_rng(seed)
    every = 60
    place = random.uniform(-HALF_MAS, HALF_MAS, (every, 2))
    roll = np.radians(random.normal(0.0, 0.001)) * LENGTH_MAS
    terms = np.array([0.0, 0.0, roll, ppm * 1e-6 * LENGTH_MAS, 0.0, 0.0])
    measured = [
        place - design_rows(place) @ terms + random.normal(0.0, 0.4, (every, 2))
        for _ in range(exposures)
    ]
    star = np.tile(np.arange(every), exposures)
    error = random.uniform(0.7, 1.3, stars) * sigma_mas
    return Observations(
        exposure=np.repeat(np.arange(exposures), every),
        star=star,
        position=np.concatenate(measured),
        anchor=np.mean(measured, axis=0)[star],
        sigma=np.full(len(star), 0.4),
        reference_star=np.arange(stars),
        reference=place[:stars] + random.normal(0.0, 1.0, (stars, 2)) * error[:, None],
        reference_sigma=np.repeat(error[:, None], 2, axis=1),
        exposures=exposures,
        stars=every,
    ), terms


def solved(seed, **facts):
    """Return a solution, its largest error in a corner, and the error it states."""
    obs, terms = simulated(seed, **facts)
    solution = solve_group(
        obs,
        np.ones(len(obs.star), dtype=np.bool_),
        np.ones(len(obs.reference), dtype=np.bool_),
        AlignmentSettings(),
    )
    rows = design_rows(CORNERS)
    missed = np.sqrt(np.mean((rows @ (solution.terms[0] - terms)) ** 2, axis=1))
    block = solution.covariance[:6, :6]
    variance = np.einsum("nai,ij,naj->na", rows, block, rows)
    return solution, missed.max(), np.sqrt(np.mean(variance, axis=1)).max()


@pytest.mark.parametrize(
    ("stars", "sigma_mas", "ppm"),
    [(9, 2.5, 0), (9, 2.5, 60), (15, 2.5, 30), (40, 2.5, 0), (15, 1.0, 10)],
)
def test_stated_errors_hold_a_scale_that_is_not_fitted(stars, sigma_mas, ppm):
    ratios = []
    for seed in range(30):
        _, missed, stated = solved(seed, stars=stars, sigma_mas=sigma_mas, ppm=ppm)
        ratios.append(missed / stated)
    # The largest of four corners of one field: 1.3 on average where the stated
    # error is right.
    assert np.sqrt(np.mean(np.square(ratios))) < 1.4


def test_a_scale_is_fitted_where_it_is_likelier_than_none():
    fitted = {
        ppm: np.mean(
            [
                solved(seed, stars=15, sigma_mas=2.0, ppm=ppm)[0].choice.scale
                == "common"
                for seed in range(30)
            ]
        )
        for ppm in (0, 90)
    }
    assert fitted[0] <= 0.1
    assert fitted[90] >= 0.9


def test_a_scale_that_is_not_fitted_has_an_error():
    solution, _, _ = solved(3, stars=40, sigma_mas=1.0, ppm=0)
    assert solution.choice.scale == "none"
    error_ppm = np.sqrt(solution.covariance[3, 3]) / LENGTH_MAS * 1e6
    # 40 stars of 1 mas over two arcminutes tell the scale to 3 ppm.
    assert 1.0 < error_ppm < 8.0
