"""An exposure made from the headers of its file."""

import re
from collections.abc import Sequence
from pathlib import Path

from svmcore.errors import InputError
from svmcore.inputs.corners import chip_corners, wcs_problem
from svmcore.inputs.file_name import ROOTNAME, split_file_name
from svmcore.inputs.lookup import Header, finite_number, science_units
from svmcore.inputs.wcsname import classify_wcsname
from svmcore.model.detector import DETECTORS, DetectorKey
from svmcore.model.exposure import Chip, Exposure, Note
from svmcore.model.header import HeaderUnit

__all__ = ["exposure_from_headers"]

_LETTERS = {"acs": "j", "wfc3": "i", "wfpc2": "u"}  # the i of ipppssoot
_FILTER_NAME = re.compile(r"([0-9A-Z]+(-[0-9A-Z]+)*|N/A)?")
_EARLIEST_MJD, _LATEST_MJD = 47_000.0, 90_000.0  # 1987 to 2105


def exposure_from_headers(
    path: Path,
    units: Sequence[HeaderUnit],
    *,
    has_signal: Sequence[bool],
    aperture: str = "",
) -> Exposure:
    """Return an exposure from the headers of its file.

    Parameters
    ----------
    path : Path
        The file, for its name and for messages; it is not opened.
    units : sequence of HeaderUnit
        Headers of the file, the primary one first.
    has_signal : sequence of bool
        For each science extension, whether any pixel differs from zero.
    aperture : str, optional
        Aperture that replaces the header's.

    Returns
    -------
    Exposure
        With notes on what is odd but usable.

    Raises
    ------
    InputError
        If a keyword that naming or processing needs is missing or is not what
        it should be, or if the file is of another kind or instrument.
    """
    header = Header(path, units)
    rootname, suffix = _identity(header)
    detector_key = _detector(header)
    if rootname[0] != _LETTERS[detector_key.instrument]:
        header.note(
            "INSTRUME",
            f"INSTRUME is {detector_key.instrument.upper()!r}, but the exposure's "
            f"name begins with {rootname[0]!r}",
        )
    if header.get("HAPLEVEL") is not None:
        header.note(
            "HAPLEVEL", "the file is itself a product of single-visit processing"
        )
    sciences = science_units(units)
    if not sciences:
        raise InputError(
            str(path),
            "holds no SCI extension",
            "List calibrated exposures (FLT or FLC files) as the archive delivers.",
        )
    chips = tuple(
        _chip(header, unit, has_signal=lit)
        for unit, lit in zip(sciences, has_signal, strict=True)
    )
    _check_chips(header, detector_key, units)
    start_mjd = header.number("EXPSTART", low=_EARLIEST_MJD, high=_LATEST_MJD)
    exptime_s = header.number("EXPTIME", low=0.0)
    return Exposure(
        path=path,
        rootname=rootname,
        suffix=suffix,
        detector_key=detector_key,
        filters=_filters(header, detector_key),
        proposal_id=_proposal(header),
        program_id=rootname[1:4].upper(),
        obset_id=rootname[4:6].upper(),
        aperture=aperture or header.text("APERTURE"),
        target_name=header.text("TARGNAME"),
        exptime_s=exptime_s,
        start_mjd=start_mjd,
        end_mjd=_end(header, start_mjd, exptime_s),
        photflam=_photflam(header, detector_key),
        pa_v3_deg=header.optional_number("PA_V3"),
        chips=chips,
        keywords=header.kept(),
        notes=tuple(header.notes) + _chip_notes(path, detector_key, chips, header),
    )


def _identity(header: Header) -> tuple[str, str]:
    named = split_file_name(header.path.name)
    if named is None:
        raise InputError(
            str(header.path),
            "is not named like a calibrated exposure (…_flt.fits or …_flc.fits)",
            "List FLT or FLC files; associations, raw and drizzled files are not used.",
        )
    stem, suffix = named[0].lower(), named[1]
    recorded = header.text("ROOTNAME").lower()
    if ROOTNAME.fullmatch(stem):
        if recorded and recorded != stem:
            header.note(
                "ROOTNAME",
                f"ROOTNAME is {recorded!r}, but the file is named {stem!r}; "
                "the file name is used",
            )
        return stem, suffix
    if not ROOTNAME.fullmatch(recorded):
        raise header.error(
            f"neither the file name nor ROOTNAME ({recorded!r}) is a "
            "nine-character exposure name"
        )
    header.note(
        "ROOTNAME",
        f"the file is not named after its exposure; ROOTNAME {recorded!r} is used",
    )
    return recorded, suffix


def _detector(header: Header) -> DetectorKey:
    instrument = header.needed("INSTRUME").lower()
    if instrument == "wfpc2":  # all chips are drizzled together and go by PC
        return DetectorKey("wfpc2", "pc")
    if instrument not in {key.instrument for key in DETECTORS}:
        raise InputError(
            str(header.path),
            f"INSTRUME is {instrument.upper()!r}, expected ACS, WFC3 or WFPC2",
            "Only these instruments are processed.",
        )
    key = DetectorKey(instrument, header.needed("DETECTOR").lower())
    if key not in DETECTORS:
        known = ", ".join(
            each.detector.upper() for each in DETECTORS if each.instrument == instrument
        )
        raise InputError(
            str(header.path),
            f"DETECTOR is {key.detector.upper()!r}, expected one of {known}",
            "Only these detectors are processed.",
        )
    return key


