"""A small simulated visit, and sessions on it."""

from pathlib import Path

import ipywidgets
import pytest

from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit
from svmwidgets.jobs import Courier
from svmwidgets.session import Session


@pytest.fixture(scope="session")
def small_visit(tmp_path_factory) -> Path:
    """List file of a visit with 300 × 300 chips; never written to."""
    folder = tmp_path_factory.mktemp("visit")
    config = VisitConfig(exposures=2, chip_shape=(300, 300), density=900.0)
    return write_visit(folder, config).exposure_list


@pytest.fixture
def session(small_visit, tmp_path) -> Session:
    """A session on the small visit, nothing run."""
    opened = Session(workers=1, state_folder=tmp_path, courier=Courier())
    opened.open(small_visit, output=tmp_path / "products")
    opened.wait(60)
    return opened


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Keep the list of recent visits out of the user's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def closed_widgets():
    """Forget all widgets after each test."""
    yield
    ipywidgets.Widget.close_all()
