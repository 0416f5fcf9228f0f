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
    card.second.value = card.first.value
    assert card.table.rows == []
    digest = card.first.value
    dashboard.press("export.comparison.forget")
    assert digest not in {run.digest for run in kept_runs(output)}
