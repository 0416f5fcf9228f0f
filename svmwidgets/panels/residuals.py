"""The linked residual plots, and matches taken out and back by hand."""

from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import ResidualFigures
from svmwidgets.models.alignment import AXES, KINDS, AlignmentModel
from svmwidgets.panels.bound import bound
from svmwidgets.panels.parts import act, choice, label, menu, set_text, text, toolbar

__all__ = ["Residuals"]

_AXES_TEXT = {
    "sky": "x and dx point east, y and dy north; positions are offsets from the "
    "middle of the matches. Vectors point from the reference star to the source.",
    "detector": "x, y, dx and dy follow the axes of the detector; chips stand one "
    "above the other. Vectors point from the reference star to the source.",
}
_ALL = ("all exposures", "")
_CLIP = (1.5, 6.0)  # sigma; the upper end is no clip


class Residuals(widgets.VBox):
    """Plots of the matches with everything that selects, rejects and clips.

    Parameters
    ----------
    model : AlignmentModel
        State.
    guard : callable
        Wraps callbacks.
    """

    def __init__(self, model: AlignmentModel, guard: Any) -> None:
        self.model = model
        self._offsets: Any = None
        self.figures = ResidualFigures(unit="mas", position_unit="arcsec")
        self.figures.observe(
            guard(lambda c: model.set_trait("selected", tuple(c["new"]))), "selected"
        )
        self.figures.observe(
            guard(lambda c: model.set_trait("focused", str(c["new"] or ""))), "focused"
        )
        self._build_choices(guard)
        self.selection = text(css="svm-count-line")
        self.reject = act("Reject selected", guard(self._reject), kind="danger")
        self.readmit = act("Readmit selected", guard(self._readmit))
        self.readmit_all = act("Readmit all", guard(model.readmit_all), kind="quiet")
        self._build_clip(guard)
        self.axes_line = text()
        super().__init__(
            [
                toolbar(
                    label("Against", self.kind),
                    label("Axes", self.axes),
                    self.exposure,
                    self.clip_box,
                    self.clip_line,
                    self.clip_button,
                ),
                toolbar(self.reject, self.readmit, self.readmit_all, self.selection),
                self.figures,
                self.axes_line,
            ]
        )
        self.add_class("svm-rows")

    def _build_choices(self, guard: Any) -> None:
        model = self.model
        self.kind = bound(choice(KINDS, value=model.kind), model, "kind", guard)
        self.axes = bound(choice(AXES, value=model.axes), model, "axes", guard)
        exposures = menu([_ALL], value="", label="Exposure")
        self.exposure = bound(exposures, model, "exposure", guard)

    def _build_clip(self, guard: Any) -> None:
        self.clip = widgets.FloatSlider(
            value=_CLIP[1],
            min=_CLIP[0],
            max=_CLIP[1],
            step=0.1,
            readout=False,
            continuous_update=True,
            layout=widgets.Layout(width="100%"),
        )
        self.clip.observe(guard(self._slide), "value")
        self.clip_line = text(css="svm-clip-line")
        self.clip_button = act("Clip these", guard(self.model.clip))
        self.clip_box = label("Clip", self.clip)
        self.clip_box.add_class("svm-clip")

    def show(self) -> None:
        """Show the matches of the fit."""
        model, shown = self.model, self.model.shown()
        names = [each.rootname for each in (model.fit.exposures if model.fit else ())]
        options = [_ALL, *((name, name) for name in names)]
        if tuple(self.exposure.options) != tuple(options):
            self.exposure.options = options
        self.kind.value, self.axes.value = model.kind, model.axes
        if model.exposure in ("", *names):
            self.exposure.value = model.exposure
        set_text(self.axes_line, _AXES_TEXT[model.axes])
        with self.figures.hold_sync():
            self.figures.position_unit = "arcsec" if model.axes == "sky" else "pixel"
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
        self.show_clip()
        self.show_selection()

    def show_offsets(self) -> None:
        """Show the offsets of all pairs."""
        offsets = self.model.offsets
        if offsets is not None and offsets is not self._offsets:
            self._offsets = offsets
            scaled = [value / 1000.0 for value in offsets.extent_mas]
            peak = [value / 1000.0 for value in offsets.peak_mas]
            self.figures.set_offsets(offsets.counts, scaled, peak=peak)

    def show_clip(self) -> None:
        """Show what the tried clip would take away."""
        model = self.model
        names = model.clip_preview()
        self.figures.preview = list(names)
        self.figures.clip = list(model.clip_limits())
        sigma = model.clip_sigma
        self.clip.value = sigma or _CLIP[1]
        self.clip_button.disabled = not names
        words = f"{sigma:.1f} sigma: {len(names)} would go" if sigma else "off"
        set_text(self.clip_line, words)

    def show_selection(self) -> None:
        """Show the selection of the model, and what can be done with it."""
        model = self.model
        if set(self.figures.selected) != set(model.selected):
            self.figures.selected = list(model.selected)
        by_hand = model.chosen.excluded_matches if model.detector else frozenset()
        chosen = len(model.selected)
        away = sum(name in by_hand for name in model.selected)
        shown = model.shown()
        total = len(shown) if shown is not None else 0
        used = int((~shown.is_rejected).sum()) if shown is not None else 0
        line = f"{used} of {total} shown matches are used."
        if chosen:
            line = f"{chosen} selected, {away} of them rejected by hand. {line}"
        elif total:
            line = f"Draw a lasso or a box to select. {line}"
        if model.is_refitting:
            line += " Fitting again …"
        set_text(self.selection, line)
        self.reject.disabled = chosen == away
        self.readmit.disabled = away == 0
        self.readmit_all.layout.display = None if by_hand else "none"

    def show_focus(self) -> None:
        """Ring the focused match."""
        if (self.figures.focused or "") != self.model.focused:
            self.figures.focused = self.model.focused or None

    def _slide(self, change: Any) -> None:
        value = float(change["new"])
        self.model.clip_sigma = 0.0 if value >= _CLIP[1] else round(value, 1)

    def _reject(self) -> None:
        self.model.reject(self.model.selected)

    def _readmit(self) -> None:
        self.model.readmit(self.model.selected)
