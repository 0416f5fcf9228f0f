"""Matches rejected by hand: they weigh nothing, and stay in sight."""

import numpy as np
import pytest
from star_groups import make_group

from svmcore.alignment.group import fit_group
from svmcore.model.decisions import AlignmentDecisions


def rejecting(group, names, **kwargs):
    """Return the fit without some matches."""
    decisions = AlignmentDecisions(excluded_matches=frozenset(names.tolist()))
    return fit_group(group.problem(decisions=decisions, **kwargs))


def rows_of(table, names):
    """Return the row of each name."""
    order = np.argsort(table.identifier)
    place = np.searchsorted(table.identifier, names, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    assert (table.identifier[rows] == names).all()
    return rows


def assert_grey(table, names):
    """All names are in the table once, unused and by hand."""
    assert len(np.unique(table.identifier)) == len(table)
    rows = rows_of(table, names)
    assert not table.is_used[rows].any()
    assert set(table.why_not[rows]) == {"by hand"}
    assert np.isfinite(table.residual_mas[rows]).all()
    return rows


@pytest.mark.parametrize("exposures", [1, 2, 4])
def test_stars_of_which_every_source_is_rejected_stay(exposures):
    group = make_group(31, exposures=exposures)
    before = fit_group(group.problem()).matches
    # All matches on a quarter of the chip, so that whole stars are rejected.
    names = before.identifier[before.xy.max(axis=1) < 507.0]
    assert len(names) > 10 * exposures
    after = rejecting(group, names)
    rows = assert_grey(after.matches, names)
    assert set(after.matches.identifier) == set(before.identifier)
    assert after.kind == "absolute"
    # The same targets: reference stars do not move, means of the others only
    # where these are rejected as well, and by less than their noise.
    old = rows_of(before, names)
    change = np.hypot(*(after.matches.residual_mas[rows] - before.residual_mas[old]).T)
    assert np.median(change) < 1.0
    assert change.max() < 50.0
    assert group.absolute_mas(after).max() < 1.0


def test_one_rejected_keeps_its_residual_and_comes_back():
    group = make_group(32)
    fit = fit_group(group.problem())
    name = fit.matches.identifier[fit.matches.is_used][:1]
    without = rejecting(group, name)
    (row,) = assert_grey(without.matches, name)
    (old,) = rows_of(fit.matches, name)
    # One of 800 sources moves the solution by far less than its noise.
    assert without.matches.residual_mas[row] == pytest.approx(
        fit.matches.residual_mas[old], abs=0.2
    )
    again = rejecting(group, name[:0])
    assert (again.matches.identifier == fit.matches.identifier).all()
    assert (again.matches.is_used == fit.matches.is_used).all()


def test_rejected_sources_weigh_nothing():
    group = make_group(33, exposures=3)
    name = group.members[1].rootname
    table = fit_group(group.problem()).matches
    names = table.identifier[(table.rootname == name) & (table.xy[:, 0] > 507.0)]
    rows = np.unique([int(each.split("-")[2]) for each in names])
    fit = rejecting(group, names)
    # Their positions may be anything near: the solution does not see them.
    moved = group.members[1].sources.xy
    group.members[1].sources.xy[rows] = moved[rows] + 0.05
    other = rejecting(group, names)
    for one, two in zip(fit.wcs, other.wcs, strict=True):
        assert one.chips[0].crval_deg == pytest.approx(
            two.chips[0].crval_deg,
            abs=3e-10,  # 0.001 mas; they moved by 7 mas
        )


def test_an_exposure_without_any_match_left_is_carried_and_its_matches_stay():
    group = make_group(34)
    whole = fit_group(group.problem())
    names = whole.matches.identifier[whole.matches.rootname == "test02q"]
    fit = rejecting(group, names)
    assert [e.state for e in fit.exposures] == ["fitted", "fitted", "carried", "fitted"]
    assert "rejected by hand" in fit.exposures[2].quality.sentence
    assert_grey(fit.matches, names)
    # A quarter of the links less is no great loss for the others.
    change = group.absolute_mas(fit) - group.absolute_mas(whole)
    assert np.abs(change[[0, 1, 3]]).max() < 0.5


def test_a_catalog_without_any_match_left_is_not_fitted_and_its_matches_stay():
    group = make_group(35)
    table = fit_group(group.problem()).matches
    names = table.identifier[table.is_reference]
    fit = rejecting(group, names)
    assert fit.kind == "relative"
    assert_grey(fit.matches, names)


def test_matches_that_held_a_solution_elsewhere_stay():
    # Of 40 reference stars ten are 70 mas off to one side: without the others
    # the solution moves there, far enough that stars are matched again.
    group = make_group(36, reference_stars=40, exposures=2)
    catalog = group.catalog
    catalog.ra_deg[:10] += 70.0 / 3.6e6 / np.cos(np.radians(catalog.dec_deg[:10]))
    whole = fit_group(group.problem())
    table = whole.matches
    names = table.identifier[table.is_reference & table.is_used]
    assert len(names) > 40
    assert whole.kind == "absolute"
    fit = rejecting(group, names)
    assert fit.kind == "absolute"
    moved = fit.absolute.shift_east_mas - whole.absolute.shift_east_mas
    assert moved == pytest.approx(70.0, abs=5.0)
    assert_grey(fit.matches, names)


def test_a_partner_left_alone_says_why():
    group = make_group(37, exposures=2, reference_stars=40)
    table = fit_group(group.problem()).matches
    links = table.identifier[~table.is_reference & (table.rootname == "test00q")]
    fit = rejecting(group, links[:20])
    alone = fit.matches.why_not == "no fit"
    assert alone.sum() == 20
    assert set(fit.matches.rootname[alone]) == {"test01q"}
    assert not fit.matches.is_reference[alone].any()
