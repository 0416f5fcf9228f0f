"""First fit, better positions, final fit: the whole alignment of a detector."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from svmcore.alignment.group import fit_group, solve_members
from svmcore.alignment.member import GroupMember
from svmcore.alignment.problem import GroupProblem, SolvedGroup
from svmcore.alignment.refine import refine_sources
from svmcore.alignment.sources import StarStamps
from svmcore.model.fit import GroupFit, ReferenceCatalog

__all__ = ["RefinedGroup", "fit_to_catalog", "refine_group"]


@dataclass(frozen=True, slots=True, eq=False)
class RefinedGroup:
    """Exposures with their final source positions.

    Parameters
    ----------
    members : tuple of GroupMember
        Exposures.
    history : tuple of str
        What was done to the positions.
    solved : SolvedGroup
        The last solution on the way there.
    """

    members: tuple[GroupMember, ...]
    history: tuple[str, ...]
    solved: SolvedGroup


def refine_group(
    problem: GroupProblem, stamps: Mapping[str, StarStamps], *, fwhm_pix: float
) -> RefinedGroup:
    """Return the exposures with positions free of the pixel phase.

    Parameters
    ----------
    problem : GroupProblem
        Exposures with first positions.
    stamps : Mapping of str to StarStamps
        Pixels around the sources, by rootname.
    fwhm_pix : float
        Width of the first profile [pixel].
    """
    refined = refine_sources(problem, solve_members(problem), stamps, fwhm_pix=fwhm_pix)
    return RefinedGroup(refined.members, refined.history, refined.solved)


def fit_to_catalog(
    problem: GroupProblem, refined: RefinedGroup, catalog: ReferenceCatalog | None
) -> GroupFit:
    """Return the fit of refined exposures to one catalog.

    Parameters
    ----------
    problem : GroupProblem
        Parameters and decisions.
    refined : RefinedGroup
        Exposures.
    catalog : ReferenceCatalog or None
        Reference stars.
    """
    final = replace(problem, members=refined.members, reference=catalog)
    fit = fit_group(final, refined.solved)
    return replace(fit, history=(*refined.history, *fit.history))
