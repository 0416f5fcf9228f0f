"""How far a fit can be trusted, as a value with a plain sentence."""

from dataclasses import dataclass

import numpy as np

from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.fit import FitQuality

__all__ = ["FitFacts", "judge_group", "judge_member"]

_FEW_SPARE = 6
_POOR_SPREAD = 0.15  # rms extent of the stars over that of the field
_GOOD_CORNER_MAS = 1.5  # error per axis; more, and few or faint stars decide
_MAX_CLIPPED = 0.5
_MAX_CHI = 3.0


@dataclass(frozen=True, slots=True)
class FitFacts:
    """What the judgement of a fit rests on.

    Parameters
    ----------
    reference_used, reference_found : int
        Reference stars in the fit, and those that were matched.
    links : int
        Sources that other exposures check.
    spare : int
        Measured numbers beyond the unknowns.
    rms_mas : float
        Rms about zero per axis against the reference, or against the other
        exposures in a relative fit [mas].
    chi : float
        Root of the reduced chi-square against the reference, or links.
    spread : float
        Rms extent of the matched stars over that of the field; 1 is even.
    corner_error_mas : float
        Error per axis at the field's farthest corner, with what a roll or
        scale that is not fitted may be [mas].
    """

    reference_used: int
    reference_found: int
    links: int
    spare: int
    rms_mas: float
    chi: float
    spread: float
    corner_error_mas: float


def judge_group(
    facts: FitFacts, settings: AlignmentSettings, *, catalog: str
) -> FitQuality:
    """Return the verdict on the fit of a group to a catalog.

    Parameters
    ----------
    facts : FitFacts
        Numbers of the fit.
    settings : AlignmentSettings
        Limits: ``MIN_FIT_MATCHES``, ``MAX_FIT_RMS``, ``MAX_FIT_LIMIT``.
    catalog : str
        Catalog; empty for a relative fit.
    """
    if not catalog:
        return FitQuality(
            3,
            f"Exposures agree to {facts.rms_mas:.2g} mas in {facts.links} sources, "
            "but nothing ties them to the sky.",
        )
    used = facts.reference_used
    against = f"{used} stars of {catalog} with {facts.rms_mas:.2g} mas rms per axis"
    refusal = _refusal(facts, settings, catalog, against)
    if refusal:
        return FitQuality(5, refusal)
    corner = f"{facts.corner_error_mas:.2g} mas error in the corner"
    too_large = max(facts.rms_mas, facts.corner_error_mas) > settings.max_fit_rms_mas
    remarks = (
        (4, _doubts(facts)),
        (3, f"with {corner} it is above MAX_FIT_RMS" if too_large else ""),
        (2, _weaknesses(facts)),
    )
    for fit_qual, remark in remarks:
        if remark:
            return FitQuality(fit_qual, f"Fit to {against}, but {remark}.")
    return FitQuality(1, f"Fit to {against}.")


def _refusal(
    facts: FitFacts, settings: AlignmentSettings, catalog: str, against: str
) -> str:
    if facts.reference_used < settings.min_fit_matches:
        return (
            f"Only {facts.reference_used} stars of {catalog} match; MIN_FIT_MATCHES "
            f"asks for {settings.min_fit_matches}."
        )
    if facts.rms_mas > settings.max_fit_limit_mas:
        return f"Fit to {against}: above MAX_FIT_LIMIT, not used."
    return ""


def _doubts(facts: FitFacts) -> str:
    found = max(1, facts.reference_found)
    if 1.0 - facts.reference_used / found > _MAX_CLIPPED:
        return f"{found - facts.reference_used} of {found} matches disagree with it"
    if np.isfinite(facts.chi) and facts.chi > _MAX_CHI:
        return f"residuals are {facts.chi:.1f} times the expected errors"
    return ""


def _weaknesses(facts: FitFacts) -> str:
    if facts.spare < _FEW_SPARE:
        return f"only {facts.spare} numbers are left to check it"
    if facts.spread < _POOR_SPREAD:
        return "the stars cover a small part of the field"
    if facts.corner_error_mas > _GOOD_CORNER_MAS:
        return f"they leave {facts.corner_error_mas:.2g} mas of error in the corner"
    return ""


def judge_member(
    group: FitQuality, facts: FitFacts, settings: AlignmentSettings
) -> FitQuality:
    """Return the verdict on one fitted exposure, never better than the group.

    Parameters
    ----------
    group : FitQuality
        Verdict on the group.
    facts : FitFacts
        Numbers of this exposure; `spare` counts its own checks.
    settings : AlignmentSettings
        Limits: ``MIN_CROSS_MATCHES``, ``MAX_FIT_RMS``, ``MAX_FIT_LIMIT``.
    """
    checks = f"{facts.reference_used} reference stars and {facts.links} links"
    if facts.rms_mas > settings.max_fit_limit_mas:
        return FitQuality(5, f"{checks} scatter by {facts.rms_mas:.3g} mas.")
    own = 1
    sentence = f"{checks}, {facts.rms_mas:.2g} mas rms per axis"
    if facts.links + facts.reference_used < settings.min_fit_matches:
        own, sentence = 4, f"Too few matches for a check: {checks}"
    elif facts.rms_mas > settings.max_fit_rms_mas:
        own = 3
    elif facts.links < settings.min_cross_matches and facts.spare < _FEW_SPARE:
        own, sentence = 2, f"Few checks: {sentence}"
    if group.fit_qual > own:
        return FitQuality(group.fit_qual, f"{sentence}. {group.sentence}")
    return FitQuality(own, f"{sentence}.")
