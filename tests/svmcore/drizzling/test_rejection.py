import numpy as np
import pytest
from stcal.outlier_detection.utils import flag_resampled_crs

from svmcore.drizzling.cosmic_rays import find_hits, grow_hits
from svmcore.drizzling.settings import (
    CosmicRaySettings,
    FinalSettings,
    SkySettings,
)
from svmcore.drizzling.sky import (
    chip_statistic,
    match_skies,
    sample_step,
    typical_difference,
)
from svmcore.drizzling.static import add_static, static_limit
from svmcore.drizzling.weights import good_pixels, weight_map, weight_scale
from svmcore.errors import DrizzleError
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipCalibration, ChipPixels

SETTINGS = CosmicRaySettings(is_on=True, snr=(3.5, 3.0), scale=(1.5, 1.2))


def _calibration(**changes):
    facts = {
        "rootname": "jtest01aq",
        "extver": 1,
        "number": 1,
        "shape": (4, 4),
        "exptime_s": 100.0,
        "to_electrons": 1.0,
        "is_rate": False,
        "read_noise": 4.0,
        "dark": 2.0,
        "cte_direction": 1,
        "unit": "ELECTRONS",
    }
    return ChipCalibration(**(facts | changes))


def _scene():
    random = np.random.default_rng(1)
    model = np.full((60, 80), 50.0, np.float32)
    science = random.normal(50, np.sqrt(50 + 16), model.shape).astype(np.float32)
    return science, model


def test_hits_above_the_limits_are_found_and_noise_is_not():
    science, model = _scene()
    science[20, 30] += 20 * 8
    science[20, 31] += 3.3 * 8  # a faint wing beside a bright hit
    science[40, 50] += 20 * 8
    hits = find_hits(science, model, SETTINGS, read_noise=4.0, extra_sky=0.0)
    assert hits[20, 30]
    assert hits[20, 31]
    assert hits[40, 50]
    assert hits.sum() <= 10  # 4 800 pixels of noise at 3.5 sigma: about 2


def test_steep_model_is_forgiven():
    science, model = _scene()
    model[30, 40] += 5000
    science[30, 40] += 5000
    science[30, 41] += 4000  # half a pixel off
    hits = find_hits(science, model, SETTINGS, read_noise=4.0, extra_sky=0.0)
    assert not hits[30, 40:42].any()
    strict = CosmicRaySettings(is_on=True, snr=(3.5, 3.0), scale=(0.1, 0.1))
    hits = find_hits(science, model, strict, read_noise=4.0, extra_sky=0.0)
    assert hits[30, 41]


def test_more_sky_means_more_noise():
    science, model = _scene()
    science[20, 30] += 60
    assert find_hits(science, model, SETTINGS, read_noise=4, extra_sky=0)[20, 30]
    assert not find_hits(science, model, SETTINGS, read_noise=4, extra_sky=1e4)[20, 30]


@pytest.mark.parametrize(
    ("direction", "rows"), [(1, [5, 6, 7]), (-1, [3, 4, 5]), (0, [5])]
)
def test_charge_trail_runs_away_from_the_readout(direction, rows):
    hits = np.zeros((12, 9), bool)
    hits[5, 4] = True
    grown = grow_hits(
        hits, CosmicRaySettings(is_on=True, grow=1, ctegrow=2), cte_direction=direction
    )
    assert sorted(np.flatnonzero(grown[:, 4])) == rows
    assert grown.sum() == len(rows)


def test_hits_grow_by_a_square():
    hits = np.zeros((12, 9), bool)
    hits[5, 4] = True
    assert (
        grow_hits(hits, CosmicRaySettings(is_on=True, grow=3), cte_direction=0).sum()
        == 9
    )


def test_static_pixels_are_those_low_in_any_exposure():
    random = np.random.default_rng(2)
    images = [random.normal(100, 5, (80, 90)).astype(np.float32) for _ in range(2)]
    images[0][3, 4] = 20.0
    images[1][5, 6] = 30.0
    limit = static_limit(images[0], sigma=4.0)
    assert limit == pytest.approx(80.0, abs=2.0)  # mode from bins of 0.1 sigma
    static = add_static(None, images, 4.0)
    assert static[3, 4]
    assert static[5, 6]
    assert static.sum() < 6


def test_constant_image_has_no_static_pixels():
    assert static_limit(np.full((10, 10), 3.0, np.float32), sigma=4.0) is None
    assert not add_static(None, [np.full((10, 10), 3.0, np.float32)], 4.0).any()


def test_sky_statistic_is_clipped_and_masked():
    random = np.random.default_rng(3)
    image = random.normal(100, 5, (100, 100)).astype(np.float32)
    image[:1] += 1000
    good = np.ones(image.shape, bool)
    good[50:] = False
    image[50:] = -50
    settings = SkySettings(is_on=True, clip=5)
    # standard error of 4 900 pixels is 0.1; clipping leaves a small bias
    assert chip_statistic(image, good, settings) == pytest.approx(100.0, abs=0.5)
    low = SkySettings(is_on=True, clip=0, upper=95.0)
    assert chip_statistic(image, good, low) < 95
    assert chip_statistic(image, np.zeros_like(good), settings) is None


