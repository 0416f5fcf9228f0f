"""Trailers: the plain text record of one product."""

import math
from collections.abc import Iterable, Iterator

from svmcore.io.record_facts import ProductFacts
from svmcore.model.exposure import Exposure
from svmcore.model.fit import ExposureFit, GroupFit
from svmcore.model.product import ExposureProduct, FilterProduct, Product, TotalProduct
from svmcore.model.record import VisitRecord
from svmcore.model.verdict import Role

__all__ = ["trailer_text"]

_WIDTH = 78


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield text
    yield "-" * len(text)


def _opening(product: Product, record: VisitRecord) -> Iterator[str]:
    label = product.detector_key.label
    what = "total product, all filters"
    if isinstance(product, ExposureProduct):
        what = f"exposure {product.exposure.rootname}, {product.filter_name}"
    elif isinstance(product, FilterProduct):
        what = f"filter product, {product.filter_name}"
    yield f"Processing record of {product.basename}"
    yield "=" * _WIDTH
    yield f"Product : {label} {what}"
    visit = f"proposal {product.visit.proposal_id}, visit {product.visit.obset_id}"
    yield f"Visit   : {visit}"
    versions = ", ".join(f"{name} {v}" for name, v in record.versions.items())
    yield f"Made by : {versions or 'unknown versions'}"


def _exposure_lines(exposure: Exposure, record: VisitRecord) -> Iterator[str]:
    yield (
        f"{exposure.path.name:<24} {exposure.filter_name:<14}"
        f"{exposure.exptime_s:>10.2f} s  MJD {exposure.start_mjd:.5f}"
    )
    verdict = record.verdict_on(exposure.rootname)
    if verdict is not None:
        for caveat in verdict.caveats:
            yield f"    caveat: {caveat.keyword} = {caveat.value}: {caveat.sentence}"
        if verdict.override is not None:
            yield f"    accepted by hand: {verdict.override.reason}"
    for note in exposure.notes:
        yield f"    note: {note.subject}: {note.text}"


def _inputs(product: Product, record: VisitRecord) -> Iterator[str]:
    exposures = product.exposures
    if isinstance(product, TotalProduct) and not exposures:
        exposures = tuple(member.exposure for member in product.all_members)
    total = sum(exposure.exptime_s for exposure in exposures)
    yield from _heading(f"Inputs: {len(exposures)} exposures, {total:.2f} s")
    for exposure in exposures:
        yield from _exposure_lines(exposure, record)
    if isinstance(product, TotalProduct):
        yield from _others(product, record)


def _others(total: TotalProduct, record: VisitRecord) -> Iterator[str]:
    """List what belongs to the detector but is not drizzled, and why."""
    for member in total.ramps:
        yield f"{member.exposure.path.name:<24} ramp or quad filter: aligned only"
    for member in total.grisms:
        yield f"{member.exposure.path.name:<24} grism or prism: shares the WCS only"
    for left_out in record.tree.left_out:
        yield f"left out: {left_out.rootname}: {left_out.sentence}"
    for verdict in record.verdicts:
        if not verdict.accepted:
            why = "; ".join(f"{r.keyword} = {r.value}" for r in verdict.reasons)
            by_hand = (
                f" by hand ({verdict.override.reason})" if verdict.override else ""
            )
            yield f"rejected{by_hand}: {verdict.rootname}: {why}"
    for fault in record.visit.faults:
        yield f"unreadable: {fault}"


def _parameters(product: Product, record: VisitRecord) -> Iterator[str]:
    yield from _heading("Parameters")
    conditions = record.conditions.get(product.basename, ())
    yield f"selected by: {', '.join(conditions) or 'detector alone'}"
    changed = [c for c in record.changed if c.product == product.basename]
    if not changed:
        yield "all at their defaults"
    for change in changed:
        reason = f", {change.reason}" if change.reason else ""
        yield (
            f"{change.step}: {change.key} = {change.value!r} "
            f"(default {change.default!r}; {change.origin}{reason})"
        )


def _fit_line(fit: ExposureFit) -> str:
    terms = fit.terms
    return (
        f"{fit.rootname}  {fit.state:<7} {fit.n_reference:>5} {fit.n_links:>6}"
        f" {terms.shift_east_mas:>9.1f} {terms.shift_north_mas:>9.1f}"
        f" {terms.rotation_deg * 3600.0:>8.2f}"
        f" {_number(fit.rms_ra_mas)} {_number(fit.rms_dec_mas)}"
        f" {_number(fit.relative_rms_ra_mas)} {_number(fit.relative_rms_dec_mas)}"
        f" {fit.quality.fit_qual:>3}"
    )


