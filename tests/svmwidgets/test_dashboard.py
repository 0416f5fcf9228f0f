"""The dashboard without a browser: wiring, budgets, leaks."""

import json

import ipywidgets
import numpy as np
import pytest
from astropy.wcs import WCS
from ipywidgets.widgets.widget import _instances

from svmcore.io.decisions import decisions_to_json
from svmwidgets import Dashboard
from svmwidgets.figures import Rail

LARGEST_MESSAGE = 10_000_000


@pytest.fixture
def wire(monkeypatch):
    """What would be sent to the browser: (widget, bytes)."""
    sent = []

    def send(self, message, buffers=None):
        size = sum(memoryview(part).nbytes for part in buffers or [])
        sent.append((self, size + len(str(message))))

    monkeypatch.setattr(ipywidgets.Widget, "_send", send)
    return sent


@pytest.fixture
def dashboard(small_visit, tmp_path):
    made = Dashboard(
        small_visit, output=tmp_path / "products", workers=1, state_folder=tmp_path
    )
    made.session.wait(60)
    return made


def states(dashboard):
    return {one["key"]: one["badge"]["status"] for one in dashboard.rail.steps}


def test_rail_tells_seven_steps_with_state_and_summary(dashboard):
    assert [one["name"] for one in dashboard.rail.steps] == [
        "Visit",
        "Filtering",
        "Products",
        "Parameters",
        "Alignment",
        "Drizzle",
        "Export",
    ]
    assert states(dashboard)["alignment"] == "ready"
    assert dashboard.rail.steps[1]["summary"] == "4 of 7 kept"


def test_rail_and_session_follow_each_other(dashboard):
    assert isinstance(dashboard.rail, Rail)
    for place, step in enumerate(dashboard.session.steps):
        dashboard.rail.set_state({"selected": step.name})
        assert dashboard.session.step == step.name
        assert dashboard.stack.selected_index == place
    dashboard.session.step = "filtering"
    assert dashboard.rail.selected == "filtering"


def test_empty_dashboard_says_how_to_begin(tmp_path):
    made = Dashboard(state_folder=tmp_path)
    assert set(states(made).values()) == {"todo"}
    panel = made.panels["inputs"]
    panel.path.value = str(tmp_path / "none.lst")
    made.session.wait(20)
    assert made.banner.layout.display is None
    assert "none.lst" in made.banner.text.value


def test_wrong_visit_is_shown_not_raised(tmp_path):
    made = Dashboard(tmp_path / "none.lst", state_folder=tmp_path)
    assert "none.lst" in made.banner.text.value
    assert "ERROR" not in made.banner.text.value


def test_visit_is_opened_from_the_browser_of_files(dashboard, small_visit):
    made = Dashboard()
    panel = made.panels["inputs"]
    panel.path.value = str(small_visit.parent)
    made.session.wait(30)
    panel.browse.value = True
    assert {"visit.lst"} <= {row["id"] for row in panel.browser.entries.rows}
    panel.browser._activate("visit.lst")
    made.session.wait(30)
    assert made.session.inputs.source == str(small_visit)


def test_toggle_asks_for_a_reason_and_then_rejects(dashboard):
    panel, session = dashboard.panels["filtering"], dashboard.session
    panel.table._receive(
        None,
        {"event": "change", "row": "idem01a0q", "column": "use", "value": False},
        [],
    )
    assert "Write a reason" in panel.pending.value
    assert session.filtering.verdict("idem01a0q").accepted
    panel.reason.value = "trailed"
    panel.reject.click()  # as who writes the reason and then presses the button
    assert session.banner is None
    assert not session.filtering.verdict("idem01a0q").accepted
    assert "WFC3/IR F110W</dt><dd>1 exposure," in panel.effect.value
    dashboard.undo_button.click()
    assert session.filtering.verdict("idem01a0q").accepted


