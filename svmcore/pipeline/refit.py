"""Fitting a detector again from stored sources, while a person looks on."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from svmcore.alignment.group import fit_group
from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.selection import PairOffsets, pair_offsets
from svmcore.alignment.settings import AlignmentSettings
from svmcore.io.alignment import read_reference_stars
from svmcore.io.reference import read_reference_file
from svmcore.io.store import ResultRef
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.fit import GroupFit, ReferenceCatalog
from svmcore.pipeline.align import FitPayload, read_members
from svmcore.pipeline.plan import Plan
from svmcore.pipeline.tasks import Task

__all__ = ["Refitter", "find_refitter"]

_OFFSET_RADIUS_MAS = 3000.0  # three arcseconds: the largest usual pointing error


class Refitter:
    """Fits one detector again and again, reading its sources only once.

    Parameters
    ----------
    task : Task
        The detector's task ``fit alignment``.
    folders : tuple of Path
        Results of the tasks ``detect sources`` that it needs, in order.
    fit_folder : Path or None
        Result of an earlier fit with the same catalog, where there is one.

    Notes
    -----
    It may be called from any thread, by one caller at a time.
    """

    def __init__(
        self, task: Task, folders: tuple[Path, ...], fit_folder: Path | None
    ) -> None:
        self._payload: FitPayload = task.payload
        self._folders = folders
        self._fit_folder = fit_folder
        self._members: tuple[GroupMember, ...] | None = None
        self._catalog: ReferenceCatalog | None = None
        self._lock = Lock()

    def is_like(self, other: "Refitter | None") -> bool:
        """Whether another one reads the same sources and catalog."""
        return (
            other is not None
            and self._folders == other._folders
            and self._payload.members == other._payload.members
            and self._payload.reference == other._payload.reference
        )

    def __call__(
        self, decisions: AlignmentDecisions, settings: AlignmentSettings
    ) -> GroupFit:
        """Return the fit under these decisions and parameters.

        Parameters
        ----------
        decisions : AlignmentDecisions
            Matches, exposures and regions left out, and the like.
        settings : AlignmentSettings
            Alignment parameters.
        """
        with self._lock:
            members = self._load()
            problem = GroupProblem(
                self._payload.detector_key.slug,
                members,
                self._catalog,
                settings,
                decisions,
            )
            fit = fit_group(problem)
        kept = tuple(
            as_aligned(each.rootname, each.wcs_name, read_chip_wcs(each.path))
            for each in self._payload.grisms
        )
        return replace(fit, wcs=(*fit.wcs, *kept))

    def offsets(self, rootname: str = "") -> PairOffsets | None:
        """Return the offsets of all pairs of sources and reference stars.

        Parameters
        ----------
        rootname : str
            Exposure; the first one by default.

        Returns
        -------
        PairOffsets or None
            With the WCS as it came; None without a reference catalog.
        """
        with self._lock:
            members = self._load()
            catalog = self._catalog
        chosen = [m for m in members if m.rootname == rootname] or list(members[:1])
        if catalog is None or not chosen:
            return None
        member = chosen[0]
        sky = np.full((len(member.sources.xy), 2), np.nan)
        for extver, wcs in member.chips.items():
            rows = member.sources.extver == extver
            if rows.any():
                sky[rows] = wcs.all_pix2world(member.sources.xy[rows], 0)
        years = member.epoch_yr - catalog.epoch_yr
        cosine = np.cos(np.radians(catalog.dec_deg))
        moved = (
            catalog.ra_deg + catalog.pm_ra_mas_yr * years / 3.6e6 / cosine,
            catalog.dec_deg + catalog.pm_dec_mas_yr * years / 3.6e6,
        )
        return pair_offsets(
            (sky[:, 0], sky[:, 1]), moved, radius_mas=_OFFSET_RADIUS_MAS
        )

    def _load(self) -> tuple[GroupMember, ...]:
        if self._members is None:
            self._members = read_members(self._payload.members, self._folders)
            self._catalog = self._read_catalog()
        return self._members

    def _read_catalog(self) -> ReferenceCatalog | None:
        choice = self._payload.reference
        if choice.file is not None:
            return read_reference_file(choice.file)
        if choice.is_none or self._fit_folder is None:
            return None
        return read_reference_stars(self._fit_folder)


def find_refitter(
    plan: Plan, results: Mapping[str, ResultRef], detector: str
) -> Refitter | None:
    """Return what fits a detector again, if its sources are stored.

    Parameters
    ----------
    plan : Plan
        The visit's tasks.
    results : Mapping of str to ResultRef
        From `find_results`.
    detector : str
        Detector slug.

    Returns
    -------
    Refitter or None
        None if sources are still to be detected, or a catalog from a service
        is still to be fetched.
    """
    name = f"fit alignment: {detector}"
    task = next((t for t in plan.tasks if t.identifier == name), None)
    if task is None:
        return None
    needed = task.needs.get("sources", ())
    if not all(one in results and results[one].is_present for one in needed):
        return None
    fit = results.get(name)
    folder = fit.folder if fit is not None and fit.is_present else None
    choice = task.payload.reference
    if folder is None and choice.file is None and not choice.is_none:
        return None
    return Refitter(task, tuple(results[one].folder for one in needed), folder)
