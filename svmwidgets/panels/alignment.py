"""The fit of a detector: exposures, residuals, matches by hand, stars."""

import math
from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import ResidualFigures, Table, badge, column
from svmwidgets.models.alignment import AXES, GEOMETRIES, KINDS, AlignmentModel
from svmwidgets.panels.byhand import ByHand
from svmwidgets.panels.parts import (
    act,
    card,
    choice,
    columns,
    field,
    label,
    menu,
    set_facts,
    set_text,
    switch,
    text,
    toolbar,
)
from svmwidgets.panels.star import StarView

__all__ = ["AlignmentPanel"]

_COLUMNS = (
    column("fit", "Fit", "toggle", tooltip="Off: keep the WCS it came with"),
    column("rootname", "Exposure", "code"),
    column("quality", "Quality", "badge"),
    column("reference", "Ref.", "number", digits=0, tooltip="Reference matches"),
    column(
        "links", "Links", "number", digits=0, tooltip="Matches with other exposures"
    ),
    column("rms_ra", "Rms E", "number", digits=2, unit="mas"),
    column("rms_dec", "Rms N", "number", digits=2, unit="mas"),
    column("rel_ra", "Rel. E", "number", digits=2, unit="mas"),
    column("rel_dec", "Rel. N", "number", digits=2, unit="mas"),
    column("east", "East", "number", digits=1, unit="mas"),
    column("north", "North", "number", digits=1, unit="mas"),
    column("roll", "Roll", "number", digits=2, unit="arcsec"),
    column("scale", "Scale", "number", digits=1, unit="ppm"),
)
_AXES_TEXT = {
    "sky": "x and dx point east, y and dy north; positions are offsets from the "
    "middle of the matches. Vectors point from the reference star to the source.",
    "detector": "x, y, dx and dy follow the axes of the detector; chips stand one "
    "above the other. Vectors point from the reference star to the source.",
}
_QUALITY = {1: "ok", 2: "ok", 3: "warn", 4: "warn", 5: "failed"}


