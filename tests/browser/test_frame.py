"""The frame of the dashboard: legible, inside its width, and never lost."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import labdriver
import pytest

from svmcore.simulation import VisitConfig, write_visit

LONG = 180_000
STEPS = (
    "inputs",
    "filtering",
    "products",
    "parameters",
    "alignment",
    "drizzling",
    "export",
)
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
CONTRAST = CONTRAST[CONTRAST.index("() =>") :]
# What sticks out of the dashboard to the right, apart from what scrolls.
OUTSIDE = """() => {
  const app = document.querySelector(".svm-app");
  const edge = app.getBoundingClientRect().right + 2;
  const scrolls = ".svm-scroll, .svm-tree-list, .svm-log-lines, .svm-unseen, .svm-tip";
  return [...app.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().width && !e.closest(scrolls))
    .filter((e) => e.getBoundingClientRect().right > edge)
    .map((e) => `${e.tagName} ${e.className}`);
}"""


@pytest.fixture(scope="module")
def visit(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("visit")
    config = VisitConfig(exposures=2, chip_shape=(200, 200), density=2000.0)
    return write_visit(folder, config).exposure_list


def cell(visit: Path, output: Path) -> list[str]:
    call = f"dashboard = Dashboard({str(visit)!r}, output={str(output)!r})"
    return [f"from svmwidgets import Dashboard\n{call}\ndashboard"]


def go(page, step: str) -> None:
    page.locator(f".svm-app .svm-step[data-key='{step}']").click()
    page.locator(f".svm-step[data-key='{step}'][aria-current='step']").wait_for()
    page.wait_for_function(
        "k => document.querySelector(`.svm-step[data-key='${k}']`)"
        ".getAttribute('aria-current') === 'step'",
        arg=step,
    )


@pytest.fixture(scope="module")
def shared(share_notebook, visit, tmp_path_factory):
    """The dashboard with a banner, an open log, and something aligned."""
    output = tmp_path_factory.mktemp("products")
    lab = share_notebook(cell(visit, output), timeout_s=180)
    lab.page.locator(".svm-step").first.wait_for(timeout=LONG)
    lab.kernel("dashboard.session.run('fit alignment', label='Align')")
    done = "print(dashboard.session.run_model.outcome)"
    lab.until(done, "ok", timeout_s=180)
    lab.kernel("dashboard.session.warn('A test', 'shows the banner', 'Look.')")
    lab.kernel("dashboard.set('log.is_open', True)")
    return lab


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_all_text_has_a_contrast_of_at_least_4_5(shared, theme):
    shared.set_theme(theme)
    for step in STEPS:
        go(shared.page, step)
        shared.page.wait_for_timeout(700)  # figures draw after the step shows
        found = shared.page.evaluate(CONTRAST)
        assert found["seen"] > 50
        assert found["poor"] == [], step


@pytest.mark.parametrize("width", [1000, 1400, 1900])
def test_nothing_leaves_the_dashboard_at_any_width(shared, width):
    page = shared.page
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 1000})
    try:
        for step in STEPS:
            go(page, step)
            page.wait_for_timeout(400)
            assert page.evaluate(OUTSIDE) == [], step
    finally:
        page.set_viewport_size(before)


def test_view_controls_write_their_line_into_the_log(shared):
    page = shared.page
    go(page, "filtering")
    page.locator(".svm-sort:visible", has_text="Exposure").first.click()
    line = "dashboard.set('filtering.table.sort_key', 'rootname')"
    page.locator(".svm-log-lines code", has_text=line).last.wait_for()
    go(page, "parameters")
    page.get_by_placeholder("Search all parameters").fill("pixfrac")
    line = "dashboard.set('parameters.search', 'pixfrac')"
    page.locator(".svm-log-lines code", has_text=line).last.wait_for()


def tab_to(page, locator, key: str = "Tab") -> None:
    """Press Tab until an element has the focus."""
    for _ in range(60):
        if locator.evaluate("e => document.activeElement === e"):
            return
        page.keyboard.press(key)
    pytest.fail("not reached by the keyboard")


def test_exposure_is_rejected_and_taken_back_by_keyboard_alone(shared):
    page, keyboard = shared.page, shared.page.keyboard
    count = "print(dashboard.session.filtering.summary)"
    before = shared.kernel(count)
    page.locator(".svm-step[aria-current='step']").focus()
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    page.locator(".svm-step[data-key='filtering'][aria-current='step']").wait_for()
    tab_to(page, page.get_by_placeholder("Why, for the records"))
    keyboard.type("trailed")
    rows = page.locator(".svm-scroll:visible tbody tr")
    tab_to(page, rows.locator("xpath=self::*[@tabindex='0']").first)
    keyboard.press("ArrowDown")
    page.locator("tr[aria-selected='true']:visible").first.wait_for()
    reject = page.get_by_role("button", name="Reject", exact=True)
    tab_to(page, reject.locator("visible=true").first, "Shift+Tab")
    keyboard.press("Enter")
    kept = int(before.split()[0])
    shared.until(count, before.replace(str(kept), str(kept - 1), 1))
    undo = page.get_by_role("button", name="Undo", exact=True)
    tab_to(page, undo.locator("visible=true").first, "Shift+Tab")
    keyboard.press("Space")
    shared.until(count, before)


TWO_HUNDRED = """
from svmwidgets.figures import Table, column
rows = [{"id": f"idem{k:05d}", "use": k % 7 > 0, "name": f"idem{k:05d}",
         "time": 353.0 + k} for k in range(200)]
