"""Lists against headers, and visits that are none."""

import pytest

from svmcore.inputs import parse_listing
from svmcore.inputs.checks import compare_with_header, visit_notes

ROW = "ib460601q_flt.fits,11665,B46,06,100.0,F160W,IR,/x"


def notes_on(line, exposure):
    row = parse_listing(line, subject="l").rows[0]
    return compare_with_header(row, exposure, place="visit.out, line 1")


def test_an_agreeing_row_gives_no_note(exposure_with):
    assert notes_on(ROW, exposure_with(rootname="ib460601q")) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("11665", "11666", "proposal 11666, the file has 11665"),
        ("B46", "B47", "program B47"),
        (",06,", ",07,", "visit 07, the file has 06"),
        ("100.0", "100.1", "exposure time 100.1 s, the file has 100 s"),
        ("F160W", "F110W", "filters F110W, the file has F160W"),
        (",IR,", ",UVIS,", "detector UVIS, the file has IR"),
    ],
)
def test_each_contradiction_is_noted_with_its_line(exposure_with, old, new, words):
    (note,) = notes_on(ROW.replace(old, new), exposure_with(rootname="ib460601q"))
    assert note.subject == "visit.out, line 1"
    assert words in note.text
    assert "the file's value is used" in note.text


def test_a_third_filter_of_the_sbc_is_no_contradiction(exposure_with):
    line = "jb460601q_flt.fits,11665,B46,06,100.0,F140LP;N/A;F140LP,SBC,/x"
    assert notes_on(line, exposure_with("acs_sbc", rootname="jb460601q")) == ()


def test_mixed_visits_are_noted(exposure_with):
    exposures = [
        exposure_with(rootname="ib4606c5q"),
        exposure_with(rootname="ib4607c5q", PROPOSID=12000),
        exposure_with("acs_wfc"),
    ]
    texts = [note.text for note in visit_notes(exposures)]
    assert "2 visits (11665 visit 06, 12000 visit 07)" in texts[0]
    assert "several instruments (ACS, WFC3)" in texts[1]


def test_both_kinds_of_one_exposure_are_noted(exposure_with):
    pair = [exposure_with("acs_wfc", suffix=suffix) for suffix in ("flt", "flc")]
    (note,) = visit_notes(pair)
    assert "both FLT and FLC are listed of jb460601q" in note.text


def test_one_visit_gives_no_note(exposure_with):
    assert visit_notes([exposure_with(), exposure_with(number=2)]) == ()
