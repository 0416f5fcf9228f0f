"""Drive a real JupyterLab, or Voila, in the system's Chromium.

The server gets folders of its own for settings, data and workspaces, so that
nothing of the user's set-up changes what is tested. A page records console
errors, failed requests, requests to other hosts, and the bytes on its
websockets.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import BrowserContext, Page, sync_playwright

TOKEN = "browser-tests"
# How long to wait for anything: tests share a machine with others, and none of them
# is about speed.
PATIENCE_MS = 180_000
LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")

CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)

# News, update checks and autosave would change pages under the test; windowed
# notebooks detach the cells that are not in view.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


def find_chromium() -> str | None:
    """Return the Chromium to use: the variable CHROMIUM, or one on the path."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return next((path for path in found if path), None)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running server: where it listens and what files it shows."""

    url: str
    root: Path
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def _running(
    command: Sequence[str], root: Path, log: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, cwd=root, env=os.environ | environment
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _await(
    ready: Any, process: subprocess.Popen[bytes], log: Path, timeout_s: float
) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended early:\n{log.read_text()[-2000:]}")
        if ready():
            return
        time.sleep(0.1)
    raise TimeoutError(f"the server is not up:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def lab_server(
    root: Path, *, timeout_s: float = PATIENCE_MS / 1000
) -> Iterator[Server]:
    """Run JupyterLab on a folder, with no user settings."""
    home = Path(tempfile.mkdtemp(prefix="lab-"))
    for plugin, values in LAB_SETTINGS.items():
        path = home / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}"),
        *(f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True"),
    ]
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {key: str(home / name) for key, name in folders.items()}
    url = f"http://127.0.0.1:{port}"

    def is_up() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    try:
        with _running(command, root, home / "log", **environment) as process:
            _await(is_up, process, home / "log", timeout_s)
            yield Server(url, root, process, home / "log")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def voila_server(
    notebook: Path, *, timeout_s: float = PATIENCE_MS / 1000
) -> Iterator[Server]:
    """Run Voila on a notebook."""
    port = free_port()
    log = notebook.with_suffix(".voila.log")
    command = [
        *(sys.executable, "-m", "voila", str(notebook), "--no-browser"),
        *(f"--port={port}", "--Voila.ip=127.0.0.1"),
    ]

    def is_up() -> bool:  # a GET would run the notebook: only knock
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 1),
        ):
            return True
        return False

    with _running(command, notebook.parent, log) as process:
        _await(is_up, process, log, timeout_s)
        yield Server(f"http://127.0.0.1:{port}", notebook.parent, process, log)


@contextlib.contextmanager
def chromium(
    executable: str, *, width: int = 1400, height: int = 1000
) -> Iterator[BrowserContext]:
    """Run Chromium without a window, with a profile of its own."""
    profile = tempfile.mkdtemp(prefix="chromium-")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            headless=True,
            args=list(CHROMIUM_FLAGS),
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context
        finally:
            context.close()
            shutil.rmtree(profile, ignore_errors=True)


# What JupyterLab's own parts log on a busy machine: the debugger if the kernel goes
# while it asks it for its state; the widget manager if a widget closes while it asks
# the kernel for the state of all. (The dashboard's own requests for a widget would
# fail uncaught, and that counts.)
_JUPYTERS_OWN = (
    "Could not restore the debugger state",
    "Error: widget model not found",
)


