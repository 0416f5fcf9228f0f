"""The dashboard as a new user meets it: a small visit, from list to export."""

import json
import re
from pathlib import Path

import pytest

from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

LONG = 180_000  # a busy machine needs patience, not a failing test [ms]


@pytest.fixture(scope="module")
def visit(tmp_path_factory) -> Path:
    """List file of a visit with 400 × 400 chips."""
    folder = tmp_path_factory.mktemp("visit")
    config = VisitConfig(exposures=2, chip_shape=(400, 400), density=700.0)
    return write_visit(folder, config).exposure_list


def cells(visit: Path, output: Path) -> list[str]:
    call = f"dashboard = Dashboard({str(visit)!r}, output={str(output)!r})"
    return [f"from svmwidgets import Dashboard\n{call}\ndashboard"]


class Walk:
    """What a user sees and presses."""

    def __init__(self, lab) -> None:
        self.lab, self.page = lab, lab.page
        self.app = lab.page.locator(".svm-app")
        self.app.locator(".svm-step").first.wait_for(timeout=LONG)

    def go(self, step: str) -> None:
        self.app.locator(".svm-step", has_text=step).click()
        self.app.locator(".svm-step[aria-current='step']", has_text=step).wait_for()

    def state(self, step: str) -> str:
        return self.app.locator(".svm-step", has_text=step).inner_text()

    def await_state(self, step: str, text: str) -> None:
        pattern = re.compile(text)
        self.app.locator(".svm-step", has_text=step).filter(has_text=pattern).wait_for(
            timeout=LONG
        )

    def button(self, name: str):
        buttons = self.page.get_by_role("button", name=name, exact=True)
        return buttons.locator("visible=true").first

    def row(self, text: str):
        return self.app.locator("tr:visible", has_text=text).first

    def decisions(self) -> dict:
        code = "import json; print(json.dumps(dashboard.session.to_dict()))"
        return json.loads(self.lab.kernel(code))

    def find_parameter(self, name: str):
        """Search for a parameter and return its input."""
        self.page.get_by_placeholder("Search all parameters").fill(name)
        self.app.locator(".svm-form-heading:visible", has_text=" · ").first.wait_for()
        return self.app.locator(".svm-field:visible", has_text=name).locator("input")

    def used_matches(self) -> int:
        text = self.app.locator(".svm-count-line:visible").inner_text()
        return int(re.search(r"(\d+) of \d+ shown", text).group(1))


@pytest.fixture
def walk(open_notebook, visit, tmp_path):
    """The dashboard on the visit, nothing run yet."""
    return Walk(open_notebook(cells(visit, tmp_path / "products"), timeout_s=180))


def test_walks_from_the_list_to_exported_parameters(walk, tmp_path):
    page, app = walk.page, walk.app
    assert "7 exposures" in walk.state("Visit")

    walk.go("Filtering")
    row = walk.row("a0q")
    row.get_by_role("checkbox").click()
    app.get_by_text("Write a reason").wait_for()
    reason = page.get_by_placeholder("Why, for the records")
    reason.fill("trailed")
    reason.press("Tab")
    walk.button("Reject").click()
    walk.await_state("Filtering", "3 of 7 kept")
    walk.button("Undo").click()
    walk.await_state("Filtering", "4 of 7 kept")

    walk.go("Products")
    app.get_by_text("hst_16001_01_wfc3_ir_total_idem01").first.wait_for()

    walk.go("Parameters")
    field = walk.find_parameter("final_pixfrac")
    field.fill("7")
    field.press("Enter")
    app.locator(".svm-field-error:visible").wait_for()
    assert walk.decisions()["position"] == 0
    field.fill("0.8")
    field.press("Enter")
    app.locator(".svm-field-changed", has_text="final_pixfrac").wait_for()
    walk.await_state("Parameters", "1 change")

    walk.go("Alignment")
    walk.button("Align").click()
    walk.await_state("Alignment", r"GAIAeDR3, rms")
    walk.button("Reject selected").wait_for()
    walk.button("Offsets").wait_for(timeout=LONG)  # the last part that moves things
    before = walk.used_matches()
    plot = app.locator(".svm-plot:visible").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()

    def at(u, v):
        return box["x"] + u * box["width"], box["y"] + v * box["height"]

    walk.lab.drag([at(0.55, 0.1), at(0.97, 0.1), at(0.97, 0.8), at(0.55, 0.8)])
    app.locator(".svm-count-line:visible", has_text="selected").wait_for(timeout=LONG)
    walk.button("Reject selected").click()
    page.wait_for_function(
        "n => { const t = [...document.querySelectorAll('.svm-count-line')]"
        ".map(e => e.innerText).join(); const m = t.match(/(\\d+) of \\d+ shown/);"
        " return m && Number(m[1]) < n; }",
        arg=before,
        timeout=LONG,
    )
    walk.button("Undo").click()
    page.wait_for_function(
        "n => document.body.innerText.includes(`${n} of`)", arg=before, timeout=LONG
    )

    walk.go("Drizzle")
    walk.button("Drizzle").click()
    walk.await_state("Drizzle", r"7 products")
    app.get_by_text("NPIXFRAC").wait_for(timeout=LONG)
    decided = walk.decisions()
    walk.button("Try on a cutout").click()
    bars = app.locator(".svm-histogram .bqplot .bar:visible")
    bars.first.wait_for(timeout=LONG)
    names = app.locator(".svm-frame-name:visible").all_inner_texts()
    assert names[-2:] == ["present", "trial"]
    trial = app.locator(".svm-field:visible", has_text="final_pixfrac").locator("input")
    trial.fill("0.5")
    trial.press("Enter")
    walk.button("Adopt these values").wait_for()
    page.wait_for_function(
        "() => !document.querySelector('.svm-app').innerText.includes('Drizzling the')",
        timeout=LONG,
    )
    assert walk.decisions() == decided  # a trial decides nothing

    walk.go("Export")
    walk.button("Write files").click()
    app.get_by_text("Written to").wait_for(timeout=LONG)
    exported = tmp_path / "products" / "custom_parameters.json"
    written = json.loads(exported.read_text())
    total = written["hst_16001_01_wfc3_ir_total_idem01"]
    assert total["default_values"]["astrodrizzle"]["final_pixfrac"] == 0.8
    walk.button("Write files").click()
    app.get_by_text("exist already").wait_for()
    walk.button("Leave them").click()
    app.get_by_text("Nothing was written").wait_for()
    assert walk.lab.kernel("print(dashboard.session.banner)") == "None"


