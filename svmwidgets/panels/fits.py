"""Fits in numbers: of each exposure, of the group, and of the session so far."""

import html
import math
from typing import Any

import ipywidgets as widgets

from svmcore.model.fit import GroupFit
from svmwidgets.figures import badge, column
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.models.fittrail import fitted_term, group_numbers
from svmwidgets.panels.fittables import (
    SHIFT_COLUMNS,
    close_table,
    rms_columns,
    shift_text,
    signed,
)
from svmwidgets.panels.parts import (
    card,
    label,
    menu,
    set_facts,
    set_text,
    text,
    toolbar,
)

__all__ = ["ExposureFits", "FitNumbers"]

_COLUMNS = (
    column("fit", "Fit", "toggle", tooltip="Off: keep the WCS it came with"),
    column("rootname", "Exposure", "code"),
    column("quality", "Quality", "badge"),
    column("reference", "Ref.", "number", digits=0, tooltip="Reference matches"),
    column(
        "links", "Links", "number", digits=0, tooltip="Matches with other exposures"
    ),
    *rms_columns(),
    *rms_columns("Rel.", "rel"),
    *SHIFT_COLUMNS,
)
_TRAIL = (
    column("number", "Fit", "number", digits=0),
    column("label", "After"),
    column("count", "N", "number", digits=0),
    *rms_columns(),
    *SHIFT_COLUMNS,
)
_BADGES = {1: "ok", 2: "ok", 3: "warn", 4: "warn", 5: "failed"}
_NOT_ALIGNED, _ALIGNING = "Not aligned yet. Press Align.", "Aligning …"
_MEAN = ("mean of all exposures", "")
_KINDS = {
    "relative": "relative alignment only: no reference catalog is used",
    "none": "nothing is changed",
}


class ExposureFits(widgets.VBox):
    """The fit of each exposure: accept it, or keep the WCS it came with.

    Parameters
    ----------
    model : AlignmentModel
        State.
    guard : callable
        Wraps callbacks.
    """

    def __init__(self, model: AlignmentModel, guard: Any) -> None:
        self.model = model
        self.table = close_table(
            _COLUMNS,
            height="320px",
            label="Fit of each exposure",
            empty_text=_NOT_ALIGNED,
            on_pick=guard(self._picked),
        )
        self.table.on_change(guard(self._toggled))
        self.frame = menu([_MEAN], value="", label="Relative frame")
        self.frame.observe(guard(self._follow), "value")
        self.sentence = text()
        self.line = toolbar(label("Relative frame", self.frame), self.sentence)
        super().__init__([self.table, self.line])
        self.add_class("svm-rows")

    def show(self) -> None:
        """Show the fits as the model has them."""
        model, fit = self.model, self.model.fit
        kept = model.chosen.kept_apriori if model.detector else frozenset()
        self.table.rows = [
            _exposure_row(each, is_kept=each.rootname in kept)
            for each in (fit.exposures if fit else ())
        ]
        self.table.selected = [model.exposure] if model.exposure else []
        self.show_state()
        chosen = model.exposure_fit(model.exposure)
        said = f"{chosen.rootname}: {chosen.quality.sentence}" if chosen else ""
        set_text(self.sentence, said)
        names = [(row["id"], row["id"]) for row in self.table.rows]
        if tuple(self.frame.options) != (_MEAN, *names):
            self.frame.options = [_MEAN, *names]
        follows = model.chosen.reference_exposure if model.detector else ""
        if follows in {value for _, value in self.frame.options}:
            self.frame.value = follows
        self.line.layout.display = None if self.table.rows else "none"

    def show_state(self) -> None:
        """Say why there is nothing to show, if so."""
        is_running = self.model.status == "running"
        self.table.empty_text = _ALIGNING if is_running else _NOT_ALIGNED

    def _toggled(self, rootname: str, key: str, value: Any) -> None:
        if key == "fit":
            self.model.keep_apriori(rootname, kept=not value)

    def _picked(self, names: list[str]) -> None:
        self.model.exposure = names[0] if names else ""

    def _follow(self, change: Any) -> None:
        name = change["new"] or ""
        if self.model.detector and name != self.model.chosen.reference_exposure:
            self.model.follow(name)


class FitNumbers(widgets.VBox):
    """The fit of the group, and the fits of this session to compare it with.

    Parameters
    ----------
    model : AlignmentModel
        State.
    guard : callable
        Wraps callbacks.
    """

    def __init__(self, model: AlignmentModel, guard: Any) -> None:
        self.model = model
        self.facts = text()
        self.trail = close_table(
            _TRAIL,
            height="190px",
            label="Fits of this session",
            empty_text="No fit yet.",
            on_pick=guard(self._picked),
        )
        self.compared = text()
        self.history = text(css="svm-history")
        self.fits = card([self.trail, self.compared], heading="Fits of this session")
        self.numbers = card([self.facts, self.history], heading="Fit")
        super().__init__([])

    def show(self) -> None:
        """Show the fit, the trail and the comparison."""
        fit = self.model.fit
        if fit is None:
            set_facts(self.facts, [("", "No fit yet.")])
            set_text(self.history, "")
            self.trail.rows = []
            return
        set_facts(self.facts, _fit_facts(fit))
        lines = "\n".join(html.escape(line) for line in fit.history)
        self.history.value = (
            f"<details><summary>Steps of the fit</summary><pre>{lines}</pre></details>"
            if lines
            else ""
        )
        self.history.layout.display = None if lines else "none"
        self.show_trail()

    def show_trail(self) -> None:
        """Show the fits of this session, the newest first."""
        model = self.model
        self.trail.rows = [_trail_row(entry) for entry in reversed(model.trail)]
        chosen = [str(e.number) for e in model.trail if e.fit is model.earlier]
        if self.trail.selected != chosen:
            self.trail.selected = chosen
        if model.fit is None or model.earlier is None:
            set_facts(self.compared, [])
            hint = "Select a fit to compare the present one with it."
            set_text(self.compared, hint if len(model.trail) > 1 else "")
        else:
            set_facts(self.compared, _compared(model.fit, model.earlier))

    def _picked(self, names: list[str]) -> None:
        self.model.compare_with(int(names[0]) if names else 0)


