"""The drizzling tasks of one detector, and how they depend on each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from svmcore.drizzling.settings import (
    DrizzleSettings,
    FinalSettings,
    FrameSettings,
    drizzle_settings,
)
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    TotalProduct,
)
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.drizzle_compare import mask_tasks, members_of
from svmcore.pipeline.drizzle_payloads import (
    Frames,
    GridsPayload,
    Masking,
    ProductPayload,
    ResamplePayload,
)
from svmcore.pipeline.tasks import NamedFunction, Task, TaskFunction

__all__ = [
    "choose_masking",
    "cosmic_ray_tasks",
    "drizzling_tasks",
    "follows_total",
    "settings_of",
    "shares_filters",
    "total_filters",
    "unmade_products",
]

Needs = dict[str, tuple[str, ...]]
Planned = tuple[list[Task], Needs]

# Raised whenever pixels, values or names of a step change.
GRIDS_VERSION = 1
RESAMPLE_VERSION = 2
PRODUCT_VERSION = 3

_PRODUCTS = "svmcore.pipeline.drizzle_products"


def settings_of(
    product: Product, parameters: Mapping[str, ParameterSet]
) -> DrizzleSettings:
    """Return the typed drizzling settings of a product.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters : Mapping of str to ParameterSet
        By basename.

    Raises
    ------
    ParameterError
        If a value is wrong.
    """
    section = parameters[product.basename].section("astrodrizzle")
    return drizzle_settings(section, exposures=len(product.exposures))


def total_filters(total: TotalProduct) -> tuple[FilterProduct, ...]:
    """Return the filters that go into a total product.

    Notes
    -----
    As in HAP: filters with two exposures or more, if there is any; all if the
    visit is prepared with ``singles_in_total``.
    """
    return total.used_filters


def choose_masking(
    mine: DrizzleSettings,
    filters: DrizzleSettings,
    owner: FilterProduct,
    *,
    is_own: bool,
) -> Masking:
    """Return which pixels of one filter's exposures a product uses.

    Parameters
    ----------
    mine : DrizzleSettings
        Settings of the product.
    filters : DrizzleSettings
        Settings of the filter product, which finds the cosmic rays.
    owner : FilterProduct
        That product.
    is_own : bool
        Whether the product is that filter product: its own cosmic rays are
        left out always, others only if ``final_bits`` does not take them.
    """
    bits = mine.final.bits
    respects = is_own or (bits is not None and not bits & filters.crbit)
    return Masking(
        bits,
        mine.static.is_on,
        filters.cosmic_rays.is_on and respects,
        filters.resetbits if len(owner.members) > 1 else 0,
    )


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
    planner = _Planner(total, parameters, frozenset(flags), fit_task, has_errors)
    tasks: list[Task] = []
    for product in total.filters:
        tasks.extend(planner.filter_tasks(product))
    tasks.extend(planner.total_tasks())
    return _without(tasks, unmade_products(total, parameters=parameters))


def unmade_products(
    total: TotalProduct, *, parameters: Mapping[str, ParameterSet]
) -> tuple[Product, ...]:
    """Return the products that ``driz_combine`` switches off.

    Parameters
    ----------
    total : TotalProduct
        Products of one detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    """
    products: tuple[Product, ...] = (total, *total.filters, *total.members)
    return tuple(one for one in products if not settings_of(one, parameters).combine)


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
        needed.update(name for names in task.needs.values() for name in names)
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
    return _Planner(total, parameters, frozenset(), "").shares_filters()


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


def follows_total(
    own: DrizzleSettings, common: DrizzleSettings, total: TotalProduct
) -> bool:
    """Return whether a product simply takes the grid of the detector.

    Notes
    -----
    It does if every property of its frame is open, or the same as asked for
    the total product, or the detector's nominal pixel size: HAP's sets give
    0.025 arcsec for HRC filters, and nothing for the total.
    """
    mine, theirs = own.final.frame, common.final.frame
    if not mine.is_custom or mine == theirs:
        return mine.is_custom == theirs.is_custom or mine == FrameSettings()
    nominal = total.detector_key.traits.pixel_scale_arcsec
    scale = mine.scale_arcsec
    open_or_same = all(
        value is None or value == "" or value == getattr(theirs, name)
        for name in FrameSettings.__slots__
        if name not in ("is_custom", "scale_arcsec")
        for value in [getattr(mine, name)]
    )
    return open_or_same and (
        scale is None
        or scale == theirs.scale_arcsec
        or (theirs.scale_arcsec is None and math.isclose(scale, nominal, rel_tol=1e-6))
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


@dataclass(frozen=True, slots=True)
class _Planner:
    """Makes the tasks of one detector's products."""

    total: TotalProduct
    parameters: Mapping[str, ParameterSet]
    known: frozenset[str]
    fit_task: str
    has_errors: bool = False

    @property
    def grids(self) -> str:
        return f"build grids: {self.total.basename}"

    def settings(self, product: Product) -> DrizzleSettings:
        return settings_of(product, self.parameters)

    def masking(self, product: Product, owner: FilterProduct) -> Masking:
        """Return which pixels of one filter's exposures a product uses."""
        return choose_masking(
            self.settings(product),
            self.settings(owner),
            owner,
            is_own=product is owner,
        )

    def needs(self, member: ExposureProduct, owner: FilterProduct) -> Needs:
        """Return what drizzling an exposure needs, as far as it is planned."""
        rootname = member.exposure.rootname
        wanted = {
            "grids": self.grids,
            "static": f"find static pixels: {owner.basename}",
            "cosmic rays": f"flag cosmic rays: {rootname}",
        }
        found: Needs = {
            role: (name,) for role, name in wanted.items() if name in self.known
        }
        if "cosmic rays" in found:
            found["sky"] = found["cosmic rays"]
        return found

    def filter_tasks(self, product: FilterProduct) -> list[Task]:
        """Return the tasks of a filter product and of its exposures."""
        settings = self.settings(product)
        tasks = [
            self._resample(member, product, product, "resample")
            for member in product.members
        ]
        sky = self._sky(product.members, is_on=settings.sky.is_on)
        tasks.append(
            self._product_task(
                product,
                NamedFunction(_PRODUCTS, "drizzle_filter_product"),
                members=product.members,
                needs={
                    "resampled": tuple(
                        f"resample: {m.exposure.rootname}" for m in product.members
                    ),
                    **sky,
                },
            )
        )
        for member in product.members:
            tasks.extend(self._exposure_tasks(member, product))
        return tasks

    def total_tasks(self) -> list[Task]:
        """Return the tasks of the total product.

        Notes
        -----
        Where filters and total put the same drops on the same grid, the total
        is the weighted mean of the filter products, with the pixels changed
        that only one of them uses. Otherwise its exposures are drizzled anew.
        """
        total, filters = self.total, total_filters(self.total)
        members = tuple(member for one in filters for member in one.members)
        left = tuple(
            f"{m.exposure.rootname} ({m.filter_name})"
            for m in total.members
            if m not in members
        )
        shares = self.shares_filters()
        if shares:
            tasks, needs = self._changed_filters(filters)
        else:
            tasks, needs = self._resampled_again(filters)
        needs |= self._sky(members, is_on=self.settings(total).sky.is_on)
        name = "drizzle_total_product" if shares else "drizzle_filter_product"
        function = NamedFunction(_PRODUCTS, name)
        made = self._product_task(
            total,
            function,
            members=members,
            needs=needs,
            filters=filters if shares else (),
            excluded=left,
        )
        return [*tasks, made]

    def shares_filters(self) -> bool:
        """Return whether the total is stacked from the filter products."""
        return all(
            self.settings(one).combine
            and self.settings(one).context
            and self._shares_drops(self.total, one)
            and self._shares_sky(one)
            for one in total_filters(self.total)
        )

    def _changed_filters(self, filters: Sequence[FilterProduct]) -> Planned:
        needs = {
            "filters": tuple(f"drizzle product: {one.basename}" for one in filters)
        }
        if all(
            self.masking(self.total, one) == self.masking(one, one) for one in filters
        ):
            return [], needs
        tasks = [self._change(member, one) for one in filters for member in one.members]
        return tasks, {**needs, "changes": tuple(t.identifier for t in tasks)}

    def _resampled_again(self, filters: Sequence[FilterProduct]) -> Planned:
        tasks = [
            self._resample(member, self.total, one, "resample for total")
            for one in filters
            for member in one.members
        ]
        return tasks, {"resampled": tuple(t.identifier for t in tasks)}

    def _shares_sky(self, owner: FilterProduct) -> bool:
        """Return whether total and filter subtract the sky in the same way."""
        mine, theirs = self.settings(self.total).sky, self.settings(owner).sky
        if len(owner.members) == 1:
            return True
        return mine.is_on == theirs.is_on and mine.method == theirs.method

    def _shares_drops(self, one: Product, other: Product) -> bool:
        """Return whether two products put the same drops on the same grid."""
        common = self.settings(self.total)
        first, second = self.settings(one), self.settings(other)
        follow = [
            product is self.total or follows_total(settings, common, self.total)
            for product, settings in ((one, first), (other, second))
        ]
        if not all(follow) and first.final.frame != second.final.frame:
            return False
        return (
            _drop_settings(first.final) == _drop_settings(second.final)
            and first.coeffs == second.coeffs
            and first.instrument == second.instrument
        )

    def _sky(self, members: Sequence[ExposureProduct], *, is_on: bool) -> Needs:
        names = tuple(f"flag cosmic rays: {m.exposure.rootname}" for m in members)
        if is_on and all(name in self.known for name in names):
            return {"sky": names}
        return {}

    def _sky_remarks(self, members: Sequence[ExposureProduct]) -> Needs:
        """Return the tasks that measured the sky of some exposures."""
        names = tuple(
            f"measure sky: {one.basename}"
            for one in self.total.filters
            if any(member in members for member in one.members)
        )
        found = tuple(name for name in names if name in self.known)
        return {"measured sky": found} if found else {}

    def _resample(
        self,
        member: ExposureProduct,
        product: Product,
        owner: FilterProduct,
        step: str,
    ) -> Task:
        return Task(
            step=step,
            subject=member.exposure.rootname,
            function=NamedFunction(_PRODUCTS, "resample_exposure"),
            version=RESAMPLE_VERSION,
            payload=self._resample_payload(member, product, owner),
            needs=self.needs(member, owner),
            is_transient=True,
        )

    def _resample_payload(
        self, member: ExposureProduct, product: Product, owner: FilterProduct
    ) -> ResamplePayload:
        settings = self.settings(product)
        return ResamplePayload(
            product.basename,
            members_of(member)[0],
            _drop_settings(settings.final),
            self.masking(product, owner),
            settings.instrument,
            settings.coeffs,
            has_errors=self.has_errors,
        )

    def _change(self, member: ExposureProduct, owner: FilterProduct) -> Task:
        payload = replace(
            self._resample_payload(member, self.total, owner),
            base=self.masking(owner, owner),
        )
        rootname = member.exposure.rootname
        return Task(
            step="change pixels for total",
            subject=rootname,
            function=NamedFunction(_PRODUCTS, "change_pixels"),
            version=RESAMPLE_VERSION,
            payload=payload,
            needs={
                **self.needs(member, owner),
                "resampled": (f"resample: {rootname}",),
            },
            is_transient=True,
        )

    def _exposure_tasks(
        self, member: ExposureProduct, owner: FilterProduct
    ) -> list[Task]:
        """Return the task of an exposure product, and a resampling if needed."""
        own = self._resample_payload(member, member, owner)
        shared = self._resample_payload(member, owner, owner)
        rootname = member.exposure.rootname
        needs = self.needs(member, owner)
        tasks: list[Task] = []
        change: ResamplePayload | None = None
        step = "resample"
        if self._shares_drops(member, owner):
            if own.masking != shared.masking:
                change = replace(own, base=shared.masking)
        else:
            step = "resample alone"
            tasks.append(self._resample(member, member, owner, step))
        if not self.settings(member).sky.is_on:
            needs.pop("sky", None)
        tasks.append(
            self._product_task(
                member,
                NamedFunction(_PRODUCTS, "drizzle_exposure_product"),
                members=(member,),
                needs={**needs, "resampled": (f"{step}: {rootname}",)},
                change=change,
            )
        )
        return tasks

    def _product_task(
        self,
        product: Product,
        function: TaskFunction,
        *,
        members: Sequence[ExposureProduct],
        needs: Mapping[str, tuple[str, ...]],
        filters: Sequence[FilterProduct] = (),
        excluded: tuple[str, ...] = (),
        change: ResamplePayload | None = None,
    ) -> Task:
        settings = self.settings(product)
        payload = ProductPayload(
            product.basename,
            product.drizzle_name,
            product.trailer_name,
            1 if isinstance(product, ExposureProduct) else 2,
            _filter_value(product),
            tuple(one for member in members for one in members_of(member)),
            settings.final,
            settings.sky,
            settings.instrument,
            len({member.filter_name for member in members}) == 1,
            settings.context,
            version("svmcore"),
            tuple(one.drizzle_name for one in filters),
            tuple(len(one.members) for one in filters),
            "changes" in needs,
            excluded,
            change,
            self.total.aligned_members[0].exposure.rootname,
            self.has_errors,
            _aperture(product),
        )
        return Task(
            step="drizzle product",
            subject=product.basename,
            function=function,
            version=PRODUCT_VERSION,
            payload=payload,
            needs={
                "grids": (self.grids,),
                "fit": (self.fit_task,),
                **self._sky_remarks(members),
                **needs,
            },
            outputs=(product.drizzle_name,),
        )


def _filter_value(product: Product) -> str:
    """Return the value of FILTER; empty where the inputs have that keyword."""
    if isinstance(product, TotalProduct):
        return "detection"
    if product.detector_key.instrument == "wfc3":
        return ""
    names = [
        name
        for name in product.exposures[0].filters[:2]
        if not name.startswith("CLEAR") and name != "N/A"
    ]
    return ";".join(names) or "clear"


def _aperture(product: Product) -> str:
    """Return the aperture that the list of a WFPC2 visit names."""
    if product.detector_key.instrument != "wfpc2":
        return ""
    return ";".join(dict.fromkeys(e.aperture for e in product.exposures if e.aperture))


def _drop_settings(final: FinalSettings) -> FinalSettings:
    """Return the settings without what does not matter for resampling."""
    return replace(
        final,
        fillval=None,
        units="cps",
        maskval=None,
        bits=None,
        frame=FrameSettings(),
    )
