"""What ``svm lab`` and ``svm app`` share: options, and the notebook they open."""

import argparse
import json
import socket
from pathlib import Path
from typing import Any

from svmcore.errors import StoreError
from svmcore.io.atomic import write_text
from svmcore.io.paths import absolute_path

__all__ = [
    "NOTEBOOK_NAME",
    "add_dashboard_options",
    "dashboard_code",
    "free_port",
    "write_notebook",
]

NOTEBOOK_NAME = "dashboard.ipynb"


def add_dashboard_options(parser: argparse.ArgumentParser, *, visit: str) -> None:
    """Add the visit, its folders, and how the server is reached."""
    parser.add_argument(
        "visit",
        metavar="VISIT",
        nargs=visit,
        help="poller file, list, folder, or a svm_session.json to resume",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="output folder (default: beside the visit)",
    )
    parser.add_argument(
        "--reference",
        metavar="FILE|NAME|none",
        help="reference catalog (default: gaia.ecsv beside the visit, if there)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the exposures"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address only"
    )
    parser.add_argument("--ip", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")


def dashboard_code(arguments: argparse.Namespace) -> str:
    """Return the Python that shows the dashboard with that visit."""
    options = []
    if arguments.visit:
        options.append(repr(str(absolute_path(arguments.visit))))
    if arguments.output:
        options.append(f"output={str(absolute_path(arguments.output))!r}")
    if arguments.reference:
        path = Path(arguments.reference).expanduser()
        text = str(absolute_path(path)) if path.is_file() else arguments.reference
        options.append(f"reference={text!r}")
    if arguments.data:
        options.append(f"data_folder={str(absolute_path(arguments.data))!r}")
    inside = "".join(f"\n    {option}," for option in options)
    call = f"Dashboard({inside}\n)" if options else "Dashboard()"
    return f"from svmwidgets import Dashboard\n\ndashboard = {call}\ndashboard"


def write_notebook(path: Path, code: str, *, title: str = "") -> None:
    """Write a notebook with one code cell, its input folded away.

    Parameters
    ----------
    path : Path
        Where to; its folder is made if absent, an older notebook replaced.
    code : str
        The cell.
    title : str
        Heading above it; none if empty.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    cells: list[dict[str, Any]] = []
    if title:
        cells.append(
            {
                "cell_type": "markdown",
                "id": "title",
                "metadata": {},
                "source": f"# {title}",
            }
        )
    cells.append(
        {
            "cell_type": "code",
            "id": "dashboard",
            "metadata": {"jupyter": {"source_hidden": True}},
            "execution_count": None,
            "outputs": [],
            "source": code,
        }
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "svmwidgets": {"autorun": True}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            str(path.parent),
            f"cannot be made ({error.strerror or error})",
            "Choose another folder with --output.",
        ) from error
    write_text(path, json.dumps(document, indent=1) + "\n")


def free_port(ip: str) -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((ip, 0))
        return int(probe.getsockname()[1])
