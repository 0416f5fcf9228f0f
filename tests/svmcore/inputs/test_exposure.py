"""Exposures made from headers."""

import pickle

import pytest

from svmcore.errors import InputError
from svmcore.inputs import split_file_name
from svmcore.model.detector import DETECTORS, DetectorKey

KINDS = [key.slug for key in DETECTORS]


@pytest.mark.parametrize("kind", KINDS)
def test_every_detector_is_known(exposure_with, kind):
    exposure = exposure_with(kind)
    assert exposure.detector_key.slug == kind
    assert len(exposure.chips) == DETECTORS[exposure.detector_key].chips
    assert exposure.notes == ()


def test_codes_come_from_the_file_name(exposure_with):
    exposure = exposure_with(rootname="ib4606c5q")
    assert (exposure.program_id, exposure.obset_id) == ("B46", "06")
    assert (exposure.ipppss, exposure.ipppssoo) == ("ib4606", "ib4606c5")


def test_it_can_go_to_another_process(exposure_with):
    exposure = exposure_with()
    assert pickle.loads(pickle.dumps(exposure)) == exposure


@pytest.mark.parametrize(
    ("kind", "keywords", "filters", "name"),
    [
        ("wfc3_ir", {"FILTER": "g141"}, ("G141",), "g141"),
        ("acs_sbc", {}, ("F140LP", "N/A"), "f140lp"),
        ("acs_wfc", {"FILTER1": "POL0V"}, ("POL0V", "CLEAR2L"), "pol0v"),
        (
            "acs_wfc",
            {"FILTER1": "F606W", "FILTER2": "POL60V"},
            ("F606W", "POL60V"),
            "f606w-pol60v",
        ),
        ("wfpc2_pc", {"FILTNAM2": "POLQ"}, ("F606W", "POLQ"), "f606w-polq"),
        ("wfpc2_pc", {"FILTNAM1": "", "FILTNAM2": "F814W"}, ("F814W",), "f814w"),
    ],
)
def test_filters(exposure_with, kind, keywords, filters, name):
    exposure = exposure_with(kind, **keywords)
    assert exposure.filters == filters
    assert exposure.filter_name == name


@pytest.mark.parametrize(
    ("kind", "keywords", "words"),
    [
        ("wfc3_ir", {"INSTRUME": None}, "INSTRUME is missing"),
        ("wfc3_ir", {"INSTRUME": "STIS"}, "INSTRUME is 'STIS', expected ACS, WFC3"),
        ("wfc3_ir", {"DETECTOR": None}, "DETECTOR is missing"),
        ("wfc3_ir", {"DETECTOR": "HRC"}, "DETECTOR is 'HRC', expected one of UVIS, IR"),
        ("wfc3_ir", {"FILTER": None}, "FILTER is missing"),
        ("wfc3_ir", {"FILTER": " "}, "FILTER is empty"),
        ("wfc3_ir", {"FILTER": "../../x"}, "FILTER is '../../X', which is not"),
        ("wfc3_ir", {"FILTER": "--"}, "FILTER is '--', which is not"),
        ("acs_wfc", {"science": {"EXTVER": 1}}, "do not differ in EXTVER"),
        ("acs_wfc", {"FILTER1": None, "FILTER2": None}, "FILTER1 is missing"),
        ("wfc3_ir", {"PROPOSID": None}, "PROPOSID is missing"),
        ("wfc3_ir", {"PROPOSID": "1_2"}, "PROPOSID is '1_2', expected a whole number"),
        ("wfc3_ir", {"EXPTIME": None}, "EXPTIME is missing"),
        ("wfc3_ir", {"EXPTIME": "long"}, "EXPTIME is 'long', expected a number of at"),
        (
            "wfc3_ir",
            {"EXPTIME": -1.0},
            "EXPTIME is -1.0, expected a number of at least",
        ),
        ("wfc3_ir", {"EXPTIME": float("nan")}, "EXPTIME is nan"),
        ("wfc3_ir", {"EXPSTART": None}, "EXPSTART is missing"),
        ("wfc3_ir", {"EXPSTART": 0.0}, "EXPSTART is 0.0, expected a number from"),
    ],
)
def test_what_naming_and_processing_need_must_be_there(
    exposure_with, kind, keywords, words
):
    with pytest.raises(InputError, match=words) as caught:
        exposure_with(kind, **keywords)
    assert "ib4606" in caught.value.subject or "jb4606" in caught.value.subject


def test_other_kinds_of_file_are_refused(exposure_with):
    with pytest.raises(InputError, match="not named like a calibrated exposure"):
        exposure_with(suffix="drz")


def test_file_name_wins_over_rootname(exposure_with):
    exposure = exposure_with(rootname="ib4606c5q", ROOTNAME="ib4606c6q")
    assert exposure.rootname == "ib4606c5q"
    assert "ROOTNAME is 'ib4606c6q'" in exposure.notes[0].text