def _number(value: float) -> str:
    return "     -" if math.isnan(value) else f"{value:>6.2f}"


def _alignment(product: Product, record: VisitRecord) -> Iterator[str]:
    yield from _heading("Alignment")
    fit = record.fits.get(product.detector_key.slug)
    if fit is None:
        yield "not aligned in this run: every exposure keeps the WCS it came with"
        return
    yield _group_sentence(fit)
    rootnames = {exposure.rootname for exposure in product.exposures}
    rows = [row for row in fit.exposures if row.rootname in rootnames]
    if isinstance(product, TotalProduct):
        rows = list(fit.exposures)
    if rows:
        yield (
            "exposure   state   stars  links      east     north    roll"
            "     rms      rms    relative rms qual"
        )
        yield (
            "                                      mas       mas  arcsec"
            "  RA mas Dec mas  RA mas Dec mas"
        )
    for row in rows:
        yield _fit_line(row)
        yield f"    {row.quality.sentence}"
    for warning in fit.warnings:
        yield f"warning: {warning}"
    names = {wcs.rootname: wcs.name for wcs in fit.wcs}
    for rootname in sorted(rootnames & set(names)):
        yield f"WCSNAME of {rootname}: {names[rootname]}"


def _group_sentence(fit: GroupFit) -> str:
    match fit.kind:
        case "absolute":
            tie = f"absolute, to {fit.catalog} at epoch {fit.catalog_epoch_yr:.2f}"
        case "relative":
            tie = "relative only, to each other; no reference catalog was used"
        case _:
            tie = "none; the WCS of every exposure is as it came"
    return f"{tie}. {fit.quality.sentence}"


def _sky(product: Product, record: VisitRecord) -> Iterator[str]:
    rootnames = [exposure.rootname for exposure in product.exposures]
    levels = [level for level in record.sky if level.rootname in rootnames]
    if not levels:
        return
    yield from _heading("Sky (MDRIZSKY, in the unit of the calibrated file)")
    for level in levels:
        yield f"{level.rootname}  SCI,{level.extver}  {level.level:.5g}"


def _remarks(product: Product, record: VisitRecord) -> Iterator[str]:
    found = record.remarks.get(product.basename, ())
    if found:
        yield from _heading("Remarks")
        yield from found


def _result(product: Product, facts: ProductFacts) -> Iterator[str]:
    yield from _heading("Result")
    if isinstance(product, ExposureProduct) and product.role is not Role.DIRECT:
        yield f"{product.calibrated_name}: renamed exposure; not drizzled"
        return
    if not facts.is_made:
        yield f"{product.drizzle_name} was not made"
        return
    ny, nx = facts.shape
    yield f"{product.drizzle_name}"
    yield f"{nx} x {ny} pixels of {facts.pixel_scale_arcsec:.5f} arcsec"
    yield (
        f"{facts.covered_pixels} pixels with data ({facts.covered_percent:.2f} %), "
        f"EXPTIME {facts.exptime_s:.2f} s, median weight {facts.median_weight:.5g}"
    )
    yield f"background {facts.sky:.5g}, noise {facts.noise:.4g} {facts.unit.lower()}"
    yield f"WCSNAME {facts.wcs_name or 'none'}"
    for catalog in facts.catalogs:
        yield f"{catalog.name}: {catalog.n_rows} sources"


def _problems(product: Product, record: VisitRecord) -> Iterator[str]:
    subjects = {product.basename, product.detector_key.slug}
    subjects.update(exposure.rootname for exposure in product.exposures)
    found = [note for note in record.problems if note.subject in subjects]
    if not found:
        return
    yield from _heading("Problems")
    for note in found:
        yield f"{note.step}: {note.subject}: {note.state}. {note.message}".rstrip()


def trailer_text(product: Product, record: VisitRecord, facts: ProductFacts) -> str:
    """Return the trailer of one product.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    record : VisitRecord
        What is known about the run.
    facts : ProductFacts
        What the product's files say.

    Returns
    -------
    str
        Plain text that ends in a line feed: inputs with caveats, parameters
        that differ from their defaults, alignment, sky, remarks, result, problems.
        File names stand without folders.
    """
    parts: tuple[Iterable[str], ...] = (
        _opening(product, record),
        _inputs(product, record),
        _parameters(product, record),
        _alignment(product, record),
        _sky(product, record),
        _remarks(product, record),
        _result(product, facts),
        _problems(product, record),
    )
    return "\n".join(line for part in parts for line in part) + "\n"
