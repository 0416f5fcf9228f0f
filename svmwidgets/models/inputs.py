"""The visit as it was read: exposures, state of their calibration, faults."""

from typing import Any

import traitlets as T  # noqa: N812

from svmcore.inputs import CalibrationState, calibration_state
from svmcore.model.exposure import Exposure
from svmcore.model.visit import VisitInput
from svmcore.products import Footprints, footprints
from svmwidgets.models.step import StepModel

__all__ = ["InputsModel"]


class InputsModel(StepModel):
    """Exposures of the visit and how far they are calibrated."""

    name = "inputs"
    title = "Visit"

    visit = T.Instance(VisitInput, allow_none=True, help="The visit as it was read")
    source = T.Unicode("", help="List, poller, folder or session file that is open")
    output = T.Unicode("", help="Folder of the products")
    coverage = T.Instance(Footprints, allow_none=True, help="Where exposures lie")
    recent = T.List(T.Unicode(), help="Visits opened before, newest first")

    def show(self, visit: VisitInput) -> None:
        """Take a visit that was just read."""
        self.coverage = None
        self.visit = visit
        bad = f", {len(visit.faults)} unusable" if visit.faults else ""
        good = len(visit.exposures)
        self.settle("warn" if visit.faults else "ok", f"{good} exposures{bad}")

    def ask_coverage(self) -> None:
        """Find in the background where the exposures lie, once for a visit."""
        visit = self.visit
        if visit is None or self.coverage is not None:
            return

        def answer(found: Footprints) -> None:
            if visit is self.visit:
                self.coverage = found

        self.door.preview("coverage", lambda: footprints(visit.exposures), answer)

    @property
    def heading(self) -> tuple[str, str]:
        """Program and visits, and with what they were observed."""
        if self.visit is None:
            return "No visit open", ""
        exposures = self.visit.exposures
        if not exposures:
            return self.visit.name, ""
        programs: dict[str, set[str]] = {}
        for one in exposures:
            programs.setdefault(one.proposal_id, set()).add(one.obset_id)
        named = [
            f"{program} visit{'s' if len(visits) > 1 else ''} "
            f"{', '.join(sorted(visits))}"
            for program, visits in sorted(programs.items())
        ]
        detectors = sorted({one.detector_key.label for one in exposures})
        targets = sorted({one.target_name for one in exposures})
        more = f" and {len(targets) - 2} more" if len(targets) > 2 else ""
        told = ", ".join(detectors), ", ".join(targets[:2]) + more
        return "; ".join(named), " · ".join(told)

    @property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """One row of plain values per readable exposure."""
        exposures = self.visit.exposures if self.visit else ()
        return tuple(_row(exposure) for exposure in exposures)

    def calibration(self, rootname: str) -> tuple[CalibrationState, ...]:
        """Return how far an exposure is calibrated, always the same rows."""
        return calibration_state(self.exposure(rootname))

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """Subject and text of every fault and note, faults first."""
        if self.visit is None:
            return ()
        faults = [
            (f.subject, f"{f.problem.rstrip('.')}. {f.remedy}".rstrip())
            for f in self.visit.faults
        ]
        notes = [(note.subject, note.text) for note in self.visit.notes]
        notes += [
            (exposure.rootname, f"{note.subject}: {note.text}")
            for exposure in self.visit.exposures
            for note in exposure.notes
        ]
        return tuple(faults + notes)

    def exposure(self, rootname: str) -> Exposure:
        """Return the exposure of that name.

        Raises
        ------
        KeyError
            If the visit has no such exposure.
        """
        for exposure in self.visit.exposures if self.visit else ():
            if exposure.rootname == rootname:
                return exposure
        raise KeyError(rootname)


def _row(exposure: Exposure) -> dict[str, Any]:
    return {
        "rootname": exposure.rootname,
        "file": exposure.path.name,
        "detector": exposure.detector_key.label,
        "filter": exposure.filter_name.upper(),
        "target": exposure.target_name,
        "exptime_s": exposure.exptime_s,
        "notes": tuple(f"{note.subject}: {note.text}" for note in exposure.notes),
        "wcs_kind": exposure.chips[0].wcs_class.kind if exposure.chips else "none",
        "calibration": calibration_state(exposure),
    }
