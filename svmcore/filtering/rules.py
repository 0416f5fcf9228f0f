"""The rules by which exposures are rejected or called suspect, as a table."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from svmcore.model.exposure import Exposure, KeywordValue

__all__ = ["RULES", "Rule", "RuleKind", "is_dispersed", "is_ramp", "keyword_text"]

NEGLIGIBLE_EXPTIME_S = 1e-5
_DISPERSER = re.compile(r"(G|PR)\d")
_WORD_BREAK = re.compile(r"[^0-9A-Z]+")
_RAMP_OR_QUAD = re.compile(r"F[RQ]")
# Calibration targets: every word of the name must be one of these, so that a
# galaxy called DARK-CLOUD is not taken for a dark frame, but DARK-NM is one.
_CALIBRATION_WORDS = frozenset(
    [
        "DARK",
        "TUNG",
        "TUNGSTEN",
        "BIAS",
        "FLAT",
        "FLATFIELD",
        "DEUT",
        "DEUTERIUM",
        "INTFLAT",
        "UVFLAT",
        "VISFLAT",
        "KSPOTS",
        "EARTHCAL",
        "EARTHCALIB",
    ]
)
_QUALIFYING_WORDS = frozenset(
    ["NM", "EARTH", "CAL", "CALIB", "LAMP", "INT", "INTERNAL", "FRAME", "FIELD", "TEST"]
)


class RuleKind(StrEnum):
    """What a rule does to an exposure that meets it."""

    REJECT = "reject"
    CAVEAT = "caveat"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules.

    Parameters
    ----------
    name : str
        Short name.
    keyword : str
        Header keyword that decides, or what is looked at instead.
    kind : RuleKind
        Reject, or accept with a caveat.
    condition : str
        When the rule is met, in the words of the table of the documentation.
    sentence : str
        Why that matters.
    is_met : callable
        Whether an exposure meets the rule.
    value_of : callable
        What the exposure has, for the record.
    binds_dispersed : bool
        Whether the rule also rejects grism and prism exposures, which are
        kept only to share the WCS of the direct ones.
    expected_for : tuple of str
        Detector slugs, or instruments, whose headers always hold the keyword:
        a caveat says so where it is missing.
    may_be_blank : bool
        Whether a blank value is as good as any, where the keyword is expected.
    is_documented : bool
        Whether the description of single-visit processing lists the rule.
    """

    name: str
    keyword: str
    kind: RuleKind
    condition: str
    sentence: str
    is_met: Callable[[Exposure], bool]
    value_of: Callable[[Exposure], KeywordValue]
    binds_dispersed: bool = True
    expected_for: tuple[str, ...] = ()
    may_be_blank: bool = False
    is_documented: bool = True


def keyword_text(exposure: Exposure, keyword: str) -> str:
    """Return a header value as upper-case text, logical true as ``T``.

    Parameters
    ----------
    exposure : Exposure
        Exposure.
    keyword : str
        Keyword; an absent one gives an empty text.
    """
    value = exposure.keywords.get(keyword)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "T" if value else "F"
    return str(value).strip().upper()


def is_dispersed(exposure: Exposure) -> bool:
    """Return whether a grism or prism was in the beam (G141, G800L, PR200L …).

    Parameters
    ----------
    exposure : Exposure
        Exposure.
    """
    return any(_DISPERSER.match(name) for name in exposure.filters)


def is_ramp(exposure: Exposure) -> bool:
    """Return whether a ramp (FR…) or quad (FQ…) filter was in the beam.

    Parameters
    ----------
    exposure : Exposure
        Exposure.
    """
    return any(_RAMP_OR_QUAD.match(name) for name in exposure.filters)


def _value(keyword: str) -> Callable[[Exposure], KeywordValue]:
    def value_of(exposure: Exposure) -> KeywordValue:
        return exposure.keywords.get(keyword)

    return value_of


def _among(keyword: str, *values: str) -> Callable[[Exposure], bool]:
    def is_met(exposure: Exposure) -> bool:
        return keyword_text(exposure, keyword) in values

    return is_met


def _not_among(keyword: str, *values: str) -> Callable[[Exposure], bool]:
    def is_met(exposure: Exposure) -> bool:
        return keyword in exposure.keywords and (
            keyword_text(exposure, keyword) not in values
        )

    return is_met


def _of(*instruments: str) -> Callable[[Exposure], bool]:
    def is_of(exposure: Exposure) -> bool:
        return exposure.detector_key.instrument in instruments

    return is_of


def _both(
    first: Callable[[Exposure], bool], second: Callable[[Exposure], bool]
) -> Callable[[Exposure], bool]:
    def is_met(exposure: Exposure) -> bool:
        return first(exposure) and second(exposure)

    return is_met


def _is_not_imaging(exposure: Exposure) -> bool:
    return keyword_text(exposure, "OBSTYPE") != "IMAGING"