@dataclass
class Traffic:
    """What a page did since it was opened."""

    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    off_host: list[str] = field(default_factory=list)
    received_bytes: int = 0
    sent_bytes: int = 0
    largest_received: int = 0

    def watch(self, page: Page) -> None:
        """Start recording; call before the page loads."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self.failed.append(request.url))
        page.on("request", lambda request: self._request(request.url))
        page.on("websocket", self._socket)

    def _console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(_JUPYTERS_OWN):
            where = message.location
            self.errors.append(
                f"{message.text[:600]} [logged at {where['url']}:{where['lineNumber']}"
                f":{where['columnNumber']}]"
            )

    def _request(self, url: str) -> None:
        if not url.startswith(LOCAL):
            self.off_host.append(url)

    def _socket(self, socket_: Any) -> None:
        socket_.on("framereceived", self._received)
        socket_.on("framesent", self._sent)

    def _received(self, frame: str | bytes) -> None:
        self.received_bytes += len(frame)
        self.largest_received = max(self.largest_received, len(frame))

    def _sent(self, frame: str | bytes) -> None:
        self.sent_bytes += len(frame)


_WIDGET = "window.jupyterapp.shell.currentWidget"
_OPENED = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext"
_READY = f"""async () => {{
    const widget = {_WIDGET};
    await window.jupyterapp.restored;
    await widget.context.ready;
    await widget.sessionContext.ready;
    // Jupyter's widget manager meets the kernel at this moment, too. What a cell
    // shows before they know each other can be lost: let the kernel answer first.
    const kernel = widget.sessionContext.session.kernel;
    for (let k = 0; k < 2; k++)
        await kernel.requestExecute({{ code: "", silent: true }}).done;
    await kernel.requestCommInfo({{ target_name: "jupyter.widget" }});
}}"""
_IDLE = f"""() => {{
    const widget = {_WIDGET};
    const kernel = widget.sessionContext.session?.kernel;
    const cells = widget.content.widgets.filter(
        (c) => c.model.type === "code" && c.model.sharedModel.source.trim());
    const isDone = (c) => c.model.executionCount !== null
        && !c.node.querySelector(".jp-InputPrompt").textContent.includes("*");
    return kernel && kernel.status === "idle" && cells.every(isDone);
}}"""
_EXECUTE = f"""async (code) => {{
    const kernel = {_WIDGET}.sessionContext.session.kernel;
    const future = kernel.requestExecute(
        {{ code, store_history: false, stop_on_error: false }});
    let out = "";
    let error = null;
    future.onIOPub = ({{ header, content }}) => {{
        if (header.msg_type === "stream") out += content.text;
        if (header.msg_type === "error")
            error = content.ename + ": " + content.evalue;
    }};
    await future.done;
    return {{ out, error }};
}}"""


class LabPage:
    """A notebook open in JupyterLab, alone on the page."""

    def __init__(self, context: BrowserContext, server: Server, path: str) -> None:
        self.page = context.new_page()
        self.traffic = Traffic()
        self.traffic.watch(self.page)
        self.page.goto(f"{server.url}/doc/tree/{path}?token={TOKEN}&reset")
        self._await_session()

    def _await_session(self) -> None:
        self.page.wait_for_function(_OPENED, timeout=PATIENCE_MS)
        self.page.evaluate(_READY)

    def run_all(self, *, timeout_s: float = PATIENCE_MS / 1000) -> None:
        """Run all cells and wait until the kernel is idle."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(_IDLE, timeout=timeout_s * 1000)

    def command(self, name: str, **arguments: Any) -> None:
        """Execute a command of JupyterLab."""
        self.page.evaluate(
            "([name, args]) => "
            "window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def kernel(self, code: str) -> str:
        """Run code in the page's kernel; return what it prints."""
        reply = self.page.evaluate(_EXECUTE, code)
        if reply["error"]:
            raise RuntimeError(reply["error"])
        return str(reply["out"]).strip()

    def until(
        self, code: str, wanted: str, *, timeout_s: float = PATIENCE_MS / 1000
    ) -> None:
        """Run code in the kernel until it prints what is wanted."""
        end = time.monotonic() + timeout_s
        found = self.kernel(code)
        while found != wanted:
            assert time.monotonic() < end, f"{code} printed {found}, not {wanted}"
            time.sleep(0.1)
            found = self.kernel(code)

    def set_theme(self, name: str) -> None:
        """Use a theme, for example ``JupyterLab Dark``."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function(
            "(name) => document.body.dataset.jpThemeName === name", arg=name
        )

    def restart_kernel(self) -> None:
        """Restart the kernel without asking."""
        self.page.evaluate(f"() => {_WIDGET}.sessionContext.restartKernel()")

    def reload(self) -> None:
        """Save the notebook and reload the page."""
        self.command("docmanager:save")
        self.page.reload()
        self._await_session()

    def cell_errors(self) -> list[str]:
        """Return the tracebacks and standard-error texts of the cells."""
        kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
        where = ", ".join(
            f'.jp-OutputArea-output [data-mime-type="{k}"]' for k in kinds
        )
        return self.page.locator(where).all_inner_texts()

    def box(self, selector: str, nth: int = 0) -> tuple[float, float, float, float]:
        """Return left, top, width and height of an element [CSS pixel]."""
        place = self.page.locator(selector).nth(nth)
        place.scroll_into_view_if_needed()
        found = place.bounding_box()
        assert found is not None, f"{selector} is not on the page"
        return found["x"], found["y"], found["width"], found["height"]

    def drag(
        self, points: Sequence[tuple[float, float]], *, button: Any = "left"
    ) -> None:
        """Press at the first point, move through the others, release."""
        mouse = self.page.mouse
        mouse.move(*points[0])
        mouse.down(button=button)
        for point in points[1:]:
            mouse.move(*point, steps=4)
        mouse.up(button=button)

    def close(self) -> None:
        """Shut the kernel down and close the page."""
        with contextlib.suppress(Exception):
            self.page.evaluate(f"() => {_WIDGET}.sessionContext.shutdown()")
        self.page.close()


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            }
        },
    )
    nbformat.write(notebook, path)
