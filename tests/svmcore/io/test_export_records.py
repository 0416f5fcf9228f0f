import json
from html.parser import HTMLParser

import numpy as np
import pytest
from drizzled_images import paint_stars, write_mosaic

from svmcore.errors import StoreError
from svmcore.filtering import judge_exposures
from svmcore.io.export_previews import write_preview
from svmcore.io.export_records import write_records
from svmcore.model.fit import (
    ExposureFit,
    FitQuality,
    FitTerms,
    GroupFit,
    MatchTable,
)
from svmcore.model.record import ChangedParameter, SkyLevel, TaskNote, VisitRecord
from svmcore.model.verdict import Override
from svmcore.model.visit import InputFault, VisitInput
from svmcore.model.wcs import AlignedWcs
from svmcore.products import group_products

NAN = float("nan")


def _matches():
    text, none = np.zeros(0, dtype="U1"), np.zeros(0)
    pairs, flags = np.zeros((0, 2)), np.zeros(0, dtype=bool)
    whole = np.zeros(0, dtype=np.int64)
    return MatchTable(
        *(text, text, whole, pairs, none, none, none, none),
        *(pairs, pairs, none, none, flags, flags, text),
    )


def _fit(rootnames):
    terms = FitTerms("rscale", 12.0, -7.0, 0.5, 0.001, 0.0001, 0.0, 1.0)
    rows = tuple(
        ExposureFit(
            *(name, "fitted", 90, 40, 80, terms, 4.0, 5.0, 1.5, NAN),
            FitQuality(1, f"40 stars hold {name}."),
        )
        for name in rootnames
    )
    wcs = tuple(AlignedWcs(name, "IDC_x-FIT_SVM_GAIAeDR3", ()) for name in rootnames)
    quality = FitQuality(1, "Fit to 40 stars.")
    return GroupFit(
        *("wfc3_ir", "absolute", "GAIAeDR3", 2015.5, rows, wcs, terms, quality),
        *(_matches(), ("One exposure has few stars.",)),
    )


@pytest.fixture
def record(exposure_with):
    exposures = (
        exposure_with(number=1, FGSLOCK="COARSE"),
        exposure_with(number=2, FILTER="F110W"),
        exposure_with(number=3, EXPTIME=0.0),
        exposure_with(number=4, TARGNAME="DARK"),
        exposure_with(number=5, FILTER="G141", OBSTYPE="SPECTROSCOPIC"),
    )
    override = Override(exposures[3].rootname, accepted=True, reason="a dark nebula")
    verdicts = judge_exposures(exposures, (override,))
    tree = group_products(exposures, verdicts)
    total = tree.totals[0]
    fault = InputFault("visit.lst, line 9", "no such file <x_flt.fits>", "Fetch it.")
    return VisitRecord(
        visit=VisitInput("visit", "visit.lst", exposures, (fault,)),
        verdicts=verdicts,
        tree=tree,
        fits={"wfc3_ir": _fit([e.rootname for e in exposures[:2]])},
        conditions={total.basename: ("total_basic",)},
        changed=(
            ChangedParameter(
                *(total.basename, "astrodrizzle", "final_pixfrac", 0.8, 1.0),
                *("user", "sharper"),
            ),
        ),
        sky=(SkyLevel(exposures[0].rootname, 1, 0.123),),
        tasks=(
            TaskNote("drizzle product", total.basename, "finished"),
            TaskNote("catalog", total.basename, "failed", "no sources: <none>."),
        ),
        versions={"svmcore": "0.1"},
        remarks={total.basename: ("Sky of x: overlaps no other exposure",)},
    )


@pytest.fixture
def output(record, tmp_path):
    """Folder with the drizzled total and filters, but no exposure products."""
    total = record.tree.totals[0]
    for product in (total, *total.filters):
        sci = paint_stars((60, 70), [], [], [])
        wht = np.where(np.arange(70) < 35, 100.0, 0.0) * np.ones((60, 1))
        write_mosaic(tmp_path / product.drizzle_name, sci, wht=wht)
    pixels = np.zeros((30, 30), dtype=np.uint8)
    write_preview(
        pixels, tmp_path / total.preview_name, thumbnail=tmp_path / total.thumbnail_name
    )
    return tmp_path


