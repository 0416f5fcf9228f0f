"""What worker processes will run, told before any plan exists."""

from collections.abc import Collection
from pathlib import Path

from svmcore.io.store import has_results
from svmcore.pipeline.pool import start_server

__all__ = ["STEP_MODULES", "preload_steps"]

# Modules of the task functions, by step of `make_plan`.
STEP_MODULES = {
    "alignment": ("svmcore.pipeline.align_steps",),
    "drizzling": (
        "svmcore.pipeline.drizzle_masks",
        "svmcore.pipeline.drizzle_sky",
        "svmcore.pipeline.drizzle_products",
    ),
    "catalogs": ("svmcore.pipeline.catalog_steps",),
    "previews": ("svmcore.pipeline.preview_steps",),
}


def preload_steps(steps: Collection[str], *, output: Path) -> None:
    """Let the libraries of some steps be loaded while a visit is being read.

    Parameters
    ----------
    steps : collection of str
        Steps that are going to be run; others than those of `make_plan` are
        passed over.
    output : Path
        Output folder. If it holds results of an earlier run nothing is
        started, as perhaps no task is left to do.

    Notes
    -----
    This returns at once: the server that workers are forked from does it.
    """
    if not has_results(output):
        start_server(
            name
            for step, names in STEP_MODULES.items()
            if step in steps
            for name in names
        )
