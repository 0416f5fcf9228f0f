import numpy as np
import pytest

from svmcore.previews.stretch import NO_DATA_LEVEL, render_gray, robust_limits


def _sky(n=50_000):
    return np.random.default_rng(1).normal(10.0, 0.5, n)


def test_stars_do_not_move_the_sky():
    sky = _sky()
    with_stars = sky.copy()
    with_stars[::20] += np.geomspace(5, 1e5, len(sky[::20]))
    plain, starry = robust_limits(sky), robust_limits(with_stars)
    # 5 % of contaminated pixels move a clipped median by a tenth of sigma
    assert starry.sky == pytest.approx(plain.sky, abs=0.06)
    assert starry.sigma == pytest.approx(plain.sigma, rel=0.1)
    assert starry.white > plain.white


@pytest.mark.parametrize(
    "sample",
    [np.zeros(0), np.zeros(9), np.full(9, 7.0), np.array([np.nan, 3.0])],
    ids=["empty", "zeros", "constant", "one number"],
)
def test_limits_are_usable_whatever_the_sample(sample):
    limits = robust_limits(sample)
    assert limits.black < limits.white
    assert limits.soft > 0


def test_brighter_pixels_are_never_drawn_darker():
    limits = robust_limits(_sky())
    levels = render_gray(np.sort(_sky(2000))[None], limits)[0]
    assert np.all(np.diff(levels.astype(int)) >= 0)


def test_pixels_without_data_are_a_neutral_grey_unlike_the_sky():
    limits = robust_limits(_sky())
    levels = render_gray(np.array([[np.nan, 10.0, 1e9]]), limits)
    assert levels[0, 0] == NO_DATA_LEVEL
    assert levels[0, 1] < NO_DATA_LEVEL - 15
    assert levels[0, 2] == 255


def test_empty_sky_of_a_photon_counter_stays_dark():
    """Most pixels counted nothing: what differs there is rounding, no noise."""
    random = np.random.default_rng(3)
    sample = np.full(50_000, -1.2e-5)
    sample += random.normal(0.0, 1e-12, sample.size)
    sample[::7] += 1.0 / 1800  # one photon
    sample[::300] += np.geomspace(0.1, 1e3, len(sample[::300]))
    limits = robust_limits(sample)
    dark, photon, star = render_gray(
        np.array([[-1.2e-5, -1.2e-5 + 1.0 / 1800, 100.0]]), limits
    )[0]
    assert dark < 40
    assert photon < 80
    assert star == 255
