"""Light of stars and galaxies lands on the chip with the right flux."""

import numpy as np
import pytest
from astropy.wcs import WCS

from svmcore.simulation import VisitConfig
from svmcore.simulation.distortion import make_distortion_error
from svmcore.simulation.exposures import visit_solutions
from svmcore.simulation.geometry import read_geometry
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.light import Light, flat_fielded
from svmcore.simulation.pointings import plan_exposures
from svmcore.simulation.psf import build_psf
from svmcore.simulation.sky import Galaxies, make_galaxies, make_stars
from svmcore.simulation.wcs_headers import chip_wcs

CONFIG = VisitConfig(
    filters=("F160W",), exposures=1, density=0.0, chip_shape=(160, 160), has_grism=True
)
BAND = INSTRUMENTS["wfc3/ir"].filters["F160W"]


def light_on_chip(*, galaxies=None, stars=None, number=0):
    exposure = plan_exposures(CONFIG)[number]
    chips = visit_solutions(CONFIG, exposure)
    geometry = read_geometry("wfc3_ir", "F160W")
    wcs = chip_wcs(chips[0].true, chips[0], geometry)
    light = Light(
        make_stars(CONFIG, 0.01) if stars is None else stars,
        make_galaxies(CONFIG, 0.0) if galaxies is None else galaxies(wcs),
        build_psf(INSTRUMENTS["wfc3/ir"], BAND),
        BAND,
        exposure,
        make_distortion_error(chips, 0.0, seed=1),
    )
    return light.on_chip(wcs, chips[0], geometry.chip_shape) - exposure.sky


def one_galaxy(*, magnitude, radius_arcsec, index, pixel=(80.0, 80.0)):
    def at(wcs):
        ra, dec = wcs.all_pix2world([pixel], 0)[0]
        values = (ra, dec, magnitude, radius_arcsec, index, 0.6, 30.0)
        return Galaxies(*(np.array([float(value)]) for value in values))

    return at


@pytest.mark.parametrize(
    ("radius_arcsec", "index"), [(0.15, 1.0), (0.6, 1.0), (0.4, 4.0)]
)
def test_a_galaxy_has_its_flux(radius_arcsec, index):
    image = light_on_chip(
        galaxies=one_galaxy(magnitude=20.0, radius_arcsec=radius_arcsec, index=index)
    )
    expected = 10 ** (-0.4 * (20.0 - BAND.zero_point_ab))
    # 12 %: a de Vaucouleurs profile goes on beyond its stamp
    assert image.sum() == pytest.approx(expected, rel=0.12)


def test_a_galaxy_lies_where_it_is_put():
    image = light_on_chip(
        galaxies=one_galaxy(
            magnitude=19.0, radius_arcsec=0.5, index=1.0, pixel=(70.3, 90.6)
        )
    )
    y, x = np.mgrid[:160, :160]
    total = image.sum(dtype=np.float64)
    # 0.05: the image of a star is not symmetric
    assert (image * x).sum() / total == pytest.approx(70.3, abs=0.05)
    assert (image * y).sum() / total == pytest.approx(90.6, abs=0.05)


def test_a_larger_galaxy_is_flatter():
    peaks = [
        light_on_chip(
            galaxies=one_galaxy(magnitude=20.0, radius_arcsec=r, index=1.0)
        ).max()
        for r in (0.2, 0.4, 0.8)
    ]
    assert peaks[0] > 2 * peaks[1] > 4 * peaks[2]


def test_a_spectrum_is_spread_along_the_rows():
    stars = make_stars(VisitConfig(density=3000.0, seed=2), 0.004)
    assert plan_exposures(CONFIG)[1].kind == "grism"
    direct, grism = (light_on_chip(stars=stars, number=n) for n in (0, 1))
    assert grism.max() < 0.1 * direct.max()


def test_a_star_on_a_larger_pixel_counts_less():
    # Flat-fielding evens out the sky; ACS/HRC pixels see 0.0265" squared on
    # the mean, but the zero points hold for 0.025".
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [50.0, 50.0]
    wcs.wcs.crval = [84.0, -69.0]
    wcs.wcs.cd = np.array([[-0.028, 0.0], [0.0, 0.025]]) / 3600.0
    (factor,) = flat_fielded(wcs, np.array([[60.0, 40.0]]), 0.025)
    # 1e-4: of the tangent plane's curvature nothing is left so near its centre
    assert factor == pytest.approx(0.025 / 0.028, rel=1e-4)
