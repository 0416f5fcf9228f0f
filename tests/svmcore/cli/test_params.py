"""``svm params``: list, write, show, compare, explain."""

import json
import signal

import pytest

from svmcore.cli import main

TOTAL = "hst_11665_06_wfc3_ir_total_ib4606"
FILTER = "hst_11665_06_wfc3_ir_f160w_ib4606"


@pytest.fixture
def visit(write_exposure, tmp_path):
    folder = tmp_path / "visit"
    folder.mkdir()
    write_exposure(folder, "wfc3_ir", 1)
    write_exposure(folder, "wfc3_ir", 2)
    return folder


@pytest.fixture
def svm(capsys):
    """Run a command; return its exit code, output and errors."""

    def run(*words):
        code = main(["params", *map(str, words)])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def test_lists_what_selected_the_parameters(svm, visit):
    code, out, _ = svm(visit)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[:2] == [
        [TOTAL, "total_basic"],
        [FILTER, "filter_basic,", "wfc3_ir_any_n2"],
    ]
    assert len(lines) == 4


def test_counts_what_the_options_change(svm, visit):
    _, out, _ = svm(visit, "--set", "final_pixfrac=0.5", "--set", "final_bits=16")
    assert all(line.endswith("2 changed") for line in out.splitlines())


def test_writes_a_template_that_changes_nothing(svm, visit, tmp_path):
    path = tmp_path / "all.json"
    assert svm(visit, "-o", path)[0] == 0
    assert list(json.loads(path.read_text()))[:2] == [TOTAL, FILTER]
    before = path.read_bytes()
    assert svm(visit, "--parameters", path, "-o", tmp_path / "again.json")[0] == 0
    assert (tmp_path / "again.json").read_bytes() == before


def test_does_not_overwrite_unless_told(svm, visit, tmp_path):
    path = tmp_path / "all.json"
    svm(visit, "-o", path)
    before = path.read_bytes()
    code, _, err = svm(visit, "--set", "final_pixfrac=0.5", "-o", path)
    assert code == 1
    assert "exists already" in err
    assert path.read_bytes() == before
    assert svm(visit, "--set", "final_pixfrac=0.5", "-o", path, "--overwrite")[0] == 0
    assert path.read_bytes() != before


def test_writes_and_reads_the_compact_form(svm, visit, tmp_path):
    path = tmp_path / "mine.json"
    options = ("--set", "final_pixfrac=0.5", "--product", "f160w filter")
    assert svm(visit, *options, "-o", path, "--compact")[0] == 0
    (row,) = json.loads(path.read_text())["changes"]
    assert (row["product"], row["value"]) == ("f160w filter", 0.5)
    _, out, _ = svm("show", FILTER, "--visit", visit, "--parameters", path, "--changed")
    assert "final_pixfrac  0.5  was 1.0  change: command line" in out


def test_shows_values_units_origins_and_inert_parameters(svm, visit):
    code, out, _ = svm("show", FILTER, "--visit", visit)
    assert code == 0
    assert '"528" = 16+512' in out
    assert "0.25 arcsec  default: detector" in out
    assert "0.84 mag  table: table of concentration indices" in out
    assert "default: wfc3_ir_any_n2  inert" in out
    _, out, _ = svm("show", visit, FILTER, "--step", "alignment")
    assert "final_pixfrac" not in out
    assert "match_relative_fit.searchrad" in out


def test_shows_json(svm, visit):
    _, out, _ = svm("show", visit, TOTAL, "--json")
    found = json.loads(out)
    assert found["conditions"] == ["total_basic"]
    assert found["steps"]["astrodrizzle"]["final_fillval"]["value"] == 0.0
    _, out, _ = svm(visit, "--json")
    assert json.loads(out)[TOTAL] == found


def test_shows_a_product_of_the_present_folder(svm, visit, monkeypatch):
    monkeypatch.chdir(visit)
    assert svm("show", TOTAL)[0] == 0


def test_an_unknown_product_gets_a_suggestion(svm, visit):
    code, _, err = svm("show", visit, FILTER.replace("160", "165"))
    assert code == 1
    assert f"Did you mean {FILTER}" in err


