import numpy as np
import pytest

from svmcore.drizzling.sinc import interpolate_sinc


@pytest.fixture
def positions():
    return np.stack(np.meshgrid(np.arange(15, 45) + 0.37, np.arange(15, 45) - 0.21), -1)


def _star(x, y):
    return 100 * np.exp(-((x - 30.3) ** 2 + (y - 28.7) ** 2) / (2 * 1.5**2)) + 5


def test_band_limited_image_is_met_between_pixels(positions):
    y, x = np.mgrid[:60, :60]
    image = _star(x, y).astype(np.float32)
    found = interpolate_sinc(image, positions, scale=1.0)
    truth = _star(positions[..., 0], positions[..., 1])
    # the taper costs some 1e-4 of the peak; a quintic polynomial 6e-3
    assert np.abs(found - truth).max() < 0.05


def test_small_scale_draws_to_the_nearest_pixel(positions):
    image = np.random.default_rng(2).random((60, 60)).astype(np.float32)
    nearest = np.rint(positions).astype(int)
    values = image[nearest[..., 1], nearest[..., 0]]
    drawn = interpolate_sinc(image, positions, scale=1e-12)
    assert np.array_equal(drawn, values)
    assert not np.allclose(interpolate_sinc(image, positions, scale=0.5), values)


def test_constant_image_stays_constant_up_to_its_edge():
    image = np.full((20, 30), 7.0, np.float32)
    x, y = np.array([-0.4, 0.3, 29.4, 29.6, np.nan]), np.full(5, 19.2)
    found = interpolate_sinc(image, np.stack([x, y], -1)[None], scale=1.0)
    # the last two lie beyond the image
    assert found[0] == pytest.approx([7, 7, 7, 0, 0], rel=1e-6)
