"""The fit of each detector, and the matches that a person looks at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import traitlets as T  # noqa: N812
from numpy.typing import NDArray

from svmcore.alignment.selection import PairOffsets, beyond_sigma, detector_axes
from svmcore.alignment.settings import GEOMETRIES, alignment_settings
from svmcore.model.decisions import AlignmentDecisions, ManualOffset, ParameterChange
from svmcore.model.exposure import Exposure
from svmcore.model.fit import ExposureFit, GroupFit, MatchTable
from svmcore.model.product import TotalProduct
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.step import Door, StepModel

__all__ = ["AXES", "GEOMETRIES", "KINDS", "AlignmentModel", "ShownMatches"]

KINDS = ("reference catalog", "other exposures")
AXES = ("sky", "detector")
_GEOMETRY_KEY = "match_relative_fit.fitgeom"
_TWO_AXES = 2.0  # rms of one axis over the other that hints at wrong matches
_SLOPE_SIGMA = 3.0


class ShownMatches:
    """The matches that the plots show, as arrays of one length.

    Parameters
    ----------
    table : MatchTable
        All matches of the fit.
    rows : ndarray of int
        Rows that are shown.
    position, residual : ndarray of float, shape (n, 2)
        Position along the chosen axes [arcsec or pixel], and source minus
        target [mas].
    """

    def __init__(
        self,
        table: MatchTable,
        rows: NDArray[np.int64],
        position: NDArray[np.float64],
        residual: NDArray[np.float64],
    ) -> None:
        self.table, self.rows = table, rows
        self.position, self.residual = position, residual

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def identifiers(self) -> list[str]:
        """Stable names, one per row."""
        return [str(name) for name in self.table.identifier[self.rows]]

    @property
    def is_rejected(self) -> NDArray[np.bool_]:
        """Whether a match takes no part."""
        return ~self.table.is_used[self.rows]


class AlignmentModel(StepModel):
    """Fits, residuals, and what was decided about them."""

    name = "alignment"
    title = "Alignment"
    task_steps = frozenset({"detect sources", "fit alignment", "write exposure"})

    detectors = T.Tuple(help="Slugs of the detectors that are aligned")
    detector = T.Unicode("", help="Detector that is looked at")
    fit = T.Instance(GroupFit, allow_none=True, help="Its alignment as it is now")
    earlier = T.Instance(GroupFit, allow_none=True, help="Fit kept for comparison")
    reference = T.Unicode("none", help="Reference catalog: path, service or none")
    geometry = T.Unicode("", help="Richest geometry that is fitted")
    kind = T.Enum(KINDS, KINDS[0], help="Which matches are shown")
    axes = T.Enum(AXES, AXES[0], help="Axes of positions and residuals")
    exposure = T.Unicode("", help="Rootname of the shown exposure; empty for all")
    selected = T.Tuple(help="Identifiers of the selected matches")
    focused = T.Unicode("", help="Identifier of the match that is looked at")
    clip_sigma = T.Float(0.0, help="Sigma of the clip that is tried; 0 for none")
    offsets = T.Instance(PairOffsets, allow_none=True, help="Offsets of all pairs")
    by_hand = T.Tuple(help="Exposures, first guesses and circles left out")
    has_grism = T.Bool(default_value=False, help="Whether there are grism exposures")
    carries_fit = T.Bool(default_value=False, help="Whether they get the fit")
    is_fresh = T.Bool(default_value=False, help="Whether the stored fit is this one")
    can_refit = T.Bool(default_value=False, help="Whether source lists are there")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._fits: dict[str, GroupFit] = {}
        self._prepared: PreparedVisit | None = None
        self._refitter: Any = None
        self._survey: Any = None
        self._is_running = False
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
                self.fit = survey.fits[self.detector]
                if not self.fit.matches.is_reference.any():
                    self.kind = KINDS[1]
        self._settle()
        if not fresh and self.can_refit:
            self._refit()
        self._ask_offsets()

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
    def total(self) -> TotalProduct | None:
        """Total product of the detector."""
        for total in self._prepared.working_totals if self._prepared else ():
            if total.detector_key.slug == self.detector:
                return total
        return None

    @property
    def total_exposures(self) -> tuple[Exposure, ...]:
        """Exposures of the detector that are aligned."""
        total = self.total
        return tuple(m.exposure for m in total.aligned_members) if total else ()

    @property
    def chosen(self) -> AlignmentDecisions:
        """What was decided about the detector."""
        return self.door.decisions.alignment_of(self.detector)

    def shown(self) -> ShownMatches | None:
        """Return the matches of the chosen exposure and kind."""
        if self.fit is None:
            return None
        table = self.fit.matches
        wanted = table.is_reference == (self.kind == KINDS[0])
        if self.exposure:
            wanted = wanted & (table.rootname == self.exposure)
        rows = np.flatnonzero(wanted)
        position, residual = self._drawn(table, rows)
        return ShownMatches(table, rows, position, residual)

    def clip_preview(self) -> tuple[str, ...]:
        """Return the matches that the tried clip would take away."""
        shown = self.shown()
        if shown is None or self.clip_sigma <= 0:
            return ()
        used = ~shown.is_rejected
        beyond = beyond_sigma(shown.residual, used, sigma=self.clip_sigma)
        names = shown.identifiers
        return tuple(names[row] for row in np.flatnonzero(beyond))

    def notices(self) -> tuple[str, ...]:
        """Return what a user should look at, worst first."""
        if self.fit is None:
            return ()
        found = list(self.fit.warnings)
        for each in self.fit.exposures:
            found += _axis_notice(each)
        found += self._slope_notices()
        return tuple(dict.fromkeys(found))

    def exposure_fit(self, rootname: str) -> ExposureFit | None:
        """Return the fit of an exposure; None if there is none."""
        for each in self.fit.exposures if self.fit else ():
            if each.rootname == rootname:
                return each
        return None

    # ---- what a user decides ----

    def reject(self, identifiers: Sequence[str]) -> bool:
        """Leave matches out of the fit."""
        if not identifiers:
            return False
        decisions = self.door.decisions.exclude_matches(self.detector, identifiers)
        return self.door.decide(f"Reject {_count(identifiers, 'match')}", decisions)

    def readmit(self, identifiers: Sequence[str]) -> bool:
        """Take matches that were left out by hand back into the fit."""
        by_hand = self.chosen.excluded_matches & set(identifiers)
        if not by_hand:
            return False
        decisions = self.door.decisions.readmit_matches(self.detector, by_hand)
        return self.door.decide(f"Readmit {_count(tuple(by_hand), 'match')}", decisions)

    def readmit_all(self) -> bool:
        """Take every match that was left out by hand back into the fit."""
        return self.readmit(tuple(self.chosen.excluded_matches))

    def clip(self) -> bool:
        """Leave out what the tried clip shows."""
        names = self.clip_preview()
        sigma = self.clip_sigma
        if not names:
            return False
        self.clip_sigma = 0.0
        decisions = self.door.decisions.exclude_matches(self.detector, names)
        label = f"Clip {_count(names, 'match')} beyond {sigma:.1f} sigma"
        return self.door.decide(label, decisions)

    def keep_apriori(self, rootname: str, *, kept: bool) -> bool:
        """Leave an exposure on the WCS it came with, or fit it again."""
        names = self.chosen.kept_apriori
        names = names | {rootname} if kept else names - {rootname}
        label = f"Keep the a-priori WCS of {rootname}" if kept else f"Fit {rootname}"
        return self.change_decisions(label, kept_apriori=names)

    def follow(self, rootname: str) -> bool:
        """Let the relative frame follow an exposure; empty for the mean."""
        label = (
            f"Reference exposure {rootname}" if rootname else "No reference exposure"
        )
        return self.change_decisions(label, reference_exposure=rootname)

    def offset(self, rootname: str, east_mas: float, north_mas: float) -> bool:
        """Give a first guess of an exposure's pointing error."""
        others = [o for o in self.chosen.manual_offsets if o.rootname != rootname]
        guess = ManualOffset(rootname, float(east_mas), float(north_mas))
        label = f"First guess for {rootname}: {east_mas:+.0f}, {north_mas:+.0f} mas"
        return self.change_decisions(label, manual_offsets=(*others, guess))

    def change_geometry(self, geometry: str) -> bool:
        """Fit at most that geometry, if the matches suffice."""
        total = self.total
        if total is None or geometry == self.geometry:
            return False
        needed = self._settings().matches_needed(geometry)
        least = self._fewest_matches()
        if needed is None or (least is not None and least < needed):
            number = (
                "is not in the list of geometries"
                if needed is None
                else (f"needs {needed} matches, the poorest exposure has {least}")
            )
            self.door.warn(
                f"Fit geometry {geometry}",
                number,
                "Choose a simpler geometry, or change the parameter "
                "run_align.mosaic_fitgeom_list.",
            )
            return False
        change = ParameterChange(total.basename, "alignment", _GEOMETRY_KEY, geometry)
        decisions = self.door.decisions.with_parameter(change)
        return self.door.decide(f"Fit geometry {geometry}", decisions)

    def carry_to_grism(self, *, carried: bool) -> bool:
        """Carry the fit over to grism exposures, or share the a-priori WCS."""
        decisions = replace(self.door.decisions, carry_fit_to_grism=carried)
        label = "Carry the fit to grism exposures" if carried else "Common a-priori WCS"
        return self.door.decide(label, decisions)

    def keep_for_comparison(self) -> None:
        """Remember the present fit, to compare later ones with it."""
        self.earlier = self.fit

    def change_decisions(self, label: str, **values: Any) -> bool:
        """Replace fields of what was decided about the detector."""
        chosen = replace(self.chosen, **values)
        decisions = self.door.decisions.with_alignment(self.detector, chosen)
        return self.door.decide(label, decisions)

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
        self._refitter = self.offsets = None
        self._read_by_hand()
        self._read_geometry()
        self._look_at_detector()

    def _settings(self) -> Any:
        total, prepared = self.total, self._prepared
        if total is None or prepared is None:
            return alignment_settings({})
        return alignment_settings(
            prepared.parameters[total.basename].section("alignment")
        )

    def _read_geometry(self) -> None:
        self.geometry = self._settings().first_geometry

    def _fewest_matches(self) -> int | None:
        if self.fit is None:
            return None
        counts = [
            max(each.n_reference, each.n_links)
            for each in self.fit.exposures
            if each.state == "fitted"
        ]
        return min(counts) if counts else None

    def _refit(self) -> None:
        """Fit again from stored source lists; the latest question wins."""
        refitter, prepared, detector = self._refitter, self._prepared, self.detector
        if refitter is None or prepared is None:
            return
        chosen, settings, carries = self.chosen, self._settings(), self.carries_fit

        def answer(fit: GroupFit) -> None:
            if detector != self.detector:
                return
            self._fits[detector] = fit
            self.fit = fit
            self._settle()

        def question() -> GroupFit:
            return refitter(chosen, settings, carry_fit_to_grism=carries)

        self.door.preview("refit", question, answer)

    def _settle(self) -> None:
        if self._is_running:
            return
        fit = self.fit
        if fit is None:
            self.settle(
                "ready" if self.total is not None else "todo", "not aligned yet"
            )
            return
        words = _group_summary(fit)
        if not self.is_fresh and self._refitter is None:
            self.settle("stale", words)
        elif not fit.quality.is_good:
            self.settle("failed", words)
        else:
            self.settle("warn" if self.notices() else "ok", words)

    def _drawn(
        self, table: MatchTable, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        residual = -table.residual_mas  # source minus target, as it is drawn
        if self.axes == "detector":
            turned = detector_axes(table, residual, self._matrices())
            return _stacked(table)[rows], turned[rows]
        if not len(table):
            return np.zeros((0, 2)), np.zeros((0, 2))
        ra0, dec0 = float(np.mean(table.ra_deg)), float(np.mean(table.dec_deg))
        east = (table.ra_deg - ra0) * np.cos(np.radians(dec0)) * 3600.0
        north = (table.dec_deg - dec0) * 3600.0
        return np.column_stack([east, north])[rows], residual[rows]

    def _matrices(self) -> dict[tuple[str, int], NDArray[np.float64]]:
        return {
            (solution.rootname, chip.extver): np.array(chip.cd_deg)
            for solution in (self.fit.wcs if self.fit else ())
            for chip in solution.chips
        }

    def _slope_notices(self) -> list[str]:
        shown = self.shown()
        if shown is None or len(shown) < 8:
            return []
        used = ~shown.is_rejected
        # The same star in several exposures is one witness, not several.
        stars = len(np.unique(shown.table.target_ra_deg[shown.rows][used].round(7)))
        repeats = np.sqrt(max(1.0, used.sum() / max(stars, 1)))
        error = shown.table.sigma_mas[shown.rows][used] * repeats
        return [
            f"Residuals in {name} trend with {along} "
            f"({slope:.1f} sigma): wrong matches, or a geometry that is too simple."
            for axis, name in enumerate(("dx", "dy"))
            for place, along in enumerate(("x", "y"))
            if (
                slope := _slope_sigma(
                    shown.position[used, place], shown.residual[used, axis], error
                )
            )
            > _SLOPE_SIGMA
        ]


def _slope_sigma(
    position: NDArray[np.float64],
    residual: NDArray[np.float64],
    error: NDArray[np.float64],
) -> float:
    """Return the size of a linear trend in units of its error."""
    if len(position) < 8 or np.ptp(position) == 0:
        return 0.0
    weight = 1.0 / np.square(error)
    away = position - np.average(position, weights=weight)
    offset = residual - np.average(residual, weights=weight)
    curvature = float(np.sum(weight * away**2))
    slope = float(np.sum(weight * away * offset)) / curvature
    left = offset - slope * away
    # Errors that are too small must not make a trend of plain scatter: the
    # median of the squared ratios is 0.455 for a Gaussian.
    ratio = float(np.median(weight * left**2)) / 0.455
    return abs(slope) / float(np.sqrt(max(1.0, ratio) / curvature))


def _stacked(table: MatchTable) -> NDArray[np.float64]:
    """Return positions on the detector, chips one above the other."""
    position = np.array(table.xy)
    if len(position):
        height = 1.0 + float(position[:, 1].max())
        position[:, 1] += (table.extver - table.extver.min()) * height
    return position


def _axis_notice(each: ExposureFit) -> list[str]:
    pair = sorted((each.rms_ra_mas, each.rms_dec_mas))
    if not np.all(np.isfinite(pair)) or pair[1] <= _TWO_AXES * pair[0]:
        return []
    pair_text = f"{each.rms_ra_mas:.1f} and {each.rms_dec_mas:.1f} mas"
    why = "differ by more than a factor of two: look for wrong matches."
    return [f"{each.rootname}: the rms of the axes, {pair_text}, {why}"]


def _group_summary(fit: GroupFit) -> str:
    if fit.kind == "none":
        return "WCS as it came"
    fitted = [each for each in fit.exposures if each.state == "fitted"]
    if fit.kind == "absolute":
        pairs = [(e.rms_ra_mas, e.rms_dec_mas) for e in fitted]
        number = sum(e.n_reference for e in fitted)
    else:
        pairs = [(e.relative_rms_ra_mas, e.relative_rms_dec_mas) for e in fitted]
        number = sum(e.n_links for e in fitted)
    if not pairs:
        return f"{fit.kind}, none fitted"
    ra, dec = np.sqrt(np.nanmean(np.square(pairs), axis=0))
    tied = fit.catalog if fit.kind == "absolute" else "relative only"
    return f"{tied}, rms {ra:.1f}/{dec:.1f} mas, N {number}"


def _count(names: Sequence[str], noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"1 {noun}" if len(names) == 1 else f"{len(names)} {plural}"
