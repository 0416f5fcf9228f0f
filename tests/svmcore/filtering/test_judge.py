"""Verdicts: each rule, all reasons, the grism exception, overrides."""

import pytest

from svmcore.errors import InputError
from svmcore.filtering import RULES, RuleKind, judge_exposure, judge_exposures
from svmcore.model.verdict import Override, Role

CALIBRATION_TARGETS = [
    "DARK",
    "TUNG",
    "TUNGSTEN",
    "BIAS",
    "FLAT",
    "DEUT",
    "DEUTERIUM",
    "EARTH-CALIB",
    "EARTH-CAL",
    "DARK-NM",
    "DARK-EARTH-CALIB",
    "FLAT-TUNGSTEN",
    "BIAS-2",
    "dark",
    "INTFLAT",
    "UVFLAT",
    "VISFLAT",
    "KSPOTS",
]
SKY_TARGETS = [
    "DARK-CLOUD",
    "FLATFIELD-GAL",
    "DARKNESS",
    "NGC-DEUT1",
    "BIASED",
    "EARTH-TROJAN",
    "CALIB",
    "EARTH",
    "LAMP",
    "47TUC",
    "ANY",
    "M31-FLAT-WEST",
]


def rules_of(reasons):
    return tuple(reason.rule for reason in reasons)


@pytest.mark.parametrize(
    "kind", ["acs_wfc", "acs_hrc", "acs_sbc", "wfc3_uvis", "wfc3_ir", "wfpc2_pc"]
)
def test_a_plain_image_is_accepted_without_caveat(exposure_with, kind):
    verdict = judge_exposure(exposure_with(kind))
    assert verdict.accepted
    assert verdict.role is Role.DIRECT
    assert verdict.reasons == verdict.caveats == ()


@pytest.mark.parametrize(
    ("kind", "keywords", "rule"),
    [
        ("wfc3_ir", {"OBSTYPE": "SPECTROSCOPIC"}, "not imaging"),
        ("acs_hrc", {"OBSTYPE": "CORONAGRAPHIC"}, "not imaging"),
        ("wfc3_ir", {"OBSTYPE": None}, "not imaging"),
        ("wfpc2_pc", {"IMAGETYP": "DARK"}, "not an external exposure"),
        ("wfpc2_pc", {"IMAGETYP": None}, "not an external exposure"),
        ("acs_wfc", {"DRIZCORR": "OMIT"}, "drizzling switched off"),
        ("acs_wfc", {"DRIZCORR": "SKIPPED"}, "drizzling switched off"),
        ("acs_wfc", {"MTFLAG": "T"}, "moving target"),
        ("wfpc2_pc", {"MTFLAG": True}, "moving target"),
        ("wfc3_ir", {"SCAN_TYP": "C"}, "spatial scan"),
        ("wfc3_uvis", {"SCAN_TYP": "D"}, "spatial scan"),
        ("wfc3_ir", {"SCAN_TYP": "X"}, "spatial scan"),
        ("acs_sbc", {"FILTER1": "BLOCK1"}, "blocked filter"),
        ("wfc3_ir", {"EXPTIME": 0.0}, "no exposure time"),
        ("wfc3_ir", {"EXPTIME": 1e-5}, "no exposure time"),
        ("wfc3_uvis", {"CHINJECT": "CONT"}, "charge injection"),
        ("wfc3_ir", {"has_signal": False}, "no signal"),
    ],
)
def test_each_rule_rejects(exposure_with, kind, keywords, rule):
    verdict = judge_exposure(exposure_with(kind, **keywords))
    assert not verdict.accepted
    assert rules_of(verdict.reasons) == (rule,)


@pytest.mark.parametrize(
    "name",
    CALIBRATION_TARGETS,
)
@pytest.mark.parametrize("kind", ["wfc3_ir", "wfpc2_pc"])
def test_calibration_targets_are_rejected(exposure_with, kind, name):
    verdict = judge_exposure(exposure_with(kind, TARGNAME=name))
    assert rules_of(verdict.reasons) == ("calibration target",)
    assert verdict.reasons[0].value == name


@pytest.mark.parametrize(
    "name",
    SKY_TARGETS,
)
def test_sky_targets_that_sound_alike_are_accepted(exposure_with, name):
    assert judge_exposure(exposure_with(TARGNAME=name)).accepted


@pytest.mark.parametrize(
    "keywords", [{"MTFLAG": "F"}, {"MTFLAG": False}, {"SCAN_TYP": ""}]
)
def test_what_is_switched_off_does_not_reject(exposure_with, keywords):
    assert judge_exposure(exposure_with(**keywords)).accepted


def test_all_reasons_are_kept(exposure_with):
    exposure = exposure_with(
        OBSTYPE="SPECTROSCOPIC", MTFLAG="T", SCAN_TYP="C", EXPTIME=0.0, TARGNAME="DARK"
    )
    verdict = judge_exposure(exposure)
    assert rules_of(verdict.reasons) == (
        "not imaging",
        "moving target",
        "spatial scan",
        "no exposure time",
        "calibration target",
    )
    assert all(reason.sentence.endswith(".") for reason in verdict.reasons)


@pytest.mark.parametrize("lock", ["COARSE", "FINE/GYRO", "GYROS", "GY"])
def test_poor_guiding_is_a_caveat(exposure_with, lock):
    verdict = judge_exposure(exposure_with(FGSLOCK=lock))
    assert verdict.accepted
    assert rules_of(verdict.caveats) == ("poor guiding",)
    assert verdict.caveats[0].value == lock