def test_form_changes_reverts_and_shows_refusals(dashboard):
    panel, session = dashboard.panels["parameters"], dashboard.session
    session.step = "parameters"
    name = "astrodrizzle→final_pixfrac"

    def shown():
        return next(f for f in panel.form.fields if f["id"] == name)

    panel.form._receive(None, {"event": "change", "id": name, "text": "7"}, [])
    assert "expected" in shown()["error"]
    assert shown()["raw"] == "7"
    panel.form._receive(None, {"event": "change", "id": name, "text": "0.8"}, [])
    assert shown()["changed"]
    assert shown()["error"] == ""
    assert [row["tuned"] for row in panel.differences.rows] == ["0.8"]
    panel.form._receive(None, {"event": "revert", "id": name}, [])
    assert not shown()["changed"]
    assert session.decisions.parameters == ()


def test_export_asks_before_it_overwrites(dashboard, tmp_path):
    panel, session = dashboard.panels["export"], dashboard.session
    session.step = "export"
    for box in panel.kinds.values():
        box.value = True
    panel.write.click()
    written = tmp_path / "products" / "custom_parameters.json"
    first = written.read_bytes()
    panel.write.click()
    assert "Overwrite?" in panel.confirm.question.value
    written.write_text("precious")
    panel.confirm.leave.click()
    assert written.read_text() == "precious"
    panel.write.click()
    panel.confirm.overwrite.click()
    assert written.read_bytes() == first
    assert len(session.export.written) == 12


def test_exporting_twice_gives_equal_files_but_for_the_time(dashboard, tmp_path):
    panel = dashboard.panels["export"]
    dashboard.session.filtering.override(["idem01a0q"], accepted=False, reason="bad")
    for box in panel.kinds.values():
        box.value = True
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        panel.folder.value = str(folder)
        panel.write.click()
    names = sorted(path.name for path in folders[0].iterdir())
    assert len(names) == 6
    for name in names:
        texts = [(folder / name).read_text() for folder in folders]
        if name == "export_record.json":
            records = [json.loads(text) for text in texts]
            assert {type(record.pop("time")) for record in records} == {str}
            assert records[0] == records[1]
            assert records[0]["decisions"]["overrides"][0]["reason"] == "bad"
            assert len(records[0]["inputs"]) == 7
        else:
            assert texts[0] == texts[1]


def test_script_is_shown_where_it_is_exported(dashboard):
    dashboard.session.step = "export"
    panel = dashboard.panels["export"]
    assert panel.script.value == dashboard.session.script()
    assert panel.command.value.startswith("svm run ")


def test_messages_stay_small(dashboard, wire):
    session = dashboard.session
    session.filtering.override(["idem01a0q"], accepted=False, reason="trailed")
    for step in session.steps:
        session.step = step.name
        session.wait(60)
    assert max(size for _, size in wire) < LARGEST_MESSAGE


def test_decision_redraws_only_what_is_looked_at(dashboard, wire):
    """What a hidden step would show is drawn when it is gone to."""
    session = dashboard.session
    for step in session.steps:
        session.step = step.name
        session.wait(60)
    session.step = "filtering"
    session.wait(60)
    wire.clear()
    session.filtering.override(["idem01a0q"], accepted=False, reason="trailed")
    touched = {id(widget) for widget, _ in wire}
    hidden = ("products.tree", "parameters.form", "parameters.differences")
    assert not {id(dashboard.controls[name].widget) for name in hidden} & touched
    assert id(dashboard.controls["filtering.table"].widget) in touched


def test_decisions_leak_no_widgets(dashboard):
    session = dashboard.session
    session.filtering.override(["idem01a0q"], accepted=False, reason="first")
    session.undo()
    before = len(_instances)
    for number in range(5):
        session.filtering.override(["idem01a0q"], accepted=False, reason=f"{number}")
        session.undo()
    assert len(_instances) - before <= 5  # the depth map's frame, if anything


def test_no_widget_is_written_into_the_notebook_twice(dashboard):
    assert repr(dashboard) == "Dashboard(visit)"


