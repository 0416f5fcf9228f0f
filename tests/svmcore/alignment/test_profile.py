"""Positions of many stars by a fixed profile, and by one built from them."""

import numpy as np
import pytest

from svmcore.alignment.epsf import (
    StarImages,
    build_effective_psf,
    build_field_psf,
)
from svmcore.alignment.phase import fit_phase_series, phase_bias, phase_series
from svmcore.alignment.profile import GaussianProfile, fit_stamps


def gaussian_stamps(count=300, *, fwhm=1.9, side=5, seed=1, flux=1e4, noise=1.0):
    rng = np.random.default_rng(seed)
    dx, dy = rng.uniform(-0.5, 0.5, (2, count))
    value = GaussianProfile(fwhm).evaluate(dx, dy, side)[0]
    stamps = flux * value + 20.0 + rng.normal(0, noise, value.shape)
    return dx, dy, stamps, np.full(stamps.shape, noise)


@pytest.mark.parametrize("fwhm", [1.1, 1.9, 2.5])
def test_positions_reach_the_noise(fwhm):
    dx, dy, stamps, errors = gaussian_stamps(fwhm=fwhm)
    fit = fit_stamps(stamps, errors, GaussianProfile(fwhm))
    assert fit.is_good.all()
    for found, true in ((fit.dx, dx), (fit.dy, dy)):
        ratio = (found - true) / fit.error
        # 300 stars: the width of a standard normal is known to 4 per cent.
        assert np.std(ratio) == pytest.approx(1.0, abs=0.2)
    assert np.median(fit.flux) == pytest.approx(1e4, rel=0.01)
    assert np.median(fit.background) == pytest.approx(20.0, abs=2.0)


def test_a_bad_pixel_is_left_out():
    dx, dy, stamps, errors = gaussian_stamps()
    stamps[:, 2, 3] = 1e6
    errors[:, 2, 3] = np.inf
    fit = fit_stamps(stamps, errors, GaussianProfile(1.9))
    assert np.median(np.hypot(fit.dx - dx, fit.dy - dy)) < 0.01


def test_a_cosmic_ray_is_rough_and_a_star_is_not():
    _, _, stamps, errors = gaussian_stamps(50)
    hits = np.full((50, 5, 5), 20.0)
    hits[:, 2, 2] = hits[:, 2, 3] = hits[:, 3, 3] = 2000.0
    stars = fit_stamps(stamps, errors, GaussianProfile(1.9)).roughness
    rays = fit_stamps(hits, errors, GaussianProfile(1.9)).roughness
    assert stars.max() < 0.1
    assert rays.min() > 0.4


def test_stamps_without_good_pixels_do_not_stop_the_others():
    dx, _, stamps, errors = gaussian_stamps(20)
    errors[0] = np.inf
    stamps[1] = 0.0
    fit = fit_stamps(stamps, errors, GaussianProfile(1.9))
    assert not fit.is_good[0]
    assert fit.is_good[2:].all()
    assert np.abs(fit.dx[2:] - dx[2:]).max() < 0.02


def undersampled(count, seed):
    """Return stamps of a star with a core, a halo and coma: no Gaussian."""
    rng = np.random.default_rng(seed)
    dx, dy = rng.uniform(-0.5, 0.5, (2, count))
    parts = ((0.62, 0.9, 0.0), (0.3, 2.0, 0.12), (0.08, 3.4, -0.2))
    value = sum(
        share * GaussianProfile(fwhm).evaluate(dx + shift, dy - shift, 11)[0]
        for share, fwhm, shift in parts
    )
    flux = 10.0 ** rng.uniform(4.0, 5.5, count)
    signal = flux[:, None, None] * value + 30.0
    noise = np.sqrt(signal + 100.0)
    return dx, dy, signal + rng.normal(0, 1, value.shape) * noise, noise


