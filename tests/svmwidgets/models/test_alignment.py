"""The fit answers at once to what is decided about its matches."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

from svmwidgets.banner import Banner
from svmwidgets.jobs import Courier
from svmwidgets.models.fittrail import group_numbers
from svmwidgets.panels.alignment import AlignmentPanel
from svmwidgets.panels.starpixels import StarReader
from svmwidgets.session import Session


@pytest.fixture(scope="module")
def aligned(small_visit, tmp_path_factory):
    """A session whose alignment has run once."""
    folder = tmp_path_factory.mktemp("aligned")
    session = Session(workers=1, state_folder=folder, courier=Courier())
    session.open(small_visit, output=folder / "products")
    session.run("fit alignment", label="Align")
    session.wait(300)
    assert session.alignment.fit is not None
    return session


@pytest.fixture
def model(aligned):
    """Its alignment, with all decisions taken back afterwards."""
    yield aligned.alignment
    while aligned.undo():
        pass
    aligned.alignment.exposure, aligned.alignment.clip_sigma = "", 0.0
    aligned.wait(60)


def rms(model):
    fits = model.fit.exposures
    return [v for e in fits for v in (e.rms_ra_mas, e.rms_dec_mas, e.n_reference)]


def test_fit_is_tied_to_the_catalog_and_fresh(model):
    assert model.fit.kind == "absolute"
    assert model.is_fresh
    assert "GAIA" in model.summary


def test_rejected_matches_leave_the_fit_and_come_back(aligned, model):
    before = rms(model)
    names = model.shown().identifiers[:4]
    model.reject(names)
    aligned.wait(60)
    kept = dict(zip(model.shown().identifiers, model.shown().is_rejected, strict=True))
    assert all(kept.get(name, True) for name in names)
    assert rms(model) != before
    aligned.undo()
    aligned.wait(60)
    assert rms(model) == before


def test_rejected_matches_are_out_before_the_refit_comes(aligned, model):
    shown = model.shown()
    name = shown.identifiers[int(np.flatnonzero(~shown.is_rejected)[0])]
    numbers = group_numbers(model.fit)
    model.reject([name])
    at_once = group_numbers(model.fit)
    assert model.is_refitting
    assert at_once.count == numbers.count - 1
    assert at_once.shift_east_mas == numbers.shift_east_mas
    aligned.wait(60)
    assert not model.is_refitting
    assert group_numbers(model.fit).shift_east_mas != numbers.shift_east_mas


def test_fits_of_the_session_are_listed_and_compared(aligned, model):
    first = model.trail[-1]
    model.reject(model.shown().identifiers[:3])
    aligned.wait(60)
    last = model.trail[-1]
    assert (last.number, last.label) == (first.number + 1, "Reject 3 matches")
    panel = AlignmentPanel(model, aligned).numbers
    assert [row["number"] for row in panel.trail.rows][:2] == [
        last.number,
        first.number,
    ]
    panel.trail.set_state({"selected": [str(first.number)]})
    assert model.earlier is first.fit
    assert "moved" in panel.compared.value
    panel.trail.set_state({"selected": []})
    assert model.earlier is None


def test_terms_that_are_held_are_said_to_be_not_fitted(aligned, model):
    held = replace(model.fit.absolute, scale_ppm=0.0, scale_error_ppm=0.0)
    model.fit = replace(model.fit, absolute=held)
    panel = AlignmentPanel(model, aligned).numbers
    assert "<dt>Scale</dt><dd>not fitted</dd>" in panel.facts.value
    assert math.isnan(group_numbers(model.fit).scale_ppm)


def test_readmitting_undoes_only_what_was_rejected_by_hand(aligned, model):
    names = model.shown().identifiers[:4]
    model.reject(names)
    model.readmit(names[:2])
    assert model.chosen.excluded_matches == set(names[2:])
    assert not model.readmit(["no such match"])
    model.readmit_all()
    assert model.chosen.excluded_matches == frozenset()


def test_refit_foretells_the_run_that_follows(aligned, model):
    model.reject(model.shown().identifiers[:3])
    aligned.wait(60)
    shown = rms(model)
    aligned.run("fit alignment", label="Align")
    aligned.wait(300)
    assert model.is_fresh
    # A run refines the centroids anew, without the rejected stars.
    assert rms(model) == pytest.approx(shown, abs=0.1)


def test_clip_shows_what_would_go_before_it_goes(aligned, model):
    model.clip_sigma = 2.0
    preview = model.clip_preview()
    assert preview
    assert model.chosen.excluded_matches == frozenset()
    model.clip()
    assert model.chosen.excluded_matches == set(preview)


def test_vectors_point_from_the_reference_to_the_source(model):
    shown = model.shown()
    table = model.fit.matches
    east = (table.ra_deg - table.target_ra_deg)[shown.rows] * 3.6e6
    east *= np.cos(np.radians(table.dec_deg[shown.rows]))
    assert shown.residual[:, 0] == pytest.approx(east, abs=0.05)


def test_detector_axes_only_turn_the_residuals(model):
    sky = model.shown().residual
    model.axes = "detector"
    turned = model.shown().residual
    model.axes = "sky"
    # Lengths agree to the few per cent by which distortion stretches pixels.
    assert np.hypot(*turned.T) == pytest.approx(np.hypot(*sky.T), rel=0.1)
    assert not np.allclose(turned, sky, rtol=0.1)


def test_exposure_keeps_its_apriori_wcs_on_request(aligned, model):
    name = model.fit.exposures[0].rootname
    model.keep_apriori(name, kept=True)
    aligned.wait(60)
    assert model.exposure_fit(name).state == "kept"
    model.keep_apriori(name, kept=False)
    aligned.wait(60)
    assert model.exposure_fit(name).state == "fitted"


def test_geometry_that_needs_more_matches_is_refused(aligned, model):
    shown = model.shown()
    model.reject(shown.identifiers[8:])
    model.kind = "other exposures"
    model.reject(model.shown().identifiers[8:])
    model.kind = "reference catalog"
    aligned.wait(60)
    assert not model.change_geometry("general")
    assert "needs 25 matches" in aligned.banner.problem
    aligned.dismiss()


def test_change_upstream_makes_it_stale_but_leaves_it_to_look_at(aligned, model):
    name = model.fit.exposures[0].rootname
    aligned.filtering.override([name], accepted=False, reason="trailed")
    aligned.wait(60)
    assert model.status == "stale"
    assert model.exposure_fit(name) is not None
    aligned.undo()
    aligned.wait(60)
    assert model.status in ("ok", "warn")


def test_another_reference_is_fitted_at_once_from_stored_sources(aligned, model):
    """A catalog on disk needs no run: the sources are those of the fit before."""
    before = model.fit
    aligned.choose_reference("none")
    aligned.wait(60)
    assert not model.is_fresh
    assert model.can_refit
    assert model.fit.kind == "relative"
    aligned.undo()
    aligned.wait(60)
    assert model.is_fresh
    assert model.fit.kind == before.kind == "absolute"


def test_a_catalog_that_is_none_is_refused_when_it_is_chosen(aligned, model, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("ra,dec,epoch\n10.0,-5.0,2016\n10.0,south,2016\n")
    before = aligned.reference
    assert aligned.choose_reference(str(bad)) is False
    assert "column dec, line 3" in aligned.banner.subject
    assert aligned.reference == before
    assert aligned.choose_reference("/no/such/catalog.ecsv") is False
    assert aligned.reference == before


def test_without_a_catalog_the_alignment_is_relative_and_says_so(aligned, model):
    aligned.choose_reference("none")
    aligned.wait(60)
    aligned.run("fit alignment", label="Align")
    aligned.wait(300)
    assert model.fit.kind == "relative"
    assert "relative only" in model.summary
    assert model.kind == "other exposures"
    assert not any("FIT_SVM" in solution.name for solution in model.fit.wcs)
    model.kind = "reference catalog"


def test_trial_cutout_follows_its_parameters_and_can_be_adopted(aligned, model):
    drizzling = aligned.drizzling
    drizzling.size = 60
    drizzling.ask_trial()
    aligned.wait(120)
    first = drizzling.tried
    assert first.trial.science.shape == (60, 60)
    assert not drizzling.change_trial("final_pixfrac", "9")
    drizzling.change_trial("final_pixfrac", "0.4")
    aligned.wait(120)
    uneven = [
        t.weight_statistics.unevenness
        for t in (drizzling.tried.present, drizzling.tried.trial)
    ]
    assert uneven[1] > uneven[0]
    aligned.parameters.product = drizzling.selected
    aligned.parameters.change("astrodrizzle", "final_kernel", "turbo")
    assert drizzling.trial["final_kernel"] == "turbo"  # untouched: it follows
    assert drizzling.trial["final_pixfrac"] == "0.4"
    drizzling.adopt_trial()
    values = aligned.prepared.parameters[drizzling.selected]
    assert values.value("astrodrizzle", "final_pixfrac") == 0.4


def test_selection_and_focus_of_the_plots_arrive_together(aligned, model):
    """A message that sets both must not lose one to the other's echo."""
    panel = AlignmentPanel(model, aligned)
    panel.residuals.figures.set_state({"focused_row": 3, "selected_rows": [1, 3]})
    names = model.shown().identifiers
    assert set(model.selected) == {names[1], names[3]}
    assert model.focused == names[3]
    assert sorted(panel.residuals.figures.selected_rows) == [1, 3]
    assert panel.residuals.figures.focused_row == 3
    model.selected, model.focused = (), ""
    assert panel.residuals.figures.selected_rows == []


