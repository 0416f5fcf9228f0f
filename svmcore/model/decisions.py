"""Everything that a person decided about a visit, as one value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from svmcore.model.verdict import Override

__all__ = [
    "AlignmentDecisions",
    "Decisions",
    "ExcludedRegion",
    "ManualOffset",
    "ParameterChange",
]

JsonValue = Any  # what json.loads returns: str, int, float, bool, None, list, dict


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """One parameter set by hand.

    Parameters
    ----------
    product : str
        Basename of the product; ``*`` for every product of the visit.
    step : str
        ``alignment``, ``astrodrizzle``, ``catalog generation`` or
        ``quality control``.
    key : str
        Dotted parameter name within the step, for example ``final_pixfrac``.
    value : str, int, float, bool, list, dict or None
        The new value.
    origin : str
        Who or what set it: ``user``, or the name of a file.
    reason : str
        Why; may be empty.
    when : str
        Date and time at which it was set, as a person or a session noted it;
        may be empty.
    """

    product: str
    step: str
    key: str
    value: JsonValue
    origin: str = "user"
    reason: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class ExcludedRegion:
    """A circle on the sky whose sources take no part in the fit.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre, ICRS [deg].
    radius_arcsec : float
        Radius [arcsec].
    """

    ra_deg: float
    dec_deg: float
    radius_arcsec: float


@dataclass(frozen=True, slots=True)
class ManualOffset:
    """A first guess of an exposure's pointing error, set by hand.

    Parameters
    ----------
    rootname : str
        Exposure.
    east_mas, north_mas : float
        Amount by which the sky position is to be moved [mas].
    """

    rootname: str
    east_mas: float
    north_mas: float


@dataclass(frozen=True, slots=True)
class AlignmentDecisions:
    """What a person decided about the alignment of one detector.

    Parameters
    ----------
    excluded_matches : frozenset of str
        Identifiers of matches that are not used.
    excluded_exposures : frozenset of str
        Rootnames of exposures that take no part in the fit.
    kept_apriori : frozenset of str
        Rootnames of exposures that keep the WCS they came with.
    excluded_regions : tuple of ExcludedRegion
        Circles on the sky whose sources are not used.
    manual_offsets : tuple of ManualOffset
        First guesses of pointing errors.
    reference_exposure : str
        Rootname that the relative frame follows; empty for the mean.
    """

    excluded_matches: frozenset[str] = frozenset()
    excluded_exposures: frozenset[str] = frozenset()
    kept_apriori: frozenset[str] = frozenset()
    excluded_regions: tuple[ExcludedRegion, ...] = ()
    manual_offsets: tuple[ManualOffset, ...] = ()
    reference_exposure: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions on one visit: saved, replayed, listed, undone.

    Parameters
    ----------
    overrides : tuple of Override
        Verdicts changed by hand; at most one per exposure.
    parameters : tuple of ParameterChange
        Parameters changed by hand, in the order in which they were made.
    alignment : Mapping of str to AlignmentDecisions
        Decisions on the alignment, by detector slug (``wfc3_ir``).
    prefer_flt : bool
        Whether FLT files are used where a filter has both FLT and FLC.
    carry_fit_to_grism : bool
        Whether the fit to the reference catalog is kept and carried over to
        grism exposures, instead of the common a-priori WCS.
    error_extension : bool
        Whether products get an ERR extension: the standard deviation of each
        pixel, propagated from the errors of the exposures.
    singles_in_total : bool
        Whether the only exposures of a filter go into the total product too,
        with their cosmic rays. Without it they do if all filters have one
        exposure.
    """

    overrides: tuple[Override, ...] = ()
    parameters: tuple[ParameterChange, ...] = ()
    alignment: Mapping[str, AlignmentDecisions] = field(default_factory=dict)
    prefer_flt: bool = False
    carry_fit_to_grism: bool = False
    error_extension: bool = False
    singles_in_total: bool = False

    def with_override(self, override: Override) -> "Decisions":
        """Return the decisions with that verdict set, replacing an earlier one."""
        others = tuple(o for o in self.overrides if o.rootname != override.rootname)
        return replace(self, overrides=(*others, override))

    def without_override(self, rootname: str) -> "Decisions":
        """Return the decisions with the automatic verdict of that exposure."""
        others = tuple(o for o in self.overrides if o.rootname != rootname)
        return replace(self, overrides=others)

    def with_parameter(self, change: ParameterChange) -> "Decisions":
        """Return the decisions with that parameter set, replacing an earlier one."""
        place = (change.product, change.step, change.key)
        others = tuple(
            c for c in self.parameters if (c.product, c.step, c.key) != place
        )
        return replace(self, parameters=(*others, change))

    def without_parameter(self, product: str, step: str, key: str) -> "Decisions":
        """Return the decisions with that parameter at its default."""
        others = tuple(
            c
            for c in self.parameters
            if (c.product, c.step, c.key) != (product, step, key)
        )
        return replace(self, parameters=others)

    def with_alignment(
        self, detector: str, alignment: AlignmentDecisions
    ) -> "Decisions":
        """Return the decisions with those on one detector's alignment replaced."""
        return replace(self, alignment={**self.alignment, detector: alignment})

    def alignment_of(self, detector: str) -> AlignmentDecisions:
        """Return the decisions on that detector's alignment, by slug."""
        return self.alignment.get(detector, AlignmentDecisions())

    def exclude_matches(self, detector: str, identifiers: Iterable[str]) -> "Decisions":
        """Return the decisions with more matches left out of a detector's fit."""
        chosen = self.alignment_of(detector)
        excluded = chosen.excluded_matches | frozenset(identifiers)
        return self.with_alignment(detector, replace(chosen, excluded_matches=excluded))

    def readmit_matches(self, detector: str, identifiers: Iterable[str]) -> "Decisions":
        """Return the decisions with those matches back in a detector's fit."""
        chosen = self.alignment_of(detector)
        excluded = chosen.excluded_matches - frozenset(identifiers)
        return self.with_alignment(detector, replace(chosen, excluded_matches=excluded))
