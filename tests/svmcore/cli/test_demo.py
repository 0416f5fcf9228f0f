"""``svm demo`` and ``svm score`` from the command line."""

import shlex

import pytest

from svmcore.cli import main

SMALL = ["--chip", "96", "96", "--exposures", "1", "--no-rejected"]


def test_demo_writes_a_visit_and_says_how_to_go_on(tmp_path, capsys):
    folder = tmp_path / "visit"
    assert main(["demo", str(folder), *SMALL, "--grism"]) == 0
    said = capsys.readouterr().out
    assert "3 exposures" in said
    assert "svm run" in said
    assert "svm score" in said
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "gaia.ecsv",
        "galaxies.ecsv",
        "idem01a0q_flt.fits",
        "idem01a1q_flt.fits",
        "idem01a2q_flt.fits",
        "stars.ecsv",
        "truth.ecsv",
        "truth_defects_wfc3_ir.npz",
        "visit.lst",
        "wfc3_dem_01_input.out",
    ]


def test_what_it_says_can_be_pasted_into_a_shell(tmp_path, capsys):
    folder = tmp_path / "two words [red]"
    assert main(["demo", str(folder), *SMALL, "--filters", "F160W"]) == 0
    said = capsys.readouterr().out.splitlines()
    (line,) = [line for line in said if line.startswith("Process it:")]
    words = shlex.split(line)
    assert words[2:5] == ["svm", "run", str(folder / "visit.lst")]
    assert words[6:] == [
        str(folder / "products"),
        "--reference",
        str(folder / "gaia.ecsv"),
    ]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("sbc", ["jdem01a0q_flt.fits", "jdem01a1q_flt.fits"]),
        ("WFPC2", ["udem01a0q_flt.fits,WFALL", "udem01a1q_flt.fits,WFALL"]),
    ],
    ids=["sbc", "wfpc2"],
)
def test_detectors_go_by_their_short_names(tmp_path, name, files):
    assert main(["demo", str(tmp_path / "visit"), *SMALL, "--detector", name]) == 0
    assert (tmp_path / "visit" / "visit.lst").read_text().split() == files


def test_demo_writes_several_visits(tmp_path):
    options = [*SMALL, "--filters", "F160W", "--visits", "2"]
    assert main(["demo", str(tmp_path), *options]) == 0
    stars = [
        (tmp_path / name / "stars.ecsv").read_bytes()
        for name in ("visit_01", "visit_02")
    ]
    assert stars[0] != stars[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--instrument", "acs/xyz"], "'acs/xyz': unknown"),
        (["--filters", "F999W"], "'F999W': unknown"),
        (["--chip", "8", "8"], "expected at least 64 64"),
        (["--exposures", "0"], "exposures: is 0"),
        (["--seed", "-1"], "seed: is -1"),
        (["--pa", "nan"], "pa_v3_deg: is nan"),
        (["--wrong-gaia", "2"], "wrong_fraction: is 2"),
        (["--max-gaia", "-2"], "maximum_stars: is -2"),
        (["--visits", "0"], "--visits: is 0, expected 1 to 99"),
        (["--visits", "100"], "--visits: is 100"),
        (["--gross", "2"], "gross_exposure: is 2, expected -1 to 1"),
        (["--gross", "-2"], "--gross: is -2, expected the number of an exposure"),
        (["--starless", "2"], "starless_exposure: is 2"),
    ],
    ids=[
        "instrument",
        "filter",
        "chip",
        "exposures",
        "seed",
        "angle",
        "fraction",
        "count",
        "no visits",
        "many visits",
        "gross",
        "negative gross",
        "starless",
    ],
)
def test_wrong_options_end_in_one_line(tmp_path, capsys, options, message):
    arguments = ["demo", str(tmp_path / "visit"), "--exposures", "1", *options]
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "visit").exists()


def test_score_prints_the_given_errors(tmp_path, capsys):
    folder = tmp_path / "visit"
    main(["demo", str(folder), *SMALL, "--filters", "F160W", "--offset", "0", "200"])
    capsys.readouterr()
    assert main(["score", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "idem01a0q" in said
    assert "[mas]" in said
    assert main(["score", str(folder), "--limits", "5", "1.5"]) == 1
    assert main(["score", str(folder), "--limits", "500", "1.5"]) == 0


def test_score_names_a_folder_of_nothing(tmp_path, capsys):
    folder, empty = tmp_path / "visit", tmp_path / "empty"
    empty.mkdir()
    main(["demo", str(folder), *SMALL, "--filters", "F160W"])
    capsys.readouterr()
    assert main(["score", str(folder), str(empty)]) == 1
    assert "none of its 0 FLT and FLC files" in capsys.readouterr().err
