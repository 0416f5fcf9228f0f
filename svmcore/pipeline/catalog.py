"""Catalog tasks: find on the total, measure in every filter, write all."""

from collections.abc import Mapping

from svmcore.model.product import FilterProduct, TotalProduct
from svmcore.parameters import ParameterSet
from svmcore.pipeline.catalog_payloads import (
    CatalogSections,
    FilterEntry,
    FindPayload,
    MeasurePayload,
    WritePayload,
)
from svmcore.pipeline.tasks import NamedFunction, Task

__all__ = ["catalog_tasks"]

FIND_VERSION = 1
MEASURE_VERSION = 1
WRITE_VERSION = 1

_STEPS = "svmcore.pipeline.catalog_steps"


def _sections(parameters: ParameterSet) -> CatalogSections:
    return CatalogSections(
        parameters.section("catalog generation"), parameters.section("quality control")
    )


def _find_task(total: TotalProduct, sections: CatalogSections) -> Task:
    return Task(
        step="find catalog sources",
        subject=total.basename,
        function=NamedFunction(_STEPS, "find_sources"),
        version=FIND_VERSION,
        payload=FindPayload(total.drizzle_name, total.detector_key, sections),
        needs={"total": (f"drizzle product: {total.basename}",)},
    )


def _measure_task(
    total: TotalProduct, product: FilterProduct, sections: CatalogSections
) -> Task:
    return Task(
        step="measure catalog sources",
        subject=product.basename,
        function=NamedFunction(_STEPS, "measure_filter"),
        version=MEASURE_VERSION,
        payload=MeasurePayload(
            product.drizzle_name,
            product.detector_key,
            tuple(member.calibrated_name for member in product.members),
            sections,
        ),
        needs={
            "sources": (f"find catalog sources: {total.basename}",),
            "product": (f"drizzle product: {product.basename}",),
            "exposures": tuple(
                f"write exposure: {member.exposure.rootname}"
                for member in product.members
            ),
        },
    )


def _write_task(total: TotalProduct, sections: Mapping[str, CatalogSections]) -> Task:
    entries = tuple(
        FilterEntry(
            product.filter_name,
            product.drizzle_name,
            product.point_catalog_name,
            product.segment_catalog_name,
            len(product.members),
            sections[product.basename],
        )
        for product in total.filters
    )
    names = [total.point_catalog_name, total.segment_catalog_name]
    for entry in entries:
        names += [entry.point_name, entry.segment_name]
    return Task(
        step="catalog",
        subject=total.basename,
        function=NamedFunction(_STEPS, "write_catalogs"),
        version=WRITE_VERSION,
        payload=WritePayload(
            total.drizzle_name,
            total.detector_key,
            total.point_catalog_name,
            total.segment_catalog_name,
            entries,
            sections[total.basename],
        ),
        needs={
            "sources": (f"find catalog sources: {total.basename}",),
            "measured": tuple(
                f"measure catalog sources: {product.basename}"
                for product in total.filters
            ),
        },
        outputs=tuple(names),
    )


def catalog_tasks(
    total: TotalProduct, *, parameters: Mapping[str, ParameterSet]
) -> tuple[Task, ...]:
    """Return the catalog tasks of one detector.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    parameters : Mapping of str to ParameterSet
        Parameters of every product, by basename.

    Returns
    -------
    tuple of Task
        ``find catalog sources: <total>``, ``measure catalog sources:
        <filter>`` for every filter, and ``catalog: <total>``, which writes
        the point and segment catalogs of the total and of all filters.
        Nothing for a detector without direct exposures.
    """
    if not total.filters:
        return ()
    basenames = (total.basename, *(product.basename for product in total.filters))
    sections = {name: _sections(parameters[name]) for name in basenames}
    measuring = (
        _measure_task(total, product, sections[product.basename])
        for product in total.filters
    )
    find = _find_task(total, sections[total.basename])
    return (find, *measuring, _write_task(total, sections))
