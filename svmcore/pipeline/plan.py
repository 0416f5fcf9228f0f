"""From a prepared visit to the tasks that make its products."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from svmcore.errors import PipelineError
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.product import TotalProduct
from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.align import alignment_tasks, residual_task
from svmcore.pipeline.catalog import catalog_tasks
from svmcore.pipeline.drizzle import cosmic_ray_tasks, drizzling_tasks
from svmcore.pipeline.drizzle_choices import unmade_products
from svmcore.pipeline.prepare import PreparedVisit
from svmcore.pipeline.preview import preview_tasks
from svmcore.pipeline.tasks import Task

__all__ = ["STEPS", "Plan", "make_plan", "with_residual_reports"]

STEPS = ("alignment", "drizzling", "catalogs", "previews")


@dataclass(frozen=True, slots=True)
class Plan:
    """A visit and the tasks that make its products.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    reference : ReferenceChoice
        What the visit is aligned to.
    tasks : tuple of Task
        Each after all that it needs.
    left_out : tuple of str
        What is not made although the visit has it, and why.
    """

    prepared: PreparedVisit
    reference: ReferenceChoice
    tasks: tuple[Task, ...]
    left_out: tuple[str, ...] = ()

    def of_step(self, *steps: str) -> tuple[Task, ...]:
        """Return the tasks of the named steps and all that they need."""
        wanted = {task.identifier for task in self.tasks if task.step in steps}
        for task in reversed(self.tasks):
            if task.identifier in wanted:
                wanted.update(name for names in task.needs.values() for name in names)
        return tuple(task for task in self.tasks if task.identifier in wanted)


def with_residual_reports(plan: Plan) -> Plan:
    """Return a plan that also reports the residuals of every fit.

    Parameters
    ----------
    plan : Plan
        A plan with alignment.

    Notes
    -----
    Each report comes right after its fit: it takes longer than the copy of an
    exposure, and is drawn while these are written.
    """
    tasks: list[Task] = []
    for task in plan.tasks:
        tasks.append(task)
        if task.step == "fit alignment":
            tasks.append(residual_task(task))
    return replace(plan, tasks=tuple(tasks))


def make_plan(
    prepared: PreparedVisit,
    *,
    reference: ReferenceChoice | None = None,
    steps: Collection[str] = STEPS,
) -> Plan:
    """Return the tasks for all products of a visit.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half.
    reference : ReferenceChoice or None
        What the visit is aligned to; None aligns the exposures to each other
        only.
    steps : collection of str
        Which of `STEPS` are wanted. What they need is made too: alignment in
        any case, and drizzled products for catalogs and previews.

    Returns
    -------
    Plan
        Tasks of all detectors.

    Raises
    ------
    PipelineError
        If a step is unknown, or none is given.
    """
    steps = _with_needed_steps(steps)
    reference = reference or ReferenceChoice.from_user(None)
    tasks: list[Task] = []
    left_out: list[str] = []
    for total in prepared.tree.totals:
        wanted = _detector_tasks(prepared, total, reference, steps)
        made, missing = _without_orphans(wanted)
        tasks.extend(made)
        if "drizzling" in steps and total.filters:
            left_out += [
                f"{product.drizzle_name}: not made, as driz_combine is false"
                for product in unmade_products(total, parameters=prepared.parameters)
            ]
            left_out += missing
    return Plan(prepared, reference, tuple(tasks), tuple(left_out))


def _with_needed_steps(steps: Collection[str]) -> frozenset[str]:
    """Return the wanted steps and those that they need."""
    known = f"Steps: {', '.join(STEPS)}."
    unknown = set(steps) - set(STEPS)
    if unknown:
        raise PipelineError(", ".join(sorted(unknown)), "no such step", known)
    if not steps:
        raise PipelineError("steps", "none is given", known)
    needed = {"drizzling"} if {"catalogs", "previews"} & set(steps) else set()
    return frozenset(steps) | needed


def _without_orphans(tasks: Sequence[Task]) -> tuple[list[Task], list[str]]:
    """Return the tasks that have all they need, and what is said of the others."""
    kept: list[Task] = []
    missing: list[str] = []
    known: set[str] = set()
    for task in tasks:
        absent = [
            name for names in task.needs.values() for name in names if name not in known
        ]
        if absent:
            missing.append(f"{task.identifier}: not made without {', '.join(absent)}")
            continue
        kept.append(task)
        known.add(task.identifier)
    return kept, missing


def _detector_tasks(
    prepared: PreparedVisit,
    total: TotalProduct,
    reference: ReferenceChoice,
    steps: Collection[str],
) -> list[Task]:
    """Return one detector's tasks, ordered so that each follows its needs."""
    if not total.filters:  # grism exposures alone are listed, not processed
        return []
    slug = total.detector_key.slug
    decisions = prepared.decisions
    with_drizzling = "drizzling" in steps
    fit_task = f"fit alignment: {slug}"
    flags = (
        cosmic_ray_tasks(total, parameters=prepared.parameters, fit_task=fit_task)
        if with_drizzling
        else ()
    )
    align = alignment_tasks(
        total,
        parameters=prepared.parameters[total.basename],
        reference=reference,
        decisions=decisions.alignment.get(slug, AlignmentDecisions()),
        carry_fit_to_grism=decisions.carry_fit_to_grism,
        with_cosmic_rays={
            task.subject: task.identifier
            for task in flags
            if task.step == "flag cosmic rays"
        },
    )
    before = [task for task in align if task.step != "write exposure"]
    copies = [task for task in align if task.step == "write exposure"]
    tasks = [*before, *flags]
    if with_drizzling:
        tasks += drizzling_tasks(
            total,
            parameters=prepared.parameters,
            fit_task=fit_task,
            has_errors=decisions.error_extension,
        )
    tasks += copies
    if with_drizzling and "previews" in steps:
        tasks += preview_tasks(total)
    if with_drizzling and "catalogs" in steps:
        tasks += catalog_tasks(total, parameters=prepared.parameters)
    return tasks
