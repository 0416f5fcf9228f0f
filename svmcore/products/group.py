"""Exposure, filter and total products of a visit."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from svmcore.model.detector import DetectorKey
from svmcore.model.exposure import Exposure
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    LeftOut,
    ProductTree,
    TotalProduct,
    VisitId,
)
from svmcore.model.verdict import Role, Verdict

__all__ = ["group_products", "processing_order"]


def processing_order(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Return exposures in the order in which they are processed.

    Parameters
    ----------
    exposures : iterable of Exposure
        Exposures in any order.

    Returns
    -------
    tuple of Exposure
        By exposure time, shortest first; equal ones by inverse sensitivity
        (PHOTFLAM), largest first, those without one last.
    """
    return tuple(sorted(exposures, key=lambda exposure: exposure.processing_key))


def group_products(
    exposures: Sequence[Exposure],
    verdicts: Sequence[Verdict],
    *,
    prefer_flt: bool = False,
    singles_in_total: bool = False,
) -> ProductTree:
    """Return every product that a visit's accepted exposures give.

    Parameters
    ----------
    exposures : sequence of Exposure
        Exposures of a visit.
    verdicts : sequence of Verdict
        Verdict on each, in the same order.
    prefer_flt : bool, optional
        Where a filter has both FLT and FLC files, use the FLT ones.
    singles_in_total : bool, optional
        Whether the only exposure of a filter goes into the total product even
        where other filters have more.

    Returns
    -------
    ProductTree
        One total product per detector, one filter product per filter with
        direct exposures; and the accepted exposures that are left out.

    Raises
    ------
    ValueError
        If `verdicts` do not belong to `exposures`.
    """
    if [v.rootname for v in verdicts] != [e.rootname for e in exposures]:
        msg = "verdicts must belong to the exposures, in the same order"
        raise ValueError(msg)
    accepted = {
        (exposure.rootname, exposure.suffix): verdict
        for exposure, verdict in zip(exposures, verdicts, strict=True)
        if verdict.accepted
    }
    groups: dict[DetectorKey, dict[str, list[Exposure]]] = {}
    for exposure in processing_order(exposures):
        if (exposure.rootname, exposure.suffix) in accepted:
            by_filter = groups.setdefault(exposure.detector_key, {})
            by_filter.setdefault(exposure.filter_name, []).append(exposure)
    left_out: list[LeftOut] = []
    totals = []
    for key, by_filter in groups.items():
        kept_groups = []
        for group in by_filter.values():
            kept, others = _split_by_suffix(group, prefer_flt=prefer_flt)
            left_out.extend(others)
            kept_groups.append(
                [
                    (exposure, accepted[exposure.rootname, exposure.suffix].role)
                    for exposure in kept
                ]
            )
        total = _total(key, kept_groups)
        totals.append(replace(total, has_singles=singles_in_total))
    return ProductTree(tuple(totals), tuple(left_out))


def _visit_id(exposure: Exposure) -> VisitId:
    return VisitId(exposure.proposal_id, exposure.obset_id)


def _split_by_suffix(
    group: Sequence[Exposure], *, prefer_flt: bool
) -> tuple[list[Exposure], list[LeftOut]]:
    suffixes = {exposure.suffix for exposure in group}
    if len(suffixes) == 1:
        return list(group), []
    used, unused = ("flt", "flc") if prefer_flt else ("flc", "flt")
    kept = [exposure for exposure in group if exposure.suffix == used]
    used_roots = {exposure.rootname for exposure in kept}
    choice = "False" if prefer_flt else "True"
    left_out = []
    for exposure in group:
        if exposure.suffix == used:
            continue
        where = f"{exposure.detector_key.label} {exposure.filter_name.upper()}"
        why = (
            f"its {used.upper()} file is used instead"
            if exposure.rootname in used_roots
            else f"{where} also has {used.upper()} files, which are not combined "
            f"with {unused.upper()} files"
        )
        left_out.append(
            LeftOut(
                exposure.rootname,
                f"The {unused.upper()} file of {exposure.rootname} is left out: "
                f"{why}. Set prefer_flt to {choice} to use the "
                f"{unused.upper()} files.",
            )
        )
    return kept, left_out


def _total(
    key: DetectorKey, groups: Iterable[Sequence[tuple[Exposure, Role]]]
) -> TotalProduct:
    filters: list[FilterProduct] = []
    others: dict[Role, list[ExposureProduct]] = {Role.RAMP: [], Role.GRISM: []}
    for group in groups:
        direct = [exposure for exposure, role in group if role is Role.DIRECT]
        for exposure, role in group:
            if role is not Role.DIRECT:
                product = ExposureProduct(
                    _visit_id(exposure), exposure, role, len(group) == 1
                )
                others[role].append(product)
        if direct:
            filters.append(_filter_product(key, direct))
    members = [product for each in filters for product in each.members]
    everyone = members + others[Role.RAMP] + others[Role.GRISM]
    first = min(everyone, key=lambda member: member.exposure.processing_key)
    return TotalProduct(
        first.visit,
        key,
        tuple(filters),
        tuple(others[Role.RAMP]),
        tuple(others[Role.GRISM]),
    )


def _filter_product(key: DetectorKey, exposures: Sequence[Exposure]) -> FilterProduct:
    members = tuple(
        ExposureProduct(_visit_id(e), e, Role.DIRECT, len(exposures) == 1)
        for e in exposures
    )
    return FilterProduct(members[0].visit, key, exposures[0].filter_name, members)
