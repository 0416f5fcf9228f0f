"""The step Alignment: run it, look at fits and residuals, decide by hand."""

import html
from typing import Any

import ipywidgets as widgets

from svmwidgets.models.alignment import GEOMETRIES, AlignmentModel
from svmwidgets.panels.bound import bound
from svmwidgets.panels.byhand import ByHand
from svmwidgets.panels.fits import ExposureFits, FitNumbers
from svmwidgets.panels.matchlist import MatchList
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    menu,
    switch,
    text,
    toolbar,
)
from svmwidgets.panels.residuals import Residuals
from svmwidgets.panels.star import StarView

__all__ = ["AlignmentPanel"]


class AlignmentPanel(widgets.VBox):
    """View of `AlignmentModel`.

    Parameters
    ----------
    model : AlignmentModel
        State.
    session : object
        Gives ``guard``, ``run``, ``preview``, ``choose_reference``.
    """

    def __init__(self, model: AlignmentModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self._build_top(guard)
        self.exposures = ExposureFits(model, guard)
        self.by_hand = ByHand(session, model)
        self.numbers = FitNumbers(model, guard)
        self.residuals = Residuals(model, guard)
        self.matches = MatchList(model, guard)
        self.star = StarView(session, model, beside=self.matches)
        self.notice_list = text(css="svm-warning")
        self.notices = card([self.notice_list], heading="Look at")
        self.outcome = columns(
            [self.numbers.numbers], [self.numbers.fits, self.notices], split="even"
        )
        self.plots = card([self.residuals], heading="Residuals")
        super().__init__(
            [
                self.top,
                card([self.exposures, self.by_hand], heading="Exposures"),
                self.outcome,
                self.plots,
                self.star,
            ]
        )
        self.add_class("svm-panel")
        self._observe(guard)
        self._show_choices()
        self.refresh()

    def _build_top(self, guard: Any) -> None:
        model = self.model
        detectors = menu([], label="Detector")
        self.detector = bound(detectors, model, "detector", guard, needs_value=True)
        self.detector_box = label("Detector", self.detector)
        self.reference = field(
            "Reference catalog", placeholder="File, gaia, gsc, 2mass or none"
        )
        self.reference.observe(guard(self._pick_reference), "value")
        self.geometry = menu(list(GEOMETRIES), value="rscale", label="Geometry")
        self.geometry.observe(guard(self._pick_geometry), "value")
        self.run = act("Align", guard(self._run), kind="primary")
        self.alone = act(
            "Align without a catalog",
            guard(self._run_alone),
            tooltip="Align the exposures to each other only",
        )
        self.grism = switch(
            "Carry the fit to grism exposures",
            tooltip="Off: direct and grism exposures share the a-priori WCS",
        )
        self.grism.observe(guard(self._carry), "value")
        self.top = toolbar(
            self.detector_box,
            label("Reference", self.reference),
            label("Geometry", self.geometry),
            self.run,
            self.alone,
            self.grism,
        )
        self.top.add_class("svm-top")

    def _observe(self, guard: Any) -> None:
        choices = ["detectors", "detector", "reference", "geometry"]
        for names, call in (
            ([*choices, "has_grism", "carries_fit"], self._show_choices),
            (["by_hand"], self.by_hand.refresh),
            (["fit"], self.refresh),
            (["is_fresh"], self._show_run),
            (["earlier", "trail"], self.numbers.show_trail),
            (["kind", "axes", "exposure"], self._show_matches),
            (["exposure"], self.exposures.show),
            (["offsets"], self.residuals.show_offsets),
            (["clip_sigma"], self.residuals.show_clip),
            (["status"], self._show_status),
            (["selected", "is_refitting"], self._show_selection),
            (["focused"], self._show_focus),
        ):
            self.model.observe(guard(lambda _, call=call: call()), names)
        run = self.session.run_model
        run.observe(guard(lambda _: self._show_run()), "is_running")

    # ---- showing ----

    def refresh(self) -> None:
        """Show the fit as the model has it."""
        self.by_hand.refresh()
        self.exposures.show()
        self.numbers.show()
        self._show_matches()
        self.residuals.show_offsets()
        # What a fit fills stays away until there is one.
        for part in (self.outcome, self.plots, self.star):
            part.layout.display = None if self.model.fit else "none"
        notices = self.model.notices()
        self.notices.layout.display = None if notices else "none"
        self.notice_list.layout.display = None
        lines = (f"<p>! {html.escape(notice)}</p>" for notice in notices)
        self.notice_list.value = "".join(lines)
        self._show_run()

    def _show_choices(self) -> None:
        model = self.model
        labels = [(slug.replace("_", "/").upper(), slug) for slug in model.detectors]
        if tuple(self.detector.options) != tuple(labels):
            self.detector.options = labels
        if model.detector and self.detector.value != model.detector:
            self.detector.value = model.detector
        self.detector_box.layout.display = None if len(labels) > 1 else "none"
        self.reference.value = model.reference
        self.grism.layout.display = None if model.has_grism else "none"
        self.by_hand.refresh()
        self.grism.value = model.carries_fit
        if model.geometry in GEOMETRIES:
            self.geometry.value = model.geometry
        self._show_run()

    def _show_matches(self) -> None:
        self.residuals.show()
        self.matches.show()
        self.star.show(self.model.focused)

    def _show_selection(self) -> None:
        self.residuals.show_selection()
        self.matches.show()

    def _show_focus(self) -> None:
        self.residuals.show_focus()
        self.matches.show_focus()
        self.star.show(self.model.focused)

    def _show_status(self) -> None:
        self.exposures.show_state()
        self._show_run()

    def _show_run(self) -> None:
        busy = self.session.run_model.is_running
        self.run.disabled = busy or not self.model.detectors
        self.run.description = "Align" if not self.model.is_fresh else "Align again"
        # A catalog service that cannot be reached must not be the end.
        is_stuck = self.model.status == "failed" and self.model.reference != "none"
        self.alone.layout.display = None if is_stuck and not busy else "none"

    # ---- acting ----

    def _run(self) -> None:
        self.session.run("fit alignment", label="Align")

    def _run_alone(self) -> None:
        if self.session.choose_reference("none"):
            self._run()

    def _pick_reference(self, change: Any) -> None:
        if change["new"].strip() != self.model.reference:
            self.session.choose_reference(change["new"])
            self.reference.value = self.model.reference

    def _carry(self, change: Any) -> None:
        if change["new"] != self.model.carries_fit:
            self.model.carry_to_grism(carried=change["new"])

    def _pick_geometry(self, change: Any) -> None:
        if change["new"] != self.model.geometry:
            self.model.change_geometry(change["new"])
            self.geometry.value = self.model.geometry
