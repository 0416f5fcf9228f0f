"""Verdicts on the exposures, automatic and by hand."""

from collections.abc import Sequence
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.model.decisions import Decisions
from svmcore.model.exposure import Exposure
from svmcore.model.verdict import Override, Reason, Role, Verdict
from svmwidgets.models.step import StepModel

__all__ = ["SUGGESTED_REASONS", "FilteringModel"]

SUGGESTED_REASONS = (
    "Stars are trailed",
    "Satellite trail across the target",
    "Background too high",
    "Wrong pointing",
    "Inspected by eye: usable",
)
_ROLES = {
    Role.DIRECT: "drizzled",
    Role.RAMP: "align only",
    Role.GRISM: "WCS only, not aligned",
}


class FilteringModel(StepModel):
    """Which exposures are used, and why."""

    name = "filtering"
    title = "Filtering"

    verdicts = T.Tuple(help="Verdict on every exposure")
    rows = T.Tuple(help="One row of plain values per exposure")

    def show(self, exposures: Sequence[Exposure], verdicts: Sequence[Verdict]) -> None:
        """Take new verdicts."""
        by_name = {exposure.rootname: exposure for exposure in exposures}
        self.verdicts = tuple(verdicts)
        self.rows = tuple(_row(by_name[v.rootname], v) for v in verdicts)
        kept = sum(verdict.accepted for verdict in verdicts)
        has_caveat = any(v.accepted and v.caveats for v in verdicts)
        status = "failed" if not kept else "warn" if has_caveat else "ok"
        self.settle(status, f"{kept} of {len(verdicts)} kept")

    def verdict(self, rootname: str) -> Verdict:
        """Return the verdict on that exposure.

        Raises
        ------
        KeyError
            If there is none.
        """
        for verdict in self.verdicts:
            if verdict.rootname == rootname:
                return verdict
        raise KeyError(rootname)

    def override(
        self, rootnames: Sequence[str], *, accepted: bool, reason: str
    ) -> bool:
        """Set the verdict on some exposures by hand, as one action.

        Parameters
        ----------
        rootnames : sequence of str
            Exposures.
        accepted : bool
            The new verdict.
        reason : str
            Why; it goes into the products' records.

        Returns
        -------
        bool
            False if it was refused, for example for want of a reason.
        """
        word = "Accept" if accepted else "Reject"
        if not reason.strip():
            self.door.warn(
                f"{word} {', '.join(rootnames)}",
                "a verdict by hand needs a reason",
                "Write why: it goes into the records of the products.",
            )
            return False
        decisions = self.door.decisions
        for rootname in rootnames:
            override = Override(rootname, accepted=accepted, reason=reason.strip())
            decisions = decisions.with_override(override)
        return self.door.decide(f"{word} {_names(rootnames)}", decisions)

    def restore(self, rootnames: Sequence[str]) -> bool:
        """Return some exposures to their automatic verdict, as one action."""
        decisions: Decisions = self.door.decisions
        for rootname in rootnames:
            decisions = decisions.without_override(rootname)
        return self.door.decide(f"Automatic for {_names(rootnames)}", decisions)


def _names(rootnames: Sequence[str]) -> str:
    return rootnames[0] if len(rootnames) == 1 else f"{len(rootnames)} exposures"


def _sentence(reason: Reason) -> str:
    return f"{reason.keyword} = {reason.value}: {reason.sentence}"


def _row(exposure: Exposure, verdict: Verdict) -> dict[str, Any]:
    by_hand = verdict.override
    return {
        "rootname": verdict.rootname,
        "accepted": verdict.accepted,
        "by_hand": by_hand.reason if by_hand else "",
        "detector": exposure.detector_key.label,
        "filter": exposure.filter_name.upper(),
        "target": exposure.target_name,
        "exptime_s": exposure.exptime_s,
        "role": _ROLES[verdict.role] if verdict.accepted else "not used",
        "reasons": tuple(_sentence(reason) for reason in verdict.reasons),
        "caveats": tuple(_sentence(caveat) for caveat in verdict.caveats),
        "keywords": tuple(
            (reason.keyword, reason.value, reason.rule)
            for reason in (*verdict.reasons, *verdict.caveats)
        ),
    }