def test_grid_of_the_products_is_drawn_with_its_shape_and_scale(dashboard):
    """The corners lie where the grid's own WCS puts them."""
    session = dashboard.session
    grid = session.products.grids["hst_16001_01_wfc3_ir_total_idem01"]
    for panel in (dashboard.panels["inputs"], dashboard.panels["products"]):
        session.step = panel.model.name
        session.wait(60)
        drawn = [o for o in panel.sky.outlines if o["kind"] == "product"]
        assert len(drawn) == 1
        header = {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRVAL1": grid.crval_deg[0],
            "CRVAL2": grid.crval_deg[1],
            "CRPIX1": grid.crpix[0],
            "CRPIX2": grid.crpix[1],
        }
        for i in (0, 1):
            for j in (0, 1):
                header[f"CD{i + 1}_{j + 1}"] = grid.cd_deg[i][j]
        ny, nx = grid.shape
        corners = [[-0.5, -0.5], [nx - 0.5, -0.5], [nx - 0.5, ny - 0.5]]
        expected = WCS(header).all_pix2world(corners, 0)
        # a millionth of an arcsecond: both are exact gnomonic projections
        np.testing.assert_allclose(drawn[0]["rings"][0][:3], expected, atol=3e-10)
        assert f"{nx} × {ny} pixels" in panel.sky.caption