def _is_calibration_target(exposure: Exposure) -> bool:
    words = [word for word in _WORD_BREAK.split(exposure.target_name.upper()) if word]
    telling = [word for word in words if not word.isdigit()]
    if not all(word in _CALIBRATION_WORDS | _QUALIFYING_WORDS for word in telling):
        return False
    is_earth = telling[:1] == ["EARTH"] and telling[1:2] in (["CAL"], ["CALIB"])
    return is_earth or any(word in _CALIBRATION_WORDS for word in telling)


def _is_blocked(exposure: Exposure) -> bool:
    return any(name.startswith("BLOCK") for name in exposure.filters)


def _is_unguided(exposure: Exposure) -> bool:
    lock = keyword_text(exposure, "FGSLOCK")
    return "COARSE" in lock or "GY" in lock


RULES: tuple[Rule, ...] = (
    Rule(
        "not imaging",
        "OBSTYPE",
        RuleKind.REJECT,
        "not IMAGING (grism and prism excepted where it is SPECTROSCOPIC)",
        "Only images can be aligned and combined.",
        _both(_of("acs", "wfc3"), _is_not_imaging),
        _value("OBSTYPE"),
        binds_dispersed=False,
    ),
    Rule(
        "not an external exposure",
        "IMAGETYP",
        RuleKind.REJECT,
        "not EXT (WFPC2)",
        "A calibration exposure shows no sky.",
        _both(_of("wfpc2"), lambda e: keyword_text(e, "IMAGETYP") != "EXT"),
        _value("IMAGETYP"),
        is_documented=False,
    ),
    Rule(
        "drizzling switched off",
        "DRIZCORR",
        RuleKind.REJECT,
        "OMIT or SKIPPED",
        "The pipeline marked the exposure as unfit for drizzling.",
        _among("DRIZCORR", "OMIT", "SKIPPED"),
        _value("DRIZCORR"),
        # The pipeline drizzles no spectra: on them the switch says nothing.
        binds_dispersed=False,
        expected_for=("acs", "wfc3"),
        is_documented=False,
    ),
    Rule(
        "moving target",
        "MTFLAG",
        RuleKind.REJECT,
        "T",
        "The telescope followed a moving target: WCS and background sources vary.",
        _among("MTFLAG", "T", "TRUE"),
        _value("MTFLAG"),
        expected_for=("wfc3",),  # early ACS headers have none
        may_be_blank=True,
    ),
    Rule(
        "spatial scan",
        "SCAN_TYP",
        RuleKind.REJECT,
        "C or D (anything but N)",
        "Sources are streaks, which cannot be aligned.",
        _not_among("SCAN_TYP", "N", "", "N/A", "NONE"),
        _value("SCAN_TYP"),
        expected_for=("wfc3",),
    ),
    Rule(
        "blocked filter",
        "FILTER1",
        RuleKind.REJECT,
        "BLOCK… in FILTER, FILTER1 or FILTER2",
        "An internal calibration exposure of the SBC shows no sky.",
        _is_blocked,
        lambda exposure: ";".join(exposure.filters),
    ),
    Rule(
        "no exposure time",
        "EXPTIME",
        RuleKind.REJECT,
        "0",
        "Without exposure time there is no signal to align.",
        lambda exposure: exposure.exptime_s <= NEGLIGIBLE_EXPTIME_S,
        lambda exposure: exposure.exptime_s,
    ),
    Rule(
        "calibration target",
        "TARGNAME",
        RuleKind.REJECT,
        "DARK, TUNG(STEN), BIAS, FLAT, DEUT(ERIUM), EARTH-CAL(IB), INTFLAT, UVFLAT, "
        "VISFLAT, KSPOTS: as whole words, with nothing that names a sky target",
        "A calibration target holds no sources that can be aligned.",
        _is_calibration_target,
        lambda exposure: exposure.target_name,
        expected_for=("acs", "wfc3", "wfpc2"),
    ),
    Rule(
        "charge injection",
        "CHINJECT",
        RuleKind.REJECT,
        "not NONE (WFC3/UVIS)",
        "Charge injected on purpose hides the sources.",
        _both(
            lambda exposure: exposure.detector_key.slug == "wfc3_uvis",
            _not_among("CHINJECT", "NONE", ""),
        ),
        _value("CHINJECT"),
        expected_for=("wfc3_uvis",),
    ),
    Rule(
        "no signal",
        "SCI data",
        RuleKind.REJECT,
        "every science pixel of every chip is zero",
        "There is nothing to align or to drizzle.",
        lambda exposure: not any(chip.has_signal for chip in exposure.chips),
        lambda _: "all zero",
        is_documented=False,
    ),
    Rule(
        "poor guiding",
        "FGSLOCK",
        RuleKind.CAVEAT,
        "contains COARSE or GY",
        "The telescope was not guided finely: sources may be smeared or moved.",
        _is_unguided,
        _value("FGSLOCK"),
        expected_for=("acs", "wfc3"),
    ),
)
