"""The point-spread function is that of a telescope, not of a pixel grid."""

import numpy as np
import pytest

from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.psf import add_stars, build_psf


def draw(name, filter_name, x, y, *, side=81, breathing=0.0, corner=(500, 500)):
    psf = build_psf(
        INSTRUMENTS[name], INSTRUMENTS[name].filters[filter_name], breathing=breathing
    )
    image = np.zeros((side, side), np.float32)
    middle = side // 2
    add_stars(
        image,
        psf,
        np.array([[middle + x, middle + y]]),
        np.array([1e6]),
        chip_shape=(1014, 1014),
        corner=corner,
    )
    return image / 1e6


def half_width(image):
    """Full width at half maximum from the second difference of the core [pixel]."""
    peak, neighbours = image[40, 40], (image[40, 39] + image[40, 41]) / 2
    return 2.355 / np.sqrt(2 * np.log(peak / neighbours))


# FWHM of pixelated images: WFC3 handbook 6.6 and 7.6, ACS handbook 5.6. The
# estimate from three pixels of an undersampled image is good to 20 %.
@pytest.mark.parametrize(
    ("name", "filter_name", "low", "high"),
    [
        ("wfc3/ir", "F110W", 0.9, 1.4),
        ("wfc3/ir", "F160W", 1.0, 1.6),
        ("wfc3/uvis", "F555W", 1.5, 2.1),
        ("wfc3/uvis", "F814W", 1.7, 2.4),
        ("acs/wfc", "F606W", 1.5, 2.2),
        ("acs/hrc", "F555W", 1.8, 2.8),
    ],
)
def test_width_is_that_of_the_handbook(name, filter_name, low, high):
    assert low < half_width(draw(name, filter_name, 0.0, 0.0)) < high


@pytest.mark.parametrize("name", list(INSTRUMENTS))
def test_flux_is_the_same_at_every_phase(name):
    band = INSTRUMENTS[name].usual_filters[0]
    totals = [draw(name, band, x, y).sum() for x in (-0.4, 0, 0.3) for y in (0, 0.45)]
    # 2e-4: wings beyond the table, interpolation
    np.testing.assert_allclose(totals, totals[0], rtol=2e-4)
    assert 0.95 < totals[0] <= 1.0


@pytest.mark.parametrize("flux", [9.0, 450.0, 2e4])
def test_stars_on_a_photon_counter_end_without_an_edge(flux):
    """Without sky and read noise even faint wings are seen."""
    name = "acs/sbc"
    band = INSTRUMENTS[name].usual_filters[0]
    image = flux * draw(name, band, 0.0, 0.0, side=101)
    psf = build_psf(INSTRUMENTS[name], INSTRUMENTS[name].filters[band])
    drawn = np.zeros((101, 101), np.float32)
    add_stars(
        drawn,
        psf,
        np.array([[50.0, 50.0]]),
        np.array([flux]),
        chip_shape=(1024, 1024),
        corner=(500, 500),
    )
    # what is left out is less than a photon in twenty pixels
    assert np.abs(drawn - image).max() < 0.05
    assert np.array_equal(drawn > 0, image > 0) == (flux > 500)


def test_most_light_falls_within_half_an_arcsecond():
    image = draw("wfc3/ir", "F160W", 0.0, 0.0)
    y, x = np.mgrid[-40:41, -40:41]
    inside = image[np.hypot(x, y) < 0.5 / 0.128].sum()
    assert inside == pytest.approx(0.87, abs=0.04)  # WFC3 handbook 7.6.1


def windowed_centre(image):
    """Centroid within a Gaussian window of sigma 1 pixel along x [pixel]."""
    x, centre = np.arange(-40, 41), 0.0
    down = np.exp(-0.5 * x**2) @ image
    for _ in range(30):
        weight = np.exp(-0.5 * (x - centre) ** 2) * down
        centre += 1.5 * float(weight @ (x - centre) / weight.sum())
    return centre


@pytest.mark.parametrize("shift", [-0.4, 0.0, 0.25, 0.5])
def test_a_star_lies_where_it_is_put(shift):
    # 0.01: what is left of the windowed centroid's phase bias at FWHM 2 pixels
    image = draw("wfc3/uvis", "F814W", shift, 0.0)
    assert windowed_centre(image) == pytest.approx(shift, abs=0.01)


def test_a_pixel_phase_changes_the_infrared_peak():
    centred, corner = (draw("wfc3/ir", "F110W", d, d)[40, 40] for d in (0.0, 0.5))
    assert centred > 1.8 * corner


def test_the_image_varies_over_the_chip_and_with_focus():
    middle = draw("wfc3/ir", "F160W", 0.0, 0.0)
    edge = draw("wfc3/ir", "F160W", 0.0, 0.0, corner=(930, 930))
    warm = draw("wfc3/ir", "F160W", 0.0, 0.0, breathing=2.0)
    for other in (edge, warm):
        assert 0.002 < np.abs(other - middle).max() / middle.max() < 0.2


def test_stars_at_the_border_are_cut_off():
    image = draw("wfc3/ir", "F160W", -40.0, 0.0)
    assert 0.3 < image.sum() < 0.75
