"""What a session begins with: folders, reference, and what was saved before."""

from collections.abc import Sequence
from pathlib import Path

from svmcore.io.paths import absolute_path
from svmcore.model.decisions import Decisions
from svmwidgets.changes import Choices
from svmwidgets.history import History
from svmwidgets.saved import SESSION_NAME, SavedSession, read_session

__all__ = ["begin_session", "default_output", "plain_source"]


def default_output(source: str | Path | Sequence[str | Path]) -> Path:
    """Return the folder for products that goes with a visit."""
    first = source if isinstance(source, str | Path) else source[0]
    path = absolute_path(first)
    if path.is_dir():
        return path / "products"
    return path.parent / f"{path.stem}_products"


def begin_session(
    source: str | Path | Sequence[str | Path],
    output: Path,
    reference: str | Path | None,
    data_folder: Path | None,
    *,
    is_new: bool = False,
) -> SavedSession:
    """Return the saved session of that visit, or a new one."""
    plain = _absolute(source)
    output = absolute_path(output)
    path = output / SESSION_NAME
    if path.is_file() and not is_new:
        saved = read_session(path)
        if saved.source == plain:
            return saved
    if reference is None:
        reference = _nearby_reference(plain)
    elif Path(reference).is_file():
        reference = absolute_path(reference)
    history = History(Choices(Decisions(), str(reference)))
    return SavedSession(plain, data_folder, output, history, "inputs")


def _nearby_reference(source: str | tuple[str, ...]) -> str:
    first = Path(source if isinstance(source, str) else source[0])
    folder = first if first.is_dir() else first.parent
    found = folder / "gaia.ecsv"
    return str(found) if found.is_file() else "none"


def _absolute(source: str | Path | Sequence[str | Path]) -> str | tuple[str, ...]:
    if isinstance(source, str | Path):
        return str(absolute_path(source))
    return tuple(str(absolute_path(one)) for one in source)


def plain_source(source: str | tuple[str, ...]) -> str | list[str]:
    """Return the source of a visit as Python code shows it."""
    return source if isinstance(source, str) else list(source)
