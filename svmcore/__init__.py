"""Single-visit mosaics of Hubble images: from a file list to finished products.

The names listed here are the public interface. They are imported when they are
first used, so that ``import svmcore`` takes no time and the cheap half of the
work never waits for the libraries of the heavy half.
"""

import importlib
from typing import Any

__all__ = [
    "Decisions",
    "Plan",
    "PreparedVisit",
    "ReferenceChoice",
    "SvmError",
    "VisitReport",
    "__version__",
    "decide",
    "make_plan",
    "prepare_visit",
    "process_visit",
    "report_run",
    "run_plan",
    "what_is_stale",
]

__version__ = "0.1.0"

_HOMES = {
    "Decisions": "svmcore.model.decisions",
    "Plan": "svmcore.pipeline.plan",
    "PreparedVisit": "svmcore.pipeline.prepare",
    "ReferenceChoice": "svmcore.model.reference",
    "SvmError": "svmcore.errors",
    "VisitReport": "svmcore.pipeline.process",
    "decide": "svmcore.pipeline.prepare",
    "make_plan": "svmcore.pipeline.plan",
    "prepare_visit": "svmcore.pipeline.prepare",
    "process_visit": "svmcore.pipeline.process",
    "report_run": "svmcore.pipeline.process",
    "run_plan": "svmcore.pipeline.run",
    "what_is_stale": "svmcore.pipeline.found",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'svmcore' has no attribute '{name}'"
        raise AttributeError(msg)
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return __all__