def _exposure_row(each: Any, *, is_kept: bool) -> dict[str, Any]:
    quality = each.quality
    row = {
        "id": each.rootname,
        "fit": not is_kept,
        "rootname": each.rootname,
        "quality": badge(
            _BADGES.get(quality.fit_qual, "warn"),
            f"{quality.fit_qual} {each.state}",
            quality.sentence,
        ),
        "reference": each.n_reference,
        "links": each.n_links,
        **_rms("rms", each.rms_ra_mas, each.rms_dec_mas),
        **_rms("rel", each.relative_rms_ra_mas, each.relative_rms_dec_mas),
        "_tooltip": quality.sentence,
        "_muted": is_kept,
    }
    if each.state == "kept":
        return row
    terms = each.terms
    roll = fitted_term(terms.rotation_deg, terms.rotation_error_deg)
    scale = fitted_term(terms.scale_ppm, terms.scale_error_ppm)
    return row | _shift(terms.shift_east_mas, terms.shift_north_mas, roll, scale)


def _trail_row(entry: Any) -> dict[str, Any]:
    n = group_numbers(entry.fit)
    row = {"id": str(entry.number), "number": entry.number, "label": entry.label}
    if n is None:
        return row | {"count": 0}
    shift = (n.shift_east_mas, n.shift_north_mas, n.rotation_deg, n.scale_ppm)
    rms = _rms("rms", n.rms_east_mas, n.rms_north_mas)
    return row | {"count": n.count} | rms | _shift(*shift)


def _rms(key: str, east_mas: float, north_mas: float) -> dict[str, float]:
    return {f"{key}_ra": east_mas, f"{key}_dec": north_mas}


def _shift(
    east_mas: float, north_mas: float, roll_deg: float, scale_ppm: float
) -> dict[str, float]:
    roll = roll_deg * 3600.0
    return {"east": east_mas, "north": north_mas, "roll": roll, "scale": scale_ppm}


def _fit_facts(fit: GroupFit) -> list[tuple[str, str]]:
    tied = f"tied to {fit.catalog} at epoch {fit.catalog_epoch_yr:.2f}"
    facts = [
        ("Kind", _KINDS.get(fit.kind, tied)),
        ("Verdict", fit.quality.sentence),
    ]
    numbers = group_numbers(fit)
    if numbers is not None:
        pair = f"{numbers.rms_east_mas:.2f} east, {numbers.rms_north_mas:.2f} north mas"
        facts.append(("Rms", f"{pair}, N {numbers.count}"))
    if fit.absolute is not None:
        a = fit.absolute
        shift = shift_text(a.shift_east_mas, a.shift_north_mas, 1)
        roll = (a.rotation_deg * 3600.0, a.rotation_error_deg * 3600.0)
        facts += [
            ("Shift of the group", f"{shift}, ± {a.shift_error_mas:.1f}"),
            ("Roll", _term(*roll, "arcsec", digits=2)),
            ("Scale", _term(a.scale_ppm, a.scale_error_ppm, "ppm", digits=1)),
        ]
    names = sorted({solution.name for solution in fit.wcs})
    facts.append(("WCSNAME", "\n".join(names)))
    return facts


def _term(value: float, error: float, unit: str, *, digits: int) -> str:
    if not error > 0:
        return "not fitted"
    return f"{signed(value, digits)} ± {error:.{digits}f} {unit}"


def _compared(fit: GroupFit, earlier: GroupFit) -> list[tuple[str, str]]:
    before = {each.rootname: each for each in earlier.exposures}
    return [
        (each.rootname, _change(before.get(each.rootname), each))
        for each in fit.exposures
    ]


def _change(old: Any, new: Any) -> str:
    if old is None:
        return "not in the earlier fit"
    east = new.terms.shift_east_mas - old.terms.shift_east_mas
    north = new.terms.shift_north_mas - old.terms.shift_north_mas
    words = f"moved {shift_text(east, north)} · N {old.n_reference} → {new.n_reference}"
    rms = [
        f"{each.rms_ra_mas:.2f}/{each.rms_dec_mas:.2f}"
        for each in (old, new)
        if not math.isnan(each.rms_ra_mas)
    ]
    return f"{words} · rms {' → '.join(rms)}" if len(rms) == 2 else words