class AlignmentPanel(widgets.VBox):
    """View of `AlignmentModel`.

    Parameters
    ----------
    model : AlignmentModel
        State.
    session : object
        Gives ``guard``, ``run``, ``choose_reference``, ``undo``.
    """

    def __init__(self, model: AlignmentModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self._build_top(guard)
        self._build_plots(guard)
        self._build_table(guard)
        self.by_hand = ByHand(session, model)
        self.star = StarView(session, model)
        self.outcome = columns([self.numbers], [self.notices])
        super().__init__(
            [
                self.top,
                card([self.table, self.verdict, self.by_hand], heading="Exposures"),
                self.outcome,
                self.plots,
                self.star,
            ]
        )
        self.add_class("svm-panel")
        for names, call in (
            (
                ["detectors", "detector", "reference", "geometry"],
                self._show_choices,
            ),
            (["has_grism", "carries_fit"], self._show_choices),
            (["by_hand"], self.by_hand.refresh),
            (["fit", "earlier", "is_fresh", "can_refit"], self.refresh),
            (["kind", "axes", "exposure", "offsets"], self._show_matches),
            (["exposure"], self._show_table),
            (["clip_sigma"], self._show_clip),
            (["selected"], self._push_selected),
            (["focused"], self._push_focused),
        ):
            model.observe(guard(lambda _, call=call: call()), names)
        session.run_model.observe(guard(lambda _: self._show_run()), "is_running")
        self._show_choices()
        self.refresh()

    # ---- building ----

    def _build_top(self, guard: Any) -> None:
        model = self.model
        self.detector = menu([], label="Detector")
        self.detector.observe(
            guard(lambda c: c["new"] and model.set_trait("detector", c["new"])), "value"
        )
        self.detector_box = label("Detector", self.detector)
        self.reference = field(
            "Reference catalog", placeholder="File, gaia, gsc, 2mass or none"
        )
        self.reference.observe(guard(self._pick_reference), "value")
        self.geometry = menu(list(GEOMETRIES), value="rscale", label="Geometry")
        self.geometry.observe(guard(self._pick_geometry), "value")
        self.run = act("Align", guard(self._run), kind="primary")
        self.grism = switch(
            "Carry the fit to grism exposures",
            tooltip="Off: direct and grism exposures share the a-priori WCS",
        )
        self.grism.observe(guard(self._carry), "value")
        self.keep = act(
            "Keep this fit to compare", guard(model.keep_for_comparison), kind="quiet"
        )
        self.top = toolbar(
            self.detector_box,
            label("Reference", self.reference),
            label("Geometry", self.geometry),
            self.run,
            self.keep,
            self.grism,
        )
        self.top.add_class("svm-top")

    def _build_plots(self, guard: Any) -> None:
        model = self.model
        self.figures = ResidualFigures(unit="mas", position_unit="arcsec")
        self.figures.observe(
            guard(lambda c: model.set_trait("selected", tuple(c["new"]))), "selected"
        )
        self.figures.observe(
            guard(lambda c: model.set_trait("focused", str(c["new"] or ""))), "focused"
        )
        self.kind = choice(list(KINDS), value=model.kind)
        self.kind.observe(guard(lambda c: model.set_trait("kind", c["new"])), "value")
        self.axes = choice(list(AXES), value=model.axes)
        self.axes.observe(guard(lambda c: model.set_trait("axes", c["new"])), "value")
        self.exposure = menu([("all exposures", "")], value="", label="Exposure")
        self.exposure.observe(
            guard(lambda c: model.set_trait("exposure", c["new"] or "")), "value"
        )
        self.selection = text(css="svm-count-line")
        self.reject = act("Reject selected", guard(self._reject), kind="danger")
        self.readmit = act("Readmit selected", guard(self._readmit))
        self.readmit_all = act("Readmit all", guard(model.readmit_all), kind="quiet")
        self.clip = widgets.FloatSlider(
            value=0.0,
            min=0.0,
            max=6.0,
            step=0.1,
            readout_format=".1f",
            continuous_update=True,
            layout=widgets.Layout(width="100%"),
        )
        self.clip.observe(
            guard(lambda c: model.set_trait("clip_sigma", c["new"])), "value"
        )
        self.clip_line = text()
        self.clip_button = act("Clip these", guard(model.clip))
        self.axes_line = text()
        clip = label("Clip beyond sigma", self.clip)
        clip.add_class("svm-clip")
        self.plots = card(
            [
                toolbar(
                    label("Against", self.kind),
                    label("Axes", self.axes),
                    self.exposure,
                    clip,
                    self.clip_button,
                    self.clip_line,
                ),
                toolbar(self.reject, self.readmit, self.readmit_all, self.selection),
                self.figures,
                self.axes_line,
            ],
            heading="Residuals",
        )
        self.facts = text()
        self.history = text(css="svm-history")
        self.numbers = card([self.facts, self.history], heading="Fit")
        self.notice_list = text(css="svm-warning")
        self.notices = card([self.notice_list], heading="Look at")

    def _build_table(self, guard: Any) -> None:
        self.table = Table(
            _COLUMNS,
            has_filter=False,
            height="320px",
            label="Fit of each exposure",
            empty_text="Not aligned yet. Press Align.",
        )
        self.table.add_class("svm-close-table")
        self.table.on_change(guard(self._toggled))
        self.table.observe(guard(self._picked), "selected")
        self.follow = act(
            "Relative frame follows it", guard(self._follow), kind="quiet"
        )
        self.apriori = text()
        self.verdict = toolbar(self.apriori, self.follow)

    # ---- showing ----

    def refresh(self) -> None:
        """Show the fit as the model has it."""
        self.by_hand.refresh()
        self._show_table()
        self._show_matches()
        self._show_numbers()
        # What a fit fills stays away until there is one.
        for part in (self.outcome, self.plots):
            part.layout.display = None if self.model.fit else "none"
        notices = self.model.notices()
        self.notices.layout.display = None if notices else "none"
        self.notice_list.layout.display = None
        self.notice_list.value = "".join(f"<p>! {_escaped(n)}</p>" for n in notices)
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

    def _show_table(self) -> None:
        model, fit = self.model, self.model.fit
        kept = model.chosen.kept_apriori if model.detector else frozenset()
        drawn = []
        for each in fit.exposures if fit else ():
            terms = each.terms
            drawn.append(
                {
                    "id": each.rootname,
                    "fit": each.rootname not in kept,
                    "rootname": each.rootname,
                    "quality": badge(
                        _QUALITY.get(each.quality.fit_qual, "warn"),
                        f"{each.quality.fit_qual} {each.state}",
                        each.quality.sentence,
                    ),
                    "reference": each.n_reference,
                    "links": each.n_links,
                    "east": _number(terms.shift_east_mas),
                    "north": _number(terms.shift_north_mas),
                    "roll": _number(terms.rotation_deg * 3600.0),
                    "scale": _number(terms.scale_ppm),
                    "rms_ra": _number(each.rms_ra_mas),
                    "rms_dec": _number(each.rms_dec_mas),
                    "rel_ra": _number(each.relative_rms_ra_mas),
                    "rel_dec": _number(each.relative_rms_dec_mas),
                    "_tooltip": each.quality.sentence,
                    "_muted": each.rootname in kept,
                }
            )
        self.table.rows = drawn
        names = [("all exposures", ""), *((row["id"], row["id"]) for row in drawn)]
        if tuple(self.exposure.options) != tuple(names):
            self.exposure.options = names
        follows = model.chosen.reference_exposure if model.detector else ""
        frame = f"follows {follows}" if follows else "is the mean of all"
        chosen = model.exposure_fit(model.exposure)
        said = f"{chosen.rootname}: {chosen.quality.sentence} " if chosen else ""
        line = f"{said}The relative frame {frame}." if drawn else ""
        set_text(self.apriori, line)
        self.follow.layout.display = None if chosen else "none"

    def _show_matches(self) -> None:
        model = self.model
        controls = [(self.kind, model.kind), (self.axes, model.axes)]
        if model.exposure in {value for _, value in self.exposure.options}:
            controls.append((self.exposure, model.exposure))
        for control, value in controls:
            if control.value != value:
                control.value = value
        set_text(self.axes_line, _AXES_TEXT[model.axes])
        shown = model.shown()
        if shown is None or not len(shown):
            self.figures.set_matches([], [], [], [], [])
        else:
            self.figures.set_matches(
                shown.identifiers,
                shown.position[:, 0],
                shown.position[:, 1],
                shown.residual[:, 0],
                shown.residual[:, 1],
                is_rejected=shown.is_rejected,
                magnitude=shown.table.mag[shown.rows],
            )
        offsets = model.offsets
        if offsets is not None:
            scaled = [value / 1000.0 for value in offsets.extent_mas]
            peak = [value / 1000.0 for value in offsets.peak_mas]
            self.figures.set_offsets(offsets.counts, scaled, peak=peak)
        self._show_clip()
        self._show_selection()
        self.star.show(model.focused)

    def _show_clip(self) -> None:
        names = self.model.clip_preview()
        self.figures.preview = list(names)
        if self.clip.value != self.model.clip_sigma:
            self.clip.value = self.model.clip_sigma
        self.clip_button.disabled = not names
        on = self.model.clip_sigma > 0
        set_text(self.clip_line, f"{len(names)} would go" if on else "")

    def _show_selection(self) -> None:
        model = self.model
        chosen = list(model.selected)
        by_hand = model.chosen.excluded_matches if model.detector else frozenset()
        away = sum(name in by_hand for name in chosen)
        shown = model.shown()
        total = len(shown) if shown is not None else 0
        used = int((~shown.is_rejected).sum()) if shown is not None else 0
        line = f"{used} of {total} shown matches are used."
        if chosen:
            line = f"{len(chosen)} selected, {away} of them rejected by hand. {line}"
        elif total:
            line = f"Draw a lasso or a box to select. {line}"
        set_text(self.selection, line)
        self.reject.disabled = len(chosen) == away
        self.readmit.disabled = away == 0
        self.readmit_all.layout.display = None if by_hand else "none"

    def _push_selected(self) -> None:
        """Show a selection that the model made; one of the plots is there already."""
        if set(self.figures.selected) != set(self.model.selected):
            self.figures.selected = list(self.model.selected)
        self._show_selection()

    def _push_focused(self) -> None:
        if (self.figures.focused or "") != self.model.focused:
            self.figures.focused = self.model.focused or None
        self.star.show(self.model.focused)

    def _show_numbers(self) -> None:
        fit, earlier = self.model.fit, self.model.earlier
        if fit is None:
            set_facts(self.facts, [("", "No fit yet.")])
            set_text(self.history, "")
            return
        set_facts(self.facts, [*_fit_facts(fit), *_compared(fit, earlier)])
        lines = "\n".join(_escaped(line) for line in fit.history)
        self.history.value = (
            f"<details><summary>Iterations</summary><pre>{lines}</pre></details>"
            if lines
            else ""
        )

    def _show_run(self) -> None:
        busy = self.session.run_model.is_running
        self.run.disabled = busy or not self.model.detectors
        self.run.description = "Align" if not self.model.is_fresh else "Align again"

    # ---- acting ----

    def _run(self) -> None:
        self.session.run("fit alignment", label="Align")

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

    def _toggled(self, rootname: str, key: str, value: Any) -> None:
        if key == "fit":
            self.model.keep_apriori(rootname, kept=not value)

    def _picked(self, change: Any) -> None:
        names = change["new"]
        self.model.exposure = names[0] if names else ""
        if self.model.exposure in {value for _, value in self.exposure.options}:
            self.exposure.value = self.model.exposure

    def _follow(self) -> None:
        name = self.model.exposure
        same = name == self.model.chosen.reference_exposure
        self.model.follow("" if same else name)

    def _reject(self) -> None:
        self.model.reject(self.model.selected)

    def _readmit(self) -> None:
        self.model.readmit(self.model.selected)


def _fit_facts(fit: Any) -> list[tuple[str, str]]:
    kinds = {
        "absolute": f"tied to {fit.catalog} at epoch {fit.catalog_epoch_yr:.2f}",
        "relative": "relative alignment only: no reference catalog is used",
        "none": "nothing is changed",
    }
    facts = [("Kind", kinds[fit.kind]), ("Verdict", fit.quality.sentence)]
    if fit.absolute is not None:
        a = fit.absolute
        shift = f"{a.shift_east_mas:+.1f} east, {a.shift_north_mas:+.1f} north"
        roll, error = a.rotation_deg * 3600.0, a.rotation_error_deg * 3600.0
        facts += [
            ("Shift of the group", f"{shift} ± {a.shift_error_mas:.1f} mas"),
            ("Roll", f"{roll:+.2f} ± {error:.2f} arcsec"),
            ("Scale", f"{a.scale_ppm:+.1f} ± {a.scale_error_ppm:.1f} ppm"),
        ]
    names = sorted({solution.name for solution in fit.wcs})
    facts.append(("WCSNAME", "\n".join(names)))
    return facts


def _compared(fit: Any, earlier: Any) -> list[tuple[str, str]]:
    if earlier is None or earlier is fit:
        return []
    before = {each.rootname: each for each in earlier.exposures}
    lines = []
    for each in fit.exposures:
        old = before.get(each.rootname)
        if old is None:
            continue
        east = each.terms.shift_east_mas - old.terms.shift_east_mas
        north = each.terms.shift_north_mas - old.terms.shift_north_mas
        lines.append(
            f"{each.rootname}: moved {east:+.2f}, {north:+.2f} mas, "
            f"N {old.n_reference} → {each.n_reference}, "
            f"rms {old.rms_ra_mas:.2f}/{old.rms_dec_mas:.2f} → "
            f"{each.rms_ra_mas:.2f}/{each.rms_dec_mas:.2f}"
        )
    return [("Against the kept fit", "\n".join(lines))]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
