"""Pixels and calibration values of exposures, read for drizzling."""

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

from svmcore.drizzling.settings import InstrumentSettings
from svmcore.errors import InputError
from svmcore.io.headers import open_fits_bytes, read_header_units
from svmcore.io.sections import read_chip_planes, read_section
from svmcore.io.wcs import open_exposure
from svmcore.model.exposure import KeywordValue
from svmcore.model.grid import MosaicGrid
from svmcore.model.header import HeaderUnit
from svmcore.model.image import ChipCalibration, ChipPixels

__all__ = [
    "read_calibration",
    "read_chip_pixels",
    "read_exposure_headers",
    "read_keyword_sky",
    "read_reference_grid",
    "read_sky_file",
]

Keywords = Mapping[str, KeywordValue]

# (gain, read noise) [electron / DN, electron] by chip and ATODGAIN: WFPC2
# Instrument Handbook, table 4.2; the read noise is given in electrons.
WFPC2_GAINS = {
    (1, 7): (7.12, 5.24),
    (1, 15): (13.99, 7.02),
    (2, 7): (7.12, 5.51),
    (2, 15): (14.50, 7.84),
    (3, 7): (6.90, 5.22),
    (3, 15): (13.95, 6.99),
    (4, 7): (7.10, 5.19),
    (4, 15): (13.95, 8.32),
}

WFPC2_DARK = 0.005  # [electron / s], as drizzlepac has it


def read_calibration(
    path: Path, settings: InstrumentSettings | None = None
) -> tuple[ChipCalibration, ...]:
    """Return what the headers say about the pixels of every chip.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.
    settings : InstrumentSettings, optional
        Values that replace those of the headers, or keywords to look for.

    Returns
    -------
    tuple of ChipCalibration
        One per SCI extension, in file order.

    Raises
    ------
    InputError
        If the file has no SCI extension or no exposure time.
    """
    settings = settings or InstrumentSettings()
    with open_fits_bytes(path) as stream:
        primary, *extensions = read_header_units(stream, path)
    chips = tuple(
        _calibration(path, primary.values, unit, settings)
        for unit in extensions
        if unit.name == "SCI"
    )
    if not chips:
        raise InputError(str(path), "holds no SCI extension", "Give a calibrated file.")
    if settings.chips:
        found = ", ".join(str(chip.extver) for chip in chips)
        chips = tuple(chip for chip in chips if chip.extver in settings.chips)
        if not chips:
            wanted = ", ".join(str(extver) for extver in settings.chips)
            raise InputError(
                str(path),
                f"group asks for the SCI extensions {wanted}; it holds {found}",
                "Correct group, or clear it to use all.",
            )
    return chips


def read_chip_pixels(
    path: Path, extver: int, *, with_error: bool = False, with_time: bool = False
) -> ChipPixels:
    """Return the pixels of one chip.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.
    extver : int
        EXTVER of the SCI extension.
    with_error, with_time : bool
        Whether errors and exposure times of pixels are wanted too.

    Returns
    -------
    ChipPixels
        Values in the file's unit, native byte order. Values that are not
        finite are 0 and flagged as bad (DQ bit 32768).

    Raises
    ------
    InputError
        If the extension is missing or cut short.
    """
    planes = read_chip_planes(path).get(extver)
    if planes is None:
        raise InputError(f"{path}[SCI,{extver}]", "is missing", "Fetch the file again.")
    ny, nx = planes.shape
    return read_section(
        planes,
        slice(0, ny),
        slice(0, nx),
        with_error=with_error,
        with_time=with_time,
    )


def read_exposure_headers(path: Path) -> tuple[fits.Header, tuple[fits.Header, ...]]:
    """Return the primary header of an exposure, and the SCI header of every chip.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.
    """
    found: list[fits.Header] = []
    with open_fits_bytes(path) as stream:
        for unit in read_header_units(stream, path):
            if unit.index == 0 or unit.name == "SCI":
                stream.seek(unit.header_start)
                text = stream.read(unit.data_start - unit.header_start)
                found.append(fits.Header.fromstring(text))
    return found[0], tuple(found[1:])


def read_reference_grid(path: Path) -> MosaicGrid:
    """Return the grid of a drizzled image, to be used for another.

    Parameters
    ----------
    path : Path
        FITS image with an undistorted celestial WCS in its first SCI
        extension, or in the primary header.

    Raises
    ------
    InputError
        If the file has no such WCS.
    """
    with open_exposure(path) as hdus:
        names = [hdu.name for hdu in hdus]
        header = hdus[names.index("SCI") if "SCI" in names else 0].header
        try:
            return MosaicGrid(
                crval_deg=(float(header["CRVAL1"]), float(header["CRVAL2"])),
                crpix=(float(header["CRPIX1"]), float(header["CRPIX2"])),
                cd_deg=(
                    (float(header["CD1_1"]), float(header.get("CD1_2", 0.0))),
                    (float(header.get("CD2_1", 0.0)), float(header["CD2_2"])),
                ),
                shape=(int(header["NAXIS2"]), int(header["NAXIS1"])),
                wcs_name=str(header.get("WCSNAME", "")),
            )
        except KeyError as missing:
            raise InputError(
                str(path),
                f"keyword {missing} is missing; a drizzled image is expected",
                "Name a drizzled image as final_refimage.",
            ) from missing


