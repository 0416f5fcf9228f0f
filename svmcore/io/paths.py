"""Paths as a user gives them, made absolute."""

from pathlib import Path

__all__ = ["absolute_path"]


def absolute_path(path: str | Path) -> Path:
    """Return a path that holds wherever the program runs, without ``..``.

    Parameters
    ----------
    path : str or Path
        As typed: relative, with ``~``, with ``..``.

    Notes
    -----
    Links stay as they are named, except where ``..`` must be resolved.

    Examples
    --------
    >>> absolute_path("/data/visit/../other/visit.lst").as_posix()
    '/data/other/visit.lst'
    """
    plain = Path(path).expanduser().absolute()
    return plain.resolve() if ".." in plain.parts else plain
