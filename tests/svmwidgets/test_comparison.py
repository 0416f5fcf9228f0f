"""Finished runs are kept, and two of them are compared in numbers and images."""

import numpy as np
import pytest
from astropy.io import fits

from svmcore.simulation import VisitConfig, write_visit
from svmwidgets import Dashboard
from svmwidgets.jobs import Courier
from svmwidgets.kept import kept_runs, sky_noise
from svmwidgets.session import Session


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("visit")
    config = VisitConfig(
        exposures=2, chip_shape=(160, 160), density=2500.0, has_rejected=False
    )
    return write_visit(folder, config).exposure_list


@pytest.fixture(scope="module")
def output(visit, tmp_path_factory):
    """Products of two runs that differ in the size of the drops."""
    output = tmp_path_factory.mktemp("output")
    session = Session(workers=1, state_folder=output, courier=Courier())
    session.open(visit, output=output)
    session.run("drizzle product", label="Drizzle", wait=True)
    session.parameters.scope = "visit"
    session.parameters.change("astrodrizzle", "final_pixfrac", "0.5")
    session.run("drizzle product", label="Drizzle", wait=True)
    session.wait(60)
    assert session.banner is None
    return output


@pytest.fixture
def session(visit, output, tmp_path):
    opened = Session(workers=1, state_folder=tmp_path, courier=Courier())
    opened.open(visit, output=output)
    opened.wait(60)
    return opened


def test_two_runs_differ_in_what_was_changed(session):
    model = session.comparison
    assert len(model.runs) == 2
    found = {row.name: (row.first, row.second) for row in model.rows}
    assert found["astrodrizzle → final_pixfrac"] == ("1.0", "0.5")
    assert found["weight, rms / median"][0] != found["weight, rms / median"][1]
    assert "size [pixel]" not in found  # equal in both


def test_everything_is_listed_on_demand(session):
    model = session.comparison
    model.only_different = False
    names = {row.name for row in model.rows}
    assert {"size [pixel]", "rms to the catalog [mas]", "exposures"} <= names
    assert "alignment → general.MIN_FIT_MATCHES" in names


def test_images_of_both_runs_stay(session, output):
    first, second = session.comparison.images
    pixels = [fits.getdata(path, "SCI") for path in (first, second)]
    assert pixels[0].shape == pixels[1].shape
    assert not np.array_equal(*pixels)
    product = session.comparison.products[0]
    np.testing.assert_array_equal(pixels[1], fits.getdata(output / product.file, "SCI"))


def test_noise_is_that_of_the_sky_not_of_the_stars():
    rng = np.random.default_rng(4)
    pixels = rng.normal(10.0, 2.0, 100_000)
    pixels[:3000] += rng.exponential(500.0, 3000)
    # 2e5 pixels give 0.5 per cent; 3 per cent of stars move the median by 0.08
    assert sky_noise(pixels) == pytest.approx(2.0, rel=0.05)
    assert sky_noise(pixels[:0]) == 0.0


def test_equal_run_is_kept_once(session, output):
    before = [run.digest for run in kept_runs(output)]
    session.run("drizzle product", label="Drizzle", wait=True)
    session.wait(60)
    assert sorted(run.digest for run in kept_runs(output)) == sorted(before)


def test_torn_record_is_passed_over(session, output, tmp_path):
    record = next((output / ".svm" / "runs").glob("*/run.json"))
    text = record.read_text()
    try:
        record.write_text(text[:100])
        assert len(kept_runs(output)) == 1
    finally:
        record.write_text(text)


def test_card_shows_two_columns_and_two_images(visit, output, tmp_path):
    dashboard = Dashboard(visit, output=output, workers=1, state_folder=tmp_path)
    dashboard.session.wait(60)
    dashboard.session.step = "export"
    dashboard.session.wait(60)
    card = dashboard.panels["export"].comparison
    assert dashboard.session.banner is None
    names = {row["name"]: row["mark"]["text"] for row in card.table.rows}
    assert names["astrodrizzle → final_pixfrac"] == "differs"
    left, right = card.viewers.values()
    assert left.link == right.link != ""
    assert len(left.frames) == len(right.frames) == 1
    dashboard.set("export.comparison.difference", value=True)
    dashboard.session.wait(60)
    assert [frame.name for frame in right.frames][1:] == ["second − first"]
    paths = [repr(str(path)) for path in dashboard.session.comparison.images]
    told = dashboard.session.lines[-1].python
    assert told.endswith(f"subtract_mosaics({paths[1]}, {paths[0]})")
    dashboard.set("export.comparison.difference", value=False)
    dashboard.session.wait(60)
    assert len(right.frames) == 1
    card.second.value = card.first.value
    assert card.table.rows == []
    digest = card.first.value
    dashboard.press("export.comparison.forget")
    assert digest not in {run.digest for run in kept_runs(output)}


def test_two_products_are_blinked_with_their_difference(visit, output, tmp_path):
    dashboard = Dashboard(visit, output=output, workers=1, state_folder=tmp_path)
    session, panel = dashboard.session, dashboard.panels["drizzling"]
    session.wait(60)
    session.step = "drizzling"
    session.wait(60)
    names = [state.basename for state in session.drizzling.products]
    assert panel.difference.layout.display == "none"  # of what, without a second?
    dashboard.set("drizzling.beside", names[1])
    session.wait(60)
    assert len(panel.second.frames) == 1
    dashboard.set("drizzling.difference", value=True)
    session.wait(60)
    assert session.banner is None
    _, difference = panel.second.frames
    assert difference.name.endswith(session.drizzling.products[0].label)
    assert panel.second.frame == 1
    paths = [session.drizzling.path(name) for name in names[:2]]
    planes = [fits.getdata(path, "SCI").astype("f8") for path in reversed(paths)]
    expected = planes[0] - planes[1]
    shown = np.frombuffer(difference.pixels, "<f4").reshape(difference.shape)
    # What is nan in a product without data may be 0 or nan in the file.
    seen = np.isfinite(shown)
    assert seen.mean() > 0.3
    np.testing.assert_allclose(shown[seen], expected[seen], rtol=1e-5, atol=1e-5)
    dashboard.set("drizzling.plane", "WHT")
    session.wait(60)
    assert len(panel.second.frames) == 1
