"""The command line: the only part that prints, configures logging or exits."""

from svmcore.cli.main import main

__all__ = ["main"]