FAULTS = {
    "inputs": ("svmwidgets.session.read_visit", "inputs.open_button"),
    "filtering": ("svmwidgets.session.decide", "filtering.reject"),
    "products": ("svmwidgets.models.products.footprints", ""),
    "parameters": (
        "svmwidgets.models.parameters.read_parameter_file",
        "Adopt its values",
    ),
    "alignment": ("svmwidgets.runs.make_plan", "Align"),
    "drizzling": ("svmwidgets.runs.make_plan", "Drizzle"),
    "export": ("svmwidgets.models.export.write_custom_file", "export.write"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_in_any_step_shows_red_badge_reason_and_traceback(
    dashboard, monkeypatch, name
):
    session, panel = dashboard.session, dashboard.panels[name]
    session.step = name
    session.wait(60)
    where, control = FAULTS[name]

    def broken(*_, **__):
        raise RuntimeError("the disk burns\nin two lines")

    with monkeypatch.context() as patch:
        patch.setattr(where, broken)
        if name == "filtering":
            panel.table.selected = ["idem01a0q"]
            panel.reason.value = "trailed"
        if name == "parameters":
            panel.files.file.value = "some.json"
        if name == "products":
            panel.tree.set_state({"selected": session.products.nodes[2].basename})
        elif "." in control:
            dashboard.press(control)
        else:
            buttons = [c for c in dashboard.controls if c.name.startswith(name)]
            words = {getattr(c.widget, "description", ""): c.name for c in buttons}
            dashboard.press(words[control])
        session.wait(60)
    found = next(one for one in dashboard.rail.steps if one["key"] == name)
    assert found["badge"]["status"] == "failed"
    assert found["badge"]["glyph"] == "✕"
    assert found["summary"] == "RuntimeError: the disk burns"
    assert "disk burns" in dashboard.banner.text.value
    assert any("Traceback" in line.detail for line in session.lines)
    # still usable: a decision is taken, and the badge stands for it again
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    assert session.filtering.override(kept[:1], accepted=False, reason="trailed")
    session.dismiss()
    session.wait(60)
    assert states(dashboard)[name] != "failed"


def test_parameters_are_saved_and_opened_in_both_forms(dashboard, tmp_path):
    session, panel = dashboard.session, dashboard.panels["parameters"].files
    session.step = "parameters"
    session.parameters.scope = "visit"
    session.parameters.change("astrodrizzle", "final_pixfrac", "0.7", reason="try")
    tuned = session.prepared.parameters
    for name in ("save_all", "save_changes"):
        path = tmp_path / f"{name}.json"
        panel.file.value = str(path)
        dashboard.press(f"parameters.files.{name}")
        assert path.is_file()
        path.write_text(path.read_text() + "\n")
        dashboard.press(f"parameters.files.{name}")
        assert "exists already" in panel.question.value
        kept = path.read_text()
        dashboard.press("parameters.files.leave")
        assert path.read_text() == kept
        dashboard.press(f"parameters.files.{name}")
        dashboard.press("parameters.files.overwrite")
        assert path.read_text() != kept
        session.parameters.revert_all()
        assert session.prepared.parameters != tuned
        dashboard.press("parameters.files.open_button")
        values = {n: p.section("astrodrizzle") for n, p in tuned.items()}
        assert values == {
            n: p.section("astrodrizzle") for n, p in session.prepared.parameters.items()
        }


def test_fifty_undos_give_the_same_bytes_back(dashboard):
    """Verdicts, parameters and alignment alike."""
    session = dashboard.session
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]

    def everything():
        decisions = decisions_to_json(session.decisions)
        return json.dumps([decisions, session.reference], sort_keys=True).encode()

    states = [everything()]
    for number in range(50):
        match number % 4:
            case 0:
                rejected = number % 8 == 0
                session.filtering.override(
                    kept[:1], accepted=not rejected, reason=f"reason {number}"
                )
            case 1:
                value = f"{0.5 + number / 1000}"
                session.parameters.change("astrodrizzle", "final_pixfrac", value)
            case 2:
                session.alignment.keep_apriori(kept[1], kept=number % 8 == 2)
            case _:
                session.choose_reference("none" if number % 8 == 3 else "GAIAeDR3")
        states.append(everything())
    assert len(set(states)) == 51
    for state in reversed(states[:-1]):
        dashboard.undo_button.click()
        assert everything() == state
    assert not session.undo_label
    for state in states[1:]:
        dashboard.redo_button.click()
        assert everything() == state
    assert session.banner is None


def test_session_brings_back_what_was_looked_at(dashboard, tmp_path):
    names = dashboard.session.parameters.products
    views = {
        "filtering.table.sort_key": "exptime",
        "filtering.table.is_descending": True,
        "filtering.table.selected": ["idem01a0q"],
        "inputs.table.text_filter": "f110w",
        "parameters.search": "pixfrac",
        "parameters.product": names[-1],
        "parameters.scope": "visit",
        "products.tree.selected": dashboard.session.products.nodes[-1].basename,
    }
    for name, value in views.items():
        dashboard.set(name, value)
    dashboard.session.step = "parameters"
    path = dashboard.session.save()
    again = Dashboard(path, workers=1, state_folder=tmp_path)
    again.session.wait(60)
    assert again.controls.values() == views
    assert again.session.step == "parameters"
    assert again.session.parameters.product == names[-1]
    assert again.session.products.selected == views["products.tree.selected"]
    told = [line.python for line in again.session.lines if line.python]
    assert len(told) == 1  # that of opening: looking again is no action


def test_view_that_no_longer_exists_is_passed_over(dashboard):
    gone = {"parameters.product": "no_such", "filtering.nothing": 1}
    assert dashboard.controls.restore(gone) == gone
    assert dashboard.session.banner is None


def test_steps_of_an_empty_dashboard_say_where_to_begin(tmp_path):
    made = Dashboard(state_folder=tmp_path)
    made.session.step = "products"
    assert made.stack.children[made.stack.selected_index] is made.nothing
    made.press("to_visit.go_to_visit")
    assert made.session.step == "inputs"
    assert made.stack.children[made.stack.selected_index] is made.panels["inputs"]


def test_recent_visits_are_offered_before_one_is_open(dashboard, tmp_path):
    made = Dashboard(state_folder=tmp_path)
    offered = [value for _, value in made.panels["inputs"].recent.options]
    assert dashboard.session.source in offered
    assert made.session.inputs.visit is None
