"""What a user decides about an alignment: matches, exposures, geometry."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import traitlets as T  # noqa: N812

from svmcore.alignment.selection import beyond_sigma, clip_limits
from svmcore.alignment.settings import alignment_settings
from svmcore.model.decisions import AlignmentDecisions, ManualOffset, ParameterChange
from svmcore.model.fit import GroupFit
from svmcore.model.product import TotalProduct
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.matches import AXES, KINDS, ShownMatches, show_matches
from svmwidgets.models.step import Door, StepModel

__all__ = ["AlignmentDecider"]

_GEOMETRY_KEY = "match_relative_fit.fitgeom"


class AlignmentDecider(StepModel):
    """A detector's matches, and every decision that can be made about them."""

    detector = T.Unicode("", help="Detector that is looked at")
    fit = T.Instance(GroupFit, allow_none=True, help="Its alignment as it is now")
    geometry = T.Unicode("", help="Richest geometry that is fitted")
    kind = T.Enum(KINDS, KINDS[0], help="Which matches are shown")
    axes = T.Enum(AXES, AXES[0], help="Axes of positions and residuals")
    exposure = T.Unicode("", help="Rootname of the shown exposure; empty for all")
    clip_sigma = T.Float(0.0, help="Sigma of the clip that is tried; 0 for none")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._prepared: PreparedVisit | None = None

    @property
    def total(self) -> TotalProduct | None:
        """Total product of the detector."""
        for total in self._prepared.working_totals if self._prepared else ():
            if total.detector_key.slug == self.detector:
                return total
        return None

    @property
    def chosen(self) -> AlignmentDecisions:
        """What was decided about the detector."""
        return self.door.decisions.alignment_of(self.detector)

    def shown(self) -> ShownMatches | None:
        """Return the matches of the chosen exposure and kind."""
        if self.fit is None:
            return None
        return show_matches(
            self.fit, kind=self.kind, exposure=self.exposure, axes=self.axes
        )

    def clip_preview(self) -> tuple[str, ...]:
        """Return the matches that the tried clip would take away."""
        shown = self.shown()
        if shown is None or self.clip_sigma <= 0:
            return ()
        used = ~shown.is_rejected
        beyond = beyond_sigma(shown.residual, used, sigma=self.clip_sigma)
        names = shown.identifiers
        return tuple(names[row] for row in np.flatnonzero(beyond))

    def clip_limits(self) -> tuple[float, ...]:
        """Return the half-widths dx and dy of the tried clip [mas]; empty for none."""
        shown = self.shown()
        if shown is None or self.clip_sigma <= 0 or shown.is_rejected.all():
            return ()
        used = ~shown.is_rejected
        limits = clip_limits(shown.residual, used, sigma=self.clip_sigma)
        return tuple(float(value) for value in limits)

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

    def change_decisions(self, label: str, **values: Any) -> bool:
        """Replace fields of what was decided about the detector."""
        chosen = replace(self.chosen, **values)
        decisions = self.door.decisions.with_alignment(self.detector, chosen)
        return self.door.decide(label, decisions)

    # ---- inside ----

    def _settings(self) -> Any:
        total, prepared = self.total, self._prepared
        if total is None or prepared is None:
            return alignment_settings({})
        return alignment_settings(
            prepared.parameters[total.basename].section("alignment")
        )

    def _fewest_matches(self) -> int | None:
        if self.fit is None:
            return None
        counts = [
            max(each.n_reference, each.n_links)
            for each in self.fit.exposures
            if each.state == "fitted"
        ]
        return min(counts) if counts else None


def _count(names: Sequence[str], noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"1 {noun}" if len(names) == 1 else f"{len(names)} {plural}"
