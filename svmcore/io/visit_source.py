"""What names the exposures of a visit: a list, a folder, or the files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from svmcore.errors import InputError
from svmcore.inputs import Listing, ListingRow, parse_listing, split_file_name
from svmcore.model.exposure import Note
from svmcore.model.visit import InputFault

__all__ = ["VisitSource", "open_source"]

_MAX_LIST_BYTES = 4_000_000  # some 30 000 rows; a FITS file given by mistake is larger


@dataclass(frozen=True, slots=True)
class VisitSource:
    """Where the exposures of a visit are listed, and how to speak of it.

    Parameters
    ----------
    name : str
        Short name of the visit.
    source : str
        What was given, as text.
    subject : str
        How messages call it.
    folder : Path
        Folder that relative file names are looked for in.
    listing : Listing
        Rows and faults.
    word : {'line', 'entry', 'file'}
        What a row of it is called.
    notes : tuple of Note
        Remarks.
    """

    name: str
    source: str
    subject: str
    folder: Path
    listing: Listing
    word: str
    notes: tuple[Note, ...] = ()

    def place(self, row: ListingRow) -> str:
        """Return where a row is, for messages.

        Parameters
        ----------
        row : ListingRow
            Row of the listing.
        """
        if self.word == "file":
            return f"{self.subject}, {row.file_name}"
        return f"{self.subject}, {self.word} {row.line}"


def open_source(source: Path | str | Sequence[Path | str]) -> VisitSource:
    """Return what a poller file, list, folder, exposure or list of paths names.

    Parameters
    ----------
    source : Path, str or sequence of them
        As for `read_visit`.

    Raises
    ------
    InputError
        If the file or folder cannot be read.
    """
    if not isinstance(source, (str, Path)):
        listing = _list_of_paths(source)
        name = _common_name(listing)
        text = "list of files"
        return VisitSource(name, text, text, Path(), listing, "entry")
    path = Path(source)
    text = str(path)
    if path.is_dir():
        listing, notes = _list_of_folder(path)
        name = path.resolve().name or text
        return VisitSource(name, text, name, path, listing, "file", notes)
    if split_file_name(path.name):
        listing = Listing((ListingRow(1, path.name),))
        return VisitSource(path.stem, text, text, path.parent, listing, "file")
    listing = parse_listing(_list_text(path), subject=path.name)
    return VisitSource(path.stem, text, path.name, path.parent, listing, "line")


def _list_text(path: Path) -> str:
    what = "Give a poller file, a list of FLT/FLC files, or a folder that holds them."
    if not path.is_file():
        found = "is not a regular file" if path.exists() else "does not exist"
        raise InputError(str(path), found, what)
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise InputError(str(path), "is too large to be a list of exposures", what)
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            str(path), f"is not a text file (byte {error.start})", what
        ) from error
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read ({error.strerror or error})", what
        ) from error


def _list_of_folder(folder: Path) -> tuple[Listing, tuple[Note, ...]]:
    try:
        # A link to a file that is gone is kept: it is told as a missing exposure.
        names = sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.is_file() or entry.is_symlink()
        )
    except OSError as error:
        raise InputError(
            str(folder),
            f"cannot be read ({error.strerror or error})",
            "Check that you may read it.",
        ) from error
    calibrated = [name for name in names if split_file_name(name)]
    plain = set(calibrated)
    wanted = [
        name
        for name in calibrated
        if not name.startswith(("hst_", "."))
        and not (name.endswith(".gz") and name.removesuffix(".gz") in plain)
    ]
    notes = []
    copies = sum(name.startswith("hst_") for name in calibrated)
    if copies:
        notes.append(
            Note(
                folder.name,
                f"{copies} files named hst_… are products of earlier processing "
                "and are not read; list them to read them",
            )
        )
    rows = tuple(ListingRow(i, name) for i, name in enumerate(wanted, start=1))
    return Listing(rows), tuple(notes)


def _list_of_paths(paths: Iterable[Path | str]) -> Listing:
    rows: list[ListingRow] = []
    faults: list[InputFault] = []
    seen: set[str] = set()
    for number, path in enumerate(paths, start=1):
        text = str(path)
        if text in seen:
            faults.append(
                InputFault(
                    f"list of files, entry {number}",
                    f"{text} was already listed",
                    "Remove one of the two entries.",
                    text,
                )
            )
            continue
        seen.add(text)
        rows.append(ListingRow(number, text))
    return Listing(tuple(rows), tuple(faults))


def _common_name(listing: Listing) -> str:
    stems = {Path(row.file_name).name[:6].lower() for row in listing.rows}
    return stems.pop() if len(stems) == 1 else "visit"
