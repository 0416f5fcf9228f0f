"""Fluxes of products against the true light in their apertures."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from drizzled_visits import drizzle_visit

from svmcore.model.decisions import ParameterChange
from svmcore.simulation import PointingErrors, VisitConfig, write_visit
from svmcore.simulation.noiseless import read_noiseless_chips
from svmcore.simulation.score_flux import score_fluxes

# Headers are right, and exposures long: what is left is drizzling.
IR = VisitConfig(
    filters=("F160W",),
    chip_shape=(300, 300),
    exposures=2,
    exptime_s=1400.0,
    density=600.0,
    galaxy_density=0.0,
    has_rejected=False,
    seed=12,
    pointing=PointingErrors((0.0, 0.0), 0.0, 0.0, 0.0),
)
UVIS = replace(
    IR,
    instrument="wfc3/uvis",
    filters=("F814W",),
    chip_shape=(400, 600),
    density=1000.0,
)


@pytest.fixture(scope="module")
def ir(tmp_path_factory):
    visit = write_visit(tmp_path_factory.mktemp("ir"), IR)
    return visit, drizzle_visit(visit.exposure_list, tmp_path_factory.mktemp("o") / "o")


def products(drizzled):
    (product,) = drizzled.total.filters
    return [drizzled.file(one) for one in (product, *product.members)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"final_units": "counts"},
        {"final_wht_type": "IVM", "final_pixfrac": 0.8},
        {"final_scale": 0.09},
        {"final_kernel": "gaussian"},
    ],
    ids=str,
)
def test_stars_keep_their_light(ir, tmp_path, changes):
    visit, drizzled = ir
    if changes:
        rows = [ParameterChange("*", "astrodrizzle", *row) for row in changes.items()]
        drizzled = drizzle_visit(visit.exposure_list, tmp_path / "out", rows)
    for score in score_fluxes(visit.folder, products(drizzled)):
        assert len(score.ratios) >= 6
        # ± 0.5 %, as far as so few stars can tell
        assert score.median == pytest.approx(1.0, abs=0.005 + 2 * score.error)
        assert score.error < 0.006


def test_weights_by_error_lose_light_of_bright_stars(ir, tmp_path):
    """ERR weights the bright pixels of a star less than their neighbours."""
    visit, _ = ir
    rows = [ParameterChange("*", "astrodrizzle", "final_wht_type", "ERR")]
    drizzled = drizzle_visit(visit.exposure_list, tmp_path / "out", rows)
    score = score_fluxes(visit.folder, products(drizzled))[0]
    assert 0.3 < score.median < 0.9


def test_stars_keep_their_light_on_two_chips(tmp_path):
    visit = write_visit(tmp_path / "visit", UVIS)
    drizzled = drizzle_visit(visit.exposure_list, tmp_path / "out")
    score = score_fluxes(visit.folder, products(drizzled))[0]
    assert len(score.ratios) >= 6
    assert score.median == pytest.approx(1.0, abs=0.005 + 2 * score.error)


def test_a_wrong_flux_is_seen(ir, tmp_path):
    visit, drizzled = ir
    path = products(drizzled)[0]
    (right,) = score_fluxes(visit.folder, [path])
    with fits.open(path) as hdus:
        hdus["SCI"].data *= 1.02
        hdus.writeto(tmp_path / "brighter.fits")
    (wrong,) = score_fluxes(visit.folder, [tmp_path / "brighter.fits"])
    # float32 pixels
    assert wrong.median == pytest.approx(1.02 * right.median, rel=1e-5)
    assert wrong.ratios.keys() == right.ratios.keys()


def test_a_constant_sky_does_not_matter(ir, tmp_path):
    visit, drizzled = ir
    path = products(drizzled)[0]
    (right,) = score_fluxes(visit.folder, [path])
    with fits.open(path) as hdus:
        hdus["SCI"].data += 3.0
        hdus.writeto(tmp_path / "sky.fits")
    (raised,) = score_fluxes(visit.folder, [tmp_path / "sky.fits"])
    # the coarse sum over parts of pixels covers the circle to 1e-3
    assert raised.median == pytest.approx(right.median, abs=2e-4)


def test_totals_and_other_visits_are_passed_over(ir, visits):
    visit, drizzled = ir
    assert score_fluxes(visit.folder, [drizzled.file(drizzled.total)]) == ()
    other = visits("acs/hrc").folder
    assert score_fluxes(other, products(drizzled)) == ()


def test_noiseless_stars_are_what_the_exposure_shows(ir):
    visit, _ = ir
    path = visit.exposures[0]
    (chip,) = read_noiseless_chips(visit.folder, path.name[:9])
    with fits.open(path) as hdus:
        science, error = hdus["SCI"].data, hdus["ERR"].data
        quality = hdus["DQ"].data
    clean = (quality == 0) & (chip.image > 5) & (chip.spoilt == 0)
    assert clean.sum() > 100
    sky = np.median((science - chip.image)[quality == 0])
    differences = (science - chip.image - sky)[clean]
    # flat fields scatter by 0.003
    sigma = np.hypot(error[clean], 0.003 * chip.image[clean])
    assert abs(np.mean(differences / sigma)) < 4 / np.sqrt(clean.sum())
    assert np.std(differences / sigma) == pytest.approx(1.0, abs=0.2)