def test_manifest_lists_what_is_there_in_order(record, output):
    write_records(output, record)
    total = record.tree.totals[0]
    names = (output / "wfc3_b46_06_manifest.txt").read_text().splitlines()
    grism = total.grisms[0]
    expected = [grism.trailer_name]
    for product in total.filters:
        expected += [product.drizzle_name, product.trailer_name]
        expected += [member.trailer_name for member in product.members]
    expected += [total.drizzle_name, total.trailer_name]
    assert names == expected


def test_trailer_repeats_the_remarks_of_its_product(record, output):
    write_records(output, record)
    total = record.tree.totals[0]
    text = (output / total.trailer_name).read_text()
    assert "\nRemarks\n-------\nSky of x: overlaps no other exposure\n" in text
    others = (output / one.trailer_name for one in total.filters)
    assert not any("Remarks" in path.read_text() for path in others)


def test_every_product_has_a_trailer(record, output):
    written = write_records(output, record)
    names = {path.name for path in written}
    for product in record.tree.products:
        assert product.trailer_name in names
        text = (output / product.trailer_name).read_text()
        assert product.basename in text
        assert str(output) not in text


def test_total_trailer_tells_the_whole_story(record, output):
    write_records(output, record)
    text = (output / record.tree.totals[0].trailer_name).read_text()
    for part in (
        "FGSLOCK = COARSE",
        "accepted by hand: a dark nebula",
        "EXPTIME = 0.0",
        "unreadable: visit.lst, line 9",
        "grism or prism: shares the WCS only",
        "final_pixfrac = 0.8 (default 1.0; user, sharper)",
        "selected by: total_basic",
        "to GAIAeDR3 at epoch 2015.50",
        "warning: One exposure has few stars.",
        "SCI,1  0.123",
        "70 x 60 pixels of 0.05000 arcsec",
        "2100 pixels with data (50.00 %)",
        "catalog: hst_11665_06_wfc3_ir_total_ib4606: failed. no sources",
    ):
        assert part in text


def test_products_that_are_missing_are_said_to_be(record, output):
    write_records(output, record)
    member = record.tree.totals[0].members[0]
    text = (output / member.trailer_name).read_text()
    assert f"{member.drizzle_name} was not made" in text


def test_json_report_is_strict_and_complete(record, output):
    write_records(output, record)

    def refuse(word):
        raise AssertionError(word)

    text = (output / "wfc3_b46_06_report.json").read_text()
    report = json.loads(text, parse_constant=refuse)
    assert [e["accepted"] for e in report["exposures"]] == [
        True,
        True,
        False,
        True,
        True,
    ]
    assert report["exposures"][3]["override"]["reason"] == "a dark nebula"
    assert report["alignment"][0]["exposures"][0]["relative_rms_dec_mas"] is None
    assert report["changed_parameters"][0]["value"] == 0.8
    made = {p["basename"]: p["is_made"] for p in report["products"]}
    assert sum(made.values()) == 3
    assert str(output) not in text


class _Page(HTMLParser):
    """Open tags, links and texts of a page; fails on a tag that does not close."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.sources = [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found["href"]] if "href" in found else []
        self.sources += [found["src"]] if "src" in found else []
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_needs_no_other_file_and_escapes_texts(record, output):
    write_records(output, record)
    text = (output / "wfc3_b46_06_report.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert len(page.sources) == 1
    assert page.sources[0].startswith("data:image/jpeg;base64,")
    assert record.tree.totals[0].preview_name in page.links
    assert all((output / link).is_file() for link in page.links)
    assert "&lt;x_flt.fits&gt;" in text
    assert "http" not in text


def test_equal_runs_give_equal_records(record, output):
    first = {path: path.read_bytes() for path in write_records(output, record)}
    second = {path: path.read_bytes() for path in write_records(output, record)}
    assert first == second


def test_says_where_it_cannot_write(record, tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        write_records(tmp_path / "missing", record)


def test_a_visit_without_products_has_a_manifest_all_the_same(
    record, exposure_with, tmp_path
):
    exposures = (exposure_with(EXPTIME=0.0),)
    verdicts = judge_exposures(exposures)
    empty = VisitRecord(
        VisitInput("v", "v.lst", exposures),
        verdicts,
        group_products(exposures, verdicts),
    )
    write_records(tmp_path, empty)
    assert (tmp_path / "wfc3_b46_06_manifest.txt").read_text() == ""
    assert (tmp_path / "wfc3_b46_06_report.html").is_file()
