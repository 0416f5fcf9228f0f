"""Tangent plane, shift search, matching, solution, names, quality, settings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from star_groups import catalog_of, tan_wcs
from tweakwcs.linearfit import iter_linear_fit

from svmcore.alignment.common_wcs import WcsChange, carry_fit, choose_common_name
from svmcore.alignment.correction import corrected_wcs
from svmcore.alignment.matching import fit_similarity, match_nearest
from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.alignment.quality import FitFacts, judge_group, judge_member
from svmcore.alignment.reference import ruwe_factor, stars_at_epoch
from svmcore.alignment.search import find_map
from svmcore.alignment.settings import AlignmentSettings, alignment_settings
from svmcore.alignment.shift import find_shift
from svmcore.alignment.solve import (
    LENGTH_MAS,
    Observations,
    accumulate,
    solve_terms,
)
from svmcore.alignment.wcsname import fit_wcs_name, wcs_type
from svmcore.model.fit import FitQuality


@given(
    st.floats(0, 360), st.floats(-89, 89), st.floats(-5e5, 5e5), st.floats(-5e5, 5e5)
)
def test_the_plane_and_the_sky_are_inverse(ra, dec, east, north):
    plane = TangentPlane(ra, dec)
    back = plane.project(*plane.deproject(np.array([[east, north]])))
    assert back[0] == pytest.approx([east, north], abs=1e-4)


def test_the_mean_direction_survives_the_zero_of_right_ascension():
    plane = TangentPlane.around([(359.9, 10.0), (0.1, 10.0)])
    assert plane.ra_deg % 360.0 == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2900.0, -2900.0), (-700.0, 33.0)])
@pytest.mark.parametrize("seed", range(5))
def test_the_shift_is_found_among_strangers(shift, seed):
    rng = np.random.default_rng(seed)
    common = rng.uniform(-6e4, 6e4, (12, 2))
    moving = np.concatenate([common, rng.uniform(-6e4, 6e4, (200, 2))])
    fixed = np.concatenate([common + shift, rng.uniform(-6e4, 6e4, (60, 2))])
    fixed += rng.normal(0, 3.0, fixed.shape)
    found = find_shift(moving, fixed, radius_mas=3500.0, bin_mas=90.0)
    assert found.is_significant
    assert found.shift == pytest.approx(shift, abs=30.0)


@pytest.mark.parametrize("seed", range(20))
def test_no_shift_is_found_between_strangers(seed):
    rng = np.random.default_rng(seed)
    moving, fixed = rng.uniform(-6e4, 6e4, (2, 300, 2))
    found = find_shift(moving, fixed, radius_mas=3500.0, bin_mas=90.0)
    assert not found.is_significant


def test_empty_lists_have_no_shift():
    nothing = np.zeros((0, 2))
    assert find_shift(nothing, nothing, radius_mas=10.0, bin_mas=1.0) is None
    far = np.full((1, 2), 1e6)
    assert find_shift(np.zeros((1, 2)), far, radius_mas=10.0, bin_mas=1.0) is None


def test_only_mutual_neighbours_match():
    first = np.array([[0.0, 0.0], [1.0, 0.0], [50.0, 0.0]])
    second = np.array([[0.9, 0.0], [90.0, 0.0]])
    rows, others = match_nearest(first, second, 10.0)
    assert rows.tolist() == [1]
    assert others.tolist() == [0]


def test_a_similarity_bears_wrong_pairs():
    rng = np.random.default_rng(1)
    moving = rng.uniform(-6e4, 6e4, (40, 2))
    angle = np.radians(0.03)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    fixed = moving @ turn.T + [100.0, -50.0] + rng.normal(0, 1.0, moving.shape)
    fixed[:8] += rng.uniform(-200, 200, (8, 2))
    found = fit_similarity(moving, fixed, roll=True)
    assert found.apply(moving[8:]) == pytest.approx(fixed[8:], abs=8.0)


def test_one_exposure_against_a_catalog_is_the_fit_of_tweakwcs():
    rng = np.random.default_rng(2)
    position = rng.uniform(-6e4, 6e4, (50, 2))
    reference = position * (1 + 5e-5) + [30.0, -20.0] + rng.normal(0, 2, (50, 2))
    star = np.arange(50)
    obs = Observations(
        exposure=np.zeros(50, dtype=np.int64),
        star=star,
        position=position,
        anchor=position,
        sigma=np.ones(50),
        reference_star=star,
        reference=reference,
        reference_sigma=np.ones((50, 2)),
        exposures=1,
        stars=50,
    )
    normal = accumulate(obs, np.ones(50), np.ones((50, 2)))
    terms, _, _ = solve_terms(normal, np.eye(6)[:, :4])
    east, north, roll, scale = terms[0, :4]
    theirs = iter_linear_fit(
        reference, position, fitgeom="rscale", nclip=None, center=[0.0, 0.0]
    )
    # Ours is linear in the angle: 1e-4 squared over 6e4 mas is 3e-4 mas.
    assert [east, north] == pytest.approx(theirs["shift"], abs=1e-3)
    assert 1 + scale / LENGTH_MAS == pytest.approx(theirs["matrix"][0, 0], abs=1e-8)
    assert roll / LENGTH_MAS == pytest.approx(theirs["matrix"][1, 0], abs=1e-8)


def test_a_correction_moves_the_sky_as_asked():
    wcs = tan_wcs(150.0, -40.0, roll_deg=30.0)
    plane = TangentPlane(150.01, -40.01)
    angle = np.radians(0.05)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = Affine(matrix * (1 + 1e-4), np.array([2500.0, -1300.0]))
    aligned = corrected_wcs("x", "y", {1: wcs}, affine, plane)
    moved = wcs.deepcopy()
    moved.wcs.crval = aligned.chips[0].crval_deg
    moved.wcs.cd = np.array(aligned.chips[0].cd_deg)
    moved.wcs.set()
    pixels = np.array([[0.0, 0.0], [1013.0, 0.0], [500.0, 700.0], [1013.0, 1013.0]])
    wanted = affine.apply(plane.project(*wcs.all_pix2world(pixels, 0).T))
    got = plane.project(*moved.all_pix2world(pixels, 0).T)
    assert got == pytest.approx(wanted, abs=0.005)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OPUS", "pipeline default not aligned"),
        ("IDC_abc", "undistorted not aligned"),
        ("IDC_abc-GSC240", "undistorted a priori solution based on GSC240"),
        (
            "IDC_abc-FIT_REL_GAIADR2",
            "undistorted a posteriori solution relatively aligned to GAIADR2",
        ),
        ("IDC_abc-VISIT_REL", "undistorted relatively aligned within the visit only"),
        ("IDC_abc-FIT_XXX_Y", "user-defined"),
        ("MINE", "user-defined"),
    ],
)
def test_solutions_are_described(name, text):
    assert wcs_type(name) == text


def test_a_relative_fit_does_not_claim_a_catalog():
    assert "FIT" not in fit_wcs_name("IDC_abc-GSC240", "", "")
    assert fit_wcs_name("", "", "2MASS") == "NODISTORTION-FIT_SVM_2MASS"


GOOD = {
    "reference_used": 40,
    "reference_found": 42,
    "links": 300,
    "spare": 77,
    "rms_mas": 2.0,
    "chi": 1.1,
    "spread": 0.9,
    "corner_error_mas": 0.3,
}


@pytest.mark.parametrize(
    ("change", "fit_qual", "word"),
    [
        ({}, 1, "40 stars"),
        ({"spare": 5}, 2, "numbers are left"),
        ({"spread": 0.1}, 2, "small part"),
        ({"corner_error_mas": 2.0}, 2, "2 mas of error in the corner"),
        ({"rms_mas": 25.0}, 3, "MAX_FIT_RMS"),
        ({"corner_error_mas": 30.0}, 3, "corner"),
        ({"reference_found": 100}, 4, "disagree"),
        ({"chi": 4.0}, 4, "expected errors"),
        ({"reference_used": 3}, 5, "MIN_FIT_MATCHES"),
        ({"rms_mas": 200.0}, 5, "MAX_FIT_LIMIT"),
    ],
    ids=str,
)
def test_the_quality_of_a_group(change, fit_qual, word):
    quality = judge_group(
        FitFacts(**{**GOOD, **change}), AlignmentSettings(), catalog="GAIAeDR3"
    )
    assert quality.fit_qual == fit_qual
    assert word in quality.sentence
    assert quality.is_good == (fit_qual < 5)


def test_a_member_is_never_better_than_the_group():
    doubtful = FitQuality(4, "Doubtful.")
    assert judge_member(doubtful, FitFacts(**GOOD), AlignmentSettings()).fit_qual == 4
    few = FitFacts(**{**GOOD, "reference_used": 1, "links": 2})
    fine = FitQuality(1, "Fine.")
    assert judge_member(fine, few, AlignmentSettings()).fit_qual == 4


def test_parameters_are_read_by_their_names():
    settings = alignment_settings(
        {
            "generate_source_catalogs.nsigma": 4.0,
            "generate_source_catalogs.threshold": -1.5,
            "run_align.mosaic_fitgeom_list": {"rshift": 10},
            "determine_fit_quality.MAX_FIT_RMS": 7,
            "match_2dhist_fit.searchrad": 400,
        }
    )
    assert settings.threshold_sigma == 6.0
    assert settings.minimum_matches == (("shift", 1), ("rshift", 10))
    assert settings.matches_needed("general") is None
    assert settings.max_fit_rms_mas == 7.0
    assert settings.search_radius_pix == 400.0
    assert settings.for_detection() == AlignmentSettings(threshold_sigma=6.0)


def test_suspect_stars_and_unknown_motions_have_larger_errors():
    catalog = catalog_of([150.0] * 3, [-40.0] * 3, [1.0, 2.0, 3.0], 1.0)
    unknown = np.array([0.0, np.nan, 0.0])
    catalog = type(catalog)(
        **{
            **{name: getattr(catalog, name) for name in catalog.__slots__},
            "pm_ra_mas_yr": unknown,
            "quality_factor": ruwe_factor(np.array([1.0, 1.0, 2.8])),
            "pm_ra_error_mas_yr": np.array([0.2, 0.2, 0.2]),
        }
    )
    stars = stars_at_epoch(catalog, TangentPlane(150.0, -40.0), 2021.0)
    assert stars.sigma[0, 0] == pytest.approx(np.sqrt(1 + 1 + 0.01))
    assert stars.sigma[1, 0] > 20.0
    assert stars.sigma[2, 0] == pytest.approx(4 * np.sqrt(2.01))


def test_the_common_solution_follows_the_list_of_preferences():
    both = {"OPUS", "IDC_w3m18525i", "IDC_w3m18525i-GSC240", "IDC_w3m18525i-HSC30"}
    assert choose_common_name([both, both]) == "IDC_w3m18525i-GSC240"
    assert (
        choose_common_name([both, both - {"IDC_w3m18525i-GSC240"}]) == "IDC_w3m18525i"
    )
    assert choose_common_name([both, {"OPUS"}]) == ""
    assert choose_common_name([]) == ""


def test_a_carried_fit_moves_the_grism_as_the_direct_images():
    plane = TangentPlane(150.0, -40.0)
    before = tan_wcs(150.0, -40.0)
    affine = Affine(np.eye(2), np.array([300.0, -200.0]))
    aligned = corrected_wcs("a", "n", {1: before}, affine, plane).chips[0]
    after = before.deepcopy()
    after.wcs.crval, after.wcs.cd = aligned.crval_deg, np.array(aligned.cd_deg)
    after.wcs.set()
    grism = tan_wcs(150.002, -39.999)
    (moved,) = carry_fit(
        [WcsChange({1: before}, {1: after})], {"g": {1: grism}}, plane, "new"
    )
    old = plane.project(*np.array([grism.wcs.crval]).T)
    new = plane.project(*np.array([moved.chips[0].crval_deg]).T)
    assert (new - old)[0] == pytest.approx([300.0, -200.0], abs=0.05)


def crowded(seed, *, sources, stars, shared, size_mas=(2.0e4, 1.0e4)):
    """Return sources of a small crowded field and stars of a wider one."""
    rng = np.random.default_rng(seed)
    size = np.array(size_mas)
    fixed = rng.uniform(-0.15, 1.15, (stars, 2)) * size
    inside = fixed[np.all((fixed > 0) & (fixed < size), axis=1)][:shared]
    roll, shift = np.radians(0.04), np.array([730.0, -890.0])
    turned = inside + np.stack([-roll * inside[:, 1], roll * inside[:, 0]], axis=1)
    true = turned - shift + rng.normal(0.0, 2.0, inside.shape)
    others = rng.uniform(0.0, 1.0, (sources - len(true), 2)) * size
    return np.concatenate([true, others]), fixed, inside


@pytest.mark.parametrize("seed", range(5))
def test_a_closer_look_finds_the_shift_in_a_crowd(seed):
    moving, fixed, inside = crowded(seed, sources=200, stars=500, shared=25)
    found, pairs = find_map(moving, fixed, radius_mas=3500.0, bin_mas=90.0, min_pairs=4)
    assert pairs >= 20
    delta = found.apply(moving[: len(inside)]) - inside
    # Errors of 2 mas; a wrong peak is off by 90 and more.
    assert np.abs(delta).max() < 20.0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("sources", "stars"), [(200, 500), (45, 12)])
def test_a_closer_look_finds_nothing_among_strangers(seed, sources, stars):
    moving, fixed, _ = crowded(seed, sources=sources, stars=stars, shared=0)
    assert find_map(moving, fixed, radius_mas=3500.0, bin_mas=90.0, min_pairs=4) is None