def test_first_guess_by_hand_is_kept_listed_and_taken_back(aligned, model):
    rootname = model.fit.exposures[0].rootname
    panel = AlignmentPanel(model, aligned).by_hand
    panel.exposure.value = rootname
    panel.east.value, panel.north.value = "12", "-7.5"
    panel.guess.click()
    (one,) = model.chosen.manual_offsets
    assert (one.rootname, one.east_mas, one.north_mas) == (rootname, 12.0, -7.5)
    assert "manual_offset" in aligned.lines[-1].python or "ManualOffset" in (
        aligned.lines[-1].python
    )
    panel.refresh()
    assert [row["subject"] for row in panel.table.rows] == [rootname]
    panel._remove(f"guess {rootname}", "remove", "Remove")
    assert model.chosen.manual_offsets == ()


def test_wrong_text_by_hand_is_refused_and_fails_no_step(aligned, model):
    panel = AlignmentPanel(model, aligned).by_hand
    before = model.status
    panel.center.value, panel.radius.value = "nonsense", "2"
    panel.leave_out.click()
    assert "not a position on the sky" in aligned.banner.problem
    panel.center.value, panel.radius.value = "80.0 -69.0", "two"
    panel.leave_out.click()
    assert "'two' is not a number" in aligned.banner.problem
    assert model.chosen.excluded_regions == ()
    assert model.status == before
    aligned.dismiss()


