"""What is written down at the end of a run, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from svmcore.model.decisions import JsonValue
from svmcore.model.fit import GroupFit
from svmcore.model.product import ProductTree
from svmcore.model.verdict import Verdict
from svmcore.model.visit import VisitInput

__all__ = ["ChangedParameter", "SkyLevel", "TaskNote", "VisitRecord"]


@dataclass(frozen=True, slots=True)
class ChangedParameter:
    """A parameter of one product that differs from its default.

    Parameters
    ----------
    product : str
        Basename of the product.
    step : str
        Step that the parameter belongs to.
    key : str
        Dotted parameter name.
    value, default : str, int, float, bool, list, dict or None
        The value that was used, and the one that the selection gives.
    origin : str
        Who or what set it.
    reason : str
        Why; may be empty.
    """

    product: str
    step: str
    key: str
    value: JsonValue
    default: JsonValue
    origin: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SkyLevel:
    """The sky that was subtracted from one chip.

    Parameters
    ----------
    rootname : str
        Exposure.
    extver : int
        SCI extension.
    level : float
        Sky, in the unit of the calibrated file.
    """

    rootname: str
    extver: int
    level: float


@dataclass(frozen=True, slots=True)
class TaskNote:
    """How one task ended.

    Parameters
    ----------
    step, subject : str
        The task.
    state : {'finished', 'failed', 'blocked', 'cancelled'}
        Results taken from an earlier run count as finished.
    message : str
        What went wrong, in one line; empty if nothing did.
    """

    step: str
    subject: str
    state: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """Everything that trailers, manifest and report say about a run.

    Parameters
    ----------
    visit : VisitInput
        Exposures as read, and what could not be read.
    verdicts : tuple of Verdict
        One per exposure.
    tree : ProductTree
        Products that were planned.
    fits : Mapping of str to GroupFit
        Alignment of each detector that has one, by slug.
    conditions : Mapping of str to tuple of str
        What selected the parameters of each product, by basename.
    changed : tuple of ChangedParameter
        Parameters that differ from their defaults.
    sky : tuple of SkyLevel
        Sky levels of all chips that have one.
    tasks : tuple of TaskNote
        How every task ended, in the order of the plan.
    versions : Mapping of str to str
        Version of each package that had a part in the results.
    remarks : Mapping of str to tuple of str
        What drizzling has to say about a product, by basename: exposures that
        it leaves out, skies that could not be measured or matched.

    Notes
    -----
    There are no dates, durations, hosts or folders in it: equal runs give
    equal records.
    """

    visit: VisitInput
    verdicts: tuple[Verdict, ...]
    tree: ProductTree
    fits: Mapping[str, GroupFit] = field(default_factory=dict)
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changed: tuple[ChangedParameter, ...] = ()
    sky: tuple[SkyLevel, ...] = ()
    tasks: tuple[TaskNote, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """Start of the names of manifest and report, ``<instr>_<ppp>_<obset>``.

        The instrument of the first detector, the program code and the
        observation set of the first product; of the first exposure if there
        is no product; of the list if there is no exposure.
        """
        exposures = self.visit.exposures
        if self.tree.totals:
            total = self.tree.totals[0]
            first = total.all_members[0].exposure
            instrument, obset = total.detector_key.instrument, total.visit.obset_id
        elif exposures:
            first = exposures[0]
            instrument, obset = first.detector_key.instrument, first.obset_id
        else:
            return self.visit.name.lower()
        return f"{instrument}_{first.rootname[1:4]}_{obset}".lower()

    @property
    def manifest_name(self) -> str:
        """File name of the list of products."""
        return f"{self.stem}_manifest.txt"

    @property
    def problems(self) -> tuple[TaskNote, ...]:
        """Tasks that did not finish."""
        return tuple(note for note in self.tasks if note.state != "finished")

    def verdict_on(self, rootname: str) -> Verdict | None:
        """Return the verdict on an exposure; None if there is none."""
        for verdict in self.verdicts:
            if verdict.rootname == rootname:
                return verdict
        return None
