"""Whether and how an exposure takes part in the visit's processing."""

from dataclasses import dataclass
from enum import StrEnum

from svmcore.model.exposure import KeywordValue

__all__ = ["Override", "Reason", "Role", "Verdict"]


class Role(StrEnum):
    """What an accepted exposure is used for."""

    DIRECT = "direct"  # aligned and drizzled
    RAMP = "ramp"  # aligned only: ramp and quad filters
    GRISM = "grism"  # only shares the WCS of the direct exposures


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that an exposure met.

    Parameters
    ----------
    rule : str
        Short name of the rule, as in the table of rules.
    keyword : str
        Header keyword that decided.
    value : str, int, float, bool or None
        What the header holds.
    sentence : str
        Why that matters, in one plain sentence.
    """

    rule: str
    keyword: str
    value: KeywordValue
    sentence: str


@dataclass(frozen=True, slots=True)
class Override:
    """A user's own verdict, with the reason that goes into the records.

    Parameters
    ----------
    rootname : str
        Exposure.
    accepted : bool
        The user's verdict.
    reason : str
        Why; must not be empty.
    """

    rootname: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Accepted or rejected, with every reason and caveat.

    Parameters
    ----------
    rootname : str
        Exposure.
    accepted : bool
        Final verdict, after any override.
    role : Role
        What the exposure is used for if it is accepted.
    reasons : tuple of Reason
        Every rule that speaks for rejection, not only the first.
    caveats : tuple of Reason
        Rules that leave the exposure accepted but suspect.
    override : Override or None
        The user's verdict, if there is one.
    """

    rootname: str
    accepted: bool
    role: Role
    reasons: tuple[Reason, ...] = ()
    caveats: tuple[Reason, ...] = ()
    override: Override | None = None
