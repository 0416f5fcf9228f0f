"""The drizzling tasks of one detector, and how they depend on each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from svmcore.drizzling.settings import DrizzleSettings, FrameSettings
from svmcore.model.product import Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.drizzle_choices import (
    follows_total,
    settings_of,
    unmade_products,
)
from svmcore.pipeline.drizzle_compare import mask_tasks, members_of
from svmcore.pipeline.drizzle_payloads import Frames, GridsPayload
from svmcore.pipeline.drizzle_planner import ProductPlanner
from svmcore.pipeline.tasks import NamedFunction, Task

__all__ = ["cosmic_ray_tasks", "drizzling_tasks", "shares_filters"]

GRIDS_VERSION = 1  # raised whenever the values of the grids change
KEPT_BACK = 2  # exposure products of one filter, until there is nothing else to do


def cosmic_ray_tasks(
    total: TotalProduct, *, parameters: Mapping[str, ParameterSet], fit_task: str
) -> tuple[Task, ...]:
    """Return the tasks up to the cosmic-ray flags of every exposure.

    Parameters
    ----------
    total : TotalProduct
        Products of one detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    fit_task : str
        Identifier of the task that aligns the exposures.

    Returns
    -------
    tuple of Task
        Each after all that it needs; those of step "flag cosmic rays" have
        the rootname as subject.
    """
    tasks = [_grids_task(total, parameters, fit_task)]
    for product in total.filters:
        settings = settings_of(product, parameters)
        tasks.extend(mask_tasks(product, settings, tasks[0].identifier))
    return tuple(tasks)


def drizzling_tasks(
    total: TotalProduct,
    *,
    parameters: Mapping[str, ParameterSet],
    fit_task: str,
    has_errors: bool = False,
) -> tuple[Task, ...]:
    """Return the tasks that make the products of one detector.

    Parameters
    ----------
    total : TotalProduct
        Products of one detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    fit_task : str
        Identifier of the task that aligns the exposures.
    has_errors : bool
        Whether the products get an ERR extension.

    Returns
    -------
    tuple of Task
        Each after all that it needs, those of `cosmic_ray_tasks` taken as
        given.
    """
    flags = {
        task.identifier
        for task in cosmic_ray_tasks(total, parameters=parameters, fit_task=fit_task)
    }
    planner = ProductPlanner(total, parameters, frozenset(flags), fit_task, has_errors)
    tasks = _with_early_total(
        [planner.filter_tasks(product) for product in total.filters],
        planner.total_tasks(),
    )
    return _without(tasks, unmade_products(total, parameters=parameters))


def _with_early_total(
    filters: Sequence[Sequence[Task]], total: Sequence[Task]
) -> list[Task]:
    """Return all tasks in such an order that the total product is not the last.

    Nothing could be done beside it. What it needs of a filter comes right after
    that filter's product. The exposure products of the last filter and some of the
    one before, which nothing needs, come at the end: workers make them where they
    would have to wait. More are not kept back, as their chips take room on the disk.
    """
    everything = [task for tasks in (*filters, total) for task in tasks]
    wanted = {total[-1].identifier} if total else set()
    for task in reversed(everything):
        if task.identifier in wanted:
            wanted.update(_needs(task))
    ordered: list[Task] = []
    spare: list[Task] = []
    left = list(total)
    to_come = {task.identifier for task in everything}
    for number, tasks in enumerate(filters, start=1):
        mine = {task.identifier for task in tasks}
        ordered += [task for task in tasks if task.identifier in wanted]
        to_come -= mine
        for task in list(left):
            is_ready = not _needs(task) & to_come
            if is_ready and (number == len(filters) or _needs(task) & mine):
                ordered.append(task)
                left.remove(task)
                to_come.discard(task.identifier)
        spare += [task for task in tasks if task.identifier not in wanted]
        if number < len(filters):
            ordered += spare[:-KEPT_BACK]
            spare = spare[-KEPT_BACK:]
    return [*ordered, *left, *spare]


def _needs(task: Task) -> set[str]:
    return {name for names in task.needs.values() for name in names}


def _without(tasks: Sequence[Task], unmade: Sequence[Product]) -> tuple[Task, ...]:
    """Return the tasks without those of some products, and what is for these only."""
    dropped = {f"drizzle product: {one.basename}" for one in unmade}
    kept: list[Task] = []
    needed: set[str] = set()
    for task in reversed(tasks):
        is_final = task.step == "drizzle product"
        name = task.identifier
        if name in dropped or not (is_final or name in needed):
            continue
        kept.append(task)
        needed.update(_needs(task))
    return tuple(reversed(kept))


def shares_filters(total: TotalProduct, parameters: Mapping[str, ParameterSet]) -> bool:
    """Return whether a total product is stacked from its filter products.

    Parameters
    ----------
    total : TotalProduct
        Products of one detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    """
    return ProductPlanner(total, parameters, frozenset(), "").shares_filters()


def _grids_task(
    total: TotalProduct, parameters: Mapping[str, ParameterSet], fit_task: str
) -> Task:
    products: list[Product] = [*total.filters, *total.members]
    settings = settings_of(total, parameters)

    def frames(product: Product) -> Frames:
        own = settings_of(product, parameters)
        return _frames(product, own, follows=follows_total(own, settings, total))

    return Task(
        step="build grids",
        subject=total.basename,
        function=NamedFunction("svmcore.pipeline.drizzle_masks", "build_grids"),
        version=GRIDS_VERSION,
        payload=GridsPayload(
            _frames(total, settings, follows=False),
            tuple(frames(product) for product in products),
            settings.coeffs,
        ),
        needs={"fit": (fit_task,)},
    )


def _frames(product: Product, settings: DrizzleSettings, *, follows: bool) -> Frames:
    final, separate = settings.final.frame, settings.separate.frame
    return Frames(
        product.basename,
        members_of(product),
        replace(final, refimage=""),
        replace(separate, refimage=""),
        _refimage(final),
        _refimage(separate),
        follows,
    )


def _refimage(frame: FrameSettings) -> Path | None:
    return Path(frame.refimage) if frame.is_custom and frame.refimage else None
