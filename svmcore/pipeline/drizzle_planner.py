"""The tasks that make the products of one detector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from svmcore.drizzling.settings import DrizzleSettings
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    TotalProduct,
)
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.drizzle_choices import (
    choose_masking,
    drop_settings,
    follows_total,
    settings_of,
    total_filters,
)
from svmcore.pipeline.drizzle_compare import members_of
from svmcore.pipeline.drizzle_payloads import Masking, ProductPayload, ResamplePayload
from svmcore.pipeline.tasks import NamedFunction, Task, TaskFunction

__all__ = ["ProductPlanner"]

Needs = dict[str, tuple[str, ...]]
Planned = tuple[list[Task], Needs]

# Raised whenever pixels, values or names of a step change.
RESAMPLE_VERSION = 4
PRODUCT_VERSION = 5

_PRODUCTS = "svmcore.pipeline.drizzle_products"


@dataclass(frozen=True, slots=True)
class ProductPlanner:
    """Makes the tasks of one detector's products.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    parameters : Mapping of str to ParameterSet
        By basename.
    known : frozenset of str
        Tasks up to the cosmic-ray flags.
    fit_task : str
        Task that aligns the exposures.
    has_errors : bool
        Whether the products get an ERR extension.
    """

    total: TotalProduct
    parameters: Mapping[str, ParameterSet]
    known: frozenset[str]
    fit_task: str
    has_errors: bool = False

    @property
    def grids(self) -> str:
        """Task that finds all grids."""
        return f"build grids: {self.total.basename}"

    def settings(self, product: Product) -> DrizzleSettings:
        """Return the typed drizzling settings of a product."""
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
        several = any(len(one.members) > 1 for one in filters)
        chosen = tuple(
            f"{one.members[0].exposure.rootname} ({one.filter_name})"
            for one in filters
            if several and len(one.members) == 1
        )
        payload = replace(made.payload, singles=chosen)
        return [*tasks, replace(made, payload=payload)]

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
            drop_settings(first.final) == drop_settings(second.final)
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
            drop_settings(settings.final),
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
