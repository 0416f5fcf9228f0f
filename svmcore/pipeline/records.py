"""From the end of a run to the value that the records are written from."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from svmcore.io.drizzle_results import read_sky, read_sky_remarks
from svmcore.model.fit import GroupFit
from svmcore.model.record import ChangedParameter, SkyLevel, TaskNote, VisitRecord
from svmcore.parameters import ParameterSet
from svmcore.pipeline.drizzle_payloads import ProductPayload
from svmcore.pipeline.outcome import RunOutcome, State
from svmcore.pipeline.plan import Plan

__all__ = ["collect_record"]

_PACKAGES = ("svmcore", "numpy", "scipy", "astropy", "stwcs", "drizzle", "photutils")
_SKY_FILE = "sky.json"


def collect_record(
    plan: Plan,
    outcome: RunOutcome,
    fits: Mapping[str, GroupFit],
) -> VisitRecord:
    """Return everything that the records of a run say.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    outcome : RunOutcome
        How every task ended.
    fits : Mapping of str to GroupFit
        Alignment of each detector that has one, by slug.

    Returns
    -------
    VisitRecord
        For `svmcore.io.export_records.write_records`.
    """
    prepared = plan.prepared
    return VisitRecord(
        visit=prepared.visit,
        verdicts=prepared.verdicts,
        tree=prepared.tree,
        fits=fits,
        conditions={
            name: found.conditions for name, found in prepared.parameters.items()
        },
        changed=tuple(_changed(prepared.parameters.values())),
        sky=tuple(_sky_levels(plan, outcome)),
        tasks=tuple(_task_notes(plan, outcome)),
        versions={name: version(name) for name in _PACKAGES},
        remarks=dict(_remarks(plan, outcome)),
    )


def _changed(sets: Iterable[ParameterSet]) -> Iterator[ChangedParameter]:
    for found in sets:
        for override in found.overrides:
            yield ChangedParameter(
                product=found.product,
                step=override.step,
                key=override.key,
                value=override.value,
                default=override.default,
                origin=override.origin.source,
                reason=override.origin.reason,
            )


def _sky_levels(plan: Plan, outcome: RunOutcome) -> Iterator[SkyLevel]:
    """Read the sky of every chip from the results that hold one."""
    rootnames = {exposure.rootname for exposure in plan.prepared.visit.exposures}
    for task in plan.tasks:
        ref = outcome.results.get(task.identifier)
        if ref is None or task.subject not in rootnames:
            continue
        if (ref.folder / _SKY_FILE).is_file():
            for extver, level in read_sky(ref.folder).items():
                yield SkyLevel(task.subject, extver, level)


def _remarks(plan: Plan, outcome: RunOutcome) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Say what the header of every product says, from the same sources."""
    for task in plan.tasks:
        payload = task.payload
        if not isinstance(payload, ProductPayload):
            continue
        measured = [
            outcome.results[name].folder
            for name in task.needs.get("measured sky", ())
            if name in outcome.results and outcome.results[name].is_present
        ]
        found = payload.remarks(
            one for folder in measured for one in read_sky_remarks(folder)
        )
        if found:
            yield payload.basename, found


def _task_notes(plan: Plan, outcome: RunOutcome) -> Iterator[TaskNote]:
    for task in plan.tasks:
        state = outcome.states.get(task.identifier, State.CANCELLED)
        yield TaskNote(
            step=task.step,
            subject=task.subject,
            state="finished" if state.is_good else state.value,
            message=outcome.messages.get(task.identifier, ""),
        )
