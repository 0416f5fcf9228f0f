"""Show the dashboard as an application, without a notebook around it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from svmcore.cli.dashboard import (
    NOTEBOOK_NAME,
    add_dashboard_options,
    dashboard_code,
    free_port,
    write_notebook,
)
from svmcore.cli.lab import notebook_folder

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show the dashboard as an application, without a notebook"

# Voila's own template asks another host for icons that the dashboard does not
# use; this one leaves them out and lets the dashboard have the whole width.
_TEMPLATE = """\
{%- extends 'voila/templates/lab/index.html.j2' -%}
{%- block notebook_css -%}
  {% if frontend == "voila" %}
    {{ resources.include_js("static/voila-style.js") }}
  {% endif %}
  {{ spinner.css() }}
  {{ super.super() }}
  <style>
    .jp-mod-noOutputs.jp-mod-noInput { display: none; }
    body { background: var(--jp-layout-color1); }
    #rendered_cells { padding: 10px 18px; }
    .jp-OutputArea-prompt, .jp-OutputPrompt { display: none; }
    .jp-Cell, .jp-OutputArea-output { padding: 0; margin: 0; }
  </style>
{%- endblock notebook_css -%}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm app``."""
    add_dashboard_options(parser, visit="?")
    parser.add_argument("--dark", action="store_true", help="dark theme")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run ``svm app``.

    Parameters
    ----------
    arguments : Namespace
        Parsed options.
    console : Console
        Where to write.

    Returns
    -------
    int
        What Voila returns.

    Raises
    ------
    InputError
        If the visit does not exist.
    """
    notebook_folder(arguments)  # refuses a visit that is not there
    port = arguments.port or free_port(arguments.ip)
    with tempfile.TemporaryDirectory(prefix="svm-app-") as name:
        folder = Path(name)
        write_notebook(folder / NOTEBOOK_NAME, dashboard_code(arguments))
        _write_template(folder / "jupyter" / "voila" / "templates" / "svm")
        command = [
            *(sys.executable, "-m", "voila", str(folder / NOTEBOOK_NAME)),
            *(f"--Voila.ip={arguments.ip}", f"--port={port}", "--template=svm"),
            f"--theme={'dark' if arguments.dark else 'light'}",
            *(["--no-browser"] if arguments.no_browser else []),
        ]
        console.print(f"http://{arguments.ip}:{port}/", highlight=False)
        paths = [str(folder / "jupyter"), os.environ.get("JUPYTER_PATH", "")]
        environment = os.environ | {
            "JUPYTER_PATH": os.pathsep.join(filter(None, paths))
        }
        return subprocess.run(command, check=False, env=environment).returncode


def _write_template(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "index.html.j2").write_text(_TEMPLATE, encoding="utf-8")
    (folder / "conf.json").write_text(
        json.dumps({"base_template": "lab"}), encoding="utf-8"
    )
