"""What all tests share: real data where it is, and an empty working folder."""

from pathlib import Path

import pytest
from hypothesis import settings
from small_exposures import exposure_with, write_exposure

__all__ = ["exposure_with", "write_exposure"]

# A busy machine must not fail a test for the time that an example takes.
settings.register_profile("steady", deadline=None, database=None)
settings.load_profile("steady")

# Run by the Python of drizzlepac, which the one that collects need not have.
collect_ignore = ["support/peer_drizzle.py"]

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real headers and exposures, kept beside the repository."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real exposures are not here (no ../shared/data beside the clone)")
    return folder


@pytest.fixture(autouse=True)
def _empty_working_folder(tmp_path_factory, monkeypatch):
    """Run every test in a folder that must stay empty."""
    folder = tmp_path_factory.mktemp("cwd")
    monkeypatch.chdir(folder)
    yield
    assert not list(folder.iterdir()), "a test wrote to the working folder"