def read_keyword_sky(path: Path, keyword: str) -> dict[int, float]:
    """Return the sky that a keyword of every SCI extension gives, by EXTVER.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.
    keyword : str
        ``skyuser``.

    Raises
    ------
    InputError
        If an extension has no such keyword.
    """
    with open_exposure(path) as hdus:
        found: dict[int, float] = {}
        for hdu in hdus:
            if hdu.name != "SCI":
                continue
            if keyword not in hdu.header:
                raise InputError(
                    f"{path}[SCI,{hdu.ver}], {keyword}",
                    "is missing, but skyuser names it as the sky",
                    "Correct skyuser, or clear it to have the sky measured.",
                )
            found[hdu.ver] = float(hdu.header[keyword])
    return found


def read_sky_file(path: Path) -> dict[str, tuple[float, ...]]:
    """Return the sky values of ``skyfile`` by file name.

    Parameters
    ----------
    path : Path
        Text with one exposure per line: its file name, then one value for
        all chips or one for each, in the unit of the file.

    Raises
    ------
    InputError
        If the file cannot be read or a line is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read ({error.strerror})", "Correct skyfile."
        ) from error
    found: dict[str, tuple[float, ...]] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            found[words[0]] = tuple(float(word) for word in words[1:])
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}",
                f"{line.strip()!r} was found; a file name and numbers are expected",
                "Correct the line.",
            ) from error
    return found


def _calibration(
    path: Path,
    primary: Keywords,
    science: HeaderUnit,
    settings: InstrumentSettings,
) -> ChipCalibration:
    header = science.values
    instrument = str(primary.get("INSTRUME", "")).strip().upper()
    usual = "COUNTS" if instrument == "WFPC2" else "ELECTRONS"
    unit = str(header.get("BUNIT", usual)).strip().upper() or usual
    is_rate = unit.endswith("/S")
    exptime = settings.exptime_s
    if exptime is None:
        exptime = _number(primary, settings.exptime_keyword)
    if exptime <= 0:
        raise InputError(
            f"{path}, {settings.exptime_keyword}",
            f"exposure time is {exptime:g} s, more than zero is expected",
            "Leave the exposure out, or give the parameter exptime.",
        )
    number = int(_number(header, "CCDCHIP") or _number(header, "DETECTOR") or 1)
    gain, read_noise = _gain_and_noise(primary, number, unit, settings, instrument)
    return ChipCalibration(
        rootname=path.name[:9].lower(),
        extver=science.extver,
        number=number,
        shape=(science.shape[-2], science.shape[-1]),
        exptime_s=exptime,
        to_electrons=gain * (exptime if is_rate else 1.0),
        is_rate=is_rate,
        read_noise=read_noise,
        dark=WFPC2_DARK * _number(primary, "DARKTIME")
        if instrument == "WFPC2"
        else _number(header, "MEANDARK"),
        cte_direction=_cte_direction(primary, header, instrument),
        unit=unit.removesuffix("/S"),
        given_sky=_number(header, "MDRIZSKY"),
    )


def _gain_and_noise(
    primary: Keywords,
    number: int,
    unit: str,
    settings: InstrumentSettings,
    instrument: str,
) -> tuple[float, float]:
    """Return electrons per count of the file, and the read noise [electron]."""
    gain, noise = (
        1.0,
        _mean_keyword(
            primary, settings.read_noise_keywords or _amplifier_keywords("READNSE")
        ),
    )
    if instrument == "WFPC2":
        setting = int(_number(primary, "ATODGAIN") or 7)
        gain, noise = WFPC2_GAINS.get((number, setting), (float(setting), 6.0))
    elif unit.startswith("COUNTS") and primary.get("DETECTOR") != "SBC":
        found = _mean_keyword(
            primary, settings.gain_keywords or _amplifier_keywords("ATODGN")
        )
        gain = found or 1.0
    if str(primary.get("DETECTOR", "")).strip() == "SBC":
        noise = 0.0
    return (
        gain if settings.gain is None else settings.gain,
        noise if settings.read_noise is None else settings.read_noise,
    )


def _amplifier_keywords(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}{amplifier}" for amplifier in "ABCD")


def _mean_keyword(header: Keywords, names: tuple[str, ...]) -> float:
    """Return the mean of the values that are present and not zero, else 0."""
    values = [value for name in names if (value := _number(header, name))]
    return sum(values) / len(values) if values else 0.0


def _number(header: Keywords, name: str) -> float:
    """Return the value of a keyword; 0 where it is absent or no number."""
    value = header.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _cte_direction(primary: Keywords, header: Keywords, instrument: str) -> int:
    """Return where charge trails run: 1 to higher rows, -1 to lower, else 0."""
    detector = str(primary.get("DETECTOR", "")).strip()
    if detector == "HRC":
        return 1 if set(str(primary.get("CCDAMP", ""))) & {"C", "D"} else -1
    if detector in ("WFC", "UVIS"):
        return 1 if (_number(header, "CCDCHIP") or 2) == 2 else -1
    return 1 if instrument == "WFPC2" else 0
