"""How far an exposure is calibrated, one row per thing to look at."""

from collections.abc import Callable
from dataclasses import dataclass

from svmcore.model.exposure import Exposure, KeywordValue

__all__ = ["CalibrationState", "calibration_state"]

_GOOD_WCS = ("a posteriori", "a priori")
_CTE_DETECTORS = ("acs_wfc", "wfc3_uvis")
_NOTHING_SAID = ("", "N/A", "NONE", "OK", "NORMAL")


@dataclass(frozen=True, slots=True)
class CalibrationState:
    """One fact about the calibration or the quality of an exposure.

    Parameters
    ----------
    name : str
        What is looked at, for example ``flat field``.
    keyword : str
        Header keyword that tells.
    value : str, int, float, bool or None
        What the header holds; None if the keyword is missing.
    is_expected : bool or None
        Whether that is what good processing needs; None for a plain fact.
    sentence : str
        What the value means.
    """

    name: str
    keyword: str
    value: KeywordValue
    is_expected: bool | None
    sentence: str


def calibration_state(exposure: Exposure) -> tuple[CalibrationState, ...]:
    """Return the state of an exposure's calibration.

    Parameters
    ----------
    exposure : Exposure
        Exposure.

    Returns
    -------
    tuple of CalibrationState
        Always the same rows in the same order, so that they can be the
        columns of a table.
    """
    return tuple(check(exposure) for check in _CHECKS)


def _text(exposure: Exposure, keyword: str) -> str:
    value = exposure.keywords.get(keyword)
    return "" if value is None else str(value).strip().upper()


def _switch(
    name: str, keyword: str, done: str, pending: str
) -> Callable[[Exposure], CalibrationState]:
    """Make the check of a calibration switch."""

    def check(exposure: Exposure) -> CalibrationState:
        text = _text(exposure, keyword)
        is_done = text in {"COMPLETE", "COMPLETED"}
        sentence = done if is_done else pending
        return CalibrationState(
            name, keyword, exposure.keywords.get(keyword), is_done, sentence
        )

    return check


def _drizcorr(exposure: Exposure) -> CalibrationState:
    text = _text(exposure, "DRIZCORR")
    # Delivered FLT files say PERFORM: the switch is set to COMPLETE only in the
    # drizzled file that the pipeline makes from them.
    is_expected = text in {"COMPLETE", "COMPLETED", "PERFORM"}
    sentence = (
        "The pipeline drizzles this exposure."
        if is_expected
        else "The pipeline did not drizzle this exposure."
    )
    return CalibrationState(
        "drizzle switch",
        "DRIZCORR",
        exposure.keywords.get("DRIZCORR"),
        is_expected,
        sentence,
    )


def _wcs(exposure: Exposure) -> CalibrationState:
    classes = {chip.wcs_class for chip in exposure.chips}
    if len(classes) > 1:
        names = ", ".join(sorted(wcs.name or "none" for wcs in classes))
        return CalibrationState(
            "WCS",
            "WCSNAME",
            names,
            is_expected=False,
            sentence="The chips have different solutions.",
        )
    wcs = classes.pop()
    sentence = {
        "a posteriori": f"Fitted to stars of {wcs.catalog or 'a catalog'}.",
        "a priori": f"Guide stars corrected with {wcs.catalog}.",
        "distortion only": "Distortion is modelled; the pointing is the telescope's "
        "own, off by up to about an arcsecond before October 2017.",
        "none": "Neither distortion nor pointing were ever corrected.",
        "other": "A solution of unknown origin.",
    }[wcs.kind]
    return CalibrationState(
        "WCS", "WCSNAME", wcs.name or None, wcs.kind in _GOOD_WCS, sentence
    )


def _cte(exposure: Exposure) -> CalibrationState:
    value = exposure.keywords.get("PCTECORR")
    if exposure.detector_key.slug not in _CTE_DETECTORS:
        return CalibrationState(
            "CTE", "PCTECORR", value, None, "No CTE correction exists for the detector."
        )
    is_complete = _text(exposure, "PCTECORR") in {"COMPLETE", "COMPLETED"}
    if exposure.is_cte_corrected and not is_complete:
        sentence = "Named FLC, but the header does not say that CTE was corrected."
    elif exposure.is_cte_corrected:
        sentence = "Corrected for charge-transfer losses."
    else:
        sentence = "Not corrected for charge-transfer losses: an FLC file may exist."
    return CalibrationState(
        "CTE", "PCTECORR", value, exposure.is_cte_corrected and is_complete, sentence
    )


def _idctab(exposure: Exposure) -> CalibrationState:
    text = _text(exposure, "IDCTAB")
    is_named = text not in {"", "N/A"}
    sentence = (
        "Distortion model of the exposure."
        if is_named
        else "No distortion model is named."
    )
    return CalibrationState(
        "distortion table",
        "IDCTAB",
        exposure.keywords.get("IDCTAB"),
        is_named,
        sentence,
    )


def _remark(
    name: str, keyword: str, quiet: tuple[str, ...], good: str, bad: str
) -> Callable[[Exposure], CalibrationState]:
    """Make the check of a keyword that speaks up only when something is odd."""

    def check(exposure: Exposure) -> CalibrationState:
        is_quiet = _text(exposure, keyword) in quiet
        return CalibrationState(
            name,
            keyword,
            exposure.keywords.get(keyword),
            is_quiet,
            good if is_quiet else bad,
        )

    return check


def _guiding(exposure: Exposure) -> CalibrationState:
    text = _text(exposure, "FGSLOCK")
    if not text:
        sentence = "The header does not tell how the telescope was guided."
    elif "COARSE" in text or "GY" in text:
        sentence = "Not guided finely: sources may be smeared or moved."
    else:
        sentence = "Guided on guide stars."
    is_fine = bool(text) and not ("COARSE" in text or "GY" in text)
    return CalibrationState(
        "guiding", "FGSLOCK", exposure.keywords.get("FGSLOCK"), is_fine, sentence
    )


def _subarray(exposure: Exposure) -> CalibrationState:
    value = exposure.keywords.get("SUBARRAY")
    is_subarray = _text(exposure, "SUBARRAY") in {"TRUE", "T"}
    sentence = "Part of the detector." if is_subarray else "The whole detector."
    return CalibrationState("subarray", "SUBARRAY", value, None, sentence)


def _start(exposure: Exposure) -> CalibrationState:
    return CalibrationState(
        "start",
        "EXPSTART",
        exposure.start_mjd,
        None,
        "Start of the exposure [MJD, UTC].",
    )


def _roll(exposure: Exposure) -> CalibrationState:
    return CalibrationState(
        "roll", "PA_V3", exposure.pa_v3_deg, None, "Position angle of V3 [deg]."
    )


_CHECKS: tuple[Callable[[Exposure], CalibrationState], ...] = (
    _switch(
        "flat field",
        "FLATCORR",
        "Flat-fielded.",
        "Not flat-fielded: calibrated fluxes will be wrong.",
    ),
    _drizcorr,
    _wcs,
    _cte,
    _idctab,
    _remark(
        "exposure",
        "EXPFLAG",
        _NOTHING_SAID,
        "The exposure went as planned.",
        "The exposure did not go as planned.",
    ),
    _remark(
        "quality",
        "QUALITY",
        _NOTHING_SAID,
        "Nothing is remarked about its quality.",
        "The archive remarks on its quality.",
    ),
    _guiding,
    _subarray,
    _start,
    _roll,
)
