"""Pixels saturate, bleed, are dead or hot, and are hit by cosmic rays."""

import numpy as np
import pytest
from scipy.ndimage import label

from svmcore.simulation.blemishes import BAD, HOT, SATURATED, make_blemishes
from svmcore.simulation.chips import expose_chip
from svmcore.simulation.cosmic_rays import add_cosmic_rays
from svmcore.simulation.instruments import INSTRUMENTS

SHAPE = (200, 300)


def exposed(name, rate, exptime_s=300.0):
    instrument = INSTRUMENTS[name]
    blemishes = make_blemishes(instrument, 1, SHAPE, 5)
    return blemishes, expose_chip(
        rate, blemishes, instrument, exptime_s, np.random.default_rng(2)
    )


def flat(value):
    return np.full(SHAPE, value, np.float32)


def test_infrared_pixels_are_rates_and_ccd_pixels_are_counts():
    _, infrared = exposed("wfc3/ir", flat(2.0))
    _, ccd = exposed("acs/wfc", flat(2.0))
    assert np.median(infrared.science) == pytest.approx(2.0, rel=0.01)
    assert np.median(ccd.science) == pytest.approx(600.0, rel=0.01)


def test_a_full_well_saturates_and_bleeds_along_the_column():
    rate = flat(0.1)
    rate[100, 150] = 1e6 / 300
    blemishes, image = exposed("acs/wfc", rate)
    assert blemishes.response[100, 150] == pytest.approx(1.0, abs=0.02)
    column = (image.flags[:, 150] & SATURATED) > 0
    assert column[100]
    # 1e6 electrons fill twelve wells of 80 000
    assert 10 <= column.sum() <= 14
    assert image.science.max() < 82000


def test_a_bright_ramp_uses_fewer_reads():
    rate = flat(0.5)
    rate[50, 50], rate[60, 60] = 1000.0, 1e5
    _, image = exposed("wfc3/ir", rate)
    assert image.reads[0, 0] == 12
    assert 0 < image.reads[50, 50] < 12
    assert image.science[50, 50] == pytest.approx(1000.0, rel=0.05)
    assert image.flags[60, 60] & SATURATED
    np.testing.assert_allclose(image.seconds, image.reads * 25.0)


def test_no_exposure_time_leaves_nothing():
    _, image = exposed("wfc3/ir", flat(2.0), exptime_s=0.0)
    assert not image.science.any()


def test_blemishes_stay_from_exposure_to_exposure():
    one = make_blemishes(INSTRUMENTS["acs/wfc"], 1, SHAPE, 5)
    two = make_blemishes(INSTRUMENTS["acs/wfc"], 1, SHAPE, 5)
    other = make_blemishes(INSTRUMENTS["acs/wfc"], 2, SHAPE, 5)
    np.testing.assert_array_equal(one.flags, two.flags)
    assert np.any(one.flags != other.flags)


def test_dead_pixels_are_dark_and_hot_ones_bright():
    blemishes, image = exposed("wfc3/ir", flat(2.0))
    dead = ((blemishes.flags & BAD) > 0) & ((blemishes.flags & HOT) == 0)
    assert np.median(image.science[dead]) < 1.2
    assert np.median(image.science[(blemishes.flags & HOT) > 0]) > 2.3


def test_cosmic_rays_are_tracks_of_a_few_pixels():
    image = np.zeros((400, 400), np.float32)
    hit = (
        add_cosmic_rays(
            image, hits=200, diffusion_pix=0.4, rng=np.random.default_rng(4)
        )
        > 10
    )
    tracks, count = label(hit, np.ones((3, 3)))
    sizes = np.bincount(tracks.ravel())[1:]
    assert 160 < count < 250  # Poisson of 200; some overlap, some leave the chip
    assert 3 <= np.median(sizes) <= 10
    assert sizes.max() > 15
    charges = [image[tracks == k].sum() for k in range(1, count + 1)]
    # some thousand electrons each (WFC3 handbook 5.4.10)
    assert 500 < np.median(charges) < 5000
    assert not image[~hit].max() > 10