def test_circle_around_matches_takes_their_sources_out_and_undo_brings_back(
    aligned, model
):
    before = model.shown().identifiers
    model.selected = tuple(before[:1])
    panel = AlignmentPanel(model, aligned).by_hand
    panel.around.click()
    panel.leave_out.click()
    aligned.wait(60)
    assert len(model.chosen.excluded_regions) == 1
    shown = model.shown()
    used = {
        name
        for name, is_rejected in zip(shown.identifiers, shown.is_rejected, strict=True)
        if not is_rejected
    }
    assert before[0] not in used
    assert len(used) > 0.8 * len(before)
    aligned.undo()
    aligned.wait(60)
    assert model.chosen.excluded_regions == ()
    assert model.shown().identifiers == before


def test_without_a_catalog_that_can_be_reached_exposures_align_alone(
    aligned, model, tmp_path
):
    """A catalog may be out of reach: what is left is offered, and said."""
    panel, banner = AlignmentPanel(model, aligned), Banner(aligned)
    assert panel.alone.layout.display == "none"
    assert banner.layout.display == "none"
    lost = tmp_path / "lost.ecsv"
    shutil.copy(aligned.reference, lost)
    aligned.choose_reference(str(lost))
    aligned.wait(60)
    lost.unlink()
    aligned.run("fit alignment", label="Align")
    aligned.wait(300)
    assert model.status == "failed"
    assert panel.alone.layout.display is None
    assert "lost.ecsv" in banner.text.value
    banner.run_again.click()  # as long as it is lost it fails again
    aligned.wait(300)
    assert model.status == "failed"
    assert banner.align_alone.layout.display is None
    banner.align_alone.click()
    aligned.wait(300)
    assert banner.layout.display == "none"
    assert model.fit.kind == "relative"
    assert "relative only" in model.summary
    assert "no reference catalog is used" in panel.numbers.facts.value
    assert not any("FIT_SVM" in solution.name for solution in model.fit.wcs)
    model.kind = "reference catalog"


def test_star_moves_from_its_place_before_to_that_after_the_fit(model):
    """Blinked at one sky position, the images show exactly the fitted shift."""
    fit = model.fit
    exposures = {e.rootname: e for e in model.total_exposures}
    row = int(np.flatnonzero(fit.matches.is_used & fit.matches.is_reference)[0])
    rootname = str(fit.matches.rootname[row])
    others = [e for name, e in exposures.items() if name != rootname]
    star = StarReader().read(fit, row, exposures[rootname], others)
    x, y = fit.matches.xy[row] - star.corner
    target = np.array([fit.matches.target_ra_deg[row], fit.matches.target_dec_deg[row]])
    expected = (fit.matches.before_mas[row], fit.matches.residual_mas[row])
    for mapping, offset_mas in zip(star.mappings, expected, strict=True):
        place = np.array([float(v) for v in mapping.pixel_to_sky(x, y)])
        found = (target - place) * 3.6e6 * [np.cos(np.radians(target[1])), 1.0]
        assert found == pytest.approx(offset_mas, abs=0.3)  # mapping and rounding
    assert np.hypot(*expected[0]) > 10 * np.hypot(*expected[1])
    assert star.neighbour is not None


def test_matches_as_rows_follow_selection_and_focus(aligned, model):
    panel = AlignmentPanel(model, aligned)
    names = model.shown().identifiers
    assert len(panel.matches.table.rows) == 12  # the worst ones
    model.selected = tuple(names[:3])
    assert {row["id"] for row in panel.matches.table.rows} == set(names[:3])
    panel.matches.table.set_state({"selected": [names[1]]})
    assert model.focused == names[1]
    assert panel.residuals.figures.focused_row == 1
    model.selected, model.focused = (), ""