def test_matched_skies_make_images_equal_and_the_lowest_zero():
    random = np.random.default_rng(4)
    scene = random.gamma(0.5, 20, (60, 60)).astype(np.float32)
    images = []
    for level in (3.0, 1.0, 2.0):
        image = scene + random.normal(level, 0.3, scene.shape).astype(np.float32)
        image[random.random(scene.shape) < 0.02] += 500
        images.append(image)
    images[0][:20] = np.nan
    found = match_skies(images, SkySettings(is_on=True))
    # standard error of 2 400 differences: 0.4 / 50
    assert found.skies == pytest.approx((2.0, 0.0, 1.0), abs=0.05)
    assert (found.pairs, found.alone) == (3, ())


@pytest.mark.parametrize(
    ("settings", "tolerance"),
    [
        (SkySettings(is_on=True, clip=3, lower_sigma=4.0, upper_sigma=1.2), 0.05),
        (SkySettings(is_on=True, statistic="mean"), 0.05),
        # a histogram's mode is good to a bin or two of 0.1 sigma
        (SkySettings(is_on=True, statistic="mode"), 0.5),
    ],
    ids=["one-sided", "mean", "mode"],
)
def test_every_statistic_and_one_sided_clipping_match_skies(settings, tolerance):
    random = np.random.default_rng(6)
    scene = np.where(random.random((150, 150)) < 0.1, 40.0, 0.0)
    images = [
        (scene + random.normal(level, 1.0, scene.shape)).astype(np.float32)
        for level in (7.0, 5.0)
    ]
    found = match_skies(images, settings)
    assert found.skies == pytest.approx((2.0, 0.0), abs=tolerance)


def test_images_that_do_not_overlap_are_told():
    nothing = np.full((30, 30), np.nan, np.float32)
    image = np.ones((30, 30), np.float32)
    found = match_skies([image, image + 1, nothing], SkySettings(is_on=True))
    assert found.alone == (2,)
    assert found.skies == pytest.approx((0.0, 1.0, 0.0), abs=1e-6)
    assert match_skies([image, nothing], SkySettings(is_on=True)).pairs == 0
    assert typical_difference(image, nothing, SkySettings())[1] == np.inf


def test_good_pixels_ignore_the_bits_that_do_no_harm():
    quality = np.array([[0, 16, 64, 80, 4096]], np.uint16)
    assert good_pixels(quality, 80).tolist() == [[True, True, True, True, False]]
    assert good_pixels(quality, 0).sum() == 1
    assert good_pixels(quality, None).all()
    hit = np.array([[True, False, False, False, False]])
    assert not good_pixels(quality, 65535, hit)[0, 0]


@pytest.mark.parametrize(
    ("weight", "wt_scl", "expected"),
    [
        ("EXP", "exptime", 100.0),
        ("EXP", "expsq", 1e4),
        ("EXP", "2.5", 250.0),
        ("ERR", "exptime", (100.0 / 2.0) ** 2 / 0.5**4),
        ("IVM", "exptime", 1e4 / 0.5**4 / (2.0 + 8.0 + 16.0)),
    ],
)
def test_weights_of_each_type(weight, wt_scl, expected):
    settings = FinalSettings(weight=weight, wt_scl=wt_scl)
    pixels = ChipPixels(
        np.ones((4, 4), np.float32),
        np.zeros((4, 4), np.uint16),
        np.full((4, 4), 2.0, np.float32),
    )
    good = np.ones((4, 4), bool)
    good[0, 0] = False
    found = weight_map(settings, pixels, good, _calibration(), sky=8.0)
    found = found * weight_scale(settings, _calibration(), 0.5)
    assert found[0, 0] == 0
    assert found[1, 1] == pytest.approx(expected, rel=1e-6)


def test_inverse_variance_counts_the_sky_that_a_pixel_collected():
    calibration = _calibration(is_rate=True, to_electrons=100.0)
    pixels = ChipPixels(
        np.ones((1, 2), np.float32),
        np.zeros((1, 2), np.uint16),
        time_s=np.array([[100.0, 50.0]], np.float32),
    )
    found = weight_map(
        FinalSettings(weight="IVM"), pixels, np.ones((1, 2), bool), calibration, sky=8.0
    )
    assert 1 / found[0] == pytest.approx([800 + 2 + 16, 400 + 2 + 16], rel=1e-6)


def test_errors_are_needed_for_their_weights():
    pixels = ChipPixels(np.ones((4, 4), np.float32), np.zeros((4, 4), np.uint16))
    with pytest.raises(DrizzleError, match="final_wht_type is ERR"):
        weight_map(
            FinalSettings(weight="ERR"), pixels, np.ones((4, 4), bool), _calibration()
        )


def test_many_images_are_sampled_at_fewer_positions():
    grid = MosaicGrid((0.0, 0.0), (1.0, 1.0), ((-1e-5, 0.0), (0.0, 1e-5)), (5000, 5000))
    few, many = sample_step(grid, 6), sample_step(grid, 24)
    assert sample_step(grid, 2) == few == 3
    # in all no more than of six
    assert 24 / many**2 <= 6 / few**2


def test_hits_are_those_of_the_outlier_flags_for_resampled_images():
    random = np.random.default_rng(5)
    model = random.normal(50.0, 20.0, (60, 70)).astype(np.float32)
    model[20:24, 30:34] += 5000.0
    model[40, 50] = np.nan
    science = model + random.normal(0.0, 25.0, model.shape).astype(np.float32)
    noise = np.sqrt(np.abs(model + np.float32(3.0)) + np.float32(16.0))
    expected = flag_resampled_crs(
        science, noise, model, *SETTINGS.snr, *SETTINGS.scale, 0
    )
    hits = find_hits(science, model, SETTINGS, read_noise=4.0, extra_sky=3.0)
    assert expected.sum() > 10
    assert np.array_equal(hits, expected)