def test_poor_guiding_does_not_hide_a_reason(exposure_with):
    verdict = judge_exposure(exposure_with(FGSLOCK="COARSE", has_signal=False))
    assert not verdict.accepted
    assert verdict.caveats


@pytest.mark.parametrize(
    "keyword", ["DRIZCORR", "SCAN_TYP", "TARGNAME", "FGSLOCK", "MTFLAG"]
)
def test_a_rule_that_cannot_be_tested_is_a_caveat(exposure_with, keyword):
    verdict = judge_exposure(exposure_with(**{keyword: None}))
    assert verdict.accepted
    assert [reason.keyword for reason in verdict.caveats] == [keyword]
    assert "could not be tested" in verdict.caveats[0].sentence


@pytest.mark.parametrize(
    ("kind", "keywords"),
    [
        ("wfc3_ir", {"FILTER": "G141"}),
        ("wfc3_uvis", {"FILTER": "G280"}),
        ("acs_wfc", {"FILTER1": "G800L", "FILTER2": "F814W"}),
        ("acs_hrc", {"FILTER1": "CLEAR1S", "FILTER2": "PR200L"}),
        ("acs_sbc", {"FILTER1": "PR130L"}),
        # The pipeline never drizzles spectra, so that it always says OMIT there.
        ("wfc3_ir", {"FILTER": "G102", "DRIZCORR": "OMIT"}),
    ],
)
def test_grism_and_prism_are_kept_for_their_wcs(exposure_with, kind, keywords):
    verdict = judge_exposure(exposure_with(kind, OBSTYPE="SPECTROSCOPIC", **keywords))
    assert verdict.accepted
    assert verdict.role is Role.GRISM
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("keywords", "rule"),
    [
        ({"EXPTIME": 0.0}, "no exposure time"),
        ({"MTFLAG": "T"}, "moving target"),
        ({"SCAN_TYP": "C"}, "spatial scan"),
        ({"TARGNAME": "TUNGSTEN"}, "calibration target"),
        ({"has_signal": False}, "no signal"),
        ({"OBSTYPE": "CORONAGRAPHIC"}, "not imaging"),
    ],
)
def test_a_grism_is_rejected_for_any_other_reason(exposure_with, keywords, rule):
    exposure = exposure_with(
        **{"FILTER": "G141", "OBSTYPE": "SPECTROSCOPIC"} | keywords
    )
    verdict = judge_exposure(exposure)
    assert not verdict.accepted
    assert rules_of(verdict.reasons) == (rule,)


@pytest.mark.parametrize(
    ("kind", "keywords", "role"),
    [
        ("acs_wfc", {"FILTER1": "CLEAR1L", "FILTER2": "FR914M"}, Role.RAMP),
        ("wfpc2_pc", {"FILTNAM1": "FR418N"}, Role.RAMP),
        ("wfc3_uvis", {"FILTER": "FQ387N"}, Role.RAMP),
        ("acs_wfc", {"FILTER1": "F606W", "FILTER2": "POL0V"}, Role.DIRECT),
        ("wfc3_uvis", {"FILTER": "F350LP"}, Role.DIRECT),
    ],
)
def test_role_follows_from_the_filter(exposure_with, kind, keywords, role):
    assert judge_exposure(exposure_with(kind, **keywords)).role is role


def test_override_works_both_ways_and_keeps_the_reasons(exposure_with):
    exposures = [exposure_with(number=1), exposure_with(number=2, MTFLAG="T")]
    names = [exposure.rootname for exposure in exposures]
    overrides = (
        Override(names[0], accepted=False, reason="satellite trail"),
        Override(names[1], accepted=True, reason="the target is a slow comet"),
    )
    first, second = judge_exposures(exposures, overrides)
    assert not first.accepted
    assert first.reasons == ()
    assert second.accepted
    assert rules_of(second.reasons) == ("moving target",)
    assert second.override == overrides[1]
    assert [verdict.accepted for verdict in judge_exposures(exposures)] == [True, False]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (Override("ib460601q", accepted=True, reason="  "), "gives no reason"),
        (Override("ib460602q", accepted=True, reason="x"), "names no exposure of this"),
        (Override("nonsense", accepted=True, reason="x"), "Give the rootname"),
    ],
)
def test_an_override_must_have_a_reason_and_an_exposure(exposure_with, override, words):
    with pytest.raises(InputError, match=words):
        judge_exposures([exposure_with(rootname="ib460601q")], (override,))


def test_an_override_comes_once(exposure_with):
    override = Override("ib460601q", accepted=False, reason="x")
    with pytest.raises(InputError, match="given twice"):
        judge_exposures([exposure_with(rootname="ib460601q")], (override, override))


def test_the_table_can_be_shown():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule.condition
        assert rule.sentence.endswith(".")
    documented = {rule.keyword for rule in RULES if rule.is_documented}
    assert documented == {
        "OBSTYPE",
        "MTFLAG",
        "SCAN_TYP",
        "FILTER1",
        "EXPTIME",
        "TARGNAME",
        "CHINJECT",
        "FGSLOCK",
    }
    assert [rule.name for rule in RULES if rule.kind is RuleKind.CAVEAT] == [
        "poor guiding"
    ]
