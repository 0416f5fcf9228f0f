"""Display limits against numpy and astropy."""

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval

from svmwidgets.figures import display_limits


@pytest.fixture
def image():
    return np.random.default_rng(5).normal(10.0, 2.0, (200, 300))


def test_presets_come_in_the_order_of_the_menu(image):
    assert list(display_limits(image)) == [
        "zscale",
        "99.9 %",
        "99.5 %",
        "99 %",
        "95 %",
        "min–max",
    ]


def test_limits_equal_those_of_numpy_and_astropy(image):
    limits = display_limits(image)
    assert limits["95 %"] == pytest.approx(np.percentile(image, [2.5, 97.5]))
    assert limits["min–max"] == (image.min(), image.max())
    assert limits["zscale"] == pytest.approx(ZScaleInterval().get_limits(image.ravel()))


def test_values_that_are_not_finite_are_left_out(image):
    image[0, :3] = np.nan, np.inf, -np.inf
    assert np.isfinite(list(display_limits(image).values())).all()


@pytest.mark.parametrize("value", [0.0, 7.5, np.nan])
def test_limits_differ_where_all_values_are_equal(value):
    for low, high in display_limits(np.full((9, 9), value)).values():
        assert high > low


def test_only_used_pixels_count(image):
    is_used = image < 10.0
    assert display_limits(image, is_used=is_used)["min–max"][1] < 10.0
