import numpy as np
import pytest

from svmcore.catalogs.background import estimate_background, row_noise


def _noise(shape=(300, 400), *, level=0.5, sigma=0.02):
    return np.random.default_rng(5).normal(level, sigma, shape).astype(np.float32)


def test_finds_level_and_noise_of_a_flat_sky(settings_for):
    sky = _noise()
    found = estimate_background(
        sky, np.ones(sky.shape, bool), settings=settings_for(), least_rms=0.0
    )
    assert found.kind == "constant"
    # error of a mode of 1.2e5 pixels: 0.02 * sqrt(6.1 / 1.2e5) = 0.00014
    assert found.level[0, 0] == pytest.approx(0.5, abs=6e-4)
    assert found.rms[0, 0] == pytest.approx(0.02, rel=0.03)


def test_noise_never_falls_below_the_detectors(settings_for):
    sky = _noise()
    found = estimate_background(
        sky, np.ones(sky.shape, bool), settings=settings_for(), least_rms=0.1
    )
    assert found.rms[0, 0] == 0.1


def test_takes_a_mesh_where_the_sky_is_skewed(settings_for):
    sky = _noise()
    ramp = 3.0 * np.linspace(0, 1, sky.shape[1]) ** 3
    found = estimate_background(
        sky + ramp.astype("f4"),
        np.ones(sky.shape, bool),
        settings=settings_for(bkg_skew_threshold=0.3),
        least_rms=0.0,
    )
    assert found.kind == "mesh"
    level, _ = found.rows(100, 110, sky.shape[1])
    middle = slice(60, 340)  # away from the half box at both ends
    assert level.mean(axis=0)[middle] == pytest.approx(0.5 + ramp[middle], abs=0.03)


def test_simple_background_forbids_the_mesh(settings_for):
    sky = _noise() + (3.0 * np.linspace(0, 1, 400) ** 3).astype("f4")
    found = estimate_background(
        sky,
        np.ones(sky.shape, bool),
        settings=settings_for(simple_bkg=True),
        least_rms=0.0,
    )
    assert found.kind == "constant"


def test_sky_of_mostly_zeros_is_zero_for_a_photon_counter(settings_for):
    counts = np.random.default_rng(1).poisson(0.1, (200, 200)) / 1000.0
    found = estimate_background(
        counts.astype("f4"),
        np.ones(counts.shape, bool),
        settings=settings_for("acs", "sbc"),
        least_rms=0.001,
        may_be_zero=True,
    )
    assert found.kind == "zero"
    assert found.level[0, 0] == 0
    assert found.rms[0, 0] >= 0.001


def test_an_image_without_data_has_a_background(settings_for):
    empty = np.full((50, 50), np.nan, dtype="f4")
    found = estimate_background(
        empty, np.zeros(empty.shape, bool), settings=settings_for(), least_rms=0.2
    )
    assert (found.level[0, 0], found.rms[0, 0]) == (0.0, 0.2)


def test_row_noise_ignores_gradients_and_gaps():
    sky = _noise() + np.linspace(0, 5, 400, dtype="f4")
    sky[:, :100] = np.nan
    assert row_noise(sky) == pytest.approx(0.02, rel=0.03)
