"""The work of the alignment tasks: sources, fit, aligned copies."""

import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.refit import RefinedGroup, fit_to_catalog, refine_group
from svmcore.alignment.sources import detect_sources, profile_width
from svmcore.errors import AlignmentError
from svmcore.io.alignment import (
    read_aligned_wcs,
    read_group_fit,
    write_group_fit,
    write_positions_key,
    write_reference_stars,
    write_source_lists,
)
from svmcore.io.detections import read_alignment_chips, read_detected, write_detected
from svmcore.io.drizzle_results import read_cosmic_rays, read_sky
from svmcore.io.export_wcs import AlignedExposure, write_aligned_exposure
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.fit import ExposureFit, GroupFit, ReferenceCatalog, SourceList
from svmcore.pipeline.align import FIT_VERSION
from svmcore.pipeline.align_grism import settle_grisms
from svmcore.pipeline.align_payloads import (
    DetectPayload,
    FitPayload,
    MemberFacts,
    WritePayload,
)
from svmcore.pipeline.align_reference import ReferenceOffers
from svmcore.pipeline.tasks import TaskCall

__all__ = [
    "detect_exposure",
    "fit_alignment",
    "positions_key",
    "read_members",
    "write_exposure",
]


def detect_exposure(call: TaskCall) -> None:
    """Find the sources of one exposure."""
    payload: DetectPayload = call.payload
    chips = read_alignment_chips(payload.path, payload.extvers)
    detected = detect_sources(
        payload.rootname, chips, payload.detector_key, payload.settings
    )
    write_detected(call.folder, detected)


def read_members(
    facts: tuple[MemberFacts, ...], sources: Sequence[SourceList]
) -> tuple[GroupMember, ...]:
    """Return the exposures of a fit with the WCS that they came with.

    Parameters
    ----------
    facts : tuple of MemberFacts
        Exposures.
    sources : sequence of SourceList
        Sources of each.
    """
    return tuple(
        GroupMember(
            each.rootname,
            each.filter_name,
            each.epoch_yr,
            each.wcs_name,
            each.idctab,
            read_chip_wcs(each.path),
            found,
        )
        for each, found in zip(facts, sources, strict=True)
    )


def positions_key(payload: FitPayload, sources: Sequence[Path]) -> str:
    """Return the digest of what refined positions depend on, but for the catalog.

    Parameters
    ----------
    payload : FitPayload
        Exposures and parameters.
    sources : sequence of Path
        Results of ``detect sources``, whose folders are named by content.
    """
    settings = replace(payload.refinement, catalogs=())
    names = " ".join(folder.name for folder in sources)
    text = f"{FIT_VERSION} {names} {settings!r}"
    return hashlib.sha256(text.encode()).hexdigest()


def fit_alignment(call: TaskCall) -> None:
    """Fit all exposures of one detector to each other and to the sky."""
    payload: FitPayload = call.payload
    detected = [read_detected(folder) for folder in call.inputs.get("sources", ())]
    members = read_members(payload.members, [each.sources for each in detected])
    offers = ReferenceOffers(payload.reference, payload.settings, members)
    problem = GroupProblem(
        payload.detector_key.slug, members, None, payload.settings, payload.decisions
    )
    stamps = {each.sources.rootname: each.stamps for each in detected}
    refined: RefinedGroup | None = None
    fit: GroupFit | None = None
    used: ReferenceCatalog | None = None
    warnings: list[str] = []
    for used in offers.catalogs(warnings):
        if refined is None:
            refined = refine_group(
                # Positions are the same whatever a person decides about the
                # fit, as in fits from the stored sources.
                replace(
                    problem,
                    reference=used,
                    settings=payload.refinement,
                    decisions=AlignmentDecisions(),
                ),
                stamps,
                fwhm_pix=profile_width(payload.detector_key, payload.settings),
            )
        fit = fit_to_catalog(problem, refined, used)
        if fit.kind == "absolute" or used is None:
            break
        warnings.extend(w for w in fit.warnings if w not in warnings)
    if fit is None or refined is None:
        raise AlignmentError(problem.detector, "there is nothing to align")
    fit = replace(fit, warnings=tuple(dict.fromkeys((*warnings, *fit.warnings))))
    settled = settle_grisms(
        fit,
        {each.rootname: each.path for each in payload.members},
        {each.rootname: each.path for each in payload.grisms},
        carry_fit_to_grism=payload.carry_fit_to_grism,
    )
    write_group_fit(call.folder, settled)
    write_source_lists(call.folder, tuple(member.sources for member in refined.members))
    write_positions_key(
        call.folder, positions_key(payload, call.inputs.get("sources", ()))
    )
    if used is not None:
        write_reference_stars(call.folder, used)


def _headerlet_history(each: ExposureFit | None, fit: GroupFit) -> tuple[str, ...]:
    """Return what a headerlet says about the fit, in lines of 70 characters."""
    if each is None:
        return ()
    terms = each.terms
    lines = (
        f"{each.state} by visit, {terms.fitgeom}; {fit.quality.sentence}",
        f"x_shift {terms.shift_east_mas:.3f} mas east",
        f"y_shift {terms.shift_north_mas:.3f} mas north",
        f"rotation {terms.rotation_deg:.7f} deg, scale {terms.scale_ppm:.3f} ppm",
        f"skew {terms.skew_deg:.7f} deg",
    )
    return tuple(part for line in lines for part in textwrap.wrap(line, 70))


def write_exposure(call: TaskCall) -> None:
    """Write the aligned copy of one exposure and its headerlet."""
    payload: WritePayload = call.payload
    (folder,) = call.inputs["fit"]
    fit = read_group_fit(folder)
    solutions = {wcs.rootname: wcs for wcs in read_aligned_wcs(folder)}
    fits_by_name = {each.rootname: each for each in fit.exposures}
    exposure = AlignedExposure(
        source=payload.path,
        calibrated_name=payload.calibrated_name,
        headerlet_name=payload.headerlet_name,
        aligned=solutions[payload.rootname],
        set_aside=next(
            (wcs for wcs in fit.set_aside if wcs.rootname == payload.rootname), None
        ),
        fit=fits_by_name.get(payload.rootname),
        catalog=fit.catalog,
        reference_rootname=payload.reference_rootname,
        history=_headerlet_history(fits_by_name.get(payload.rootname), fit),
    )
    for flags in call.inputs.get("cosmic rays", ()):
        found = read_cosmic_rays(flags)
        exposure = replace(
            exposure,
            cosmic_rays=found.hits,
            reset_bits=found.reset_bits,
            cosmic_ray_bit=found.bit,
            sky=read_sky(flags),
        )
    write_aligned_exposure(call.output, exposure)
