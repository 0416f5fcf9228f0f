"""Fits in numbers: of each exposure, of the group, and of the session so far."""

import html
import math
from typing import Any

import ipywidgets as widgets

from svmcore.model.fit import GroupFit
from svmwidgets.figures import Table, badge, column
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.models.fittrail import fitted_term, group_numbers
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
    column("rms_ra", "Rms E", "number", digits=2, unit="mas"),
    column("rms_dec", "Rms N", "number", digits=2, unit="mas"),
    column("rel_ra", "Rel. E", "number", digits=2, unit="mas"),
    column("rel_dec", "Rel. N", "number", digits=2, unit="mas"),
    column("east", "East", "number", digits=1, unit="mas"),
    column("north", "North", "number", digits=1, unit="mas"),
    column("roll", "Roll", "number", digits=2, unit="arcsec"),
    column("scale", "Scale", "number", digits=1, unit="ppm"),
)
_TRAIL = (
    column("number", "Fit", "number", digits=0),
    column("label", "After"),
    column("count", "N", "number", digits=0),
    column("rms_ra", "Rms E", "number", digits=2, unit="mas"),
    column("rms_dec", "Rms N", "number", digits=2, unit="mas"),
    column("east", "East", "number", digits=2, unit="mas"),
    column("north", "North", "number", digits=2, unit="mas"),
    column("roll", "Roll", "number", digits=3, unit="arcsec"),
    column("scale", "Scale", "number", digits=2, unit="ppm"),
)
_BADGES = {1: "ok", 2: "ok", 3: "warn", 4: "warn", 5: "failed"}
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

    def _toggled(self, rootname: str, key: str, value: Any) -> None:
        if key == "fit":
            self.model.keep_apriori(rootname, kept=not value)

    def _picked(self, change: Any) -> None:
        self.model.exposure = change["new"][0] if change["new"] else ""

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
        self.trail = Table(
            _TRAIL,
            has_filter=False,
            height="190px",
            label="Fits of this session",
            empty_text="No fit yet.",
        )
        self.trail.add_class("svm-close-table")
        self.trail.observe(guard(self._picked), "selected")
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

    def _picked(self, change: Any) -> None:
        names = change["new"]
        self.model.compare_with(int(names[0]) if names else 0)


def _exposure_row(each: Any, *, is_kept: bool) -> dict[str, Any]:
    terms = each.terms
    is_moved = each.state != "kept"
    roll = fitted_term(terms.rotation_deg, terms.rotation_error_deg)
    return {
        "id": each.rootname,
        "fit": not is_kept,
        "rootname": each.rootname,
        "quality": badge(
            _BADGES.get(each.quality.fit_qual, "warn"),
            f"{each.quality.fit_qual} {each.state}",
            each.quality.sentence,
        ),
        "reference": each.n_reference,
        "links": each.n_links,
        "east": terms.shift_east_mas if is_moved else None,
        "north": terms.shift_north_mas if is_moved else None,
        "roll": roll * 3600.0 if is_moved else None,
        "scale": fitted_term(terms.scale_ppm, terms.scale_error_ppm),
        "rms_ra": each.rms_ra_mas,
        "rms_dec": each.rms_dec_mas,
        "rel_ra": each.relative_rms_ra_mas,
        "rel_dec": each.relative_rms_dec_mas,
        "_tooltip": each.quality.sentence,
        "_muted": is_kept,
    }


def _trail_row(entry: Any) -> dict[str, Any]:
    numbers = group_numbers(entry.fit)
    row = {"id": str(entry.number), "number": entry.number, "label": entry.label}
    if numbers is None:
        return row | {"count": 0}
    return row | {
        "count": numbers.count,
        "rms_ra": numbers.rms_east_mas,
        "rms_dec": numbers.rms_north_mas,
        "east": numbers.shift_east_mas,
        "north": numbers.shift_north_mas,
        "roll": numbers.rotation_deg * 3600.0,
        "scale": numbers.scale_ppm,
    }


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
        shift = f"{a.shift_east_mas:+.1f} east, {a.shift_north_mas:+.1f} north"
        roll = (a.rotation_deg * 3600.0, a.rotation_error_deg * 3600.0)
        facts += [
            ("Shift of the group", f"{shift} ± {a.shift_error_mas:.1f} mas"),
            ("Roll", _term(*roll, "arcsec", digits=2)),
            ("Scale", _term(a.scale_ppm, a.scale_error_ppm, "ppm", digits=1)),
        ]
    names = sorted({solution.name for solution in fit.wcs})
    facts.append(("WCSNAME", "\n".join(names)))
    return facts


def _term(value: float, error: float, unit: str, *, digits: int) -> str:
    if not error > 0:
        return "not fitted"
    return f"{value:+.{digits}f} ± {error:.{digits}f} {unit}"


def _compared(fit: GroupFit, earlier: GroupFit) -> list[tuple[str, str]]:
    before = {each.rootname: each for each in earlier.exposures}
    facts = []
    for each in fit.exposures:
        old = before.get(each.rootname)
        if old is None:
            facts.append((each.rootname, "not in the earlier fit"))
            continue
        east = each.terms.shift_east_mas - old.terms.shift_east_mas
        north = each.terms.shift_north_mas - old.terms.shift_north_mas
        change = f"moved {east:+.2f} east, {north:+.2f} north mas"
        change += f" · N {old.n_reference} → {each.n_reference}"
        if not math.isnan(each.rms_ra_mas) and not math.isnan(old.rms_ra_mas):
            change += (
                f" · rms {old.rms_ra_mas:.2f}/{old.rms_dec_mas:.2f} → "
                f"{each.rms_ra_mas:.2f}/{each.rms_dec_mas:.2f}"
            )
        facts.append((each.rootname, change))
    return facts
