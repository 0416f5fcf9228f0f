"""Open JupyterLab on the dashboard, with a visit."""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from rich.console import Console

from svmcore.cli.dashboard import (
    NOTEBOOK_NAME,
    add_dashboard_options,
    dashboard_code,
    write_notebook,
)
from svmcore.errors import InputError
from svmcore.io.paths import absolute_path

__all__ = ["HELP", "add_arguments", "run"]

HELP = "open JupyterLab on the dashboard, with a visit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm lab``."""
    add_dashboard_options(parser, visit="?")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run ``svm lab``.

    Parameters
    ----------
    arguments : Namespace
        Parsed options.
    console : Console
        Where to write.

    Returns
    -------
    int
        Never: JupyterLab's own exit status becomes that of the command.

    Raises
    ------
    InputError
        If the visit does not exist.
    StoreError
        If the notebook cannot be written.
    """
    folder = notebook_folder(arguments)
    path = folder / NOTEBOOK_NAME
    name = Path(arguments.visit).stem if arguments.visit else "Dashboard"
    write_notebook(path, dashboard_code(arguments), title=name)
    console.print(f"Notebook: {path}", highlight=False)
    command = [sys.executable, "-m", "jupyter", "lab", *server_words(arguments, folder)]
    command.append(str(path))
    sys.stdout.flush()
    # JupyterLab takes this process over: it then gets its signals, and ends
    # its kernels when it is ended.
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter


def notebook_folder(arguments: argparse.Namespace) -> Path:
    """Return where the notebook of a visit goes: beside what it works on.

    Raises
    ------
    InputError
        If the visit does not exist.
    """
    if not arguments.visit:
        return absolute_path(arguments.output or Path())
    visit = absolute_path(arguments.visit)
    if not visit.exists():
        raise InputError(
            str(visit), "no such file or folder", "Give a poller, list or folder."
        )
    if arguments.output:
        return absolute_path(arguments.output)
    return visit if visit.is_dir() else visit.parent


def server_words(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Return the options of a Jupyter server."""
    words = [
        f"--ServerApp.ip={arguments.ip}",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.extra_labextensions_path={_extensions()}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK_NAME}",
        # Nothing is asked of other hosts, and no question covers the dashboard.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if arguments.port:
        words.append(f"--ServerApp.port={arguments.port}")
    if arguments.no_browser:
        words.append("--no-browser")
    if os.geteuid() == 0:  # as in a container: Jupyter wants to be told
        words.append("--allow-root")
    return words


def _extensions() -> Path:
    """Return the folder of the extension that runs the notebook on opening.

    Found without importing the widgets, on which the core does not depend.
    """
    found = importlib.util.find_spec("svmwidgets")
    if found is None or found.origin is None:
        raise InputError(
            "svmwidgets", "is not installed", "Install the whole project: pip install ."
        )
    return Path(found.origin).parent / "labextensions"
