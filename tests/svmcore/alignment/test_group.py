"""The fit of a group, from star lists with known truth."""

from dataclasses import replace

import numpy as np
import pytest
from star_groups import DEC_DEG, RA_DEG, catalog_of, make_group

from svmcore.alignment.group import fit_group
from svmcore.alignment.plane import TangentPlane
from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.decisions import (
    AlignmentDecisions,
    ExcludedRegion,
    ManualOffset,
)

# 180 sources of 1 to 7 mas give 0.2 mas per axis for shift and roll of each
# exposure, 60 reference stars of 1 mas add 0.15 mas. Beyond three times that
# something is wrong.
ABSOLUTE_MAS, RELATIVE_MAS = 1.0, 0.7


def test_reaches_what_the_stars_allow():
    group = make_group()
    fit = fit_group(group.problem())
    assert fit.kind == "absolute"
    assert fit.quality.fit_qual == 1
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS
    assert group.relative_mas(fit).max() < RELATIVE_MAS
    assert all(wcs.name == "IDC_w3m18525i-FIT_SVM_GAIAeDR3" for wcs in fit.wcs)


@pytest.mark.parametrize(
    ("offset", "roll"),
    [((2900.0, -2950.0), 0.05), ((-3000.0, 100.0), -0.05), ((0.0, 0.0), 0.0)],
    ids=["far", "west", "none"],
)
def test_finds_large_offsets_and_rolls(offset, roll):
    group = make_group(2, offset_mas=offset, roll_deg=roll)
    fit = fit_group(group.problem())
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS
    assert group.relative_mas(fit).max() < RELATIVE_MAS


def test_reports_the_motion_of_the_group_with_its_error():
    group = make_group(3, offset_mas=(500.0, -300.0), scatter_mas=0.0, roll_deg=0.02)
    terms = fit_group(group.problem()).absolute
    assert terms.shift_east_mas == pytest.approx(500.0, abs=5 * terms.shift_error_mas)
    assert terms.shift_north_mas == pytest.approx(-300.0, abs=5 * terms.shift_error_mas)
    # The true field is rolled more than the given one, from east to north,
    # which is against the sense of position angles.
    assert terms.rotation_deg == pytest.approx(-0.02, abs=0.002)
    assert 0.0 < terms.rotation_error_deg < 0.001


def test_wrong_reference_stars_are_left_out():
    group = make_group(4, wrong=0.15)
    fit = fit_group(group.problem())
    assert group.is_wrong.sum() >= 3
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS
    assert fit.quality.fit_qual == 1


def test_two_that_disagree_are_not_believed():
    # Exposure 1 has 40 sources 50 mas from those of exposure 0, and nobody
    # else sees them.
    group = make_group(5, exposures=2, stars=150)
    first, second = group.members
    moved = second.sources.xy.copy()
    moved[:15] += 0.4
    second = replace(second, sources=replace(second.sources, xy=moved))
    fit = fit_group(group.problem(members=(first, second)))
    table = fit.matches
    rows = np.flatnonzero((table.rootname == second.rootname) & ~table.is_reference)
    shifted = [r for r in rows if int(table.identifier[r].split("-")[2]) < 15]
    assert shifted
    assert not table.is_used[shifted].any()


def test_an_exposure_without_stars_moves_with_the_group():
    group = make_group(6)
    empty = group.members[1]
    none = {
        name: getattr(empty.sources, name)[:0]
        for name in (
            "extver",
            "xy",
            "xy_error",
            "flux",
            "peak",
            "roughness",
            "is_saturated",
        )
    }
    empty = replace(empty, sources=replace(empty.sources, **none))
    members = (group.members[0], empty, *group.members[2:])
    fit = fit_group(group.problem(members=members))
    assert fit.exposures[1].state == "carried"
    assert fit.exposures[1].quality.fit_qual == 4
    assert "No usable star" in fit.exposures[1].quality.sentence
    # It has its own pointing scatter of 15 mas, not the 300 mas of the group.
    assert group.absolute_mas(fit)[1] < 60.0
    assert group.absolute_mas(fit)[[0, 2, 3]].max() < ABSOLUTE_MAS


def test_an_exposure_that_is_far_off_is_found():
    group = make_group(7, shifts_mas={2: (9000.0, -7000.0)})
    fit = fit_group(group.problem())
    assert [each.state for each in fit.exposures] == ["fitted"] * 4
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS


@pytest.mark.parametrize("reference", [True, None], ids=["catalog", "relative"])
def test_an_exposure_beyond_the_search_radius_is_found_and_says_so(reference):
    # 26 arcsec off; the radius is 5 arcsec here.
    settings = replace(AlignmentSettings(), search_radius_pix=20.0)
    group = make_group(7, stars=400, roll_deg=0.0, shifts_mas={2: (19000.0, -17500.0)})
    fit = fit_group(group.problem(reference=reference, settings=settings))
    assert [each.state for each in fit.exposures] == ["fitted"] * 4
    assert group.relative_mas(fit).max() < RELATIVE_MAS
    far = [each for each in fit.exposures if "searchrad" in each.quality.sentence]
    if reference:
        assert [each.rootname for each in far] == [group.members[2].rootname]
        assert "arcsec off" in far[0].quality.sentence


