"""Verdicts on exposures, from the table of rules and a person's overrides."""

import difflib
from collections.abc import Iterable, Sequence

from svmcore.errors import InputError
from svmcore.filtering.rules import (
    RULES,
    Rule,
    RuleKind,
    is_dispersed,
    is_ramp,
    keyword_text,
)
from svmcore.model.exposure import Exposure
from svmcore.model.verdict import Override, Reason, Role, Verdict

__all__ = ["judge_exposure", "judge_exposures", "role_of"]


def judge_exposures(
    exposures: Sequence[Exposure], overrides: Iterable[Override] = ()
) -> tuple[Verdict, ...]:
    """Return the verdict on each exposure, in the same order.

    Parameters
    ----------
    exposures : sequence of Exposure
        Exposures of a visit.
    overrides : iterable of Override
        Verdicts set by hand; at most one per exposure.

    Returns
    -------
    tuple of Verdict
        One per exposure.

    Raises
    ------
    InputError
        If an override gives no reason, names no exposure of the visit, or
        comes twice.
    """
    by_rootname: dict[str, Override] = {}
    known = {exposure.rootname for exposure in exposures}
    for override in overrides:
        _check_override(override, known=known, seen=by_rootname)
        by_rootname[override.rootname] = override
    return tuple(
        judge_exposure(exposure, by_rootname.get(exposure.rootname))
        for exposure in exposures
    )


def judge_exposure(exposure: Exposure, override: Override | None = None) -> Verdict:
    """Return the verdict on one exposure.

    Parameters
    ----------
    exposure : Exposure
        Exposure.
    override : Override, optional
        Verdict set by hand; the rules' reasons are kept beside it.

    Returns
    -------
    Verdict
        With every reason and caveat.

    Notes
    -----
    A grism or prism exposure cannot be aligned or drizzled, but is kept to
    share the WCS of the direct exposures if it is exposed and meets no other
    rule than that it is not an image (OBSTYPE SPECTROSCOPIC) and that the
    pipeline did not drizzle it, as it never does with spectra.
    """
    reasons: list[Reason] = []
    caveats: list[Reason] = []
    for rule in RULES:
        if rule.is_met(exposure):
            is_excepted = rule.kind is RuleKind.REJECT and _excepts(rule, exposure)
            if rule.kind is RuleKind.REJECT and not is_excepted:
                reasons.append(_reason(rule, exposure))
            elif rule.kind is RuleKind.CAVEAT:
                caveats.append(_reason(rule, exposure))
        elif _lacks_keyword(rule, exposure):
            caveats.append(
                Reason(
                    rule.name,
                    rule.keyword,
                    None,
                    f"The keyword {rule.keyword} is missing, so that this rule "
                    "could not be tested.",
                )
            )
    accepted = not reasons if override is None else override.accepted
    return Verdict(
        rootname=exposure.rootname,
        accepted=accepted,
        role=role_of(exposure),
        reasons=tuple(reasons),
        caveats=tuple(caveats),
        override=override,
    )


def role_of(exposure: Exposure) -> Role:
    """Return what an exposure is used for if it is accepted.

    Parameters
    ----------
    exposure : Exposure
        Exposure; its optical elements decide.
    """
    if is_dispersed(exposure):
        return Role.GRISM
    return Role.RAMP if is_ramp(exposure) else Role.DIRECT


def _excepts(rule: Rule, exposure: Exposure) -> bool:
    if rule.binds_dispersed or not is_dispersed(exposure):
        return False
    return keyword_text(exposure, "OBSTYPE") == "SPECTROSCOPIC"


def _reason(rule: Rule, exposure: Exposure) -> Reason:
    return Reason(rule.name, rule.keyword, rule.value_of(exposure), rule.sentence)


def _lacks_keyword(rule: Rule, exposure: Exposure) -> bool:
    key = exposure.detector_key
    if not {key.instrument, key.slug} & set(rule.expected_for):
        return False
    if rule.may_be_blank:
        return exposure.keywords.get(rule.keyword) is None
    return not keyword_text(exposure, rule.keyword)


def _check_override(
    override: Override, *, known: set[str], seen: dict[str, Override]
) -> None:
    subject = f"override of {override.rootname}"
    if not override.reason.strip():
        raise InputError(
            subject, "gives no reason", "Say why: the reason goes into the records."
        )
    if override.rootname not in known:
        near = difflib.get_close_matches(override.rootname, known, n=1)
        hint = (
            f"Did you mean {near[0]}?"
            if near
            else "Give the rootname of one of its exposures."
        )
        raise InputError(subject, "names no exposure of this visit", hint)
    if override.rootname in seen:
        raise InputError(subject, "is given twice", "Keep one of the two.")