def _filters(header: Header, key: DetectorKey) -> tuple[str, ...]:
    keywords = {
        "wfc3": ("FILTER",),
        "acs": ("FILTER1", "FILTER2"),
        "wfpc2": ("FILTNAM1", "FILTNAM2"),
    }[key.instrument]
    names = [header.text(keyword).upper() for keyword in keywords]
    if not any(names):
        header.needed(keywords[0])
    for keyword, name in zip(keywords, names, strict=True):
        if not _FILTER_NAME.fullmatch(name):
            raise header.error(
                f"the keyword {keyword} is {name!r}, which is not a filter name"
            )
    return tuple(name for name in names if name)


def _proposal(header: Header) -> str:
    text = header.needed("PROPOSID")
    if not (text.isascii() and text.isdigit()):
        raise header.error(f"the keyword PROPOSID is {text!r}, expected a whole number")
    return text.lstrip("0") or "0"


def _end(header: Header, start_mjd: float, exptime_s: float) -> float:
    end = header.optional_number("EXPEND")
    if end is not None and end >= start_mjd:
        return end
    header.note("EXPEND", "no usable EXPEND; taken as EXPSTART plus EXPTIME")
    return start_mjd + exptime_s / 86_400.0


def _photflam(header: Header, key: DetectorKey) -> float | None:
    # The IR detector has it in the primary header, all others per chip.
    places = (header.science, header.primary)
    if key == DetectorKey("wfc3", "ir"):
        places = (header.primary, header.science)
    found = places[0].get("PHOTFLAM", places[1].get("PHOTFLAM"))
    value = finite_number(found)
    if found is None:
        header.note("PHOTFLAM", "PHOTFLAM is missing: no calibrated fluxes")
    elif value is None:
        header.note("PHOTFLAM", f"PHOTFLAM is {found!r}, which is not a number")
    elif value == 0:
        header.note("PHOTFLAM", "PHOTFLAM is 0: no calibrated fluxes")
    elif value < 0:
        header.note("PHOTFLAM", f"PHOTFLAM is {value:g}, below 0; it is not used")
        return None
    return value


def _check_chips(header: Header, key: DetectorKey, units: Sequence[HeaderUnit]) -> None:
    """Refuse a file with repeated chips, or cut between those of a full frame."""
    versions = [unit.extver for unit in science_units(units)]
    if len(set(versions)) < len(versions):
        raise header.error(f"its SCI extensions do not differ in EXTVER ({versions})")
    if set(versions) != set(range(1, len(versions) + 1)):
        found_text = ", ".join(map(str, versions))
        raise header.error(
            f"EXTVER of its SCI extensions is {found_text}, expected 1 to "
            f"{len(versions)}"
        )
    _check_shapes(header, units)
    promised = header.primary.get("NEXTEND")
    found = len(science_units(units))
    is_short = isinstance(promised, int) and promised > len(units) - 1
    if is_short and found < key.traits.chips and header.get("SUBARRAY") is not True:
        raise header.error(
            f"is cut short: NEXTEND promises {promised} extensions, {len(units) - 1} "
            f"with {found} of {key.traits.chips} chips are there"
        )


def _check_shapes(header: Header, units: Sequence[HeaderUnit]) -> None:
    """Refuse errors or flags of another shape than the pixels they belong to."""
    shapes = {unit.extver: unit.shape for unit in science_units(units)}
    for unit in units:
        expected = shapes.get(unit.extver, unit.shape)
        # A constant plane may be written without pixels and without a size.
        if unit.name in {"ERR", "DQ"} and unit.shape not in {expected, ()}:
            raise header.error(
                f"extension {unit.name},{unit.extver} has the shape {unit.shape}, "
                f"expected {expected} as SCI,{unit.extver} has"
            )


def _chip(header: Header, unit: HeaderUnit, *, has_signal: bool) -> Chip:
    if len(unit.shape) != 2 or min(unit.shape) < 1:
        raise header.error(
            f"extension SCI,{unit.extver} has the shape {unit.shape}, expected an image"
        )
    shape = (unit.shape[0], unit.shape[1])
    corners = chip_corners(unit.values, shape)
    if not corners:
        problem = wcs_problem(unit.values) or "its distortion polynomial runs away"
        raise header.error(f"extension SCI,{unit.extver}: {problem}")
    number = unit.values.get("CCDCHIP", unit.values.get("DETECTOR"))
    return Chip(
        extver=unit.extver,
        number=number if isinstance(number, int) else 1,
        shape=shape,
        corners_deg=corners,
        wcs_class=classify_wcsname(str(unit.values.get("WCSNAME") or "")),
        bunit=str(unit.values.get("BUNIT") or "").strip(),
        has_signal=has_signal,
    )


def _chip_notes(
    path: Path, key: DetectorKey, chips: tuple[Chip, ...], header: Header
) -> tuple[Note, ...]:
    notes = []
    dark = [str(chip.extver) for chip in chips if not chip.has_signal]
    if dark and len(dark) < len(chips):
        notes.append(
            Note(f"{path.name}: SCI,{','.join(dark)}", "holds nothing but zeros")
        )
    expected = key.traits.chips
    if len(chips) < expected and header.get("SUBARRAY") is not True:
        notes.append(
            Note(path.name, f"holds {len(chips)} of {expected} chips of a full frame")
        )
    return tuple(notes)
