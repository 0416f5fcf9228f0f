"""The tasks that compare the exposures of one filter with each other."""

from dataclasses import replace
from pathlib import Path

from svmcore.drizzling.settings import DrizzleSettings, FinalSettings, SkySettings
from svmcore.errors import InputError
from svmcore.io.sky_masks import SkyMask, read_sky_masks
from svmcore.model.product import ExposureProduct, FilterProduct, Product
from svmcore.pipeline.drizzle_payloads import (
    CombinePayload,
    FlagPayload,
    Member,
    SeparatePayload,
    SkyPayload,
    StaticPayload,
)
from svmcore.pipeline.tasks import NamedFunction, Task

__all__ = [
    "hits_made_with",
    "mask_tasks",
    "members_of",
    "sky_made_with",
    "sky_payload",
    "static_made_with",
]

STATIC_VERSION = 2
SKY_VERSION = 5
SEPARATE_VERSION = 2
COMBINE_VERSION = 1
FLAG_VERSION = 3

_MASKS = "svmcore.pipeline.drizzle_masks"

Needs = dict[str, tuple[str, ...]]


def members_of(product: Product) -> tuple[Member, ...]:
    """Return the exposures of a product as tasks need them."""
    found: tuple[ExposureProduct, ...] = (
        (product,) if isinstance(product, ExposureProduct) else product.members
    )
    return tuple(
        Member(
            one.exposure.rootname,
            one.exposure.path,
            one.basename,
            one.calibrated_name,
            one.exposure.exptime_s,
        )
        for one in found
    )


def static_made_with(settings: DrizzleSettings) -> str:
    """Return the parameters that static pixels depend on, as a text."""
    return repr(settings.static)


def sky_made_with(settings: DrizzleSettings) -> str:
    """Return the parameters that the measured sky depends on, as a text."""
    uses_static = settings.sky.use_static and settings.static.is_on
    return repr(
        (
            _sky_settings(settings),
            settings.instrument,
            settings.separate.frame,
            settings.static if uses_static else None,
        )
    )


def hits_made_with(settings: DrizzleSettings) -> str:
    """Return the parameters that cosmic-ray flags depend on, as a text."""
    return repr(replace(settings, final=FinalSettings(), context=True, combine=True))


def mask_tasks(
    product: FilterProduct, settings: DrizzleSettings, grids: str
) -> tuple[Task, ...]:
    """Return the tasks up to the cosmic-ray flags of one filter.

    Parameters
    ----------
    product : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    grids : str
        Identifier of the task that builds the grids.

    Returns
    -------
    tuple of Task
        Static pixels, sky, separate images, model, flags, as far as they are
        switched on.
    """
    members = members_of(product)
    tasks: list[Task] = []
    needs: Needs = {"grids": (grids,)}
    if settings.static.is_on:
        tasks.append(_static_task(product, members, settings))
        needs["static"] = (tasks[-1].identifier,)
    if len(members) == 1:
        return tuple(tasks)
    if settings.sky.is_on:
        tasks.append(_sky_task(product, members, settings, needs))
        needs["measured sky"] = (tasks[-1].identifier,)
    if settings.cosmic_rays.is_on:
        models = _model_tasks(product, members, settings, needs)
        tasks.extend(models)
        needs["model"] = (models[-1].identifier,)
    if settings.sky.is_on or settings.cosmic_rays.is_on:
        needs.pop("static", None)
        tasks.extend(_flag_task(product, one, settings, needs) for one in members)
    return tuple(tasks)


def _static_task(
    product: FilterProduct, members: tuple[Member, ...], settings: DrizzleSettings
) -> Task:
    return Task(
        step="find static pixels",
        subject=product.basename,
        function=NamedFunction(_MASKS, "find_static"),
        version=STATIC_VERSION,
        payload=StaticPayload(members, settings.static),
    )


def _sky_task(
    product: FilterProduct,
    members: tuple[Member, ...],
    settings: DrizzleSettings,
    needs: Needs,
) -> Task:
    return Task(
        step="measure sky",
        subject=product.basename,
        function=NamedFunction("svmcore.pipeline.drizzle_sky", "measure_sky"),
        version=SKY_VERSION,
        payload=sky_payload(product, members, settings),
        needs=dict(needs),
    )


def sky_payload(
    product: FilterProduct, members: tuple[Member, ...], settings: DrizzleSettings
) -> SkyPayload:
    """Return what measuring the sky of a filter's exposures needs to know."""
    sky = _sky_settings(settings)
    return SkyPayload(
        product.basename,
        members,
        sky,
        settings.instrument,
        Path(sky.file) if sky.file else None,
        sky_made_with(settings),
        _sky_masks(members, sky.mask_list),
    )


def _sky_settings(settings: DrizzleSettings) -> SkySettings:
    """Return how the sky is measured, flags that are cleared first being good."""
    sky = settings.sky
    if sky.bits is None:
        return sky
    return replace(sky, bits=sky.bits | settings.resetbits)


def _sky_masks(
    members: tuple[Member, ...], mask_list: str
) -> tuple[tuple[str, tuple[SkyMask, ...]], ...]:
    """Return the masks of each exposure that has any."""
    if not mask_list:
        return ()
    table = read_sky_masks(Path(mask_list))
    found = tuple(
        (member.rootname, masks)
        for member in members
        for masks in [member.found_in(table)]
        if masks
    )
    for _, masks in found:
        for mask in masks:
            if not mask.path.is_file():
                raise InputError(
                    str(mask.path), "does not exist", f"Correct {mask_list}."
                )
    return found


def _flag_task(
    product: FilterProduct, member: Member, settings: DrizzleSettings, needs: Needs
) -> Task:
    return Task(
        step="flag cosmic rays",
        subject=member.rootname,
        function=NamedFunction(_MASKS, "flag_cosmic_rays"),
        version=FLAG_VERSION,
        payload=FlagPayload(
            product.basename,
            member,
            settings.blot,
            settings.cosmic_rays,
            settings.instrument,
            settings.resetbits,
            settings.crbit,
            settings.sky.method.endswith("match"),
            settings.coeffs,
            hits_made_with(settings),
        ),
        needs=dict(needs),
    )


def _model_tasks(
    product: FilterProduct,
    members: tuple[Member, ...],
    settings: DrizzleSettings,
    needs: Needs,
) -> list[Task]:
    """Return the tasks of the separate images and of the model from them."""
    separate = [
        Task(
            step="drizzle separately",
            subject=member.rootname,
            function=NamedFunction(_MASKS, "drizzle_separately"),
            version=SEPARATE_VERSION,
            payload=SeparatePayload(
                product.basename,
                member,
                settings.separate,
                settings.instrument,
                settings.resetbits,
                settings.coeffs,
            ),
            needs=dict(needs),
            is_transient=True,
        )
        for member in members
    ]
    model = Task(
        step="combine images",
        subject=product.basename,
        function=NamedFunction(_MASKS, "combine_images"),
        version=COMBINE_VERSION,
        payload=CombinePayload(product.basename, members, settings.median),
        needs={"separate": tuple(task.identifier for task in separate)},
        is_transient=True,
    )
    return [*separate, model]
