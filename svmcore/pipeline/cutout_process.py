"""Cutouts in a process of their own: the compiled drizzle holds Python's lock."""

import pickle
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from svmcore.drizzling.grid import grid_wcs
from svmcore.model.cutout import Cutout
from svmcore.model.grid import MosaicGrid
from svmcore.model.product import Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.cutout import drizzle_cutout
from svmcore.pipeline.cutout_place import find_product, product_grid
from svmcore.pipeline.cutout_source import CutoutSource, open_cutouts
from svmcore.pipeline.drizzle_choices import (
    settings_of,
)
from svmcore.pipeline.pool import WorkerPool

__all__ = ["CutoutAnswer", "CutoutProcess", "CutoutQuestion"]


@dataclass(frozen=True, slots=True)
class CutoutQuestion:
    """The same part of a product under several sets of parameters.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    results : tuple of (str, Path)
        Result folders of tasks by identifier, as `open_cutouts` takes them.
    product : str
        Basename of the wanted product.
    center_deg : tuple of float or None
        ICRS (ra, dec) of the middle [deg]; that of the product if None.
    size : int
        Side [output pixel]; that of the product, if it is smaller.
    parameters : tuple of Mapping of str to ParameterSet
        One mapping for each wanted cutout, by basename.
    with_error : bool
        Whether the standard deviation of every pixel is wanted too.
    """

    total: TotalProduct
    results: tuple[tuple[str, Path], ...]
    product: str
    center_deg: tuple[float, float] | None
    size: int
    parameters: tuple[Mapping[str, ParameterSet], ...]
    with_error: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CutoutAnswer:
    """What a question gave.

    Parameters
    ----------
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    cutouts : tuple of Cutout
        In the order of the question's parameters.
    """

    center_deg: tuple[float, float]
    cutouts: tuple[Cutout, ...]


class CutoutProcess:
    """One worker process that drizzles cutouts for an interactive session.

    Notes
    -----
    It starts with the first question, or with `warm_up`, and keeps the
    exposures of the last question open. If it dies it is replaced, once for
    each question.
    """

    def __init__(self) -> None:
        self._pool: WorkerPool | None = None

    def warm_up(self) -> None:
        """Start the process without waiting for it."""
        self._started().submit(_nothing)

    def ask(self, question: CutoutQuestion) -> CutoutAnswer:
        """Return the cutouts; the caller's process stays free meanwhile.

        Parameters
        ----------
        question : CutoutQuestion
            What is wanted.

        Raises
        ------
        DrizzleError
            If the place lies outside the product, or there is no such product.
        ParameterError
            If a value is wrong.
        """
        # As bytes the exposures are a key of what the process holds open.
        exposures = pickle.dumps((question.total, question.results))
        work = (
            exposures,
            question.product,
            question.center_deg,
            question.size,
            question.parameters,
            question.with_error,
        )
        try:
            return self._run(work)
        except BrokenProcessPool:
            self.close()
            return self._run(work)

    def close(self) -> None:
        """End the process; a later question starts another one."""
        if self._pool is not None:
            self._pool.kill()
            self._pool = None

    def _run(self, work: tuple[Any, ...]) -> CutoutAnswer:
        answer: CutoutAnswer = self._started().submit(_answer, *work).result()
        return answer

    def _started(self) -> WorkerPool:
        if self._pool is None:
            self._pool = WorkerPool(1, modules=(__name__,))
        return self._pool


def _nothing() -> None:
    """Make the process import this module."""


def _answer(
    exposures: bytes,
    name: str,
    center_deg: tuple[float, float] | None,
    size: int,
    parameters: tuple[Mapping[str, ParameterSet], ...],
    with_error: bool,  # noqa: FBT001
) -> CutoutAnswer:
    source = _opened(exposures)
    product = find_product(source.total, name)
    grid = product_grid(source, product, parameters[0])
    middle = center_deg or _middle(source, product, parameters[0], grid)
    side = min(size, max(grid.shape))
    return CutoutAnswer(
        middle,
        tuple(
            drizzle_cutout(
                source,
                product,
                center_deg=middle,
                size=side,
                parameters=wanted,
                with_error=with_error,
            )
            for wanted in parameters
        ),
    )


@lru_cache(maxsize=1)
def _opened(exposures: bytes) -> CutoutSource:
    total, results = pickle.loads(exposures)  # noqa: S301 (from our own process)
    return open_cutouts(total, results=dict(results))


def _middle(
    source: CutoutSource,
    product: Product,
    parameters: Mapping[str, ParameterSet],
    grid: MosaicGrid,
) -> tuple[float, float]:
    """Return the middle of the product's own exposures, ICRS [deg].

    That of its grid where this shows another part of the sky.
    """
    settings = settings_of(source.total, parameters)
    names = frozenset(e.rootname for e in product.exposures)
    own = source.grid(names, settings.final.frame).center_deg
    x, y = grid_wcs(grid).wcs_world2pix([own], 0)[0]
    inside = 0 <= x < grid.shape[1] and 0 <= y < grid.shape[0]
    return own if inside else grid.center_deg