def test_without_catalog_exposures_agree_and_the_mean_stays():
    # Nothing tells a roll that all share, which the dithers would show.
    group = make_group(8, roll_deg=0.0)
    fit = fit_group(group.problem(reference=None))
    assert fit.kind == "relative"
    # How far all of them are off the sky together, nothing tells.
    assert fit.quality.fit_qual == 3
    assert {each.quality.fit_qual for each in fit.exposures} == {3}
    assert fit.catalog == ""
    assert fit.absolute is None
    assert group.relative_mas(fit).max() < RELATIVE_MAS
    assert {wcs.name for wcs in fit.wcs} == {"IDC_w3m18525i-VISIT_REL"}
    shifts = [[e.terms.shift_east_mas, e.terms.shift_north_mas] for e in fit.exposures]
    # Zero but for the lever of the mean roll over the dithers.
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.5


def test_relative_frame_follows_the_reference_exposure():
    group = make_group(8, roll_deg=0.0)
    name = group.members[2].rootname
    decisions = AlignmentDecisions(reference_exposure=name)
    fit = fit_group(group.problem(reference=None, decisions=decisions))
    assert fit.exposures[2].terms.shift_east_mas == pytest.approx(0.0, abs=1e-6)
    assert group.relative_mas(fit).max() < RELATIVE_MAS


@pytest.mark.parametrize("seed", range(4))
def test_a_catalog_of_another_field_is_never_called_a_fit(seed):
    group = make_group(9, exposures=2)
    rng = np.random.default_rng(seed)
    plane = TangentPlane(RA_DEG, DEC_DEG)
    ra, dec = plane.deproject(rng.uniform(-75e3, 75e3, (150, 2)))
    other = catalog_of(ra, dec, rng.uniform(15, 20, 150), 1.0)
    fit = fit_group(group.problem(reference=other))
    assert fit.kind == "relative"
    assert "do not match" in fit.warnings[0]


def test_six_reference_stars_are_enough():
    group = make_group(10, reference_stars=6)
    fit = fit_group(group.problem())
    assert fit.kind == "absolute"
    # 1 / sqrt(6) mas for the shift, twice that with roll: 1.5 times of it.
    assert group.absolute_mas(fit).max() < 1.5


def test_three_reference_stars_are_too_few():
    group = make_group(10, reference_stars=3)
    fit = fit_group(group.problem())
    assert fit.kind == "relative"


def test_cosmic_rays_do_no_harm():
    group = make_group(11, exposures=3, false_sources=300)
    fit = fit_group(group.problem())
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS


def test_a_common_scale_is_fitted_only_if_it_is_there():
    plain = fit_group(make_group(12).problem())
    assert plain.absolute.scale_ppm == 0.0
    group = make_group(12, scale_ppm=90.0)
    fit = fit_group(group.problem())
    assert fit.absolute.fitgeom == "rscale"
    assert fit.absolute.scale_ppm == pytest.approx(90.0, abs=10.0)
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS


def test_a_geometry_that_is_not_listed_is_not_used():
    settings = AlignmentSettings(minimum_matches=(("shift", 1), ("rshift", 3)))
    group = make_group(12, scale_ppm=90.0)
    fit = fit_group(group.problem(settings=settings))
    assert fit.absolute.fitgeom == "rshift"
    assert fit.absolute.scale_ppm == pytest.approx(0.0, abs=0.1)


def test_too_few_matches_fall_back_to_a_simpler_geometry():
    group = make_group(13, stars=9, reference_stars=9, exposures=2, scale_ppm=90.0)
    settings = AlignmentSettings(
        minimum_matches=(("shift", 1), ("rshift", 3), ("rscale", 200))
    )
    fit = fit_group(group.problem(settings=settings))
    assert fit.exposures[0].terms.fitgeom in ("shift", "rshift")


def test_excluded_matches_keep_their_names():
    group = make_group(14)
    fit = fit_group(group.problem())
    chosen = frozenset(fit.matches.identifier[fit.matches.is_used][:5])
    again = fit_group(
        group.problem(decisions=AlignmentDecisions(excluded_matches=chosen))
    )
    table = again.matches
    rows = np.isin(table.identifier, list(chosen))
    assert rows.sum() == len(chosen)
    assert not table.is_used[rows].any()
    assert set(table.why_not[rows]) == {"by hand"}


def test_an_excluded_region_is_left_out():
    group = make_group(15)
    region = ExcludedRegion(RA_DEG, DEC_DEG, 30.0)
    fit = fit_group(
        group.problem(decisions=AlignmentDecisions(excluded_regions=(region,)))
    )
    table = fit.matches
    plane = TangentPlane(RA_DEG, DEC_DEG)
    distance = np.hypot(*plane.project(table.ra_deg, table.dec_deg).T)
    # Sources move by up to 0.4 arcsec in the fit.
    assert not table.is_used[distance < 29.5e3].any()
    assert table.is_used[distance > 30.5e3].any()


