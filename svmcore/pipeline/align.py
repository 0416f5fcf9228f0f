"""The alignment tasks of one detector: sources, fit, aligned copies."""

from collections.abc import Mapping

from svmcore.alignment.settings import AlignmentSettings, alignment_settings
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.exposure import Exposure
from svmcore.model.product import ExposureProduct, TotalProduct
from svmcore.model.reference import ReferenceChoice
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.align_payloads import (
    DetectPayload,
    FitPayload,
    MemberFacts,
    ResidualPayload,
    WritePayload,
)
from svmcore.pipeline.tasks import NamedFunction, Task

__all__ = ["FIT_VERSION", "alignment_tasks", "residual_task"]

# Raised whenever sources, values or names of a step change.
DETECTION_VERSION = 5
FIT_VERSION = 6
WRITE_VERSION = 1
RESIDUAL_VERSION = 1

_STEPS = "svmcore.pipeline.align_steps"


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
    section = parameters.section("alignment")
    settings = alignment_settings(section)
    shipped = alignment_settings(
        {name: parameters.default("alignment", name) for name in section}
    )
    flags = with_cosmic_rays or {}
    aligned = total.aligned_members
    detections = tuple(_detect_task(member, settings) for member in aligned)
    fit = Task(
        step="fit alignment",
        subject=total.detector_key.slug,
        function=NamedFunction(_STEPS, "fit_alignment"),
        version=FIT_VERSION,
        payload=FitPayload(
            total.detector_key,
            tuple(_facts(member.exposure) for member in aligned),
            tuple(_facts(member.exposure) for member in total.grisms),
            reference,
            settings.for_refinement(shipped),
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
        function=NamedFunction(_STEPS, "detect_exposure"),
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
        function=NamedFunction(_STEPS, "write_exposure"),
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


def residual_task(fit: Task) -> Task:
    """Return the task that reports the residuals of a detector's fit.

    Parameters
    ----------
    fit : Task
        The detector's task ``fit alignment``.

    Returns
    -------
    Task
        ``report residuals``: ``<detector>_residuals`` as PNG, TXT and ECSV.
    """
    names = tuple(f"{fit.subject}_residuals{end}" for end in (".png", ".txt", ".ecsv"))
    return Task(
        step="report residuals",
        subject=fit.subject,
        function=NamedFunction("svmcore.pipeline.residual_steps", "report_residuals"),
        version=RESIDUAL_VERSION,
        payload=ResidualPayload(*names),
        needs={"fit": (fit.identifier,)},
        outputs=names,
    )
