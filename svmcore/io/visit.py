"""A visit read from a poller file, a list, a folder or a list of paths."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from svmcore.errors import InputError
from svmcore.inputs import (
    Listing,
    ListingRow,
    exposure_from_headers,
    parse_listing,
    science_units,
    split_file_name,
)
from svmcore.inputs.checks import compare_with_header, visit_notes
from svmcore.io.headers import has_signal, open_fits_bytes, read_header_units
from svmcore.model.exposure import Exposure, Note
from svmcore.model.visit import InputFault, VisitInput

__all__ = ["Retriever", "read_exposure", "read_visit"]

log = logging.getLogger(__name__)

Retriever = Callable[[str], Path | None]

_MAX_LIST_BYTES = 4_000_000  # some 30 000 rows; a FITS file given by mistake is larger


def read_visit(
    source: Path | str | Sequence[Path | str],
    *,
    data_folder: Path | None = None,
    retrieve: Retriever | None = None,
) -> VisitInput:
    """Read the headers of a visit's exposures.

    Parameters
    ----------
    source : Path, str or sequence of them
        A poller file or list, a folder with FLT and FLC files, one such file,
        or the files themselves.
    data_folder : Path, optional
        Where to look for listed files first; then beside the list, then at
        the path that the list gives.
    retrieve : callable, optional
        Called with the name of a file that was not found; returns where it
        now is, or None.

    Returns
    -------
    VisitInput
        Readable exposures, and a fault for each one that is not.

    Raises
    ------
    InputError
        If the source cannot be read or names no usable exposure.
    """
    if data_folder is not None and not data_folder.is_dir():
        raise InputError(
            str(data_folder), "is not a folder", "Give the folder with the exposures."
        )
    if isinstance(source, (str, Path)):
        path = Path(source)
        name, folder = path.stem, path.parent
        listing, notes = _read_source(path)
        if path.is_dir():
            name, folder = path.resolve().name, path
    else:
        listing, notes = _list_of_paths(source)
        name, folder, path = _common_name(listing), Path(), Path("list of files")
    subject = path.name or str(path)
    folders = tuple(place for place in (data_folder, folder) if place is not None)
    exposures: list[Exposure] = []
    faults = list(listing.faults)
    for row in listing.rows:
        found = _read_row(row, folders, subject=subject, retrieve=retrieve)
        if isinstance(found, InputFault):
            faults.append(found)
            continue
        twin = _same_exposure(found, exposures)
        if twin is not None:
            faults.append(_repeated(row, found, twin, subject=subject))
            continue
        exposures.append(found)
        notes.extend(compare_with_header(row, found, subject=subject))
    if not exposures:
        raise _nothing_usable(subject, faults)
    log.info("%s: %d exposures, %d faults", subject, len(exposures), len(faults))
    notes.extend(visit_notes(exposures))
    return VisitInput(name, str(path), tuple(exposures), tuple(faults), tuple(notes))


def read_exposure(path: Path, *, aperture: str = "") -> Exposure:
    """Read the headers of one exposure.

    Parameters
    ----------
    path : Path
        FLT or FLC file, gzipped or not.
    aperture : str, optional
        Aperture that replaces the header's.

    Returns
    -------
    Exposure
        Pixels are read only until one differs from zero.

    Raises
    ------
    InputError
        If the file is not a whole, calibrated exposure with all keywords.
    """
    with open_fits_bytes(path) as stream:
        units = read_header_units(stream, path)
        signal = [has_signal(stream, unit) for unit in science_units(units)]
    return exposure_from_headers(path, units, has_signal=signal, aperture=aperture)


def _read_source(path: Path) -> tuple[Listing, list[Note]]:
    if path.is_dir():
        return _list_of_folder(path)
    if split_file_name(path.name):
        return Listing((ListingRow(1, path.name),)), []
    return parse_listing(_list_text(path), subject=path.name), []


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


def _list_of_folder(folder: Path) -> tuple[Listing, list[Note]]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
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
    return Listing(rows), notes


def _list_of_paths(paths: Iterable[Path | str]) -> tuple[Listing, list[Note]]:
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
    return Listing(tuple(rows), tuple(faults)), []


def _common_name(listing: Listing) -> str:
    stems = {Path(row.file_name).name[:6].lower() for row in listing.rows}
    return stems.pop() if len(stems) == 1 else "visit"


def _read_row(
    row: ListingRow,
    folders: Sequence[Path],
    *,
    subject: str,
    retrieve: Retriever | None,
) -> Exposure | InputFault:
    place = f"{subject}, line {row.line}"
    try:
        path = _find(row, folders)
        if path is None and retrieve is not None:
            path = retrieve(row.file_name)
        if path is None:
            return _missing(row, folders, place=place)
        if _plain_name(path) != _plain_name(Path(row.file_name)):
            return InputFault(
                place,
                f"names {row.file_name}, but its path leads to {path.name}",
                "Correct the file name or the path.",
                row.file_name,
            )
        return read_exposure(path, aperture=row.aperture)
    except InputError as error:
        return InputFault(
            place, f"{error.subject} {error.problem}", error.remedy, row.file_name
        )


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz").lower()


def _find(row: ListingRow, folders: Sequence[Path]) -> Path | None:
    candidates = [folder / row.file_name for folder in folders]
    if row.path:
        candidates += [Path(row.path), *(folder / row.path for folder in folders)]
    packed = [path.with_name(path.name + ".gz") for path in candidates if path.name]
    for path in (*candidates, *packed):
        try:
            if path.is_file():
                return path
        except OSError as error:  # name too long, no right to look
            raise InputError(
                row.file_name,
                f"cannot be looked for ({error.strerror or error})",
                "Check the name and the rights of its folder.",
            ) from error
    return None


def _same_exposure(exposure: Exposure, others: Sequence[Exposure]) -> Exposure | None:
    # Product names hold eight of the nine characters: those must differ.
    identity = (exposure.ipppssoo, exposure.suffix)
    same = (other for other in others if (other.ipppssoo, other.suffix) == identity)
    return next(same, None)


def _repeated(
    row: ListingRow, exposure: Exposure, twin: Exposure, *, subject: str
) -> InputFault:
    return InputFault(
        f"{subject}, line {row.line}",
        f"{row.file_name} is exposure {exposure.rootname}, which {twin.path.name} "
        "already is",
        "List each exposure once.",
        row.file_name,
    )


def _missing(row: ListingRow, folders: Sequence[Path], *, place: str) -> InputFault:
    looked = [str(folder) for folder in folders] + ([row.path] if row.path else [])
    return InputFault(
        place,
        f"{row.file_name} was not found in {' or '.join(looked)}",
        "Put the file beside the list, or give the folder that holds it.",
        row.file_name,
        is_missing=True,
    )


def _nothing_usable(subject: str, faults: Sequence[InputFault]) -> InputError:
    if not faults:
        return InputError(
            subject,
            "names no exposure",
            "Give a list of FLT/FLC files, or a folder that holds them.",
        )
    first = faults[0]
    if len(faults) == 1:
        return InputError(first.subject, first.problem, first.remedy)
    return InputError(
        subject,
        f"none of {len(faults)} listed exposures can be used; the first: {first}",
    )
