"""The fit of each detector, and the matches that a person looks at."""

from typing import Any

import traitlets as T  # noqa: N812
from threadpoolctl import threadpool_limits

from svmcore.alignment.selection import PairOffsets
from svmcore.alignment.settings import GEOMETRIES
from svmcore.model.exposure import Exposure
from svmcore.model.fit import ExposureFit, GroupFit
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.alignmentdecisions import AlignmentDecider
from svmwidgets.models.fittrail import LENGTH, TrailEntry, group_summary
from svmwidgets.models.matches import AXES, KINDS, axis_notices, with_matches_out
from svmwidgets.models.step import Door

__all__ = ["AXES", "GEOMETRIES", "KINDS", "AlignmentModel"]


class AlignmentModel(AlignmentDecider):
    """Fits, residuals, and what was decided about them."""

    name = "alignment"
    title = "Alignment"
    task_steps = frozenset({"detect sources", "fit alignment", "write exposure"})

    detectors = T.Tuple(help="Slugs of the detectors that are aligned")
    earlier = T.Instance(GroupFit, allow_none=True, help="Fit kept for comparison")
    reference = T.Unicode("none", help="Reference catalog: path, service or none")
    selected = T.Tuple(help="Identifiers of the selected matches")
    focused = T.Unicode("", help="Identifier of the match that is looked at")
    offsets = T.Instance(PairOffsets, allow_none=True, help="Offsets of all pairs")
    by_hand = T.Tuple(help="Exposures, first guesses and circles left out")
    has_grism = T.Bool(default_value=False, help="Whether there are grism exposures")
    carries_fit = T.Bool(default_value=False, help="Whether they get the fit")
    is_fresh = T.Bool(default_value=False, help="Whether the stored fit is this one")
    can_refit = T.Bool(default_value=False, help="Whether source lists are there")
    is_refitting = T.Bool(default_value=False, help="Whether a refit is under way")
    trail = T.Tuple(help="Fits of the detector in this session, oldest first")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._fits: dict[str, GroupFit] = {}
        self._refitter: Any = None
        self._survey: Any = None
        self._is_running = False
        self._stored = ""  # digest of the stored fit that is shown
        self._asked: tuple[Any, ...] = ()  # what the latest refit depends on
        self.observe(self._switch, "detector")
        self.observe(lambda _: self._ask_offsets(), "exposure")

    # ---- what the session tells ----

    def clear(self) -> None:
        """Forget everything of the visit before."""
        with self.hold_trait_notifications():
            self._fits, self._prepared = {}, None
            self._refitter = self._survey = self.offsets = None
            self.detectors, self.detector = (), ""
            self.fit = self.earlier = None
            self.selected, self.focused, self.exposure = (), "", ""
            self.is_fresh = self.can_refit = False
            self.trail, self._stored, self._asked = (), "", ()
            self.is_refitting = False
        self.settle("todo", "")

    def show(self, prepared: PreparedVisit, reference: str) -> None:
        """Take the visit and the decisions as they are now."""
        before = self._prepared
        if before is not None and self._has_moved(prepared, reference):
            self._refitter = None
        self._prepared = prepared
        with self.hold_trait_notifications():
            self.reference = reference
            self.detectors = tuple(t.detector_key.slug for t in prepared.working_totals)
            if self.detector not in self.detectors:
                self.detector = self.detectors[0] if self.detectors else ""
            self.carries_fit = prepared.decisions.carry_fit_to_grism
            self.has_grism = bool(self.total and self.total.grisms)
            self._read_by_hand()
            self._read_geometry()
        if before is not None and self._refitter is not None:
            self._refit()

    def take(self, survey: Any) -> None:
        """Take what earlier runs left for the present decisions."""
        self._is_running = False
        self._survey = survey
        self._fits.update(survey.fits)
        self._look_at_detector()

    def _look_at_detector(self) -> None:
        survey = self._survey
        if survey is None or not self.detector:
            return
        found = survey.refitters.get(self.detector)
        if found is not None and not found.is_like(self._refitter):
            self._refitter = found
        fresh = self.detector in survey.fits
        with self.hold_trait_notifications():
            self.is_fresh = fresh
            self.can_refit = self._refitter is not None
            if fresh:
                self._take_stored(survey)
        self._settle()
        if not fresh and self.can_refit:
            self._refit()
        self._ask_offsets()

    def _take_stored(self, survey: Any) -> None:
        """Show the fit of the last run, unless it is shown already."""
        digest = survey.results[f"fit alignment: {self.detector}"].digest
        if digest == self._stored and self.fit is not None:
            return
        self._stored, self._asked, self.is_refitting = digest, (), False
        self.fit = survey.fits[self.detector]
        self._remember("run", self.fit)
        if not self.fit.matches.is_reference.any():
            self.kind = KINDS[1]

    def _remember(self, label: str, fit: GroupFit) -> None:
        number = self.trail[-1].number + 1 if self.trail else 1
        self.trail = (*self.trail, TrailEntry(number, label, fit))[-LENGTH:]

    def _ask_offsets(self) -> None:
        refitter, detector = self._refitter, self.detector
        if refitter is None:
            return
        name = self.exposure

        def answer(found: PairOffsets | None) -> None:
            if detector == self.detector:
                self.offsets = found

        self.door.preview("offsets", lambda: refitter.offsets(name), answer)

    def run_ended(self, outcome: str) -> None:
        """Note the end of a run; the survey that follows brings the fits."""
        self._is_running = False
        if outcome != "ok":
            self._settle()

    # ---- what a panel asks ----

    @property
    def total_exposures(self) -> tuple[Exposure, ...]:
        """Exposures of the detector that are aligned."""
        total = self.total
        return tuple(m.exposure for m in total.aligned_members) if total else ()

    def notices(self) -> tuple[str, ...]:
        """Return what a user should look at, worst first."""
        if self.fit is None:
            return ()
        found = list(self.fit.warnings)
        for each in self.fit.exposures:
            found += axis_notices(each)
        shown = self.shown()
        found += shown.slope_notices() if shown else []
        return tuple(dict.fromkeys(found))

    def compare_with(self, number: int) -> None:
        """Compare with a fit of the trail; with none if there is no such one."""
        found = [entry.fit for entry in self.trail if entry.number == number]
        self.earlier = found[0] if found else None

    def exposure_fit(self, rootname: str) -> ExposureFit | None:
        """Return the fit of an exposure; None if there is none."""
        for each in self.fit.exposures if self.fit else ():
            if each.rootname == rootname:
                return each
        return None

    # ---- inside ----

    def _read_by_hand(self) -> None:
        names = tuple(exposure.rootname for exposure in self.total_exposures)
        chosen = self.chosen
        self.by_hand = (names, chosen.manual_offsets, chosen.excluded_regions)

    def _has_moved(self, prepared: PreparedVisit, reference: str) -> bool:
        """Whether other exposures or another catalog are to be fitted now."""
        names = {e.rootname for e in self.total_exposures}
        now = {
            member.exposure.rootname
            for total in prepared.working_totals
            if total.detector_key.slug == self.detector
            for member in total.aligned_members
        }
        return names != now or reference != self.reference

    def _switch(self, _: object) -> None:
        self.selected, self.focused, self.exposure = (), "", ""
        self.fit = self._fits.get(self.detector)
        self._refitter = self.offsets = self.earlier = None
        self.trail, self._stored, self._asked = (), "", ()
        self.is_refitting = False
        self._read_by_hand()
        self._read_geometry()
        self._look_at_detector()

    def _read_geometry(self) -> None:
        self.geometry = self._settings().first_geometry

    def _refit(self) -> None:
        """Fit again from stored source lists; the latest question wins."""
        refitter, prepared, detector = self._refitter, self._prepared, self.detector
        if refitter is None or prepared is None:
            return
        chosen, settings, carries = self.chosen, self._settings(), self.carries_fit
        if not refitter.can_fit(settings):  # they want other sources: a run
            self._settle()
            return
        asked = (refitter, chosen, settings, carries)
        if asked == self._asked:
            return
        self._asked = asked
        label = self.door.undo_label or "no decision"
        self._foretell()

        def answer(fit: GroupFit) -> None:
            if detector != self.detector:
                return
            self._fits[detector] = fit
            self._stored, self.is_refitting = "", False
            self.fit = fit
            self._remember(label, fit)
            self._settle()

        def question() -> GroupFit:
            # Its matrices are small: threads of linear algebra only delay it.
            with threadpool_limits(1):
                return refitter(chosen, settings, carry_fit_to_grism=carries)

        def fail(problem: Any) -> None:
            self._asked, self.is_refitting = (), False
            self.door.show_problem(problem)

        # Hardly a rest: a refit is short, and only the latest question is kept.
        self.door.preview("refit", question, answer, on_failed=fail, delay_s=0.02)

    def _foretell(self) -> None:
        """Show matches out or in at once; the terms follow with the refit."""
        fit = self.fit
        self.is_refitting = True
        if fit is None:
            return
        excluded = self.chosen.excluded_matches
        out = set(fit.matches.identifier[fit.matches.why_not == "by hand"].tolist())
        if out != excluded & set(fit.matches.identifier.tolist()):
            self._stored = ""
            self.fit = with_matches_out(fit, excluded)

    def _settle(self) -> None:
        if self._is_running:
            return
        fit = self.fit
        if fit is None:
            self.settle(
                "ready" if self.total is not None else "todo", "not aligned yet"
            )
            return
        words = group_summary(fit)
        live = self._refitter is not None and self._refitter.can_fit(self._settings())
        if not self.is_fresh and not live:
            self.settle("stale", words)
        elif not fit.quality.is_good:
            self.settle("failed", words)
        else:
            self.settle("warn" if self.notices() else "ok", words)
