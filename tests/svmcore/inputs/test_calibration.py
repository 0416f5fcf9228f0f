"""The state of calibration, row by row."""

import pytest

from svmcore.inputs import calibration_state


def row(exposure, name):
    return next(state for state in calibration_state(exposure) if state.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "keywords", "is_expected", "words"),
    [
        ("flat field", "wfc3_ir", {"FLATCORR": "COMPLETE"}, True, "Flat-fielded"),
        ("flat field", "wfc3_ir", {"FLATCORR": "OMIT"}, False, "Not flat-fielded"),
        ("flat field", "wfc3_ir", {"FLATCORR": None}, False, "Not flat-fielded"),
        ("drizzle switch", "wfc3_ir", {"DRIZCORR": "PERFORM"}, True, "drizzles"),
        ("drizzle switch", "wfc3_ir", {"DRIZCORR": "OMIT"}, False, "did not"),
        ("CTE", "wfc3_ir", {}, None, "No CTE correction exists"),
        ("CTE", "wfc3_uvis", {}, False, "Not corrected"),
        ("distortion table", "wfc3_ir", {"IDCTAB": "iref$a_idc.fits"}, True, "model"),
        ("distortion table", "wfc3_ir", {"IDCTAB": "N/A"}, False, "No distortion"),
        ("exposure", "wfc3_ir", {"EXPFLAG": "INTERRUPTED"}, False, "did not go"),
        ("quality", "wfc3_ir", {"QUALITY": "LOCK LOST"}, False, "remarks"),
        ("guiding", "wfc3_ir", {"FGSLOCK": "FINE"}, True, "Guided"),
        ("guiding", "wfc3_ir", {"FGSLOCK": "GYRO"}, False, "Not guided finely"),
        ("guiding", "wfc3_ir", {"FGSLOCK": None}, False, "does not tell"),
        ("subarray", "wfc3_ir", {"SUBARRAY": True}, None, "Part of"),
        ("start", "wfc3_ir", {}, None, "MJD"),
        ("roll", "wfc3_ir", {}, None, "V3"),
    ],
)
def test_state(exposure_with, name, kind, keywords, is_expected, words):
    state = row(exposure_with(kind, **keywords), name)
    assert state.is_expected is is_expected
    assert words in state.sentence


@pytest.mark.parametrize(
    ("wcsname", "is_expected", "words"),
    [
        ("IDC_a-FIT_REL_GAIAeDR3", True, "stars of GAIAeDR3"),
        ("IDC_a-GSC240", True, "GSC240"),
        ("IDC_a", False, "telescope's own"),
        ("OPUS", False, "Neither"),
        ("TWEAK", False, "unknown origin"),
    ],
)
def test_solution(exposure_with, wcsname, is_expected, words):
    state = row(exposure_with(science={"WCSNAME": wcsname}), "WCS")
    assert state.is_expected is is_expected
    assert words in state.sentence


def test_cte_correction_needs_name_and_switch(exposure_with):
    done = exposure_with("wfc3_uvis", suffix="flc", PCTECORR="COMPLETE")
    assert row(done, "CTE").is_expected is True
    named_only = exposure_with("wfc3_uvis", suffix="flc", PCTECORR="OMIT")
    assert row(named_only, "CTE").is_expected is False


def test_rows_are_the_same_for_all_detectors(exposure_with):
    names = [
        [state.name for state in calibration_state(exposure_with(kind))]
        for kind in ("acs_wfc", "wfpc2_pc", "wfc3_ir")
    ]
    assert names[0] == names[1] == names[2]
