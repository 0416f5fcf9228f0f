"""Which reference stars agree with each other."""

import numpy as np
import pytest
from star_groups import make_group

from svmcore.alignment.anchor import agreeing_stars
from svmcore.alignment.group import fit_group


def stars(seed, *, good, wrong, roll_deg=0.0, scale_ppm=0.0):
    """Return measured places, reference places and errors; the first are good."""
    rng = np.random.default_rng(seed)
    count = good + wrong
    measured = rng.uniform(-6.0e4, 6.0e4, (count, 2))
    sigma = rng.uniform(0.3, 3.0, count)
    roll, scale = np.radians(roll_deg), 1e-6 * scale_ppm
    turned = measured + measured @ np.array([[scale, roll], [-roll, scale]])
    reference = (
        turned + [40.0, -25.0] + rng.normal(0.0, 1.0, (count, 2)) * (sigma[:, None])
    )
    size, angle = rng.uniform(30.0, 500.0, wrong), rng.uniform(0.0, 2 * np.pi, wrong)
    reference[good:] += np.stack([size * np.sin(angle), size * np.cos(angle)], axis=1)
    return measured, reference, sigma


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("good", "wrong"), [(5, 1), (7, 3), (60, 40)])
def test_wrong_stars_are_told_from_the_others(seed, good, wrong):
    found = agreeing_stars(*stars(seed, good=good, wrong=wrong, roll_deg=0.02))
    # An error of 4 sigma or more is left to chance once in 3000 stars.
    assert found[:good].all()
    # A wrong star may lie no farther off than the errors allow.
    assert found[good:].sum() <= wrong // 10


@pytest.mark.parametrize("seed", range(5))
def test_a_real_change_of_scale_makes_no_star_wrong(seed):
    # As large as that of real WFC3/UVIS exposures, over the whole field.
    found = agreeing_stars(*stars(seed, good=9, wrong=1, scale_ppm=-88.0))
    assert found[:9].all()
    assert not found[9]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_stars_cannot_disagree(count):
    measured, reference, sigma = stars(1, good=count, wrong=0)
    assert agreeing_stars(measured, reference, sigma).tolist() == [True] * count


@pytest.mark.parametrize("seed", [41, 42, 43, 45, 46, 48])
def test_wrong_stars_do_not_bend_a_sparse_fit(seed):
    # With ten stars of 1 mas and a roll the median error is 0.6 mas; a wrong
    # star that a solution with scale and skew makes room for costs 5 to 100.
    group = make_group(
        seed, reference_stars=12, wrong=0.17, offset_mas=(1800.0, -2500.0)
    )
    assert 1 <= group.is_wrong.sum() <= 4
    fit = fit_group(group.problem())
    assert fit.kind == "absolute"
    assert group.absolute_mas(fit).max() < 2.5
    assert fit.absolute.fitgeom in ("shift", "rshift")
