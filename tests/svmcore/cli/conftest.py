"""A small visit through the command line."""

import hashlib
import subprocess
import sys

import pytest

from svmcore.simulation import VisitConfig, write_visit


@pytest.fixture(scope="session")
def small_visit(tmp_path_factory):
    """Two filters of two exposures each on small chips, with its catalog."""
    folder = tmp_path_factory.mktemp("visit") / "small"
    write_visit(
        folder, VisitConfig(seed=5, chip_shape=(320, 320), exposures=2, density=800.0)
    )
    return folder


@pytest.fixture
def svm():
    """Run the ``svm`` command in a process of its own."""

    def call(*words, timeout=300):
        return subprocess.run(
            [sys.executable, "-m", "svmcore.cli", *map(str, words)],
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return call


@pytest.fixture
def checksums():
    """Digest of every file of a folder, by name."""

    def of(folder, pattern="*"):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.glob(pattern))
            if path.is_file()
        }

    return of
