"""One JupyterLab and one Chromium for all browser tests; a page per notebook.

Without a Chromium the tests skip, all for one reason that pytest prints in one
line; with ``SVM_REQUIRE_BROWSER=1`` they fail instead. A failing test leaves a
picture of its pages in ``test-results``.
"""

import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
labdriver = importlib.import_module("labdriver")

NO_CHROMIUM = (
    "no Chromium found: install it (Debian: apt install chromium) "
    "or name one in CHROMIUM"
)
RESULTS = Path(__file__).parents[2] / "test-results"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures see whether the test failed; tell of no Chromium once."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    if report.skipped and NO_CHROMIUM in str(report.longrepr):
        report.longrepr = (str(Path(__file__)), 1, f"Skipped: {NO_CHROMIUM}")
    return report


FAILED = pytest.StashKey[bool]()
SHARED = pytest.StashKey["Opener"]()


# Of the package, not the session: while Playwright runs, nothing else in this
# process can use an event loop, and the notebook tests need one.
@pytest.fixture(scope="package")
def chromium() -> Iterator[object]:
    """Chromium, or a skip."""
    executable = labdriver.find_chromium()
    if executable is None:
        if os.environ.get("SVM_REQUIRE_BROWSER") == "1":
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)
    with labdriver.chromium(executable) as context:
        yield context


@pytest.fixture(scope="package")
def lab(chromium, tmp_path_factory) -> Iterator[object]:
    """JupyterLab on an empty folder."""
    with labdriver.lab_server(tmp_path_factory.mktemp("lab")) as server:
        yield server


class Opener:
    """Opens notebooks and, at the end, looks what went wrong on their pages."""

    def __init__(self, lab, chromium, name: str) -> None:
        self.lab, self.chromium, self.name = lab, chromium, name
        self.pages: list = []

    def __call__(
        self, source: Path | Sequence[str], *, is_run: bool = True, timeout_s=180.0
    ):
        """Open a notebook, given as a path or as code cells, and run it."""
        stem = re.sub(r"[^\w-]+", "-", self.name).strip("-")
        name = f"{stem}-{len(self.pages)}.ipynb"
        if isinstance(source, Path):
            shutil.copy(source, self.lab.root / name)
        else:
            labdriver.write_notebook(self.lab.root / name, source)
        page = labdriver.LabPage(self.chromium, self.lab, name)
        self.pages.append(page)
        if is_run:
            page.run_all(timeout_s=timeout_s)
        return page

    def picture(self, name: str) -> None:
        """Keep a picture of every page."""
        RESULTS.mkdir(exist_ok=True)
        stem = re.sub(r"[^\w-]+", "-", name).strip("-")
        for number, page in enumerate(self.pages):
            page.page.screenshot(path=RESULTS / f"{stem}-{number}.png")

    def close(self) -> list[str]:
        """Close the pages; return errors, requests elsewhere, tracebacks."""
        troubles: list[str] = []
        for page in self.pages:
            troubles += page.traffic.errors + page.traffic.off_host
            troubles += page.cell_errors()
            page.close()
        return troubles


@pytest.fixture
def open_notebook(lab, chromium, request) -> Iterator[Callable]:
    """Open notebooks for one test.

    After it, their pages must have logged no error, asked no other host and
    shown no traceback.
    """
    opener = Opener(lab, chromium, request.node.name)
    yield opener
    has_failed = request.node.stash.get(FAILED, True)
    if has_failed:
        opener.picture(request.node.name)
    troubles = opener.close()
    assert has_failed or not troubles, troubles


@pytest.fixture(scope="module")
def share_notebook(lab, chromium, request) -> Iterator[Callable]:
    """Open notebooks that all tests of a module use: a page takes seconds."""
    opener = Opener(lab, chromium, request.node.name)
    request.node.stash[SHARED] = opener
    yield opener
    troubles = opener.close()
    assert not troubles, troubles


@pytest.fixture(autouse=True)
def _picture_of_failure(request) -> Iterator[None]:
    """Keep a picture of the shared pages when a test fails."""
    yield
    module = request.node.getparent(pytest.Module)
    opener = module.stash.get(SHARED, None)
    if opener is not None and request.node.stash.get(FAILED, False):
        opener.picture(request.node.name)
