"""Fitting a detector again from stored sources, while a person looks on."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from svmcore.alignment.group import fit_group
from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.selection import PairOffsets, pair_offsets
from svmcore.alignment.settings import FIT_PARAMETERS, AlignmentSettings
from svmcore.errors import AlignmentError, ReferenceCatalogError
from svmcore.io.alignment import (
    find_positions,
    read_reference_stars,
    read_source_lists,
)
from svmcore.io.store import ResultRef
from svmcore.model.decisions import AlignmentDecisions, Decisions
from svmcore.model.fit import GroupFit, ReferenceCatalog
from svmcore.pipeline.align_grism import settle_grisms
from svmcore.pipeline.align_payloads import FitPayload
from svmcore.pipeline.align_reference import ReferenceOffers
from svmcore.pipeline.align_steps import positions_key, read_members
from svmcore.pipeline.found import find_results
from svmcore.pipeline.plan import Plan, make_plan
from svmcore.pipeline.prepare import PreparedVisit, decide
from svmcore.pipeline.tasks import Task

__all__ = ["Refitter", "find_refitter"]

log = logging.getLogger(__name__)

_OFFSET_RADIUS_MAS = 3000.0  # three arcseconds: the largest usual pointing error


# A catalog, and what is to be said of those before it that are out of reach.
_Offer = tuple[ReferenceCatalog | None, tuple[str, ...]]


class Refitter:
    """Fits one detector again and again, reading its sources only once.

    Parameters
    ----------
    task : Task
        The detector's task ``fit alignment``.
    folder : Path
        Result of a fit of the same exposures: it holds their refined sources.
    has_other_catalog : bool, optional
        Whether that fit was made to another catalog. Then the catalogs that
        the task names are read, from a file or from answers of services that
        were kept on disk; otherwise the stars are stored with the result.

    Notes
    -----
    It may be called from any thread; calls wait for each other. It gives the
    fit that a run would give, for parameters that leave the sources alone:
    see `can_fit`. With another catalog it comes close: a run refines the
    positions once more, with the help of the new one.
    """

    def __init__(
        self, task: Task, folder: Path, *, has_other_catalog: bool = False
    ) -> None:
        self._payload: FitPayload = task.payload
        self._folder = folder
        self._has_other_catalog = has_other_catalog
        self._members: tuple[GroupMember, ...] | None = None
        self._offers: tuple[_Offer, ...] = ()
        self._lock = Lock()

    @property
    def identity(self) -> tuple[object, ...]:
        """What it reads: exposures, catalog, and the folder of their sources."""
        return (self._folder, self._payload.members, self._payload.reference)

    def is_like(self, other: "Refitter | None") -> bool:
        """Whether another one reads the same sources and catalog."""
        return other is not None and self.identity == other.identity

    def can_fit(self, settings: AlignmentSettings) -> bool:
        """Whether a run with these parameters would fit the same positions.

        Parameters
        ----------
        settings : AlignmentSettings
            Alignment parameters.
        """
        refinement = self._payload.refinement
        return settings.for_refinement(refinement) == refinement

    def __call__(
        self,
        decisions: AlignmentDecisions,
        settings: AlignmentSettings,
        *,
        carry_fit_to_grism: bool = False,
    ) -> GroupFit:
        """Return the fit under these decisions and parameters.

        Parameters
        ----------
        decisions : AlignmentDecisions
            Matches, exposures and regions left out, and the like.
        settings : AlignmentSettings
            Alignment parameters.
        carry_fit_to_grism : bool, optional
            Whether grism exposures get the fit, instead of all exposures the
            common a-priori WCS.

        Raises
        ------
        AlignmentError
            If these parameters want other sources than the stored ones.
        """
        if not self.can_fit(settings):
            raise AlignmentError(
                self._payload.detector_key.slug,
                "these parameters find other sources than those that are stored",
                "Run the alignment.",
            )
        with self._lock:
            members = self._load()
            fit = self._fit(members, decisions, settings)
        payload = self._payload
        return settle_grisms(
            fit,
            {each.rootname: each.path for each in payload.members},
            {each.rootname: each.path for each in payload.grisms},
            carry_fit_to_grism=carry_fit_to_grism,
        )

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
            catalog = self._offers[0][0]
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

    def load(self) -> None:
        """Read the sources and the reference stars, unless that has been done.

        Raises
        ------
        ReferenceCatalogError
            If another catalog is asked for that is not on disk, or is no
            catalog.
        """
        with self._lock:
            self._load()

    def _fit(
        self,
        members: tuple[GroupMember, ...],
        decisions: AlignmentDecisions,
        settings: AlignmentSettings,
    ) -> GroupFit:
        """Return the fit to the first catalog that ties the exposures."""
        slug = self._payload.detector_key.slug
        fit: GroupFit | None = None
        before: list[str] = []
        for catalog, said in self._offers:
            fit = fit_group(GroupProblem(slug, members, catalog, settings, decisions))
            fit = replace(
                fit, warnings=tuple(dict.fromkeys((*said, *before, *fit.warnings)))
            )
            if fit.kind == "absolute":
                break
            before.extend(fit.warnings)
        if fit is None:
            raise AlignmentError(slug, "there is nothing to align")
        return fit

    def _load(self) -> tuple[GroupMember, ...]:
        if self._members is None:
            lists = read_source_lists(self._folder)
            facts = self._payload.members
            sources = [lists[each.rootname] for each in facts]
            members = read_members(facts, sources)
            self._offers = self._read_offers(members)
            self._members = members
        return self._members

    def _read_offers(self, members: tuple[GroupMember, ...]) -> tuple[_Offer, ...]:
        """Return the catalogs to try, in order; None stands for a relative fit."""
        if not self._has_other_catalog:
            return ((read_reference_stars(self._folder), ()),)
        payload = self._payload
        choice = replace(payload.reference, is_offline=True, is_required=True)
        warnings: list[str] = []
        offers = ReferenceOffers(choice, payload.settings, members)
        return tuple(
            (catalog, tuple(warnings)) for catalog in offers.catalogs(warnings)
        )


def find_refitter(
    prepared: PreparedVisit,
    plan: Plan,
    results: Mapping[str, ResultRef],
    *,
    detector: str,
    output: Path,
) -> Refitter | None:
    """Return what fits a detector again, if its refined sources are stored.

    Parameters
    ----------
    prepared : PreparedVisit
        The cheap half that the plan was made of.
    plan : Plan
        The visit's tasks.
    results : Mapping of str to ResultRef
        From `find_results` of that plan.
    detector : str
        Detector slug.
    output : Path
        Output folder.

    Returns
    -------
    Refitter or None
        None if no fit of these exposures is stored, neither to this catalog
        (with the present decisions and parameters, or without any change of
        the fit) nor, if this catalog is on disk, to another.
    """
    name = f"fit alignment: {detector}"
    task = next((t for t in plan.tasks if t.identifier == name), None)
    if task is None:
        return None
    found = results.get(name)
    if found is None:
        base = make_plan(
            decide(prepared.visit, _without_fit(prepared.decisions)),
            reference=plan.reference,
        )
        found = find_results(base.of_step("fit alignment"), output).get(name)
    if found is not None and found.is_present:
        return Refitter(task, found.folder)
    return _with_other_catalog(task, results)


def _with_other_catalog(
    task: Task, results: Mapping[str, ResultRef]
) -> Refitter | None:
    """Return what fits sources that were refined for a fit to another catalog."""
    found = [results.get(name) for name in task.needs["sources"]]
    sources = [ref for ref in found if ref is not None and ref.is_present]
    if not sources or len(sources) < len(found):
        return None
    key = positions_key(task.payload, [ref.folder for ref in sources])
    folder = find_positions(sources[0].folder.parent, key)
    if folder is None:
        return None
    refitter = Refitter(task, folder, has_other_catalog=True)
    try:
        refitter.load()
    except ReferenceCatalogError as error:
        log.info("%s: no fit before a run: %s", task.subject, error)
        return None
    return refitter


def _without_fit(decisions: Decisions) -> Decisions:
    """Return the decisions without those that change a fit but no source."""
    kept = tuple(
        change
        for change in decisions.parameters
        if change.step != "alignment" or change.key not in FIT_PARAMETERS
    )
    return replace(decisions, alignment={}, parameters=kept)
