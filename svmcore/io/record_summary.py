"""The report of a run as one JSON document."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from svmcore.io.record_facts import ProductFacts
from svmcore.model.fit import GroupFit
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.model.record import VisitRecord
from svmcore.model.verdict import Reason, Verdict
from svmcore.parameters.section import thawed

__all__ = ["visit_summary"]

_Json = dict[str, Any]


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: nan becomes null, tuples lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return thawed(value)


def _reasons(reasons: Sequence[Reason]) -> list[_Json]:
    return [asdict(reason) for reason in reasons]


def _verdict(verdict: Verdict | None) -> _Json:
    if verdict is None:
        return {}
    return {
        "accepted": verdict.accepted,
        "role": verdict.role.value,
        "reasons": _reasons(verdict.reasons),
        "caveats": _reasons(verdict.caveats),
        "override": asdict(verdict.override) if verdict.override else None,
    }


def _exposures(record: VisitRecord) -> list[_Json]:
    return [
        {
            "rootname": exposure.rootname,
            "file": exposure.path.name,
            "detector": exposure.detector_key.label,
            "filter": exposure.filter_name,
            "exptime_s": exposure.exptime_s,
            "start_mjd": exposure.start_mjd,
            "target": exposure.target_name,
            "wcs": sorted({chip.wcs_class.name for chip in exposure.chips}),
            "notes": [asdict(note) for note in exposure.notes],
            **_verdict(record.verdict_on(exposure.rootname)),
        }
        for exposure in record.visit.exposures
    ]


def _fit(fit: GroupFit) -> _Json:
    names = {wcs.rootname: wcs.name for wcs in fit.wcs}
    return {
        "detector": fit.detector,
        "kind": fit.kind,
        "catalog": fit.catalog,
        "catalog_epoch_yr": fit.catalog_epoch_yr,
        "quality": asdict(fit.quality),
        "absolute": asdict(fit.absolute) if fit.absolute else None,
        "warnings": list(fit.warnings),
        "n_matches_used": int(fit.matches.is_used.sum()),
        "exposures": [
            {**asdict(row), "wcs_name": names.get(row.rootname, "")}
            for row in fit.exposures
        ],
    }


def _product(product: Product, facts: ProductFacts, record: VisitRecord) -> _Json:
    summary: _Json = {
        "detector": product.detector_key.label,
        "drizzled": product.drizzle_name if facts.is_made else None,
        "trailer": product.trailer_name,
        "preview": product.preview_name if facts.is_made else None,
        "thumbnail": product.thumbnail_name if facts.is_made else None,
        "exposures": [exposure.rootname for exposure in product.exposures],
        "conditions": list(record.conditions.get(product.basename, ())),
        **asdict(facts),
    }
    if isinstance(product, FilterProduct):
        summary["filter"] = product.filter_name
    if isinstance(product, TotalProduct):
        summary["not_drizzled"] = [
            member.exposure.rootname for member in product.ramps + product.grisms
        ]
    return summary


def visit_summary(record: VisitRecord, facts: dict[str, ProductFacts]) -> _Json:
    """Return the report of a run as plain dictionaries and lists.

    Parameters
    ----------
    record : VisitRecord
        What is known about the run.
    facts : dict of str to ProductFacts
        What the files of each product say, by basename.

    Returns
    -------
    dict
        Ready for `json.dumps`; numbers that are not finite are null.
    """
    products = [
        _product(product, facts[product.basename], record)
        for product in record.tree.products
    ]
    summary: _Json = _plain(
        {
            "visit": record.visit.name,
            "versions": dict(record.versions),
            "faults": [asdict(fault) for fault in record.visit.faults],
            "notes": [asdict(note) for note in record.visit.notes],
            "exposures": _exposures(record),
            "left_out": [asdict(each) for each in record.tree.left_out],
            "products": products,
            "alignment": [_fit(fit) for fit in record.fits.values()],
            "changed_parameters": [asdict(change) for change in record.changed],
            "sky": [asdict(level) for level in record.sky],
            "problems": [asdict(note) for note in record.problems],
        }
    )
    return summary
