"""A visit read from a poller file, a list, a folder or a list of paths."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from svmcore.errors import InputError
from svmcore.inputs import (
    ListingRow,
    exposure_from_headers,
    file_name_spellings,
    science_units,
)
from svmcore.inputs.checks import compare_with_header, visit_notes
from svmcore.io.headers import has_signal, open_fits_bytes, read_header_units
from svmcore.io.visit_source import open_source
from svmcore.model.exposure import Exposure
from svmcore.model.visit import InputFault, VisitInput

__all__ = ["Retriever", "read_exposure", "read_visit"]

log = logging.getLogger(__name__)

Retriever = Callable[[str], Path | None]


def read_visit(
    source: Path | str | Sequence[Path | str],
    *,
    data_folder: Path | str | None = None,
    retrieve: Retriever | None = None,
) -> VisitInput:
    """Read the headers of a visit's exposures.

    Parameters
    ----------
    source : Path, str or sequence of them
        A poller file or list, a folder with FLT and FLC files, one such file,
        or the files themselves.
    data_folder : Path or str, optional
        Where to look for listed files first; then beside the list, then at
        the path that the list gives. Names in upper case or without ending
        are found too, see `file_name_spellings`.
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
    found = open_source(source)
    folders: tuple[Path, ...] = (found.folder,)
    if data_folder is not None:
        folders = (Path(data_folder), found.folder)
        if not folders[0].is_dir():
            raise InputError(
                str(data_folder),
                "is not a folder",
                "Give the folder with the exposures.",
            )
    exposures: list[Exposure] = []
    faults = list(found.listing.faults)
    notes = list(found.notes)
    for row in found.listing.rows:
        place = found.place(row)
        outcome = _read_row(row, folders, place=place, retrieve=retrieve)
        twin = _same_exposure(outcome, exposures)
        if isinstance(outcome, InputFault):
            faults.append(outcome)
        elif twin is not None:
            faults.append(_repeated(row, outcome, twin, place=place))
        else:
            exposures.append(outcome)
            notes.extend(compare_with_header(row, outcome, place=place))
    subject = found.subject
    if not exposures:
        raise _nothing_usable(subject, faults)
    log.info("%s: %d exposures, %d faults", subject, len(exposures), len(faults))
    notes.extend(visit_notes(exposures))
    return VisitInput(
        found.name, found.source, tuple(exposures), tuple(faults), tuple(notes)
    )


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


def _read_row(
    row: ListingRow,
    folders: Sequence[Path],
    *,
    place: str,
    retrieve: Retriever | None,
) -> Exposure | InputFault:
    try:
        path = _find(row, folders)
        if path is None and retrieve is not None:
            path = retrieve(row.file_name)
        if path is None:
            return _missing(row, folders, place=place)
        named = {_plain_name(Path(name)) for name in file_name_spellings(row.file_name)}
        if _plain_name(path) not in named:
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
    candidates = [
        folder / name
        for name in file_name_spellings(row.file_name)
        for folder in folders
    ]
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


def _same_exposure(
    exposure: Exposure | InputFault, others: Sequence[Exposure]
) -> Exposure | None:
    if isinstance(exposure, InputFault):
        return None
    # Product names hold eight of the nine characters: those must differ.
    identity = (exposure.ipppssoo, exposure.suffix)
    same = (other for other in others if (other.ipppssoo, other.suffix) == identity)
    return next(same, None)


def _repeated(
    row: ListingRow, exposure: Exposure, twin: Exposure, *, place: str
) -> InputFault:
    return InputFault(
        place,
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
