import numpy as np
import pytest
from astropy.wcs import DistortionLookupTable

from svmcore.drizzling.grid import grid_wcs, join_chips
from svmcore.drizzling.pixmap import (
    ExactMap,
    SeparableMap,
    fit_peer_map,
    fit_pixel_map,
    footprint_window,
)
from svmcore.model.grid import GridWindow


def _exact(chip, grid):
    nx, ny = chip.pixel_shape
    y, x = np.mgrid[0:ny, 0:nx]
    sky = chip.all_pix2world(np.column_stack([x.ravel(), y.ravel()]), 0)
    return grid_wcs(grid).wcs_world2pix(sky, 0).reshape(ny, nx, 2)


def _with_table(chip, *, step, size):
    random = np.random.default_rng(4)
    nx, ny = chip.pixel_shape
    shape = (ny // step + 2, nx // step + 2)
    table = random.normal(0, size, shape).astype(np.float32)
    chip.cpdis1 = DistortionLookupTable(table, (1, 1), (1, 1), (step, step))
    chip.wcs.set()
    return chip


def test_smooth_distortion_is_met_to_a_millionth_of_a_pixel(distorted_chip):
    chip = distorted_chip(0, 0)
    grid = join_chips([chip])
    found = fit_pixel_map(chip, grid)
    assert isinstance(found, SeparableMap)
    assert np.abs(found.block(slice(None)) - _exact(chip, grid)).max() < 1e-6


def test_lookup_table_is_met_between_its_nodes(distorted_chip):
    chip = _with_table(distorted_chip(0, 0), step=16, size=0.05)
    grid = join_chips([chip])
    found = fit_pixel_map(chip, grid)
    assert isinstance(found, SeparableMap)
    # bilinear tables seen through the distortion are bilinear to some 1e-4
    assert np.abs(found.block(slice(None)) - _exact(chip, grid)).max() < 1e-3


def test_exact_map_is_taken_where_the_fit_misses(distorted_chip, monkeypatch):
    monkeypatch.setattr("svmcore.drizzling.pixmap.TOLERANCE_PIX", 0.0)
    chip = distorted_chip(0, 0)
    grid = join_chips([chip])
    found = fit_pixel_map(chip, grid)
    assert isinstance(found, ExactMap)
    assert np.abs(found.block(slice(None)) - _exact(chip, grid)).max() < 1e-9


@pytest.mark.parametrize("kind", ["separable", "exact", "peer"])
def test_blocks_are_parts_of_the_whole(distorted_chip, monkeypatch, kind):
    if kind == "exact":
        monkeypatch.setattr("svmcore.drizzling.pixmap.TOLERANCE_PIX", 0.0)
    chip = distorted_chip(0, 0)
    grid = join_chips([chip])
    found = (fit_peer_map if kind == "peer" else fit_pixel_map)(chip, grid)
    whole = found.block(slice(None))
    rows, columns = slice(30, 50), slice(7, 90)
    assert np.allclose(found.block(rows, columns), whole[rows, columns], atol=1e-9)
    out = np.empty((20, 160, 2))
    assert found.block(rows, out=out) is out
    moved = found.moved(GridWindow(3, -5, 10, 10))
    assert np.allclose(moved.block(rows), whole[rows] - (-5, 3), atol=1e-9)


def test_peer_map_is_exact_at_its_nodes_and_coarse_between(distorted_chip):
    chip = distorted_chip(0, 0)
    grid = join_chips([chip])
    error = np.abs(fit_peer_map(chip, grid).block(slice(None)) - _exact(chip, grid))
    assert error[9::10, 9::10].max() < 1e-9  # FITS pixels 10, 20, …
    assert 1e-4 < error.max() < 1e-2


def test_window_holds_all_pixels_with_a_margin(distorted_chip):
    chip = distorted_chip(0, 0)
    grid = join_chips([chip, distorted_chip(300, 100)])
    found = fit_pixel_map(chip, grid)
    window = footprint_window(found, grid, margin=4)
    places = found.block(slice(None)).reshape(-1, 2)
    assert places[:, 0].min() >= window.x0 + 3
    assert places[:, 0].max() <= window.x1 - 3
    assert window.nx < grid.shape[1] - 100
