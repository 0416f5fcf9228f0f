"""One JupyterLab and one Chromium for all browser tests; a page per notebook.

Without a Chromium the tests skip, all for one reason that pytest prints in one
line; with ``SVM_REQUIRE_BROWSER=1`` they fail instead. A failing test leaves a
picture of its pages in ``test-results``.
"""

import importlib
import os
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
    """Let fixtures see whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


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


@pytest.fixture
def open_notebook(lab, chromium, request) -> Iterator[Callable]:
    """Open a notebook, given as a path or as code cells, and run it.

    After the test, its pages must have logged no error, asked no other host and
    shown no traceback; a test that provokes such clears the page's lists.
    """
    pages: list[labdriver.LabPage] = []

    def open_(
        source: Path | Sequence[str], *, is_run: bool = True, timeout_s: float = 120.0
    ) -> labdriver.LabPage:
        name = f"{request.node.name.replace('[', '-').rstrip(']')}-{len(pages)}.ipynb"
        if isinstance(source, Path):
            shutil.copy(source, lab.root / name)
        else:
            labdriver.write_notebook(lab.root / name, source)
        page = labdriver.LabPage(chromium, lab, name)
        pages.append(page)
        if is_run:
            page.run_all(timeout_s=timeout_s)
        return page

    yield open_
    has_failed = request.node.stash.get(FAILED, True)
    troubles = []
    for number, page in enumerate(pages):
        if has_failed:
            RESULTS.mkdir(exist_ok=True)
            picture = RESULTS / f"{request.node.name}-{number}.png"
            page.page.screenshot(path=picture)
        else:
            troubles += page.cell_errors()
        troubles += page.traffic.errors + page.traffic.off_host
        page.close()
    if has_failed:
        print("console, other hosts:", troubles[:10])  # noqa: T201 (for the report)
    else:
        assert not troubles
