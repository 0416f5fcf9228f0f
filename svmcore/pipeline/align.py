"""The alignment tasks of one detector: sources, fit, aligned copies."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.refit import RefinedGroup, fit_to_catalog, refine_group
from svmcore.alignment.settings import AlignmentSettings, alignment_settings
from svmcore.alignment.sources import (
    DETECTION_VERSION,
    detect_sources,
    profile_width,
)
from svmcore.errors import AlignmentError
from svmcore.io.alignment import (
    read_aligned_wcs,
    read_alignment_chips,
    read_detected,
    read_group_fit,
    write_detected,
    write_group_fit,
    write_reference_stars,
    write_source_lists,
)
from svmcore.io.drizzle_results import read_cosmic_rays, read_sky
from svmcore.io.export_wcs import AlignedExposure, write_aligned_exposure
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.detector import DetectorKey
from svmcore.model.exposure import Exposure
from svmcore.model.fit import ExposureFit, GroupFit, ReferenceCatalog, SourceList
from svmcore.model.product import ExposureProduct, TotalProduct
from svmcore.model.reference import ReferenceChoice
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.align_grism import settle_grisms
from svmcore.pipeline.align_reference import ReferenceOffers
from svmcore.pipeline.tasks import Task, TaskCall

__all__ = [
    "DetectPayload",
    "FitPayload",
    "MemberFacts",
    "WritePayload",
    "alignment_tasks",
    "read_members",
]

FIT_VERSION = 4
WRITE_VERSION = 1


@dataclass(frozen=True, slots=True)
class DetectPayload:
    """Exposure and parameters of source detection."""

    path: Path
    rootname: str
    extvers: tuple[int, ...]
    detector_key: DetectorKey
    settings: AlignmentSettings


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What the fit needs to know of one exposure.

    Parameters
    ----------
    path : Path
        The exposure.
    rootname, filter_name, wcs_name, idctab : str
        As in its headers.
    epoch_yr : float
        Middle of the exposure, Julian year [yr].
    """

    path: Path
    rootname: str
    filter_name: str
    wcs_name: str
    idctab: str
    epoch_yr: float


@dataclass(frozen=True, slots=True)
class FitPayload:
    """Exposures, reference, parameters and decisions of a fit."""

    detector_key: DetectorKey
    members: tuple[MemberFacts, ...]
    grisms: tuple[MemberFacts, ...]
    reference: ReferenceChoice
    settings: AlignmentSettings
    decisions: AlignmentDecisions
    carry_fit_to_grism: bool


@dataclass(frozen=True, slots=True)
class WritePayload:
    """Exposure and names of an aligned copy."""

    path: Path
    rootname: str
    calibrated_name: str
    headerlet_name: str
    reference_rootname: str


def alignment_tasks(
    total: TotalProduct,
    *,
    parameters: ParameterSet,
    reference: ReferenceChoice,
    decisions: AlignmentDecisions,
    carry_fit_to_grism: bool = False,
    with_cosmic_rays: Mapping[str, str] | None = None,
) -> tuple[Task, ...]:
    """Return the tasks that align the exposures of a detector.

    Parameters
    ----------
    total : TotalProduct
        Detector with all its exposures.
    parameters : ParameterSet
        Parameters of the total product.
    reference : ReferenceChoice
        What the exposures are aligned to.
    decisions : AlignmentDecisions
        What a person decided.
    carry_fit_to_grism : bool, optional
        Whether the fit is kept in visits with grism exposures.
    with_cosmic_rays : Mapping of str to str, optional
        Task that flags the cosmic rays of an exposure, by rootname.

    Returns
    -------
    tuple of Task
        ``detect sources`` and ``write exposure`` per exposure, and one
        ``fit alignment``.
    """
    settings = alignment_settings(parameters.section("alignment"))
    flags = with_cosmic_rays or {}
    aligned = total.aligned_members
    detections = tuple(_detect_task(member, settings) for member in aligned)
    fit = Task(
        step="fit alignment",
        subject=total.detector_key.slug,
        function=fit_alignment,
        version=FIT_VERSION,
        payload=FitPayload(
            total.detector_key,
            tuple(_facts(member.exposure) for member in aligned),
            tuple(_facts(member.exposure) for member in total.grisms),
            reference,
            settings,
            decisions,
            carry_fit_to_grism,
        ),
        needs={"sources": tuple(task.identifier for task in detections)},
    )
    first = aligned[0].exposure.rootname if aligned else ""
    copies = tuple(
        _write_task(member, fit, first, flags.get(member.exposure.rootname))
        for member in total.all_members
    )
    return (*detections, fit, *copies)


def _facts(exposure: Exposure) -> MemberFacts:
    middle_mjd = (exposure.start_mjd + exposure.end_mjd) / 2.0
    wcs_name = exposure.chips[0].wcs_class.name if exposure.chips else ""
    return MemberFacts(
        path=exposure.path,
        rootname=exposure.rootname,
        filter_name=exposure.filter_name,
        wcs_name=wcs_name,
        idctab=str(exposure.keywords.get("IDCTAB") or ""),
        epoch_yr=2000.0 + (middle_mjd - 51544.5) / 365.25,
    )


def _detect_task(member: ExposureProduct, settings: AlignmentSettings) -> Task:
    exposure = member.exposure
    return Task(
        step="detect sources",
        subject=exposure.rootname,
        function=detect_exposure,
        version=DETECTION_VERSION,
        payload=DetectPayload(
            exposure.path,
            exposure.rootname,
            tuple(chip.extver for chip in exposure.chips),
            exposure.detector_key,
            settings.for_detection(),
        ),
    )


def _write_task(
    member: ExposureProduct, fit: Task, first: str, flag_task: str | None
) -> Task:
    needs = {"fit": (fit.identifier,)}
    if flag_task:
        needs["cosmic rays"] = (flag_task,)
    return Task(
        step="write exposure",
        subject=member.exposure.rootname,
        function=write_exposure,
        version=WRITE_VERSION,
        payload=WritePayload(
            member.exposure.path,
            member.exposure.rootname,
            member.calibrated_name,
            member.headerlet_name,
            first,
        ),
        needs=needs,
        outputs=(member.calibrated_name, member.headerlet_name),
    )


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
                replace(problem, reference=used, decisions=AlignmentDecisions()),
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
