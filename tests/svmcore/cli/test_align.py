"""``svm align``: its files, its report, and a run with nothing left to do."""

import pytest


@pytest.fixture(scope="module")
def aligned(small_visit, tmp_path_factory):
    """Return the words of a finished command and its output folder."""
    output = tmp_path_factory.mktemp("aligned") / "out"
    words = ["align", small_visit / "visit.lst", "-o", output]
    return [*words, "--reference", small_visit / "gaia.ecsv"], output


def test_writes_copies_headerlets_and_residuals(aligned, svm):
    words, output = aligned
    done = svm(*words)
    assert done.returncode == 0, done.stderr
    assert len(list(output.glob("*_flt.fits"))) == 4
    assert len(list(output.glob("*_hlet.fits"))) == 4
    report = [output / f"wfc3_ir_residuals{end}" for end in (".png", ".txt", ".ecsv")]
    for path in report:
        assert path.is_file()
        assert f"wrote {path}" in done.stdout


def test_a_second_run_reuses_everything_and_says_the_same(aligned, svm, checksums):
    words, output = aligned
    first = svm(*words)
    before = checksums(output)
    again = svm(*words)
    assert again.returncode == 0, again.stderr
    lines = [line for line in again.stdout.splitlines() if ": " in line]
    tasks = [line for line in lines if line.lstrip().startswith("reused")]
    assert len(tasks) == 4 + 1 + 4 + 1
    assert checksums(output) == before
    tables = [done.stdout.split("Alignment of")[1] for done in (first, again)]
    assert tables[0].rsplit("\n", 2)[0] == tables[1].rsplit("\n", 2)[0]


def test_a_lost_residual_report_is_drawn_again(aligned, svm):
    words, output = aligned
    assert svm(*words).returncode == 0
    (output / "wfc3_ir_residuals.png").unlink()
    done = svm(*words)
    assert done.returncode == 0, done.stderr
    assert (output / "wfc3_ir_residuals.png").is_file()
    made = [line for line in done.stdout.splitlines() if " s  " in line]
    assert [line.split("  ")[-1] for line in made] == ["report residuals: wfc3_ir"]


def test_a_bad_catalog_stops_the_command_before_anything_runs(
    small_visit, tmp_path, svm
):
    bad = tmp_path / "stars.csv"
    bad.write_text("right_ascension,declination\n84.6,-69.1\n")
    words = ("align", small_visit / "visit.lst", "-o", tmp_path / "out")
    done = svm(*words, "--reference", bad)
    assert done.returncode == 1
    assert "no column for ra" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bad_catalog_is_told_by_the_fit_where_results_are(small_visit, tmp_path, svm):
    words = ("align", small_visit / "visit.lst", "-o", tmp_path / "out")
    assert svm(*words).returncode == 0
    bad = tmp_path / "stars.csv"
    bad.write_text("right_ascension,declination\n84.6,-69.1\n")
    done = svm(*words, "--reference", bad)
    assert done.returncode == 1
    assert "no column for ra" in done.stderr
    assert "Traceback" not in done.stderr
