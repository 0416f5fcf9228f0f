"""``svm lab`` as a new user meets it: the dashboard is there without a click."""

import re
import subprocess
import sys
import time

import labdriver
import pytest

from svmcore.simulation import VisitConfig, write_visit


@pytest.fixture
def lab_command(tmp_path):
    """A running ``svm lab`` on a tiny visit, and the address it prints."""
    write_visit(tmp_path / "visit", VisitConfig(chip_shape=(96, 96), exposures=1))
    log = tmp_path / "log"
    command = [sys.executable, "-m", "svmcore.cli", "lab", str(tmp_path / "visit")]
    command += ["--no-browser", "--port", str(labdriver.free_port())]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 120
        while not (found := re.search(r"http://127\S+token=\w+", log.read_text())):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
        yield process, found.group(0)
    finally:
        process.terminate()
        process.wait(20)


def test_dashboard_appears_by_itself(chromium, lab_command):
    _, address = lab_command
    page = chromium.new_page()
    traffic = labdriver.Traffic()
    traffic.watch(page)
    page.goto(address)
    page.get_by_text("Exposures", exact=True).first.wait_for()
    assert not traffic.off_host
    assert not traffic.errors
    page.close()


def test_ending_the_command_ends_the_server(lab_command):
    process, address = lab_command
    port = re.search(r":(\d+)/", address).group(1)
    process.terminate()
    process.wait(20)
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "list"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert f":{port}/" not in listed.stdout
