import numpy as np
import pytest
from drizzle.resample import Drizzle

from svmcore.drizzling import resample
from svmcore.drizzling.grid import join_chips
from svmcore.drizzling.pixmap import fit_pixel_map, footprint_window
from svmcore.drizzling.resample import (
    Drop,
    blot_rows,
    drizzle_chip,
    drizzle_sparse,
    row_slices,
)
from svmcore.model.image import DrizzledChip

KERNELS = ["square", "turbo", "point", "gaussian", "lanczos3"]


@pytest.fixture
def scene(distorted_chip):
    """One chip with noise, its map and the window that it fills."""
    chip = distorted_chip(0, 0)
    grid = join_chips([chip])
    found = fit_pixel_map(chip, grid)
    random = np.random.default_rng(1)
    science = random.normal(100, 10, found.shape).astype(np.float32)
    weight = np.full(found.shape, 30.0, np.float32)
    weight[random.random(found.shape) < 0.02] = 0
    return science, weight, found, footprint_window(found, grid)


def _drop(kernel="square", pixfrac=1.0):
    return Drop(kernel, pixfrac, 1.0, 1.0, 50.0)


@pytest.mark.filterwarnings("ignore:Kernel")
@pytest.mark.filterwarnings("ignore:In lanczos")
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("rows", [16, 37])
def test_blocks_give_what_the_whole_chip_gives(scene, monkeypatch, kernel, rows):
    science, weight, found, window = scene
    positions = found.block(slice(None)) - (window.x0, window.y0)
    whole = Drizzle(kernel=kernel, out_shape=window.shape)
    whole.add_image(
        science, 50.0, positions, weight_map=weight, in_units="counts", pixfrac=1.0
    )
    monkeypatch.setattr(resample, "BLOCK_ROWS", rows)
    blocks = drizzle_chip(science, weight, found, window, drop=_drop(kernel))
    assert np.array_equal(blocks.weight, whole.out_wht)
    assert np.array_equal(blocks.science, np.nan_to_num(whole.out_img))


def test_flux_and_weight_are_conserved(scene):
    science, weight, found, window = scene
    result = drizzle_chip(science, weight, found, window, drop=_drop())
    # all drops lie inside the window; sums of 20 000 float32 values
    assert result.weight.sum() == pytest.approx(weight.sum(), rel=1e-5)
    flux = (result.science * result.weight).sum()
    assert flux == pytest.approx((science * weight).sum() / 50.0, rel=1e-5)


@pytest.mark.parametrize("kernel", ["square", "turbo", "point", "gaussian"])
def test_sparse_pass_completes_a_chip(scene, kernel):
    science, weight, found, window = scene
    few = np.random.default_rng(2).random(weight.shape) < 0.05
    whole = drizzle_chip(science, weight, found, window, drop=_drop(kernel))
    part = drizzle_chip(science, weight * ~few, found, window, drop=_drop(kernel))
    assert not np.allclose(part.weight, whole.weight)
    drizzle_sparse(part, science, weight * few, found, drop=_drop(kernel))
    # the order of additions differs: float32 rounding
    assert np.allclose(part.weight, whole.weight, rtol=1e-5, atol=1e-4)
    assert np.allclose(part.science, whole.science, rtol=1e-5, atol=1e-5)


def test_sparse_pass_without_pixels_changes_nothing(scene):
    science, weight, found, window = scene
    part = drizzle_chip(science, weight, found, window, drop=_drop())
    before = part.science.copy()
    drizzle_sparse(part, science, np.zeros_like(weight), found, drop=_drop())
    assert np.array_equal(part.science, before)


def test_variance_is_that_of_a_weighted_mean(scene):
    science, weight, found, window = scene
    variance = np.full(science.shape, 100.0, np.float32)
    result = drizzle_chip(
        science, weight, found, window, drop=_drop("point"), variance=variance
    )
    alone = (result.weight == 30.0) & (result.weight > 0)
    # one pixel alone: variance in counts² / exptime²
    assert np.allclose(result.variance[alone], 100.0 / 50.0**2, rtol=1e-5)


def test_target_collects_several_chips(scene):
    science, weight, found, window = scene
    target = DrizzledChip(
        window, np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
    )
    for _ in range(2):
        drizzle_chip(science, weight, found, window, drop=_drop(), target=target)
    once = drizzle_chip(science, weight, found, window, drop=_drop())
    assert np.allclose(target.weight, 2 * once.weight, rtol=1e-5)
    assert np.allclose(target.science, once.science, rtol=1e-5, atol=1e-5)


def test_blot_returns_a_plane_to_the_chip():
    y, x = np.mgrid[0:60, 0:60].astype(np.float32)
    image = 3 * x + 2 * y
    places = np.stack(np.meshgrid(np.linspace(10, 40, 25), np.linspace(15, 45, 20)), -1)
    found = blot_rows(image, places, factor=2.0, interpolation="poly5")
    expected = 2.0 * (3 * places[..., 0] + 2 * places[..., 1])
    assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["nearest", "linear", "poly3", "poly5", "lan3", "lan5", "sinc"]
)
def test_every_interpolation_is_known(name):
    image = np.full((40, 40), 7.0, np.float32)
    places = np.stack(np.meshgrid(np.linspace(15, 25, 9), np.linspace(15, 25, 9)), -1)
    found = blot_rows(image, places, factor=1.0, interpolation=name)
    assert np.allclose(found, 7.0, rtol=2e-2)  # lanczos weights do not add up to one


def test_row_slices_cover_each_row_once():
    rows = np.concatenate([np.arange(100)[part] for part in row_slices(100, 33)])
    assert np.array_equal(rows, np.arange(100))