columns = [column("use", "Use", "toggle"), column("name", "Exposure", "code"),
           column("time", "Time", "number", digits=1, unit="s")]
table = Table(columns, rows, height="400px")
table
"""


def test_two_hundred_rows_scroll_under_their_header_and_sort(open_notebook):
    page = open_notebook([TWO_HUNDRED]).page
    page.locator("tr[data-row='idem00000']").wait_for(timeout=LONG)
    page.locator("tr[data-row='idem00150']").scroll_into_view_if_needed()
    scroller = page.locator(".svm-scroll")
    assert scroller.evaluate("e => e.scrollTop") > 1000
    head = page.locator(".svm-table thead th").first
    top = "e => e.getBoundingClientRect().top"
    assert abs(head.evaluate(top) - scroller.evaluate(top)) < 3
    for _ in range(2):
        page.locator(".svm-sort", has_text="Time").click()
    page.locator("tbody tr:first-child[data-row='idem00199']").wait_for()


def test_kernel_killed_in_a_run_comes_back_with_every_decision(
    open_notebook, visit, tmp_path
):
    lab = open_notebook(cell(visit, tmp_path / "products"), timeout_s=180)
    page = lab.page
    page.locator(".svm-step").first.wait_for(timeout=LONG)
    lab.kernel(
        "s = dashboard.session; s.parameters.scope = 'visit'\n"
        "s.parameters.change('astrodrizzle', 'final_pixfrac', '0.7')\n"
        "kept = [v.rootname for v in s.prepared.verdicts if v.accepted]\n"
        "s.filtering.override(kept[:1], accepted=False, reason='trailed')"
    )
    go(page, "drizzling")
    before = json.loads(
        lab.kernel("import json; print(json.dumps(s.to_dict()))"),
    )
    page.wait_for_timeout(600)  # saved 0.05 s after the last decision
    page.get_by_role("button", name="Run everything").locator("visible=true").click()
    page.locator(".svm-step[data-key='drizzling'][data-status='running']").wait_for()
    process = lab.kernel("import os; print(os.getpid())")
    page.wait_for_timeout(1500)
    subprocess.run(["kill", "-9", process], check=True)
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.svm-app'), '::after')"
        ".content.includes('kernel is gone')",
        timeout=LONG,
    )
    lab.traffic.errors.clear()  # Jupyter reports the lost kernel
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click(timeout=LONG)
    lab.run_all(timeout_s=180)
    page.locator(".svm-step[data-key='drizzling'][aria-current='step']").wait_for(
        timeout=LONG
    )
    after = json.loads(
        lab.kernel("import json; print(json.dumps(dashboard.session.to_dict()))")
    )
    assert after == before
    page.get_by_role("button", name="Run everything").locator("visible=true").click()
    done = "print(dashboard.session.run_model.outcome)"
    lab.until(done, "ok", timeout_s=180)
    lab.traffic.errors.clear()


@pytest.fixture
def app_address(visit, tmp_path):
    """Address of a running ``svm app``."""
    log = tmp_path / "log"
    port = labdriver.free_port()
    command = [sys.executable, "-m", "svmcore.cli", "app", str(visit)]
    command += ["--output", str(tmp_path / "products"), "--no-browser"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + 120
        while not re.search(r"is running at|Voilà is running", log.read_text()):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def test_works_without_a_notebook(chromium, app_address):
    page = chromium.new_page()
    traffic = labdriver.Traffic()
    traffic.watch(page)
    page.goto(app_address)
    page.locator(".svm-step").first.wait_for(timeout=LONG)
    page.locator(".svm-app", has_text="7 exposures").wait_for(timeout=LONG)
    for step in STEPS:
        go(page, step)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(CONTRAST)["poor"] == []
    assert traffic.errors == []
    assert traffic.off_host == []
    page.close()
