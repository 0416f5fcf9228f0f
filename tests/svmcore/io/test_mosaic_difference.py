import numpy as np
import pytest
from drizzled_images import SCALE_ARCSEC, write_mosaic

from svmcore.errors import DrizzleError
from svmcore.io.mosaic_difference import subtract_mosaics


@pytest.fixture
def sky(rng):
    """Pixels of a field that is larger than each product."""
    return rng.normal(10.0, 1.0, (60, 70)).astype("f4")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def write_part(path, sky, x0, y0, shape=(40, 50), **keywords):
    """Write a part of the field with the reference point on the same star."""
    part = sky[y0 : y0 + shape[0], x0 : x0 + shape[1]]
    header = {"CRPIX1": 30.0 - x0, "CRPIX2": 20.0 - y0, **keywords}
    return write_mosaic(path, part, science=header)


def test_one_grid_gives_the_plain_difference(tmp_path, sky):
    one = write_part(tmp_path / "one_drz.fits", sky, 0, 0)
    two = write_part(tmp_path / "two_drz.fits", sky + 2.5, 0, 0)
    found = subtract_mosaics(two, one)
    assert found.is_exact
    assert found.shape == (40, 50)
    # float32 of values near 10
    np.testing.assert_allclose(found.box(5, 25, 10, 30), 2.5, atol=2e-6)


def test_pixels_are_paired_by_their_place_on_the_sky(tmp_path, sky):
    one = write_part(tmp_path / "one_drz.fits", sky, 0, 0)
    two = write_part(tmp_path / "two_drz.fits", sky, 7, 4)
    found = subtract_mosaics(two, one)
    assert found.is_exact
    box = found.box(0, 50, 0, 40)
    assert np.isnan(box[36:]).all()  # rows of the second that the first lacks
    assert np.isnan(box[:, 43:]).all()
    assert np.abs(box[:36, :43]).max() == 0.0


def test_a_pixel_without_data_in_either_is_nan(tmp_path, sky):
    wht = np.ones((40, 50), "f4")
    wht[3, 4] = 0
    one = write_mosaic(tmp_path / "one_drz.fits", sky[:40, :50], wht=wht)
    two = write_mosaic(tmp_path / "two_drz.fits", sky[:40, :50])
    for pair in ((one, two), (two, one)):
        box = subtract_mosaics(*pair).box(0, 50, 0, 40)
        assert np.isnan(box[3, 4])
        assert np.isnan(box).sum() == 1


def test_a_shifted_grid_is_interpolated(tmp_path):
    y, x = np.mgrid[:40, :50].astype("f4")
    plane = 2.0 * x + 3.0 * y  # linear, so that interpolation is exact
    one = write_mosaic(tmp_path / "one_drz.fits", plane, science={"CRPIX1": 20.0})
    two = write_mosaic(tmp_path / "two_drz.fits", plane, science={"CRPIX1": 20.4})
    found = subtract_mosaics(two, one)
    assert not found.is_exact
    box = found.box(5, 45, 5, 35)
    # A pixel of the second shows what the first has 0.4 pixels further left;
    # the rest is the curvature of the sky over the field, and float32.
    np.testing.assert_allclose(box, 2.0 * 0.4, atol=1e-3)


def test_coarser_pixels_are_scaled_by_their_area(tmp_path):
    one = write_mosaic(tmp_path / "one_drz.fits", np.full((80, 80), 1.0, "f4"))
    scale = 2.0 * SCALE_ARCSEC / 3600.0
    header = {"CRPIX1": 20.25, "CRPIX2": 20.25, "CD1_1": -scale, "CD2_2": scale}
    coarse = np.full((40, 40), 4.0, "f4")
    two = write_mosaic(tmp_path / "two_drz.fits", coarse, science=header)
    box = subtract_mosaics(two, one).box(10, 30, 10, 30)
    np.testing.assert_allclose(box, 0.0, atol=1e-3)


def test_other_fields_and_other_units_are_refused(tmp_path, sky):
    one = write_part(tmp_path / "one_drz.fits", sky, 0, 0)
    away = write_part(tmp_path / "away_drz.fits", sky, 0, 0, CRVAL2=10.0)
    counts = write_part(tmp_path / "counts_drz.fits", sky, 0, 0, BUNIT="ELECTRONS")
    with pytest.raises(DrizzleError, match="overlap"):
        subtract_mosaics(away, one)
    with pytest.raises(DrizzleError, match="ELECTRONS and ELECTRONS/S"):
        subtract_mosaics(counts, one)
