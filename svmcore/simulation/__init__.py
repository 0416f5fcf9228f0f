"""Visits with known truth, as the archive would deliver them."""

from svmcore.simulation.config import PointingErrors, ReferenceErrors, VisitConfig
from svmcore.simulation.visit import SimulatedVisit, write_visit

__all__ = [
    "PointingErrors",
    "ReferenceErrors",
    "SimulatedVisit",
    "VisitConfig",
    "write_visit",
]
