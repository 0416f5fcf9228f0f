"""Poller files and lists, parsed line by line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svmcore.inputs import Listing, parse_listing

POLLER = (
    "ib4606c5q_flc.fits,11665,B46,06,1.0,F555W,UVIS,/archive/ib4606c5q_flc.fits\n"
    "j8f301abq_flt.fits,09029,8F3,1,2.5e2,POL0V;F606W,WFC,a/j8f301abq_flt.fits\n"
)


def faults_of(text):
    return parse_listing(text, subject="visit.out").faults


def test_poller_columns_are_read():
    first, second = parse_listing(POLLER, subject="visit.out").rows
    assert (first.proposal_id, first.program_id, first.obset_id) == (
        "11665",
        "B46",
        "06",
    )
    assert first.exptime_s == 1.0
    assert first.filters == ("F555W",)
    assert first.detector == "UVIS"
    assert first.path == "/archive/ib4606c5q_flc.fits"
    assert (second.proposal_id, second.obset_id, second.exptime_s) == (
        "9029",
        "01",
        250,
    )
    assert second.filters == ("POL0V", "F606W")


def test_second_column_is_the_aperture():
    text = "u2as0101t_flt.fits, PC1-FIX;F160BN15"
    assert parse_listing(text, subject="l").rows[0].aperture == "PC1-FIX;F160BN15"


def test_comments_blank_lines_and_byte_order_mark_are_skipped():
    text = "\ufeff# a visit\r\n\r\n  a_flt.fits  # first\r\n\t\r\n'b_flt.fits'\r\n"
    rows = parse_listing(text, subject="l").rows
    assert [(row.line, row.file_name) for row in rows] == [
        (3, "a_flt.fits"),
        (5, "b_flt.fits"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a_flt.fits,1,2", "has 3 columns, expected 1, 2 or 8"),
        (",,,,,,,", "the file name is empty"),
        (",", "the file name is empty"),
        ("a\x00b_flt.fits", "not printable"),
        (POLLER.splitlines()[0].replace("11665", "x11665"), "column 2 .* 'x11665'"),
        (POLLER.splitlines()[0].replace("11665", "-1"), "column 2 .* whole number"),
        (POLLER.splitlines()[0].replace("B46", ""), "column 3 "),
        (POLLER.splitlines()[0].replace(",06,", ",006,"), "column 4 .* '006'"),
        (POLLER.splitlines()[0].replace("1.0", "one"), "column 5 .* 'one'"),
        (POLLER.splitlines()[0].replace("1.0", "nan"), "column 5 .* 'nan'"),
        (POLLER.splitlines()[0].replace("1.0", "-3"), "column 5 .* 0 or more"),
        (POLLER.splitlines()[0].replace("1.0", "1e999"), "column 5 "),
        (POLLER.splitlines()[0].replace("F555W", ";"), "column 6 "),
        (POLLER.splitlines()[0].replace("UVIS", ""), "column 7 "),
    ],
)
def test_a_bad_line_is_named(line, words):
    (fault,) = faults_of("\n" + line)
    assert fault.subject == "visit.out, line 2"
    assert re.search(words, fault.problem)
    assert fault.remedy


def test_multi_visit_poller_is_told_apart():
    line = "a_flc.fits,1,B46,06,1.0,F555W,UVIS,skycell-p2381x05y09,NEW,/a_flc.fits"
    (fault,) = faults_of(line)
    assert "10 columns, as lists for multi-visit mosaics" in fault.problem


def test_a_line_with_other_columns_than_the_first_is_a_fault():
    listing = parse_listing(POLLER + "ib4606c7q_flc.fits\n", subject="visit.out")
    assert len(listing.rows) == 2
    assert listing.faults[0].subject == "visit.out, line 3"
    assert "the first line has 8" in listing.faults[0].problem


def test_a_file_listed_twice_is_a_fault_of_the_later_line():
    listing = parse_listing("a_flt.fits\nb_flt.fits\na_flt.fits\n", subject="l")
    assert len(listing.rows) == 2
    assert listing.faults[0].subject == "l, line 3"
    assert "line 1" in listing.faults[0].problem


@pytest.mark.parametrize(
    ("name", "count"),
    [("acs_97e_06_input.out", 18), ("wfc3_byt_50_input.out", 4)],
)
def test_real_pollers_are_read_whole(shared_data, name, count):
    text = (shared_data / "poller" / name).read_text()
    listing = parse_listing(text, subject=name)
    assert len(listing.rows) == count
    assert listing.faults == ()


@given(st.text())
def test_any_text_gives_rows_or_faults(text):
    listing = parse_listing(text, subject="any")
    assert isinstance(listing, Listing)
    for row in listing.rows:
        assert row.file_name
        assert row.file_name.isprintable()
