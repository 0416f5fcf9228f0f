import numpy as np
import pytest
from drizzled_images import grid_of_stars, paint_stars

from svmcore.catalogs.background import Background
from svmcore.catalogs.kernels import gaussian_kernel, ricker_kernel
from svmcore.catalogs.masks import erode_mask
from svmcore.catalogs.photometry import FilterImage, ZeroPoint, measure_segments
from svmcore.catalogs.points import DetectionImage
from svmcore.catalogs.segments import find_segments
from svmcore.catalogs.weights import divide_by_depth

SHAPE = (300, 340)
FLAT = Background("constant", np.full((1, 1), 0.05), np.full((1, 1), 0.01), 1)


def _detection(sci):
    wht = np.full(sci.shape, 1000.0, dtype="f4")
    return DetectionImage(
        sci=sci,
        wht=wht,
        mask=erode_mask(wht > 0, 10),
        background=FLAT,
        regions=divide_by_depth(wht, scale=1.5, sensitivity=0.95),
        fwhm_pix=2.4,
    )


def _filter(sci):
    return FilterImage(
        sci=sci,
        exposure_s=np.full(sci.shape, 1000.0, dtype="f4"),
        background=FLAT,
        zero_point=ZeroPoint(1e-19, 6000.0),
        pixel_scale_arcsec=0.05,
        noise_ratio=1.0,
    )


def test_each_star_is_one_segment(settings_for):
    x, y, flux = grid_of_stars(SHAPE)
    found = find_segments(_detection(paint_stars(SHAPE, x, y, flux)), settings_for())
    assert len(found) == len(x)
    distance = np.hypot(x[:, None] - found.x, y[:, None] - found.y)
    assert distance.min(axis=1).max() < 0.05


def test_segment_fluxes_are_nearly_the_whole_light(settings_for):
    x, y, flux = grid_of_stars(SHAPE, flux=100.0)
    sci = paint_stars(SHAPE, x, y, flux)
    found = find_segments(_detection(sci), settings_for())
    measured = measure_segments(_filter(sci), found)
    ratio = np.median(measured["FluxSegment"]) / 100.0
    assert 0.97 < ratio < 1.005
    assert np.all(measured["FluxSegmentErr"] > np.sqrt(100.0 / 1000.0) * 0.95)


def test_shapes_tell_length_and_angle(settings_for):
    yy, xx = np.mgrid[: SHAPE[0], : SHAPE[1]]
    angle = np.radians(30.0)
    u = (xx - 150) * np.cos(angle) + (yy - 140) * np.sin(angle)
    v = -(xx - 150) * np.sin(angle) + (yy - 140) * np.cos(angle)
    galaxy = 2.0 * np.exp(-0.5 * ((u / 6) ** 2 + (v / 3) ** 2))
    sci = paint_stars(SHAPE, [], [], []) + galaxy.astype("f4")
    found = find_segments(_detection(sci), settings_for())
    assert len(found) == 1
    # the outermost isophote cuts both axes alike: the ratio is kept to 5 %
    assert found.shapes["Theta"][0] == pytest.approx(30.0, abs=1.0)
    assert found.shapes["Elongation"][0] == pytest.approx(2.0, rel=0.05)
    assert found.shapes["Xmin"][0] < 150 < found.shapes["Xmax"][0]


def test_two_touching_galaxies_are_taken_apart(settings_for):
    yy, xx = np.mgrid[: SHAPE[0], : SHAPE[1]]
    sci = paint_stars(SHAPE, [], [], [])
    for column in (150, 168):
        squared = (xx - column) ** 2 + (yy - 140) ** 2
        sci += (2.0 * np.exp(-0.5 * squared / 16)).astype("f4")
    found = find_segments(_detection(sci), settings_for())
    assert sorted(np.round(found.x)) == [150, 168]


def test_small_groups_of_pixels_are_dropped(settings_for):
    sci = paint_stars(SHAPE, [100.0], [100.0], [2.0])
    few = find_segments(_detection(sci), settings_for(sourcex__source_box=3))
    many = find_segments(_detection(sci), settings_for(sourcex__source_box=60))
    assert (len(few), len(many)) == (1, 0)


def test_an_empty_sky_gives_an_empty_catalog(settings_for):
    found = find_segments(_detection(paint_stars(SHAPE, [], [], [])), settings_for())
    assert len(found) == 0
    assert set(found.shapes) >= {"Area", "KronRadius", "Theta"}
    assert len(measure_segments(_filter(paint_stars(SHAPE, [], [], [])), found)) == 4


def test_a_field_that_is_one_island_is_cut_by_a_wavelet(settings_for):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(15, 285, (2, 900))
    sci = paint_stars(SHAPE, x, y, np.full(900, 20.0))
    found = find_segments(_detection(sci), settings_for())
    assert len(found) > 200
    assert found.shapes["Area"].max() < 0.02 * sci.size


def test_wavelet_is_as_high_as_the_gaussian_and_sums_to_zero():
    gaussian, wavelet = gaussian_kernel(2.4), ricker_kernel(2.4, size=15)
    assert wavelet.max() == pytest.approx(gaussian.max())
    assert wavelet.sum() == pytest.approx(0.0, abs=1e-9)
    assert gaussian.sum() == pytest.approx(1.0)