def test_compares_files_without_a_visit(svm, visit, tmp_path):
    svm(visit, "-o", tmp_path / "a.json")
    svm(visit, "-o", tmp_path / "b.json", "--set", "final_pixfrac=0.5")
    _, out, _ = svm("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert out.splitlines()[:2] == [TOTAL, "  astrodrizzle → final_pixfrac: 1.0 → 0.5"]
    assert len(out.splitlines()) == 8
    _, out, _ = svm("diff", tmp_path / "a.json", tmp_path / "a.json")
    assert out == "no differences\n"


def test_compares_a_compact_and_a_complete_file_by_their_meaning(svm, visit, tmp_path):
    options = ("--set", "final_pixfrac=0.5")
    svm(visit, *options, "-o", tmp_path / "a.json")
    svm(visit, *options, "-o", tmp_path / "b.json", "--compact")
    paths = (tmp_path / "a.json", tmp_path / "b.json")
    assert svm("diff", *paths, "--visit", visit)[1] == "no differences\n"


def test_compares_two_products(svm, visit):
    _, out, _ = svm("diff", TOTAL, FILTER, "--visit", visit)
    assert out.splitlines()[0] == f"{TOTAL} | {FILTER}"
    assert "  astrodrizzle → driz_cr: false → true" in out.splitlines()


def test_tells_which_section_of_a_file_is_used(svm, visit, tmp_path):
    path = tmp_path / "all.json"
    svm(visit, "-o", path)
    document = json.loads(path.read_text())
    document[TOTAL]["default_values"]["astrodrizzle"]["final_bits"] = "32"
    path.write_text(json.dumps(document))
    _, out, _ = svm(visit, "--parameters", path)
    assert "parameters is used" in out


def test_explains_a_parameter(svm):
    code, out, _ = svm("explain", "final_pixfrac")
    assert code == 0
    assert "a number from 0.01 to 1.0" in out
    assert "default   0.8" in out
    assert "ACS/WFC  acs_wfc_any_n6" in out


def test_explains_why_a_parameter_is_inert(svm):
    _, out, _ = svm("explain", "swarm_thresh")
    assert "inert     swarms are not flagged" in out


def test_explains_several_and_all_in_a_line_each(svm):
    assert len(svm("explain", "searchrad")[1].splitlines()) > 9
    assert len(svm("explain")[1].splitlines()) == 211
    _, out, _ = svm("explain", "alignment:nsigma")
    assert "generate_source_catalogs.nsigma" in out
    assert "catalog generation" not in out


def test_explains_in_json_and_markdown(svm):
    (row,) = json.loads(svm("explain", "final_pixfrac", "--json")[1])
    assert (row["minimum"], row["maximum"], row["is_inert"]) == (0.01, 1.0, False)
    assert {0.8, 1.0} == {found["value"] for found in row["defaults"]}
    _, out, _ = svm("explain", "--markdown")
    lines = [line for line in out.splitlines() if line.startswith("| `")]
    assert len(lines) == 211
    assert {line.count("|") for line in lines} == {6}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain", "final_pixfrak"], "Did you mean final_pixfrac"),
        (["explain", "drizzle:final_pixfrac"], "unknown step"),
    ],
)
def test_explains_nothing_that_does_not_exist(svm, words, message):
    code, _, err = svm(*words)
    assert code == 1
    assert message in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "final_pixfrac=7"], "from 0.01 to 1.0"),
        (["--set", "final_pixfrac=0.5", "--product", "f165w"], "Did you mean f160w"),
        (["--parameters", "none.json"], "cannot be read"),
        (["--set", "=3"], "--set =3: is not of the form NAME=VALUE"),
    ],
)
def test_wrong_options_are_one_line(svm, visit, options, message):
    code, _, err = svm(visit, *options)
    assert code == 1
    assert message in err
    assert len(err.splitlines()) == 1


def test_missing_words(svm):
    code, out, err = svm("diff", "one.json")
    assert code == 2
    assert out == ""
    assert "give two files" in err


def test_compares_in_json(svm, visit, tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    svm(visit, "-o", first)
    svm(visit, "-o", second, "--set", "final_pixfrac=0.5", "--product", FILTER)
    code, out, _ = svm("diff", first, second, "--json")
    assert code == 0
    assert json.loads(out) == [
        {
            "product": FILTER,
            "step": "astrodrizzle",
            "key": "final_pixfrac",
            "first": 1.0,
            "second": 0.5,
        }
    ]


def test_a_missing_file_is_not_taken_for_a_product(svm, visit, tmp_path):
    svm(visit, "-o", tmp_path / "there.json")
    code, _, err = svm("diff", tmp_path / "there.json", tmp_path / "gone.json")
    assert code == 1
    assert "gone.json: cannot be read" in err


def test_a_folder_without_a_visit_asks_for_one(svm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = svm("show", FILTER)
    assert code == 1
    assert "Name the visit by --visit VISIT." in err


def test_a_file_below_a_file_cannot_be_written(svm, visit, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = svm(visit, "-o", tmp_path / "file" / "below.json")
    assert code == 1
    assert "cannot be written (Not a directory)" in err
    assert len(err.splitlines()) == 1


def test_a_lost_connection_never_ends_the_process(svm, visit):
    """A catalog service that hangs up must be an error, not a killed command."""
    svm(visit)
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
