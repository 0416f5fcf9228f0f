"""Entry point of the ``svm`` command."""

import argparse
import importlib
import logging
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console
from rich.logging import RichHandler
from rich.text import Text

from svmcore.errors import SvmError

__all__ = ["main"]

# Command → module with HELP, add_arguments(parser) and run(arguments, console).
# Modules are imported when their command is asked for, or for --help.
COMMANDS = {
    "run": "svmcore.cli.run",
    "products": "svmcore.cli.products",
    "params": "svmcore.cli.params",
    "align": "svmcore.cli.align",
    "drizzle": "svmcore.cli.drizzle",
    "demo": "svmcore.cli.demo",
    "score": "svmcore.cli.score",
    "lab": "svmcore.cli.lab",
    "app": "svmcore.cli.app",
}

_FILE_WIDTH = 200  # characters


def _parser(modules: dict[str, ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="svm",
        description="Single-visit mosaics of Hubble images.",
        epilog="'svm COMMAND --help' tells more about a command.",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="log more; twice for debug"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, module in modules.items():
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__
        )
        module.add_arguments(command)
    return parser


def _wanted(words: Sequence[str]) -> dict[str, ModuleType]:
    """Import only the named command's module, or all if none is named."""
    named = [word for word in words if word in COMMANDS][:1] or list(COMMANDS)
    return {name: importlib.import_module(COMMANDS[name]) for name in named}


def _configure_logging(verbosity: int, console: Console) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)]
    handler = RichHandler(console=console, show_path=False, show_time=False)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(message)s")
    logging.getLogger("svmcore").setLevel(level)


def _end(*_: object) -> None:
    raise SystemExit(143)


def main(words: Sequence[str] | None = None) -> int:
    """Run one ``svm`` command.

    Parameters
    ----------
    words : sequence of str, optional
        Command-line words; those of the process by default.

    Returns
    -------
    int
        0 done, 1 stopped by an error of input, data or file system, 2 wrong
        usage, 130 interrupted.
    """
    words = list(sys.argv[1:] if words is None else words)
    console, errors = Console(), Console(stderr=True)
    for each in (console, errors):
        if not each.is_terminal:
            each.width = _FILE_WIDTH  # file names must not be broken in a log
    parser = _parser(_wanted(words))
    arguments = parser.parse_args(words)
    _configure_logging(arguments.verbose, errors)
    if arguments.version:
        console.print(importlib.import_module("svmcore").__version__, highlight=False)
        return 0
    if arguments.command is None:
        parser.print_help()
        return 2
    # Ending the command ends the servers and workers that it started.
    signal.signal(signal.SIGTERM, _end)
    module = importlib.import_module(COMMANDS[arguments.command])
    try:
        return int(module.run(arguments, console))
    except SvmError as error:
        errors.print(Text(f"svm: {error}", style="red"), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        errors.print("svm: interrupted; finished results are kept", style="yellow")
        return 130
