"""HAP names: from facts to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svmcore.model.names import (
    FileKind,
    Level,
    ProductName,
    filter_string,
    parse_name,
)

ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
codes = st.text(ALPHANUMERIC, min_size=2, max_size=2)
filters = st.from_regex(r"[0-9a-z]+(-[0-9a-z]+)?", fullmatch=True).filter(
    lambda name: name != "total"
)
detectors = st.sampled_from(
    [
        ("acs", "wfc"),
        ("acs", "hrc"),
        ("acs", "sbc"),
        ("wfc3", "uvis"),
        ("wfc3", "ir"),
        ("wfpc2", "pc"),
    ]
)
BY_LEVEL = {
    Level.EXPOSURE: (
        FileKind.DRIZZLE,
        FileKind.CALIBRATED,
        FileKind.HEADERLET,
        FileKind.TRAILER,
        FileKind.PREVIEW,
        FileKind.THUMBNAIL,
    ),
    Level.FILTER: (
        FileKind.DRIZZLE,
        FileKind.TRAILER,
        FileKind.POINT_CATALOG,
        FileKind.SEGMENT_CATALOG,
        FileKind.PREVIEW,
        FileKind.THUMBNAIL,
    ),
    Level.TOTAL: (
        FileKind.DRIZZLE,
        FileKind.TRAILER,
        FileKind.POINT_CATALOG,
        FileKind.SEGMENT_CATALOG,
        FileKind.PREVIEW,
        FileKind.THUMBNAIL,
        FileKind.COLOR_PREVIEW,
        FileKind.COLOR_THUMBNAIL,
    ),
}
WITH_DR = {
    FileKind.DRIZZLE,
    FileKind.PREVIEW,
    FileKind.THUMBNAIL,
    FileKind.COLOR_PREVIEW,
    FileKind.COLOR_THUMBNAIL,
}


@st.composite
def product_names(draw):
    level = draw(st.sampled_from(list(Level)))
    instrument, detector = draw(detectors)
    kind = draw(st.sampled_from([None, *BY_LEVEL[level]]))
    suffix = color = ""
    if kind in WITH_DR:
        suffix = draw(st.sampled_from(["drz", "drc"]))
    if kind is FileKind.CALIBRATED:
        suffix = draw(st.sampled_from(["flt", "flc"]))
    if kind in {FileKind.COLOR_PREVIEW, FileKind.COLOR_THUMBNAIL}:
        color = draw(st.from_regex(r"[0-9a-z]+(-[0-9a-z]+){0,3}", fullmatch=True))
    length = 8 if level is Level.EXPOSURE else 6
    return ProductName(
        proposal_id=str(draw(st.integers(1, 99999))),
        obset_id=draw(codes),
        instrument=instrument,
        detector=detector,
        filter_name="total" if level is Level.TOTAL else draw(filters),
        root=draw(st.text(ALPHANUMERIC, min_size=length, max_size=length)),
        kind=kind,
        suffix=suffix,
        color_filters=color,
    )


@given(product_names())
def test_facts_survive_the_round_trip(name):
    assert parse_name(name.text) == name


@given(st.text())
def test_what_is_parsed_writes_the_same_text(text):
    name = parse_name(text)
    assert name is None or name.text == text


# Names as the archive and the peer have them.
REAL = {
    "hst_11665_06_wfc3_ir_total_ib4606_drz.fits": (Level.TOTAL, FileKind.DRIZZLE),
    "hst_11665_06_wfc3_uvis_f555w_ib4606c5_flc.fits": (
        Level.EXPOSURE,
        FileKind.CALIBRATED,
    ),
    "hst_9029_01_acs_wfc_f606w-pol0v_j8f301ab_drc.fits": (
        Level.EXPOSURE,
        FileKind.DRIZZLE,
    ),
    "hst_12286_0r_wfc3_ir_f160w_ibl10r_segment-cat.ecsv": (
        Level.FILTER,
        FileKind.SEGMENT_CATALOG,
    ),
    "hst_8059_11_wfpc2_pc_total_u5jm11_point-cat.ecsv": (
        Level.TOTAL,
        FileKind.POINT_CATALOG,
    ),
    "hst_11665_06_wfc3_ir_f160w_ib4606d1_hlet.fits": (
        Level.EXPOSURE,
        FileKind.HEADERLET,
    ),
    "hst_11665_06_wfc3_ir_f160w_ib4606_trl.txt": (Level.FILTER, FileKind.TRAILER),
    "hst_11665_06_wfc3_ir_f160w_ib4606_drz_thumb.jpg": (
        Level.FILTER,
        FileKind.THUMBNAIL,
    ),
    "hst_11665_06_wfc3_ir_total_ib4606_f160w-f110w_drz.jpg": (
        Level.TOTAL,
        FileKind.COLOR_PREVIEW,
    ),
}


@pytest.mark.parametrize("text", REAL)
def test_real_names_are_understood(text):
    name = parse_name(text)
    assert (name.level, name.kind) == REAL[text]
    assert name.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ib4606c5q_flc.fits",
        "hst_11665_06_wfc3_ir_f160w_ib4606_flt.fits",  # no calibrated filter product
        "hst_11665_06_wfc3_ir_f160w_ib4606d1_point-cat.ecsv",
        "hst_11665_06_wfc3_ir_total_ib4606d1_drz.fits",
        "hst_11665_06_stis_ccd_clear_o4606_drz.fits",
        "hst_11665_06_wfc3_ir_f160w_ib4606_drz.fits\n",
        "HST_11665_06_WFC3_IR_TOTAL_IB4606_DRZ.FITS",
    ],
)
def test_other_names_are_not(text):
    assert parse_name(text) is None


@pytest.mark.parametrize(
    ("elements", "name"),
    [
        (["F850LP", "CLEAR2L"], "f850lp"),
        (["POL0V", "F606W"], "f606w-pol0v"),
        (["F606W", "POL60UV"], "f606w-pol60uv"),
        (["CLEAR1S", "CLEAR2S"], "clear"),
        (["F140LP", "N/A", "F140LP"], "f140lp"),
        (["G800L", "F814W"], "g800l-f814w"),
        (["F502N", "F550M"], "f502n-f550m"),
        ([" f160w "], "f160w"),
        ([], "clear"),
    ],
)
def test_filter_strings(elements, name):
    assert filter_string(elements) == name


# What headers may hold: `svmcore.inputs` refuses other filter names.
elements = st.from_regex(r"([0-9A-Z]+(-[0-9A-Z]+)*|N/A)?", fullmatch=True)


@given(st.lists(elements, max_size=3))
def test_any_filters_give_a_name_that_is_understood(names):
    text = f"hst_11665_06_wfc3_ir_{filter_string(names)}_ib4606_drz.fits"
    name = parse_name(text)
    assert name is not None
    assert name.text == text
