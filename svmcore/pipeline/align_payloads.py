"""What the alignment tasks are told: small frozen facts and parameters."""

from dataclasses import dataclass
from pathlib import Path

from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.detector import DetectorKey
from svmcore.model.reference import ReferenceChoice

__all__ = [
    "DetectPayload",
    "FitPayload",
    "MemberFacts",
    "ResidualPayload",
    "WritePayload",
]


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
    """Exposures, reference, parameters and decisions of a fit.

    Parameters
    ----------
    detector_key : DetectorKey
        Detector.
    members, grisms : tuple of MemberFacts
        Exposures to fit, and those that follow them.
    reference : ReferenceChoice
        What they are fitted to.
    refinement : AlignmentSettings
        Parameters of the refinement of positions, from `for_refinement`.
    settings : AlignmentSettings
        Parameters of the fit.
    decisions : AlignmentDecisions
        What a person decided.
    carry_fit_to_grism : bool
        Whether the fit is kept in visits with grism exposures.
    """

    detector_key: DetectorKey
    members: tuple[MemberFacts, ...]
    grisms: tuple[MemberFacts, ...]
    reference: ReferenceChoice
    refinement: AlignmentSettings
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


@dataclass(frozen=True, slots=True)
class ResidualPayload:
    """Names of the figure, the text and the table of a fit's residuals."""

    figure_name: str
    text_name: str
    table_name: str
