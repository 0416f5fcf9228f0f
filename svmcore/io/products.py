"""The cheap half of a visit as plain JSON values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from svmcore.inputs import calibration_state
from svmcore.model.exposure import Exposure, Note
from svmcore.model.names import parse_name
from svmcore.model.product import ExposureProduct, Product, ProductTree, TotalProduct
from svmcore.model.verdict import Reason, Verdict
from svmcore.model.visit import VisitInput
from svmcore.products import footprints, mean_exposures_per_pixel, product_files

__all__ = ["products_to_json"]

JsonObject = dict[str, Any]


def products_to_json(
    visit: VisitInput, verdicts: Sequence[Verdict], tree: ProductTree
) -> JsonObject:
    """Return exposures, verdicts and products as plain JSON values.

    Parameters
    ----------
    visit : VisitInput
        Exposures as read.
    verdicts : sequence of Verdict
        One per exposure, in the same order.
    tree : ProductTree
        Products made of the accepted ones.

    Returns
    -------
    dict
        Values that `json.dumps` takes. Units are part of the keys.
    """
    return {
        "visit": visit.name,
        "source": visit.source,
        "exposures": [
            _exposure(exposure, verdict)
            for exposure, verdict in zip(visit.exposures, verdicts, strict=True)
        ],
        "products": [_total(total) for total in tree.totals],
        "left_out": [asdict(exposure) for exposure in tree.left_out],
        "faults": [asdict(fault) for fault in visit.faults],
        "notes": [asdict(note) for note in visit.notes],
    }


def _exposure(exposure: Exposure, verdict: Verdict) -> JsonObject:
    return {
        "rootname": exposure.rootname,
        "suffix": exposure.suffix,
        "file": str(exposure.path),
        "detector": exposure.detector_key.label,
        "filters": list(exposure.filters),
        "filter_name": exposure.filter_name,
        "proposal_id": exposure.proposal_id,
        "obset_id": exposure.obset_id,
        "target": exposure.target_name,
        "aperture": exposure.aperture,
        "exptime_s": exposure.exptime_s,
        "start_mjd": exposure.start_mjd,
        "end_mjd": exposure.end_mjd,
        "photflam": exposure.photflam,
        "pa_v3_deg": exposure.pa_v3_deg,
        "chips": [
            {
                "extver": chip.extver,
                "number": chip.number,
                "shape": list(chip.shape),
                "corners_deg": [list(corner) for corner in chip.corners_deg],
                "wcs": asdict(chip.wcs_class),
            }
            for chip in exposure.chips
        ],
        "accepted": verdict.accepted,
        "role": verdict.role.value,
        "reasons": _reasons(verdict.reasons),
        "caveats": _reasons(verdict.caveats),
        "override": asdict(verdict.override) if verdict.override else None,
        "calibration": [asdict(row) for row in calibration_state(exposure)],
        "notes": _notes(exposure.notes),
    }


def _reasons(reasons: Sequence[Reason]) -> list[JsonObject]:
    return [asdict(reason) for reason in reasons]


def _notes(notes: Sequence[Note]) -> list[JsonObject]:
    return [asdict(note) for note in notes]


def _product(product: Product) -> JsonObject:
    name = parse_name(product.basename)
    return {
        "basename": product.basename,
        "level": name.level.value if name else None,
        "detector": product.detector_key.label,
        "inputs": [exposure.rootname for exposure in product.exposures],
        "files": {kind.value: name for kind, name in product_files(product).items()},
    }


def _coverage(exposures: Sequence[Exposure]) -> Mapping[str, Any]:
    coverage = footprints(exposures)
    return {
        "mean_exposures_per_pixel": mean_exposures_per_pixel(exposures),
        "area_arcsec2": coverage.union_area_arcsec2,
        "outlines_deg": [[list(point) for point in ring] for ring in coverage.union],
        "isolated": list(coverage.isolated),
    }


def _total(total: TotalProduct) -> JsonObject:
    filters = [
        {
            **_product(product),
            "filter": product.filter_name,
            **_coverage(product.exposures),
            "exposures": [_member(member) for member in product.members],
        }
        for product in total.filters
    ]
    return {
        **_product(total),
        **_coverage(total.exposures),
        "filters": filters,
        "ramps": [_member(member) for member in total.ramps],
        "grisms": [_member(member) for member in total.grisms],
    }


def _member(member: ExposureProduct) -> JsonObject:
    return {
        **_product(member),
        "filter": member.filter_name,
        "role": member.role.value,
        "exptime_s": member.exposure.exptime_s,
    }