def test_cancel_stops_a_run_and_a_second_run_finishes(walk):
    walk.go("Drizzle")
    walk.button("Run everything").click()
    walk.await_state("Drizzle", "running")
    cancel = walk.button("Cancel")
    cancel.wait_for()
    walk.page.wait_for_timeout(1500)
    cancel.click()
    walk.app.get_by_text("cancelled after").first.wait_for(timeout=LONG)
    walk.button("Drizzle").click()
    walk.await_state("Drizzle", "7 products")


def test_survives_a_reload_of_the_page_and_a_new_kernel(walk, visit, tmp_path):
    walk.go("Parameters")
    field = walk.find_parameter("final_pixfrac")
    field.fill("0.9")
    field.press("Enter")
    walk.await_state("Parameters", "1 change")
    walk.lab.reload()
    again = Walk(walk.lab)
    again.await_state("Parameters", "1 change")
    assert (
        again.app.locator(".svm-step[aria-current='step']").inner_text().startswith("4")
    )
    again.lab.restart_kernel()
    again.lab.run_all(timeout_s=180)
    resumed = Walk(again.lab)
    resumed.await_state("Parameters", "1 change")
    assert resumed.decisions()["actions"][0]["label"].startswith("final_pixfrac")
    resumed.lab.traffic.errors.clear()


def test_a_dead_kernel_is_told_once(walk):
    walk.lab.restart_kernel()
    gone = "e => getComputedStyle(e, '::after').content"
    walk.page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.svm-app'), '::after')"
        ".content.includes('kernel is gone')",
        timeout=LONG,
    )
    inner = walk.app.locator(".svm-widget:visible")
    assert {inner.nth(k).evaluate(gone) for k in range(inner.count())} == {"none"}


def test_steps_are_reached_by_keyboard_alone(walk):
    walk.app.locator(".svm-step[aria-current='step']").focus()
    for name in ("Filtering", "Products", "Parameters"):
        walk.page.keyboard.press("ArrowRight")
        current = walk.app.locator(".svm-step[aria-current='step']", has_text=name)
        current.wait_for()
    search = walk.page.get_by_placeholder("Search all parameters")
    for _ in range(40):
        walk.page.keyboard.press("Tab")
        if search.evaluate("e => document.activeElement === e"):
            break
    else:
        pytest.fail("the search is not reached by Tab")
    walk.page.keyboard.type("final_pixfrac")
    walk.app.locator(".svm-form-heading:visible", has_text=" · ").first.wait_for()
    field = walk.app.locator(".svm-field:visible", has_text="final_pixfrac")
    for _ in range(10):
        walk.page.keyboard.press("Tab")
        if field.locator("input").evaluate("e => document.activeElement === e"):
            break
    walk.page.keyboard.press("Control+a")
    walk.page.keyboard.type("0.7")
    walk.page.keyboard.press("Enter")
    walk.await_state("Parameters", "1 change")
