"""The cheap half in one call: verdicts, products, parameters of a visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from svmcore.errors import InputError
from svmcore.filtering import judge_exposures
from svmcore.io.reference_glance import is_plain_catalog
from svmcore.io.store import has_results
from svmcore.io.visit import read_visit
from svmcore.model.decisions import Decisions
from svmcore.model.product import ProductTree, TotalProduct
from svmcore.model.reference import ReferenceChoice
from svmcore.model.verdict import Verdict
from svmcore.model.visit import VisitInput
from svmcore.parameters import ParameterSet, check_changes, select_all
from svmcore.products import group_products

__all__ = ["PreparedVisit", "check_catalog", "decide", "prepare_visit"]


@dataclass(frozen=True, slots=True)
class PreparedVisit:
    """Everything that is known about a visit before any pixel is touched.

    Parameters
    ----------
    visit : VisitInput
        Exposures as read, and what could not be read.
    decisions : Decisions
        What a person decided.
    verdicts : tuple of Verdict
        One per exposure.
    tree : ProductTree
        Products that the accepted exposures make.
    parameters : Mapping of str to ParameterSet
        Parameters of every product, by basename.
    """

    visit: VisitInput
    decisions: Decisions
    verdicts: tuple[Verdict, ...]
    tree: ProductTree
    parameters: Mapping[str, ParameterSet]

    @property
    def working_totals(self) -> tuple[TotalProduct, ...]:
        """Detectors with at least one direct exposure: those that are processed."""
        return tuple(total for total in self.tree.totals if total.filters)

    def require_work(self, *, skip_faulty: bool = False) -> None:
        """Raise if the visit should not be processed as it is.

        Parameters
        ----------
        skip_faulty : bool
            Whether to go on without exposures that cannot be used.

        Raises
        ------
        InputError
            If a listed exposure cannot be used, every exposure was rejected,
            or only grism and prism exposures are left.
        """
        if self.visit.faults and not skip_faulty:
            first, more = self.visit.faults[0], len(self.visit.faults) - 1
            problem = first.problem.rstrip(".")
            if more:
                problem += f" (and {more} more of the list cannot be used)"
            raise InputError(
                first.subject,
                problem,
                f"{first.remedy} Or go on without what cannot be used: "
                "--skip-faulty, or skip_faulty=True in Python.".strip(),
            )
        for total in self.working_totals:
            for exposure in total.exposures:
                if exposure.exptime_s <= 0:
                    raise InputError(
                        exposure.path.name,
                        f"EXPTIME is {exposure.exptime_s:g}, and it was accepted by "
                        "hand, but what holds no exposure cannot be drizzled",
                        "Take the override back.",
                    )
        if self.working_totals:
            return
        rejected = [v for v in self.verdicts if not v.accepted]
        if len(rejected) == len(self.verdicts):
            problem = f"all {len(rejected)} exposures are rejected"
        else:
            problem = "no direct exposure is left, only grism, prism or ramp exposures"
        raise InputError(
            self.visit.name,
            problem,
            "'svm products' lists the reasons; a verdict can be overridden by hand.",
        )


def decide(visit: VisitInput, decisions: Decisions) -> PreparedVisit:
    """Return verdicts, products and parameters of a visit already read.

    Parameters
    ----------
    visit : VisitInput
        Exposures from `read_visit`.
    decisions : Decisions
        What a person decided.

    Returns
    -------
    PreparedVisit
        Made anew, in milliseconds.

    Raises
    ------
    ParameterError
        If a decision names an unknown parameter or a value out of range.
    InputError
        If a decision names an exposure that the visit does not have.
    """
    verdicts = judge_exposures(visit.exposures, decisions.overrides)
    tree = group_products(
        visit.exposures,
        verdicts,
        prefer_flt=decisions.prefer_flt,
        singles_in_total=decisions.singles_in_total,
    )
    check_changes(decisions.parameters, tree)
    parameters = select_all(tree, decisions.parameters)
    return PreparedVisit(visit, decisions, verdicts, tree, parameters)


def prepare_visit(
    source: str | Path | Sequence[str | Path],
    *,
    decisions: Decisions | None = None,
    data_folder: Path | str | None = None,
) -> PreparedVisit:
    """Read a visit and return its verdicts, products and parameters.

    Parameters
    ----------
    source : str, Path or sequence of these
        Poller file, plain list of files, folder, or the exposures themselves.
    decisions : Decisions, optional
        What a person decided; nothing by default.
    data_folder : Path or str, optional
        Where exposures are looked for besides the folder of the list.

    Returns
    -------
    PreparedVisit
        The cheap half.

    Raises
    ------
    InputError
        If the source cannot be read or names no usable exposure.
    ParameterError
        If a decision names an unknown parameter or a value out of range.
    """
    return decide(read_visit(source, data_folder=data_folder), decisions or Decisions())


def check_catalog(choice: ReferenceChoice, *, output: Path | None) -> None:
    """Raise before any work is done if a catalog file cannot be used.

    Parameters
    ----------
    choice : ReferenceChoice
        Only a file is looked at; services are asked when the fit needs them.
    output : Path or None
        Output folder. If it holds results of an earlier run the file is left
        to the fit, which is all that is lost: to read a table takes longer
        than to find that nothing is left to do.

    Raises
    ------
    ReferenceCatalogError
        If the file cannot be read or lacks what a fit needs.
    """
    if choice.file is None or (output is not None and has_results(output)):
        return
    if is_plain_catalog(choice.file):
        return
    from svmcore.io.reference import check_reference  # noqa: PLC0415 - loads astropy

    check_reference(choice)
