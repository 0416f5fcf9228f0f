import numpy as np
import pytest
from drizzled_images import grid_of_stars, paint_stars

from svmcore.catalogs.background import Background
from svmcore.catalogs.centroids import gather_windows, windowed_centroids
from svmcore.catalogs.kernels import matched_kernel
from svmcore.catalogs.masks import erode_mask
from svmcore.catalogs.points import DetectionImage, find_points
from svmcore.catalogs.weights import divide_by_depth

SHAPE = (400, 440)


def _detection(sci, *, wht=None, rms=0.01, level=0.05, fwhm=2.4):
    wht = np.full(sci.shape, 1000.0, dtype="f4") if wht is None else wht
    return DetectionImage(
        sci=np.where(wht > 0, sci, np.nan).astype("f4"),
        wht=wht,
        mask=erode_mask(wht > 0, 10),
        background=Background(
            "constant", np.full((1, 1), level), np.full((1, 1), rms), 1
        ),
        regions=divide_by_depth(wht, scale=1.5, sensitivity=0.95),
        fwhm_pix=fwhm,
    )


def _nearest(x, y, found):
    distance = np.hypot(x[:, None] - found.x, y[:, None] - found.y)
    return distance.min(axis=1)


def test_finds_every_bright_star_and_nothing_else(settings_for):
    x, y, flux = grid_of_stars(SHAPE)
    found = find_points(_detection(paint_stars(SHAPE, x, y, flux)), settings_for())
    assert len(found) == len(x)
    # a star of 30 electron/s on this noise has a centroid error of 0.003 pixel
    assert _nearest(x, y, found).max() < 0.03
    assert list(found.identifier) == list(range(1, len(x) + 1))


def test_finds_nothing_in_noise(settings_for):
    found = find_points(_detection(paint_stars(SHAPE, [], [], [])), settings_for())
    # five sigma in 1.8e5 pixels: 0.05 false peaks are expected
    assert len(found) <= 1


def test_threshold_is_a_parameter(settings_for):
    x, y, flux = grid_of_stars(SHAPE, flux=0.3)
    image = _detection(paint_stars(SHAPE, x, y, flux))
    faint = find_points(image, settings_for(nsigma=4.0))
    bright = find_points(image, settings_for(nsigma=30.0))
    assert len(faint) > 0.9 * len(x)
    assert len(bright) == 0


def test_leaves_out_single_hot_pixels(settings_for):
    sci = paint_stars(SHAPE, [], [], [])
    sci[100, 100] += 5.0
    assert len(find_points(_detection(sci), settings_for())) == 0


def test_leaves_out_the_edge_of_the_data(settings_for):
    x, y, flux = grid_of_stars(SHAPE)
    wht = np.full(SHAPE, 1000.0, dtype="f4")
    wht[:, 218:] = 0
    found = find_points(
        _detection(paint_stars(SHAPE, x, y, flux), wht=wht), settings_for()
    )
    assert found.x.max() < 208
    assert len(found) == np.count_nonzero(x < 207.5)


def test_shallow_regions_need_brighter_stars(settings_for):
    x, y, flux = grid_of_stars(SHAPE, flux=0.5)
    wht = np.full(SHAPE, 1000.0, dtype="f4")
    wht[:, 220:] = 10.0
    sci = paint_stars(SHAPE, x, y, flux)
    found = find_points(_detection(sci, wht=wht), settings_for())
    assert np.count_nonzero(found.x < 220) > 0.9 * np.count_nonzero(x < 220)
    # weight is smoothed over 11 pixels
    assert np.count_nonzero(found.x > 226) == 0


def test_blocks_of_rows_leave_no_seam(settings_for):
    shape = (1100, 60)
    y = np.array([505.2, 511.6, 517.9, 1023.4, 1030.1])
    x = np.array([20.0, 40.0, 20.0, 30.0, 42.0])
    sci = paint_stars(shape, x, y, np.full(5, 30.0))
    found = find_points(_detection(sci), settings_for())
    assert len(found) == 5
    assert _nearest(x, y, found).max() < 0.03


def test_kernel_gives_the_height_of_a_star():
    kernel, noise_ratio = matched_kernel(2.4)
    radius = kernel.shape[0] // 2
    offset = np.arange(-radius, radius + 1.0)
    squared = offset[:, None] ** 2 + offset[None] ** 2
    star = 7.0 * np.exp(-0.5 * squared / (2.4 / 2.3548) ** 2) + 100.0
    assert (kernel * star).sum() == pytest.approx(7.0, rel=1e-3)
    assert kernel.sum() == pytest.approx(0.0, abs=1e-9)
    assert noise_ratio == pytest.approx(np.sqrt((kernel**2).sum()))


def test_centroids_follow_the_place_within_a_pixel():
    rng = np.random.default_rng(8)
    x, y = 10 + rng.uniform(-0.5, 0.5, (2, 40))
    windows = np.concatenate(
        [
            gather_windows(
                paint_stars((21, 21), [a], [b], [100.0], noise=0, sky=0),
                np.array([10]),
                np.array([10]),
                4,
            )
            for a, b in zip(x, y, strict=True)
        ]
    )
    shift = windowed_centroids(windows)
    assert shift[:, 0] + 10 == pytest.approx(x, abs=0.005)
    assert shift[:, 1] + 10 == pytest.approx(y, abs=0.005)


def test_structure_in_the_wings_of_a_bright_star_is_no_star(settings_for):
    yy, xx = np.mgrid[: SHAPE[0], : SHAPE[1]]
    distance = np.hypot(xx - 200, yy - 200) + 1.0
    sci = paint_stars(SHAPE, [200.0, 300.0], [200.0, 300.0], [2e4, 50.0])
    sci += (600.0 / distance**3).astype("f4")  # wings of the bright star
    # one speckle no higher than the wings 12 pixels from it, one real star
    speckle, star = 0.3, 30.0
    sci += paint_stars(SHAPE, [212.0], [200.0], [speckle * 7], noise=0, sky=0)
    sci += paint_stars(SHAPE, [200.0], [215.0], [star], noise=0, sky=0)
    found = find_points(_detection(sci), settings_for())
    near = np.hypot(found.x - 212, found.y - 200) < 2
    assert not near.any()
    assert (np.hypot(found.x - 200, found.y - 215) < 1).any()
    assert (np.hypot(found.x - 300, found.y - 300) < 1).any()
