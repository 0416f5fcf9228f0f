"""``svm products``: a tree for people, JSON for programs."""

import json
import resource
import subprocess
import sys

import pytest

from svmcore.cli import main


@pytest.fixture
def visit(write_exposure, tmp_path):
    write_exposure(tmp_path, "wfc3_ir", 1)
    write_exposure(tmp_path, "wfc3_ir", 2, FGSLOCK="COARSE")
    write_exposure(tmp_path, "wfc3_ir", 3, MTFLAG="T", EXPTIME=0.0)
    write_exposure(tmp_path, "wfc3_ir", 4, FILTER="G141", OBSTYPE="SPECTROSCOPIC")
    write_exposure(tmp_path, "wfc3_uvis", 5, suffix="flc")
    write_exposure(tmp_path, "wfc3_uvis", 6, suffix="flt")
    return tmp_path


def test_tree_shows_products_reasons_and_what_is_left_out(visit, capsys):
    assert main(["products", str(visit)]) == 0
    text = capsys.readouterr().out
    assert "hst_11665_06_wfc3_ir_total_ib4606_drz.fits  2 exposures, 2.00 per" in text
    assert "poor guiding (FGSLOCK COARSE)" in text
    assert "moving target (MTFLAG T)" in text
    assert "no exposure time (EXPTIME 0.0)" in text
    assert "WCS only (grism or prism)" in text
    assert "The FLT file of ib460606q is left out" in text


def test_calibration_is_shown_and_marked(visit, capsys):
    assert main(["products", str(visit), "--calibration"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (header,) = [line for line in lines if line.startswith("exposure")]
    assert "flat field" in header
    assert "WCS" in header
    (coarse,) = [line for line in lines if line.startswith("ib460602q")]
    assert "COARSE !" in coarse
    assert "COMPLETE  " in coarse


def test_json_holds_the_same(visit, capsys):
    assert main(["products", str(visit), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [p["basename"] for p in found["products"]] == [
        "hst_11665_06_wfc3_uvis_total_ib4606",
        "hst_11665_06_wfc3_ir_total_ib4606",
    ]
    infrared = found["products"][1]
    assert infrared["mean_exposures_per_pixel"] == pytest.approx(2.0)
    assert infrared["isolated"] == []
    assert infrared["filters"][0]["inputs"] == ["ib460601q", "ib460602q"]
    assert infrared["filters"][0]["files"]["drizzled image"] == (
        "hst_11665_06_wfc3_ir_f160w_ib4606_drz.fits"
    )
    assert [member["role"] for member in infrared["grisms"]] == ["grism"]
    rejected = [e for e in found["exposures"] if not e["accepted"]]
    assert [reason["rule"] for reason in rejected[0]["reasons"]] == [
        "moving target",
        "no exposure time",
    ]
    assert found["left_out"][0]["rootname"] == "ib460606q"


def test_decisions_change_the_tree(visit, capsys):
    options = ["--accept", "ib460603q=comet", "--reject", "ib460601q=trail"]
    assert main(["products", str(visit), "--json", "--prefer-flt", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    verdicts = {e["rootname"]: e for e in found["exposures"]}
    assert verdicts["ib460603q"]["accepted"]
    assert verdicts["ib460603q"]["override"]["reason"] == "comet"
    assert not verdicts["ib460601q"]["accepted"]
    assert found["left_out"][0]["rootname"] == "ib460605q"


def test_a_fault_is_shown_and_makes_the_command_fail(visit, capsys):
    (visit / "ib460607q_flt.fits").write_bytes(b"")
    assert main(["products", str(visit)]) == 1
    captured = capsys.readouterr()
    assert "is empty. Retrieve the file again." in captured.out
    assert captured.err.count("\n") == 1
    assert "1 listed exposure cannot be used" in captured.err


def test_an_unusable_visit_is_one_red_line(tmp_path, capsys):
    assert main(["products", str(tmp_path / "none.lst")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("svm: ")
    assert "none.lst: does not exist" in captured.err
    assert captured.err.count("\n") == 1


def test_grism_only_and_scattered_exposures_are_pointed_out(
    write_exposure, tmp_path, capsys
):
    write_exposure(tmp_path, "wfc3_uvis", 1, FILTER="G280", OBSTYPE="SPECTROSCOPIC")
    write_exposure(tmp_path, "wfc3_ir", 2)
    write_exposure(tmp_path, "wfc3_ir", 3, center=(138.0, -64.0))
    assert main(["products", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "WFC3/UVIS  no direct exposures: nothing is drizzled" in text
    assert "no overlap with the others: ib460603q" in text


def test_sixty_exposures_take_less_than_two_seconds(write_exposure, tmp_path):
    for number in range(60):
        write_exposure(tmp_path, "wfc3_uvis", number, suffix="flc", shape=(8, 8))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "svmcore.cli", "products", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "60 exposures, 60.00 per pixel" in done.stdout
    # Processor time, from a cold start: other work on the machine does not count.
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s < 2.0