def test_the_effective_profile_removes_the_phase_bias():
    dx, dy, stamps, noise = undersampled(600, 3)
    core = (slice(None), slice(3, 8), slice(3, 8))
    first = fit_stamps(stamps[core], noise[core], GaussianProfile(1.1))
    profile = build_effective_psf(
        StarImages(
            stamps[:, 1:-1, 1:-1], noise[:, 1:-1, 1:-1], dx, dy, 0.0 * dx, 0.0 * dx
        ),
        fwhm_pix=1.1,
    )
    other = undersampled(400, 4)
    start = fit_stamps(other[2][core], other[3][core], GaussianProfile(1.1))
    last = fit_stamps(
        other[2][core], other[3][core], profile, start=(start.dx, start.dy)
    )
    before = phase_bias(first.dx, first.dx - dx)
    after = phase_bias(last.dx, last.dx - other[0])
    assert before > 0.02
    assert after < before / 4
    assert np.std(last.dx - other[0]) < 0.02


def test_the_centre_is_the_windowed_centroid():
    rng = np.random.default_rng(5)
    dx, dy = rng.uniform(-0.5, 0.5, (2, 400))
    # The position given is 0.1 pixel off what the light says.
    value = GaussianProfile(1.8).evaluate(dx + 0.1, dy, 9)[0]
    stamps = 1e5 * value + rng.normal(0, 1, value.shape)
    profile = build_effective_psf(
        StarImages(stamps, np.ones_like(stamps), dx, dy, 0.0 * dx, 0.0 * dx),
        fwhm_pix=1.8,
    )
    fit = fit_stamps(stamps[:, 2:-2, 2:-2], np.ones((400, 5, 5)), profile)
    assert np.median(fit.dx - dx) == pytest.approx(0.1, abs=0.002)
    assert np.median(fit.dy - dy) == pytest.approx(0.0, abs=0.002)


def test_a_phase_series_repeats_the_bias_that_was_put_in():
    rng = np.random.default_rng(6)
    true = rng.uniform(0, 1000, 500)
    bias = 0.05 * np.sin(2 * np.pi * true) + 0.01 * np.cos(4 * np.pi * true)
    measured = true + bias + rng.normal(0, 0.005, 500)
    series = fit_phase_series(measured, measured - true, np.ones(500), harmonics=2)
    left = measured - phase_series(measured, series) - true
    assert phase_bias(measured, measured - true) > 0.03
    # The phase is that of the measured position: 0.05 of a turn off at most.
    assert phase_bias(measured, left) < 0.008


def test_one_harmonic_is_a_sine_alone():
    x = np.linspace(0, 10, 200)
    series = fit_phase_series(
        x, 0.03 * np.sin(2 * np.pi * x), np.ones(200), harmonics=1
    )
    assert series == pytest.approx([0.03], abs=1e-6)
    assert np.isnan(phase_bias(x[:5], x[:5]))


def test_a_profile_that_varies_over_the_chip_is_followed():
    rng = np.random.default_rng(7)
    count = 700
    dx, dy = rng.uniform(-0.5, 0.5, (2, count))
    u, v = rng.uniform(-1.0, 1.0, (2, count))
    # A quarter of the light moves from side to side by 0.3 pixel with u.
    core = GaussianProfile(1.4).evaluate(dx, dy, 9)[0]
    coma = GaussianProfile(2.4).evaluate(dx + 0.3 * u, dy, 9)[0]
    flux = 10.0 ** rng.uniform(4.5, 5.5, count)[:, None, None]
    signal = flux * (0.75 * core + 0.25 * coma) + 20.0
    noise = np.sqrt(signal)
    stamps = signal + rng.normal(0, 1, signal.shape) * noise
    psf = build_field_psf(
        StarImages(stamps, noise, dx, dy, u, v), fwhm_pix=1.4, varies=True
    )
    assert psf.varies
    centres = [psf.at(place, 0.0).centre for place in (-0.9, 0.0, 0.9)]
    # A centroid with a window of 1 pixel sees some 0.05 of the 0.075 pixel.
    assert centres[2][0] - centres[0][0] == pytest.approx(0.1, abs=0.03)
    assert centres[2][1] - centres[0][1] == pytest.approx(0.0, abs=0.01)
    constant = build_field_psf(StarImages(stamps, noise, dx, dy, u, v), fwhm_pix=1.4)
    assert not constant.varies


def test_no_stars_are_no_trouble():
    fit = fit_stamps(np.empty((0, 7, 7)), np.empty((0, 7, 7)), GaussianProfile(1.9))
    assert fit.roughness.shape == (0,)
