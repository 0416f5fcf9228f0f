"""WFPC2 and ACS/SBC from the files of the archive to catalogs and previews."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from svmcore.model.decisions import Decisions, ParameterChange
from svmcore.pipeline.process import process_visit
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.score_flux import score_fluxes
from svmcore.simulation.truth import score_files
from svmcore.simulation.visit import write_visit
from tests.support.drizzled_visits import drizzle_visit

CONFIGS = {
    "wfpc2": VisitConfig(
        instrument="wfpc2/pc",
        filters=("F814W",),
        exposures=2,
        chip_shape=(260, 260),
        density=1200.0,
        galaxy_density=0.0,
        has_rejected=False,
    ),
    "sbc": VisitConfig(
        instrument="acs/sbc",
        filters=("F140LP",),
        exposures=2,
        chip_shape=(500, 500),
        density=3000.0,
        galaxy_density=0.0,
        seed=2,
    ),
}
ROOT = {"wfpc2": "hst_16001_01_wfpc2_pc", "sbc": "hst_16001_01_acs_sbc"}
LETTER = {"wfpc2": "u", "sbc": "j"}


@pytest.fixture(scope="module", params=list(CONFIGS))
def detector(request):
    return request.param


@pytest.fixture(scope="module")
def processed(detector, tmp_path_factory):
    folder = tmp_path_factory.mktemp(detector)
    visit = write_visit(folder / "visit", CONFIGS[detector])
    report = process_visit(
        visit.exposure_list,
        output=folder / "out",
        reference=visit.reference,
        decisions=Decisions(error_extension=True),
        workers=1,
    )
    return visit, folder / "out", report


def _product(detector, output, part):
    letter = LETTER[detector]
    (name,) = (CONFIGS[detector].filters[0].lower(),)
    stem = {"filter": f"{name}_{letter}dem01", "total": f"total_{letter}dem01"}.get(
        part, f"{name}_{letter}dem01{part}"
    )
    return output / f"{ROOT[detector]}_{stem}_drz.fits"


def test_all_products_have_their_names(detector, processed):
    _, output, _ = processed
    names = {path.name for path in output.iterdir() if path.is_file()}
    name, letter = CONFIGS[detector].filters[0].lower(), LETTER[detector]
    for part in (f"total_{letter}dem01", f"{name}_{letter}dem01"):
        stem = f"{ROOT[detector]}_{part}"
        for suffix in ("drz.fits", "drz.jpg", "drz_thumb.jpg", "trl.txt"):
            assert f"{stem}_{suffix}" in names
        for suffix in ("point-cat.ecsv", "segment-cat.ecsv"):
            assert f"{stem}_{suffix}" in names
    for number in ("a0", "a1"):
        stem = f"{ROOT[detector]}_{name}_{letter}dem01{number}"
        for suffix in ("drz.fits", "flt.fits", "hlet.fits", "trl.txt"):
            assert f"{stem}_{suffix}" in names


def test_headers_say_what_went_in(detector, processed):
    _, output, _ = processed
    chips = 4 if detector == "wfpc2" else 1
    for part, exposures in (("filter", 2), ("a0", 1), ("total", 2)):
        with fits.open(_product(detector, output, part)) as hdus:
            hdus.verify("exception")
            primary, science = hdus[0].header, hdus["SCI"].header
            assert primary["NDRIZIM"] == chips * exposures
            assert primary["NUMEXP"] == exposures
            assert science["BUNIT"] == "COUNTS/S"
            wanted = CONFIGS[detector].filters[0]
            assert primary["FILTER"] == ("detection" if part == "total" else wanted)
            assert science["PHOTFLAM"] > 0
            assert len(hdus["HDRTAB"].data) == chips * exposures
            if detector == "wfpc2":
                assert primary["APERTURE"] == "WFALL"
                assert primary["DETECTOR"] == "PC"
            if detector == "wfpc2" and part == "filter":
                assert primary["TEXPTIME"] == primary["EXPTIME"] == 600.0
            error, weight = hdus["ERR"].data, hdus["WHT"].data
            assert np.array_equal(np.isfinite(error), weight > 0)


def test_stars_have_their_true_flux(detector, processed):
    """In data numbers of four gains and two pixel sizes, or in photons."""
    visit, output, _ = processed
    files = sorted(
        output.glob(
            f"{ROOT[detector]}_{CONFIGS[detector].filters[0].lower()}*_drz.fits"
        )
    )
    ratios = [
        ratio
        for score in score_fluxes(visit.folder, files)
        for ratio in score.ratios.values()
    ]
    assert len(ratios) >= 3
    # Two percent: a few stars of some thousand counts each.
    assert np.median(ratios) == pytest.approx(1.0, abs=0.02)


def test_cosmic_rays_are_flagged_where_there_are_any(detector, processed):
    visit, output, _ = processed
    name = CONFIGS[detector].filters[0].lower()
    copy = output / f"{ROOT[detector]}_{name}_{LETTER[detector]}dem01a0_flt.fits"
    with fits.open(copy) as hdus:
        flags = {hdu.ver: (hdu.data & 4096) > 0 for hdu in hdus if hdu.name == "DQ"}
    if detector == "sbc":
        assert not any(mask.any() for mask in flags.values())
        return
    truth = np.load(visit.folder / "truth_cosmic_rays_udem01a0q.npz")
    hit = flagged = 0
    for extver, mask in flags.items():
        width = mask.shape[1]
        struck = np.unpackbits(truth[f"sci{extver}"], axis=1, count=width) > 0
        lit = np.zeros_like(mask)
        lit[60:, 60:] = True
        hit += (struck & lit).sum()
        flagged += (struck & lit & mask).sum()
    # Faint skirts of hits stay below the limits.
    assert flagged > 0.5 * hit


def test_exposures_are_aligned(detector, processed):
    visit, output, _ = processed
    name = CONFIGS[detector].filters[0].lower()
    copies = sorted(output.glob(f"{ROOT[detector]}_{name}_*_flt.fits"))
    for score in score_files(visit.folder, copies):
        # From 150 mas; a dozen stars of a few mas each.
        assert score.absolute_mas < 15.0


def test_catalogs_hold_stars(detector, processed):
    _, output, _ = processed
    stem = _product(detector, output, "filter").name.removesuffix("_drz.fits")
    table = Table.read(output / f"{stem}_point-cat.ecsv", format="ascii.ecsv")
    assert len(table) > 5
    assert np.isfinite(np.asarray(table["MagAp2"], float)).sum() > 3


def test_wfpc2_weights_by_error_use_every_pixel(tmp_path):
    """The errors of WFPC2 files are nan for half of the sky."""
    visit = write_visit(
        tmp_path / "visit", replace(CONFIGS["wfpc2"], chip_shape=(100, 100))
    )
    change = ParameterChange("*", "astrodrizzle", "final_wht_type", "ERR")
    made = drizzle_visit(visit.exposure_list, tmp_path / "out", [change])
    member = made.total.members[0]
    with fits.open(made.file(member)) as hdus:
        science, weight = hdus["SCI"].data, hdus["WHT"].data
    inside = weight[weight > 0]
    assert np.quantile(inside, 0.05) > 0.2 * np.quantile(inside, 0.95)
    # Sky of both signs: nothing above or below zero is left out.
    assert (
        abs(np.mean(science[weight > 0] > np.median(science[weight > 0])) - 0.5) < 0.02
    )
