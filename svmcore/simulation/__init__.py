"""Visits with known truth, as the archive would deliver them."""

from svmcore.simulation.config import PointingErrors, ReferenceErrors, VisitConfig
from svmcore.simulation.truth import ExposureScore, score_alignment, score_files
from svmcore.simulation.visit import SimulatedVisit, write_visit

__all__ = [
    "ExposureScore",
    "PointingErrors",
    "ReferenceErrors",
    "SimulatedVisit",
    "VisitConfig",
    "score_alignment",
    "score_files",
    "write_visit",
]