def test_an_excluded_exposure_is_carried_and_a_kept_one_stays():
    group = make_group(16)
    decisions = AlignmentDecisions(
        excluded_exposures=frozenset({"test00q"}), kept_apriori=frozenset({"test01q"})
    )
    fit = fit_group(group.problem(decisions=decisions))
    assert [e.state for e in fit.exposures] == ["carried", "kept", "fitted", "fitted"]
    given = group.members[1].chips[1].wcs
    assert fit.wcs[1].chips[0].crval_deg == tuple(given.crval)
    assert fit.wcs[1].name == "IDC_w3m18525i-GSC240"


def test_a_manual_offset_helps_where_the_search_cannot():
    far = (60000.0, -45000.0)
    group = make_group(17, shifts_mas={3: far})
    lost = fit_group(group.problem())
    assert lost.exposures[3].state != "fitted"
    decisions = AlignmentDecisions(
        manual_offsets=(ManualOffset("test03q", 59000.0, -44000.0),)
    )
    found = fit_group(group.problem(decisions=decisions))
    assert found.exposures[3].state == "fitted"
    assert group.absolute_mas(found).max() < ABSOLUTE_MAS


def test_proper_motions_are_carried_to_the_epoch():
    group = make_group(18)
    years = -10.0
    rng = np.random.default_rng(1)
    motion = rng.normal(0, 8.0, (len(group.catalog), 2))
    plane = TangentPlane(RA_DEG, DEC_DEG)
    at = plane.project(group.catalog.ra_deg, group.catalog.dec_deg) + years * motion
    ra, dec = plane.deproject(at)
    early = replace(
        group.catalog,
        ra_deg=ra,
        dec_deg=dec,
        pm_ra_mas_yr=motion[:, 0],
        pm_dec_mas_yr=motion[:, 1],
        epoch_yr=group.catalog.epoch_yr + years,
    )
    fit = fit_group(group.problem(reference=early))
    assert fit.catalog_epoch_yr == pytest.approx(2016.0)
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS


def test_the_same_input_gives_the_same_fit():
    group = make_group(19)
    first, second = (fit_group(group.problem()) for _ in range(2))
    assert first.wcs == second.wcs
    assert first.history == second.history


def test_a_lone_exposure_is_fitted_to_the_catalog():
    group = make_group(20, exposures=1)
    fit = fit_group(group.problem())
    assert fit.kind == "absolute"
    assert fit.exposures[0].n_links == 0
    assert np.isnan(fit.exposures[0].relative_rms_ra_mas)
    assert group.absolute_mas(fit).max() < ABSOLUTE_MAS


def test_a_lone_exposure_without_catalog_keeps_its_solution():
    group = make_group(20, exposures=1)
    fit = fit_group(group.problem(reference=None))
    assert fit.kind == "none"
    assert fit.exposures[0].state == "kept"
    assert "nothing to align" in fit.exposures[0].quality.sentence
    assert fit.wcs[0].chips[0].crval_deg == tuple(group.members[0].chips[1].wcs.crval)


def test_exposures_that_do_not_overlap_are_tied_by_the_catalog():
    first, second = make_group(22, exposures=2), make_group(23, exposures=2)
    # The second pair is moved 4 arcminutes east, with its own stars.
    east = 240.0 / 3600.0 / np.cos(np.radians(DEC_DEG))
    moved = []
    for number, member in enumerate(second.members):
        wcs = member.chips[1].deepcopy()
        wcs.wcs.crval = [wcs.wcs.crval[0] + east, wcs.wcs.crval[1]]
        wcs.wcs.set()
        name = f"test1{number}q"
        sources = replace(member.sources, rootname=name)
        moved.append(replace(member, rootname=name, chips={1: wcs}, sources=sources))
    one, other = first.catalog, second.catalog
    both = {}
    for name in one.__slots__:
        values = getattr(one, name)
        if isinstance(values, str):
            both[name] = values
            continue
        more = getattr(other, name)
        both[name] = np.concatenate([values, more + east if name == "ra_deg" else more])
    catalog = type(one)(**both)
    members = (*first.members, *moved)
    fit = fit_group(first.problem(reference=catalog, members=members))
    assert [each.state for each in fit.exposures] == ["fitted"] * 4
    assert min(each.n_reference for each in fit.exposures) > 10
    assert max(each.rms_ra_mas for each in fit.exposures) < 10.0


def test_four_stars_link_two_exposures():
    group = make_group(14, exposures=2, stars=4, reference_stars=3)
    fit = fit_group(group.problem(reference=False))
    assert fit.kind == "relative"
    assert [each.state for each in fit.exposures] == ["fitted"] * 2
    # Sources of 1 to 7 mas: four of them tell the shift to a few.
    assert group.relative_mas(fit).max() < 10.0
