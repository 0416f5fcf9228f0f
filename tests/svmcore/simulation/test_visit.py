"""A visit is complete, deterministic, and wrong in the ways that were asked."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from svmcore.errors import ParameterError, StoreError
from svmcore.filtering import judge_exposures
from svmcore.io.visit import read_visit
from svmcore.model.verdict import Role
from svmcore.simulation import (
    PointingErrors,
    ReferenceErrors,
    VisitConfig,
    write_visit,
)
from svmcore.simulation.distortion import make_distortion_error
from svmcore.simulation.exposures import visit_solutions
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.pointings import plan_exposures
from svmcore.simulation.truth import score_given

TINY = VisitConfig(
    exposures=2, filters=("F160W",), chip_shape=(128, 128), has_rejected=False
)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    config = replace(TINY, has_grism=True)
    one = write_visit(tmp_path / "one", config)
    two = write_visit(tmp_path / "two", config)
    assert contents(one.folder) == contents(two.folder)


def test_another_seed_gives_other_stars(tmp_path):
    one = write_visit(tmp_path / "one", TINY)
    two = write_visit(tmp_path / "two", replace(TINY, seed=2))
    assert one.stars.read_bytes() != two.stars.read_bytes()
    assert one.exposures[0].read_bytes() != two.exposures[0].read_bytes()


def test_ccd_visits_are_deterministic_too(tmp_path):
    config = VisitConfig(
        instrument="acs/wfc", exposures=1, chip_shape=(128, 128), has_rejected=False
    )
    one = write_visit(tmp_path / "one", config)
    two = write_visit(tmp_path / "two", config)
    assert contents(one.folder) == contents(two.folder)


def test_the_default_visit_is_filtered_as_meant(tmp_path):
    config = VisitConfig(chip_shape=(64, 64), has_grism=True)
    visit = write_visit(tmp_path / "visit", config)
    for source in (visit.poller, visit.exposure_list, visit.folder):
        found = read_visit(source)
        assert found.faults == ()
        verdicts = judge_exposures(found.exposures)
        reasons = [v.reasons[0].keyword for v in verdicts if not v.accepted]
        assert sorted(reasons) == ["EXPTIME", "MTFLAG", "SCAN_TYP"]
        assert sum(v.accepted for v in verdicts) == 9
        assert [v.role for v in verdicts].count(Role.GRISM) == 1
        caveats = [v.rootname for v in verdicts if v.caveats]
        assert caveats == ["idem01a1q"]


def test_poller_rows_agree_with_the_headers(visit):
    for line, path in zip(
        visit.poller.read_text().splitlines(), visit.exposures, strict=True
    ):
        name, proposal, program, obset, exptime, filters, detector, place = line.split(
            ","
        )
        header = fits.getheader(path)
        assert (name, place) == (path.name, path.name)
        assert int(proposal) == header["PROPOSID"]
        assert (program, obset) == ("DEM", "01")
        assert float(exptime) == pytest.approx(header["EXPTIME"], rel=1e-5)
        keywords = ["FILTER", "FILTER1", "FILTER2"]
        if header["INSTRUME"] == "WFPC2":
            keywords = ["FILTNAM1"]
        assert filters.split(";") == [header[k] for k in keywords if k in header]
        assert detector == header["DETECTOR"].strip()


def test_the_reference_catalog_moves_to_the_true_stars(visit):
    catalog, stars = Table.read(visit.reference), Table.read(visit.stars)
    number = (catalog["source_id"] - 4657000000000000000) // 1000
    order = np.searchsorted(stars["number"], number)
    years = stars.meta["epoch"] - catalog["ref_epoch"]
    north = (stars["dec"][order] - catalog["dec"]) * 3.6e6
    moved = np.isfinite(catalog["pmdec"])
    assert 0.9 < np.mean(moved) <= 1.0
    left = np.asarray(north - catalog["pmdec"] * years)[moved]
    error = np.hypot(catalog["dec_error"], catalog["pmdec_error"] * years)[moved]
    # the catalog's own errors explain what is left: unit variance
    assert np.sqrt(np.mean((left / error) ** 2)) == pytest.approx(1.0, abs=0.35)
    assert str(catalog["pmra"].unit) == "mas / yr"
    assert str(catalog["ra"].unit) == "deg"


def test_wrong_entries_are_wrong_and_told(tmp_path):
    config = replace(
        TINY, density=4000.0, reference=ReferenceErrors(wrong_fraction=0.3)
    )
    visit = write_visit(tmp_path / "visit", config)
    catalog, stars = Table.read(visit.reference), Table.read(visit.stars)
    number = (catalog["source_id"] - 4657000000000000000) // 1000
    rows = stars[np.searchsorted(stars["number"], number)]
    away = np.hypot(
        (rows["ra"] - catalog["ra"]) * np.cos(np.radians(rows["dec"])),
        rows["dec"] - catalog["dec"],
    )
    wrong = np.asarray(rows["is_wrong_in_reference"])
    assert 0.1 < wrong.mean() < 0.5
    # proper motions move a star by at most 60 mas from 2016 to the visit
    assert np.median(away[wrong] * 3.6e6) > 3 * np.median(away[~wrong] * 3.6e6)


def test_few_reference_stars_are_the_brightest(tmp_path):
    config = replace(TINY, density=4000.0, reference=ReferenceErrors(maximum_stars=6))
    catalog = Table.read(write_visit(tmp_path / "visit", config).reference)
    assert len(catalog) == 6
    assert np.all(np.diff(catalog["phot_g_mean_mag"]) > 0)


def test_one_exposure_can_be_grossly_off(tmp_path):
    config = replace(
        TINY, pointing=PointingErrors(gross_exposure=1, gross_shift_arcsec=5.0)
    )
    visit = write_visit(tmp_path / "visit", config)
    first, second = score_given(visit.folder)
    assert first.absolute_mas < 400
    assert second.absolute_mas == pytest.approx(5000, abs=400)


def test_one_exposure_can_be_without_stars(tmp_path):
    visit = write_visit(tmp_path / "visit", replace(TINY, starless_exposure=1))
    with_stars, without = (
        np.quantile(fits.getdata(path, ("SCI", 1)), 0.995) for path in visit.exposures
    )
    assert without < with_stars


def test_a_scale_error_is_in_the_truth(tmp_path):
    config = replace(TINY, pointing=PointingErrors(scale_ppm=50.0))
    truth = Table.read(write_visit(tmp_path / "visit", config).truth)
    plain = Table.read(write_visit(tmp_path / "plain", TINY).truth)
    area, usual = (
        np.abs(t["cd1_1"] * t["cd2_2"] - t["cd1_2"] * t["cd2_1"])[0]
        for t in (truth, plain)
    )
    assert float(area / usual) == pytest.approx(1 + 2 * 50e-6, abs=1e-8)


def test_a_distortion_error_moves_stars_smoothly():
    config = VisitConfig(instrument="wfc3/uvis")
    chips = visit_solutions(config, plan_exposures(config)[0])
    field = make_distortion_error(chips, 0.02, seed=4)
    x, y = np.meshgrid(np.linspace(0, 4095, 60), np.linspace(0, 2050, 60))
    pixels = np.column_stack([x.ravel(), y.ravel()])
    for chip in chips:
        shifts = field.at(pixels, chip, (2051, 4096))
        # 10 %: the grid's ends count fully
        np.testing.assert_allclose(shifts.std(axis=0), 0.02, rtol=0.1)
        assert np.all(np.abs(shifts.mean(axis=0)) < 0.002)
        steps = np.diff(shifts[:, 0].reshape(60, 60), axis=1)
        assert np.abs(steps).max() < 0.02  # over 69 pixels


def test_true_fluxes_agree_with_the_header(visits):
    visit = visits("acs/wfc")
    stars = Table.read(visit.stars)
    header = fits.getheader(visit.exposures[0], ("SCI", 1))
    zero = -2.5 * np.log10(header["PHOTFLAM"]) - 5 * np.log10(header["PHOTPLAM"])
    zero += -21.10 + 18.6921
    expected = 10 ** (-0.4 * (stars["magnitude_f606w"].value - zero))
    np.testing.assert_allclose(stars["flux_f606w"].value, expected, rtol=1e-5)


def test_the_sky_differs_between_exposures_and_is_told(visits):
    visit = visits("wfc3/uvis")
    truth = Table.read(visit.truth)
    levels = {row["rootname"]: row["sky"] for row in truth}
    assert len(set(levels.values())) == len(visit.exposures)


def test_cosmic_rays_are_told_pixel_by_pixel(visits):
    visit = visits("acs/wfc")
    path = visit.exposures[0]
    name = f"truth_cosmic_rays_{path.name[:9]}.npz"
    with np.load(visit.folder / name) as stored:
        ny, nx = stored["shape1"]
        hit = np.unpackbits(stored["sci1"], axis=1)[:, :nx].astype(bool)
    science = fits.getdata(path, ("SCI", 1))
    assert hit.shape == science.shape == (ny, nx)
    # 400 s: about one pixel in a hundred (ACS handbook, 1.5 to 3 % in 1000 s)
    assert 0.003 < hit.mean() < 0.02
    # a hit adds some hundred electrons, far above sky and noise
    assert np.median(science[hit]) > np.median(science[~hit]) + 50


def test_infrared_visits_have_no_cosmic_ray_truth(visits):
    assert list(visits("wfc3/ir").folder.glob("truth_cosmic_rays_*")) == []


@pytest.mark.parametrize(
    "name", [name for name, one in INSTRUMENTS.items() if not one.gains]
)
def test_errors_agree_with_the_noise(tmp_path, name):
    config = VisitConfig(
        instrument=name,
        exposures=1,
        filters=INSTRUMENTS[name].usual_filters[:1],
        chip_shape=(256, 256),
        has_rejected=False,
        starless_exposure=0,
    )
    path = write_visit(tmp_path / "visit", config).exposures[0]
    with fits.open(path) as hdus:
        science, error = hdus["SCI", 1].data, hdus["ERR", 1].data
        good = hdus["DQ", 1].data == 0
    below = np.median(science[good]) - np.quantile(science[good], 0.1587)
    # 4 %: 60 000 pixels, of which cosmic rays and warm pixels lift one in a hundred
    assert below == pytest.approx(np.median(error[good]), rel=0.04)


def test_wfpc2_files_are_as_their_conversion_leaves_them(visits):
    with fits.open(visits("wfpc2/pc").exposures[0]) as hdus:
        names = [(hdu.name, hdu.ver) for hdu in hdus[1:13]]
        assert names[:4] == [("SCI", chip) for chip in (1, 2, 3, 4)]
        assert sorted(names[4:]) == [(n, c) for n in ("DQ", "ERR") for c in range(1, 5)]
        for chip in (1, 2, 3, 4):
            science, error = hdus["SCI", chip].data, hdus["ERR", chip].data
            np.testing.assert_array_equal(np.isnan(error), science < 0)
            flags = hdus["DQ", chip].data
            assert np.all(flags[:45] & 2)
            assert np.all(flags[:, :45] & 2)
            assert not np.any(flags[45:, 45:] & 2)
            # No light falls on the shadow: what is left is read noise.
            gain = INSTRUMENTS["wfpc2/pc"].gains[chip - 1]
            dark = science[:30, 60:][flags[:30, 60:] == 2]
            assert np.median(dark) == pytest.approx(0.0, abs=0.1)
            spread = (np.quantile(dark, 0.8413) - np.quantile(dark, 0.1587)) / 2
            # 5 %: 7000 pixels, a few of them warm
            assert spread * gain == pytest.approx(5.3, rel=0.05)


def test_sbc_counts_photons(visits):
    with fits.open(visits("acs/sbc").exposures[0]) as hdus:
        science, dark = hdus["SCI", 1].data, 1.2e-5 * hdus[0].header["EXPTIME"]
        counts = science + np.float32(dark)
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-2)
        assert counts.min() >= -1e-3
        assert np.mean(counts < 0.5) > 0.3
        assert not any(key in hdus[0].header for key in ("READNSEA", "CCDGAIN"))


def test_all_flags_occur(visits):
    flags = fits.getdata(visits("wfc3/ir").exposures[0], ("DQ", 1))
    for bit in (4, 16, 32, 512):
        assert np.any(flags & bit), bit


@pytest.mark.parametrize("name", list(INSTRUMENTS))
def test_every_filter_has_a_plausible_zero_point(name):
    for band in INSTRUMENTS[name].filters.values():
        assert 21.0 < band.zero_point_ab < 28.0


def test_two_detectors_share_a_visit(tmp_path):
    config = replace(TINY, second_instrument="wfc3/uvis", has_rejected=True)
    visit = write_visit(tmp_path / "visit", config)
    found = read_visit(visit.poller)
    labels = [exposure.detector_key.label for exposure in found.exposures]
    assert labels.count("WFC3/IR") == 5
    assert labels.count("WFC3/UVIS") == 4
    assert len(set(visit.exposures)) == 9
    scores = score_given(visit.folder)
    assert len(scores) == 6
    assert all(s.relative_mas < 100 for s in scores)
    starts = [fits.getheader(path)["EXPSTART"] for path in visit.exposures]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"), [(0.0002, 10.0), (200.0, 84.0), (359.9999, -84.0)]
)
def test_fields_near_the_poles_and_the_zero_meridian(tmp_path, ra_deg, dec_deg):
    config = replace(TINY, ra_deg=ra_deg, dec_deg=dec_deg, density=1500.0)
    visit = write_visit(tmp_path / "visit", config)
    assert all(80 < s.absolute_mas < 350 for s in score_given(visit.folder))
    for path in (visit.stars, visit.reference):
        ra = Table.read(path)["ra"]
        assert len(ra) > 3
        assert np.all((ra >= 0) & (ra < 360))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instrument": "nicmos/nic2"}, "unknown to the simulation"),
        ({"filters": ("F110",)}, "unknown to the simulation of wfc3/ir"),
        ({"instrument": "acs/hrc", "has_grism": True}, "without a grism"),
        ({"second_instrument": "acs/wfc"}, "cannot follow wfc3/ir"),
        ({"exposures": 0}, "expected 1 to 36"),
        ({"program": "demo"}, "three and two characters"),
    ],
    ids=["instrument", "filter", "grism", "second", "exposures", "rootname"],
)
def test_refuses_what_it_cannot_simulate(changes, message):
    with pytest.raises(ParameterError, match=message):
        VisitConfig(**changes)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        write_visit(blocked / "visit", TINY)