def test_an_earlier_product_is_noted(exposure_with):
    exposure = exposure_with(HAPLEVEL=1)
    assert "itself a product of single-visit processing" in exposure.notes[0].text


def test_a_name_of_another_instrument_is_noted(exposure_with):
    exposure = exposure_with("acs_wfc", rootname="ib4606c5q")
    assert "INSTRUME is 'ACS', but the exposure's name begins with 'i'" in (
        exposure.notes[0].text
    )


def test_rootname_names_a_renamed_file(exposure_with):
    exposure = exposure_with(rootname="my_copy", ROOTNAME="ib4606c6q")
    assert exposure.rootname == "ib4606c6q"
    with pytest.raises(InputError, match="neither the file name nor ROOTNAME"):
        exposure_with(rootname="my_copy", ROOTNAME="x/../../y")


def test_sensitivity_is_per_chip_except_for_the_infrared(exposure_with):
    assert exposure_with("acs_wfc", PHOTFLAM=9.0).photflam == 1.5e-19
    infrared = exposure_with("wfc3_ir", science={"PHOTFLAM": 9.0})
    assert infrared.photflam == 1.9e-20


@pytest.mark.parametrize(
    ("value", "photflam", "words"),
    [
        (None, None, "missing"),
        (0.0, 0.0, "is 0"),
        (-1.0, None, "below 0"),
        ("N/A", None, "not a number"),
    ],
)
def test_odd_sensitivities_are_noted(exposure_with, value, photflam, words):
    exposure = exposure_with("wfc3_ir", PHOTFLAM=value)
    assert exposure.photflam == photflam
    assert words in exposure.notes[0].text


def test_missing_end_is_made_up_and_noted(exposure_with):
    exposure = exposure_with(EXPEND=None, EXPTIME=864.0)
    assert exposure.end_mjd == pytest.approx(exposure.start_mjd + 0.01, abs=1e-9)
    assert "EXPSTART plus EXPTIME" in exposure.notes[0].text


def test_a_file_cut_between_chips_is_refused(exposure_with):
    with pytest.raises(InputError, match="cut short: NEXTEND promises 6"):
        exposure_with("acs_wfc", chips=1, NEXTEND=6)
    subarray = exposure_with("acs_wfc", chips=1, NEXTEND=1, SUBARRAY=True)
    assert subarray.notes == ()


def test_chips_must_be_numbered_from_one(exposure_with):
    # Headerlets and error images are found by EXTVER 1 to the number of chips.
    with pytest.raises(InputError, match=r"EXTVER .* is 7, expected 1 to 1"):
        exposure_with("wfc3_ir", science={"EXTVER": 7})


def test_fewer_chips_than_the_detector_has_are_noted(exposure_with):
    exposure = exposure_with("wfpc2_pc", chips=3)
    assert exposure.notes[0].text == "holds 3 of 4 chips of a full frame"


@pytest.mark.parametrize(
    ("science", "words"),
    [
        ({"CTYPE1": None}, "SCI,1: the keyword CTYPE1 is missing, expected a tangent"),
        ({"CTYPE2": "DEC--SIN"}, "CTYPE2 is 'DEC--SIN', expected a tangent-plane"),
        ({"CRVAL1": None}, "CRVAL1 is missing, expected a number"),
        ({"CD1_2": "x"}, "CD1_2 is 'x', expected a number"),
        ({"CRVAL2": 90.5}, "CRVAL2 is 90.5, expected a declination"),
        ({"CD1_1": 0.0}, "the CD matrix is singular"),
        ({"CTYPE1": "RA---TAN-SIP"}, "A_ORDER is missing, expected an order from 1"),
        ({"A_ORDER": 2, "A_2_0": 1e308}, "its distortion polynomial runs away"),
    ],
)
def test_a_chip_without_a_place_on_the_sky_is_refused(exposure_with, science, words):
    with pytest.raises(InputError, match=words):
        exposure_with(science=science)


def test_no_wcsname_is_no_solution(exposure_with):
    exposure = exposure_with(science={"WCSNAME": None})
    assert exposure.chips[0].wcs_class.kind == "none"


def test_detector_key_of_wfpc2_is_pc(exposure_with):
    assert exposure_with("wfpc2_pc").detector_key == DetectorKey("wfpc2", "pc")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ib4606c5q_flc.fits", ("ib4606c5q", "flc")),
        ("j8bt06nyq_flt.fits.gz", ("j8bt06nyq", "flt")),
        ("u2as0101t_c0m.fits", None),
        ("ib4606010_drz.fits", None),
        ("visit.lst", None),
    ],
)
def test_file_names_are_split(name, parts):
    assert split_file_name(name) == parts
