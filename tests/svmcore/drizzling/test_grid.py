import math
from types import SimpleNamespace

import numpy as np
import pytest

from svmcore.drizzling.grid import (
    adjust_grid,
    build_grid,
    grid_wcs,
    join_chips,
    undistorted_scale_arcsec,
)
from svmcore.drizzling.settings import FrameSettings
from svmcore.errors import DrizzleError
from svmcore.model.grid import GridWindow, MosaicGrid


@pytest.fixture
def chips(distorted_chip):
    return [distorted_chip(0.0, 0.0), distorted_chip(6.0, -3.0)]


def _corners(chip):
    nx, ny = chip.pixel_shape
    return chip.all_pix2world([[0, 0], [nx - 1, 0], [0, ny - 1], [nx - 1, ny - 1]], 0)


def test_joined_grid_holds_every_corner_at_the_undistorted_scale(chips):
    grid = join_chips(chips)
    assert grid.scale_arcsec == pytest.approx(undistorted_scale_arcsec(chips[0]))
    places = grid_wcs(grid).wcs_world2pix(np.vstack([_corners(c) for c in chips]), 0)
    ny, nx = grid.shape
    # Sizes are rounded up; corner pixels reach half a pixel beyond centres.
    assert places.min() > -1.5
    assert places[:, 0].max() < nx + 0.5
    assert places[:, 1].max() < ny + 0.5


def test_rotation_zero_puts_north_up_and_keeps_all_corners(chips):
    grid = build_grid(chips, FrameSettings(is_custom=True, rot_deg=0.0))
    assert grid.orientation_deg == pytest.approx(0.0, abs=1e-9)
    assert grid.cd_deg[0][0] < 0 < grid.cd_deg[1][1]
    places = grid_wcs(grid).wcs_world2pix(np.vstack([_corners(c) for c in chips]), 0)
    assert places.min() > -1.5
    assert (places.max(axis=0) < np.array(grid.shape[::-1]) + 0.5).all()


def test_rotation_none_keeps_the_orientation_of_the_first_exposure(chips):
    grid = build_grid(chips, FrameSettings(is_custom=True, rot_deg=None))
    assert grid == join_chips(chips)


def test_scale_changes_the_number_of_pixels_not_the_place(chips):
    plain = join_chips(chips)
    fine = adjust_grid(
        plain, FrameSettings(is_custom=True, scale_arcsec=plain.scale_arcsec / 2)
    )
    assert fine.shape == (2 * plain.shape[0], 2 * plain.shape[1])
    middle = [[plain.crpix[0], plain.crpix[1]]]
    sky = grid_wcs(plain).wcs_pix2world(middle, 1)
    again = grid_wcs(fine).wcs_world2pix(sky, 1)[0]
    assert again == pytest.approx(fine.crpix, abs=1e-6)


def test_size_and_place_given_by_hand_are_taken(chips):
    frame = FrameSettings(
        is_custom=True, nx=50, ny=40, ra_deg=150.0, dec_deg=2.0, crpix1=10.0, crpix2=5.0
    )
    grid = build_grid(chips, frame)
    assert (grid.shape, grid.crpix, grid.crval_deg) == (
        (40, 50),
        (10.0, 5.0),
        (150.0, 2.0),
    )


def test_size_alone_is_centred_on_the_reference_point(chips):
    grid = build_grid(chips, FrameSettings(is_custom=True, nx=51, ny=41))
    assert grid.crpix == (26.0, 21.0)


def test_reference_grid_is_taken_instead_of_the_chips(chips):
    other = MosaicGrid((10.0, 20.0), (5.0, 5.0), ((-1e-5, 0), (0, 1e-5)), (10, 10))
    assert build_grid(chips, FrameSettings(is_custom=False), reference=other) == other


def test_no_chip_is_refused():
    with pytest.raises(DrizzleError, match="no chip was given"):
        join_chips([])


def test_absurd_size_is_refused(chips):
    frame = FrameSettings(is_custom=True, scale_arcsec=1e-5)
    with pytest.raises(DrizzleError, match="more than 2"):
        build_grid(chips, frame)


def test_scale_comes_from_the_distortion_table_if_it_is_named(chips):
    assert undistorted_scale_arcsec(chips[0]) == pytest.approx(0.05)
    assert not math.isclose(chips[0].pscale, 0.05, rel_tol=1e-4)


def test_windows_intersect_and_locate_themselves():
    outer, inner = GridWindow(-2, -2, 20, 30), GridWindow(5, 6, 100, 4)
    common = outer.intersect(inner)
    assert common == GridWindow(5, 6, 13, 4)
    assert common.slices_within(outer) == (slice(7, 20), slice(8, 12))
    assert outer.intersect(GridWindow(50, 0, 5, 5)).ny == 0
    assert SimpleNamespace(shape=inner.grown(1).shape).shape == (102, 6)
