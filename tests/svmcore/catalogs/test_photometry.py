import numpy as np
import pytest
from drizzled_images import grid_of_stars, paint_stars
from photutils.aperture import CircularAperture
from scipy import stats

from svmcore.catalogs.apertures import circle_sums, ring_statistics
from svmcore.catalogs.background import Background
from svmcore.catalogs.photometry import (
    FilterImage,
    ZeroPoint,
    ab_magnitudes,
    correlation_ratio,
    measure_apertures,
)

SHAPE = (400, 440)
ZERO = ZeroPoint(1e-19, 6000.0)


def _image(sci, *, time=1000.0, noise_ratio=1.0):
    return FilterImage(
        sci=sci,
        exposure_s=np.where(np.isfinite(sci), time, 0.0).astype("f4"),
        background=Background(
            "constant", np.full((1, 1), 0.05), np.full((1, 1), 0.01), 1
        ),
        zero_point=ZERO,
        pixel_scale_arcsec=0.05,
        noise_ratio=noise_ratio,
    )


def test_a_circle_on_a_flat_image_has_its_area():
    flat = np.ones((40, 40))
    x, y = np.array([20.0, 19.7, 20.31]), np.array([20.0, 20.49, 18.2])
    (sums,) = circle_sums((flat,), x, y, 3.3)
    assert sums == pytest.approx(np.pi * 3.3**2, rel=1e-12)


def test_a_circle_over_the_edge_counts_what_is_inside():
    (sums,) = circle_sums((np.ones((40, 40)),), np.array([-0.5]), np.array([20.0]), 4.0)
    assert sums == pytest.approx(np.pi * 16.0 / 2, rel=1e-12)


def test_pixels_without_data_count_as_zero():
    image = np.ones((40, 40))
    image[20, 20] = np.nan
    (sums,) = circle_sums((image,), np.array([20.0]), np.array([20.0]), 3.0)
    assert sums == pytest.approx(np.pi * 9.0 - 1.0, rel=1e-12)


@pytest.mark.parametrize("algorithm", ["mode", "median", "mean"])
def test_rings_find_the_sky_under_neighbours(algorithm):
    rng = np.random.default_rng(4)
    sky = rng.normal(2.0, 0.1, (60, 60))
    sky[38, 30] = 50.0
    found = ring_statistics(
        sky, np.array([30.0]), np.array([30.0]), inner=5, outer=12, algorithm=algorithm
    )
    # 370 pixels: 0.1 * sqrt(6.1 / 370) = 0.013 for the noisiest statistic
    assert found.level[0] == pytest.approx(2.0, abs=0.05)
    assert found.sigma[0] == pytest.approx(0.1, rel=0.15)


def test_rings_clip_like_scipy():
    sky = np.random.default_rng(9).standard_t(3, (41, 41))
    found = ring_statistics(
        sky, np.array([20.0]), np.array([20.0]), inner=0, outer=15, algorithm="mean"
    )
    yy, xx = np.mgrid[-20:21, -20:21]
    pixels = sky[np.hypot(xx, yy) <= 15]
    for _ in range(5):
        pixels = pixels[np.abs(pixels - np.median(pixels)) <= 3 * pixels.std()]
    assert found.level[0] == pytest.approx(pixels.mean(), rel=1e-9)
    assert found.n_pixels[0] == pixels.size


def test_a_ring_without_data_says_so():
    empty = np.full((40, 40), np.nan)
    found = ring_statistics(
        empty, np.array([20.0]), np.array([20.0]), inner=3, outer=6, algorithm="mode"
    )
    assert np.isnan(found.level[0])
    assert found.n_pixels[0] == 0


def test_fluxes_are_the_light_within_the_aperture(settings_for):
    x, y, flux = grid_of_stars(SHAPE)
    sci = paint_stars(SHAPE, x, y, flux)
    found = measure_apertures(_image(sci), x, y, settings_for())
    # a pixel counts as uniform, which widens a star once more by its size
    wide = (2.4 / 2.3548) ** 2 + 2 / 12
    for number, radius in ((1, 1.0), (2, 3.0)):
        inside = stats.rayleigh.cdf(radius, scale=np.sqrt(wide))
        ratio = np.median(found[f"FluxAp{number}"]) / (30.0 * inside)
        assert ratio == pytest.approx(1.0, abs=0.003)


@pytest.mark.parametrize("radius", [0.4, 1.17, 3.51])
def test_circles_equal_those_of_photutils(radius):
    image = np.random.default_rng(6).random((60, 70))
    x, y = np.random.default_rng(7).uniform(-2, 62, (2, 50))
    apertures = CircularAperture(np.column_stack((x, y)), radius)
    expected = apertures.do_photometry(image, method="exact")[0]
    (sums,) = circle_sums((image,), x, y, radius)
    assert sums == pytest.approx(np.nan_to_num(expected), abs=1e-9)


def test_errors_describe_the_scatter(settings_for):
    x, y, flux = grid_of_stars(SHAPE, step=26, flux=1.0)
    sci = paint_stars(SHAPE, x, y, flux)
    found = measure_apertures(_image(sci, time=1e9), x, y, settings_for())
    scatter = np.std(found["FluxAp2"])
    # 255 stars give the scatter to 5 %
    assert np.median(found["FluxErrAp2"]) == pytest.approx(scatter, rel=0.2)


def test_errors_hold_the_photon_noise_of_the_source(settings_for):
    sci = paint_stars(SHAPE, [200.0], [200.0], [1e4])
    place = np.array([200.0]), np.array([200.0])
    short = measure_apertures(_image(sci, time=100.0), *place, settings_for())
    expected = np.sqrt(short["FluxAp2"] / 100.0)
    assert short["FluxErrAp2"] == pytest.approx(expected, rel=0.02)


def test_positions_without_data_have_no_flux(settings_for):
    sci = np.full(SHAPE, np.nan, dtype="f4")
    found = measure_apertures(
        _image(sci), np.array([100.0]), np.array([100.0]), settings_for()
    )
    assert np.isnan(found["FluxAp2"]).all()
    assert np.isnan(found["MagAp2"]).all()


def test_magnitudes_are_on_the_ab_scale():
    # 3631 Jy is magnitude 0: f_lambda = f_nu c / lambda²
    photplam = 6000.0
    f_lambda = 3631e-23 * 2.99792458e18 / photplam**2
    zero = ZeroPoint(f_lambda, photplam)
    assert zero.ab_mag == pytest.approx(0.0, abs=0.01)


def test_no_flux_no_magnitude_and_no_calibration_no_magnitude():
    flux = np.array([-1.0, 0.0, 2.0])
    assert np.isnan(ab_magnitudes(flux, flux, ZERO)[0]).tolist() == [True, True, False]
    assert np.isnan(ab_magnitudes(flux, flux, ZeroPoint(0.0, 6000.0))[0]).all()


def test_correlation_is_continuous_and_vanishes_for_points():
    assert correlation_ratio(1.0, 1.0 + 1e-9) == pytest.approx(1.5)
    assert correlation_ratio(1e-6, 1.0) == pytest.approx(1.0, abs=1e-5)
    assert correlation_ratio(1.0, 0.5) > correlation_ratio(1.0, 1.0)
