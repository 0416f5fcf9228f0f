"""Whole visits through ``svm run``: products, errors, kills."""

import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from astropy.io import fits


@pytest.fixture(scope="session")
def finished(small_visit, tmp_path_factory):
    """Output folder of an undisturbed run."""
    output = tmp_path_factory.mktemp("finished") / "products"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "svmcore.cli",
            "run",
            str(small_visit / "visit.lst"),
            "-o",
            str(output),
            "--reference",
            str(small_visit / "gaia.ecsv"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def test_every_kind_of_product_is_there(finished):
    kinds = {path.name.rsplit("_", 1)[-1] for path in finished.iterdir()}
    assert kinds >= {
        "drz.fits",
        "flt.fits",
        "hlet.fits",
        "trl.txt",
        "drz.jpg",
        "thumb.jpg",
        "point-cat.ecsv",
        "segment-cat.ecsv",
        "manifest.txt",
        "report.html",
    }
    (total,) = finished.glob("*_total_*_drz.fits")
    with fits.open(total) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "WHT", "CTX", "HDRTAB"]
        assert np.isfinite(hdus["SCI"].data).any()
        assert "FIT_SVM" in hdus["SCI"].header["WCSNAME"]


def test_inputs_are_untouched_and_nothing_half_written(
    small_visit, tmp_path, svm, checksums
):
    before = checksums(small_visit)
    done = svm("run", small_visit, "-o", tmp_path / "out", "--steps", "alignment")
    assert done.returncode == 0, done.stderr
    assert checksums(small_visit) == before
    assert not list((tmp_path / "out").glob(".*.fits"))


def test_without_reference_products_claim_no_absolute_fit(small_visit, tmp_path, svm):
    done = svm("run", small_visit, "-o", tmp_path / "out", "--steps", "alignment")
    assert done.returncode == 0, done.stderr
    assert "relative only" in done.stdout
    copies = list((tmp_path / "out").glob("*_flt.fits"))
    assert copies
    for copy in copies:
        assert "FIT_SVM" not in fits.getval(copy, "WCSNAME", ("SCI", 1))


@pytest.mark.parametrize("delay", [3.0, 5.0, 8.0])
def test_killed_run_resumes_to_the_same_products(
    delay, small_visit, tmp_path, finished, svm, checksums
):
    output = tmp_path / "out"
    words = ["run", str(small_visit / "visit.lst"), "-o", str(output)]
    words += ["--reference", str(small_visit / "gaia.ecsv")]
    process = subprocess.Popen(
        [sys.executable, "-m", "svmcore.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(delay + random.random())
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in output.glob("*.fits"):  # whatever is there is complete
        assert not path.name.startswith(".")
        with fits.open(path) as hdus:
            hdus.verify("exception")
    again = svm(*words)
    assert again.returncode == 0, again.stderr
    assert checksums(output) == checksums(finished)
    assert not [p for p in output.iterdir() if p.name.startswith(".") and p.is_file()]


def _one_error(done, *expected):
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for text in expected:
        assert text in lines[0]


def test_missing_visit(tmp_path, svm):
    done = svm("run", tmp_path / "absent.lst", "-o", tmp_path / "out")
    _one_error(done, "absent.lst")
    assert not (tmp_path / "out").exists()


def test_empty_list(tmp_path, svm):
    (tmp_path / "empty.lst").write_text("# nothing\n")
    _one_error(svm("run", tmp_path / "empty.lst", "-o", tmp_path / "o"), "empty.lst")


def test_malformed_poller_line(tmp_path, svm):
    (tmp_path / "bad.out").write_text("a_flt.fits,1,2\n")
    done = svm("run", tmp_path / "bad.out", "-o", tmp_path / "o")
    _one_error(done, "bad.out", "line 1", "3")


def test_missing_reference_file(small_visit, tmp_path, svm):
    done = svm(
        "run", small_visit, "-o", tmp_path / "o", "--reference", tmp_path / "no.ecsv"
    )
    _one_error(done, "no.ecsv")
    assert not list((tmp_path / "o").glob("*.fits"))


def test_unwritable_output(small_visit, tmp_path, svm):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = svm("run", small_visit, "-o", blocked / "out")
    _one_error(done, "output folder")


@pytest.fixture
def damaged_visit(small_visit, tmp_path):
    """A visit whose first exposure is cut short."""
    visit = tmp_path / "visit"
    shutil.copytree(small_visit, visit)
    victim = sorted(visit.glob("*_flt.fits"))[0]
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    return visit, victim.name


def test_truncated_exposure_stops_the_run(damaged_visit, tmp_path, svm):
    visit, name = damaged_visit
    done = svm("run", visit / "visit.lst", "-o", tmp_path / "o")
    _one_error(done, name, "--skip-faulty")
    assert not (tmp_path / "o").exists()


def test_truncated_exposure_is_left_out_on_demand(damaged_visit, tmp_path, svm):
    visit, name = damaged_visit
    words = ["run", visit / "visit.lst", "-o", tmp_path / "o", "--skip-faulty"]
    done = svm(*words, "--steps", "alignment")
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stdout
    assert name in done.stdout


@pytest.mark.parametrize("command", ["align", "drizzle"])
def test_other_commands_name_and_take_the_same_remedy(
    damaged_visit, tmp_path, svm, command
):
    visit, name = damaged_visit
    words = [command, visit / "visit.lst", "-o", tmp_path / "o"]
    _one_error(svm(*words), name, "--skip-faulty")
    done = svm(*words, "--skip-faulty", "--reference", tmp_path / "none.fits")
    _one_error(done, "none.fits: is neither a file nor a known catalog")


def test_a_failing_task_is_told_on_standard_error_alone(small_visit, tmp_path, svm):
    listed = small_visit / "visit.lst"  # no catalog: its suffix names no format
    words = ["align", small_visit, "-o", tmp_path / "o", "--workers", "1"]
    done = svm(*words, "--reference", listed)
    _one_error(done, "visit.lst: its format cannot be told from the suffix")


def test_unknown_parameter_is_refused_before_anything_runs(small_visit, tmp_path, svm):
    done = svm("run", small_visit, "-o", tmp_path / "o", "--set", "final_pixfrak=0.8")
    _one_error(done, "final_pixfrak", "final_pixfrac")
    assert not (tmp_path / "o").exists()
