"""Sky level and noise of images with stars, gradients and bad pixels."""

import numpy as np
import pytest

from svmcore.numerics.background import expand_blocks, measure_background
from svmcore.numerics.clipping import rms_about_zero, robust_sigma
from svmcore.numerics.dq import flagged


def sky(shape=(300, 421), *, gradient=0.0, seed=1):
    rng = np.random.default_rng(seed)
    ramp = gradient * np.arange(shape[1])[None, :]
    return (100.0 + ramp + rng.normal(0, 5.0, shape)).astype(np.float32)


@pytest.mark.parametrize("box", [13, 27, 64])
def test_level_and_noise_of_plain_sky(box):
    found = measure_background(sky(), box=box)
    # A block of n pixels knows its median to 1.25 x 5 / sqrt(n).
    assert found.level_image().mean() == pytest.approx(100.0, abs=0.3)
    assert np.median(found.noise) == pytest.approx(5.0, rel=0.08)
    assert found.level_image().shape == (300, 421)


def test_a_gradient_is_followed():
    image = sky(gradient=0.2)
    level = measure_background(image, box=32).level_image()
    truth = 100.0 + 0.2 * np.arange(421)
    # Constant beyond the outermost centres: half a block is 16 pixels.
    assert np.abs(level.mean(axis=0) - truth)[16:-16].max() < 1.0


def test_stars_and_bad_pixels_do_not_raise_the_level():
    image = sky()
    rng = np.random.default_rng(2)
    y, x = rng.integers(0, 300, 4000), rng.integers(0, 421, 4000)
    image[y, x] += 1e4
    bad = np.zeros(image.shape, dtype=bool)
    image[:, 100] = -1e6
    bad[:, 100] = True
    image[5, 5] = np.nan
    found = measure_background(image, bad, box=32)
    assert np.median(found.level) == pytest.approx(100.0, abs=1.0)


def test_a_block_without_good_pixels_takes_the_median_of_all():
    image = sky()
    bad = np.zeros(image.shape, dtype=bool)
    bad[:64, :64] = True
    image[:64, :64] = 1e9
    found = measure_background(image, bad, box=64, window=1)
    assert found.level.max() < 110.0


def test_expanding_is_linear_between_centres():
    mesh = np.array([[0.0, 10.0]], dtype=np.float32)
    image = expand_blocks(mesh, 10, (10, 20))
    assert image[0, 4:15] == pytest.approx(
        (np.arange(4, 15) - 4.5).clip(0, 10), abs=0.01
    )


def test_noise_at_pixels_is_that_of_their_block():
    found = measure_background(sky(), box=64)
    at = found.noise_at(np.array([0, 420]), np.array([0, 299]))
    assert at == pytest.approx([found.noise[0, 0], found.noise[-1, -1]])


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32])
def test_bits_are_found_in_every_integer_type(dtype):
    dq = np.array([0, 4, 256, 4 | 8192], dtype=dtype)
    assert flagged(dq, 4 | 8192).tolist() == [False, True, False, True]


def test_the_sign_bit_is_a_bit():
    assert flagged(np.array([-32768], dtype=np.int16), 0x8000).tolist() == [True]


def test_robust_width_and_rms():
    rng = np.random.default_rng(3)
    sample = np.concatenate([rng.normal(7, 2, 2000), np.full(60, 1e6)])
    assert robust_sigma(sample) == pytest.approx(2.0, rel=0.1)
    assert robust_sigma(np.array([3.0, 3.0]), about=0.0) == pytest.approx(
        4.447, abs=1e-3
    )
    assert np.isnan(rms_about_zero(np.zeros(0)))
