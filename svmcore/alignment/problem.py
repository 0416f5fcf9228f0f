"""A group of exposures to be fitted, and its solution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.linking import Linked
from svmcore.alignment.member import GroupMember
from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.alignment.reference import PlaneReference
from svmcore.alignment.robust import GroupSolution
from svmcore.alignment.selected import Selection
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.solve import Observations
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.fit import ReferenceCatalog

__all__ = ["GroupProblem", "SolvedGroup"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupProblem:
    """Exposures of one detector and what they are fitted to.

    Parameters
    ----------
    detector : str
        Detector slug.
    members : tuple of GroupMember
        Exposures, in processing order.
    reference : ReferenceCatalog or None
        Reference stars; None for a relative fit.
    settings : AlignmentSettings
        Alignment parameters.
    decisions : AlignmentDecisions
        What a person decided.
    """

    detector: str
    members: tuple[GroupMember, ...]
    reference: ReferenceCatalog | None
    settings: AlignmentSettings
    decisions: AlignmentDecisions


@dataclass(frozen=True, slots=True, eq=False)
class SolvedGroup:
    """A global solution with everything needed to describe and refine it.

    Parameters
    ----------
    problem : GroupProblem
        What it solves.
    plane : TangentPlane
        Plane of the fit.
    position : tuple of ndarray
        Positions of all sources of each member with the WCS as it came [mas].
    selected : tuple of Selection
        Sources of each member that may take part.
    reference : PlaneReference or None
        Reference stars at the mean epoch.
    linked : Linked
        First guesses.
    obs : Observations
        Positions in the frame of the first guess.
    row : ndarray of int
        Row in its member's source list of each observation.
    reference_row : ndarray of int
        Row of the plane reference of each reference position.
    solution : GroupSolution
        The solution.
    maps : tuple of Affine or None
        Whole map of each member from its WCS to the sky; None if not fitted.
    active : tuple of int
        Members in the solution, in the order of its exposures.
    loose : frozenset of int
        Those of them that are linked, but of which too few matches are left by
        hand: their maps are first guesses.
    is_absolute : bool
        Whether the solution is tied to the catalog.
    """

    problem: GroupProblem
    plane: TangentPlane
    position: tuple[FloatArray, ...]
    selected: tuple[Selection, ...]
    reference: PlaneReference | None
    linked: Linked
    obs: Observations
    row: NDArray[np.int64]
    reference_row: NDArray[np.int64]
    solution: GroupSolution
    maps: tuple[Affine | None, ...]
    active: tuple[int, ...]
    loose: frozenset[int]
    is_absolute: bool

    @property
    def fitted(self) -> tuple[int, ...]:
        """Members that have a fit of their own."""
        return tuple(e for e in self.active if e not in self.loose)

    def solves(self, problem: GroupProblem) -> bool:
        """Whether it is the solution of a problem, arrays told by identity."""
        mine = self.problem
        return (
            mine.members is problem.members
            and mine.reference is problem.reference
            and mine.settings.for_solution() == problem.settings.for_solution()
            and mine.decisions == problem.decisions
        )
