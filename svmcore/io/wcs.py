"""World coordinate systems of exposures, with all their distortion terms."""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import FITSFixedWarning
from stwcs.wcsutil import HSTWCS

from svmcore.errors import InputError
from svmcore.io.headers import open_fits_bytes, read_header_units
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = ["as_aligned", "open_exposure", "read_chip_wcs", "with_linear_terms"]

_BLOCK = 2880
_CARD = 80
_TABLES = frozenset({"D2IMARR", "WCSDVARR"})
_PRIMARY_NEEDED = re.compile(
    rb"SIMPLE|BITPIX|NAXIS|EXTEND|END|FILENAME|INSTRUME|DETECTOR|CAMERA|FILTER\d?|"
    rb"FILTNAM\d|MODE|IDCTAB|OFFTAB|REFFRAME|DATE-OBS|RA-TARG|DEC-TARG|PA_V3"
)
_NOT_NEEDED = re.compile(
    rb"|COMMENT|HISTORY|S_REGION|HDRNAME|WCSTYPE|BUNIT|MDRIZSKY|ROOTNAME|EXPNAME|"
    rb"(PHOT|PHT|GOOD|NGOOD|SNR|STDC|PODPS|MEAN|READNSE|ATODGN|BIAS|CENTERA|SIZAXIS|"
    rb"FILLCNT|ERRCNT|SDQ|SOFTERR).*|"
    rb"(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|LONPOLE|LATPOLE|RADESYS|"
    rb"EQUINOX|CD\d_\d|PC\d_\d|WCSNAME|WCSTYPE|HDRNAME|CRDER\d|RMS_RA|RMS_DEC|"
    rb"NMATCHES|FITGEOM|MJDREF)[A-Z]"
)


@contextmanager
def open_exposure(path: Path) -> Iterator[fits.HDUList]:
    """Yield an exposure opened for reading only.

    Parameters
    ----------
    path : Path
        FLT or FLC file, gzipped or not.

    Raises
    ------
    InputError
        If the file cannot be opened as FITS.
    """
    try:
        exposure = fits.open(path, mode="readonly")
    except (OSError, ValueError) as error:
        raise InputError(
            str(path),
            f"cannot be read as FITS ({error})",
            "Fetch the file again from the archive.",
        ) from error
    with exposure:
        yield exposure


def read_chip_wcs(
    path: Path, *, aligned: AlignedWcs | None = None
) -> dict[int, HSTWCS]:
    """Return the WCS of every chip of an exposure.

    Parameters
    ----------
    path : Path
        FLT or FLC file. It is only read; reference files that its header
        names (IDCTAB and others) are not needed.
    aligned : AlignedWcs, optional
        Solution whose CRVAL and CD replace those of the headers.

    Returns
    -------
    dict of int to stwcs.wcsutil.HSTWCS
        WCS by EXTVER of the SCI extension, with SIP terms and with the
        D2IM and NPOL lookup tables that the file holds.

    Raises
    ------
    InputError
        If the file cannot be read, holds no SCI extension, or an extension
        has no celestial WCS.
    """
    hdus = _wcs_units(path)
    found = {
        hdu.ver: chip_wcs(hdus, hdu.ver, path) for hdu in hdus if hdu.name == "SCI"
    }
    if not found:
        raise InputError(
            str(path),
            "holds no SCI extension",
            "Give a calibrated FLT or FLC file.",
        )
    if aligned is None:
        return found
    for chip in aligned.chips:
        if chip.extver not in found:
            raise InputError(
                f"{path}[SCI,{chip.extver}]",
                f"is missing, but the solution {aligned.name} has that chip",
                "Use the solution with the exposure that it was made for.",
            )
        found[chip.extver] = with_linear_terms(found[chip.extver], chip)
        if aligned.name:
            found[chip.extver].wcs.name = aligned.name
    return found


def _wcs_units(path: Path) -> fits.HDUList:
    """Return an exposure's headers with what a WCS is made of, and its tables.

    Most of the time that a WCS takes goes into looking at hundreds of other
    cards; those of alternate solutions and of the calibration are left out.
    """
    found: list[Any] = []
    with open_fits_bytes(path) as stream:
        for unit in read_header_units(stream, path):
            stream.seek(unit.header_start)
            header = stream.read(unit.data_start - unit.header_start)
            if unit.index == 0:
                cards = _chosen(header, lambda k: bool(_PRIMARY_NEEDED.fullmatch(k)))
                found.append(fits.PrimaryHDU.fromstring(cards))
            elif unit.name == "SCI":
                cards = _chosen(header, lambda k: not _NOT_NEEDED.fullmatch(k))
                found.append(fits.ImageHDU.fromstring(cards))
            elif unit.name in _TABLES:
                table = header + stream.read(-(-unit.data_bytes // _BLOCK) * _BLOCK)
                found.append(fits.ImageHDU.fromstring(table))
    return fits.HDUList(found)


def _chosen(header: bytes, is_needed: Callable[[bytes], bool]) -> bytes:
    """Return the cards of a header whose keywords are needed."""
    kept: list[bytes] = []
    goes_on = True
    for start in range(0, len(header), _CARD):
        keyword = header[start : start + 8].rstrip()
        if keyword != b"CONTINUE":
            goes_on = is_needed(keyword)
        if goes_on:
            kept.append(header[start : start + _CARD])
    text = b"".join(kept)
    return text.ljust(-(-len(text) // _BLOCK) * _BLOCK)


def chip_wcs(hdus: fits.HDUList, extver: int, path: Path) -> HSTWCS:
    """Return the WCS of one SCI extension of an open exposure."""
    subject = f"{path}[SCI,{extver}]"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            wcs = HSTWCS(hdus, ext=("SCI", extver))
    except (KeyError, ValueError, AttributeError, OSError, TypeError) as error:
        raise InputError(
            subject,
            f"has no usable world coordinate system ({error})",
            "Process the exposure with updatewcs, or fetch it again.",
        ) from error
    if not wcs.has_celestial or not wcs.wcs.has_cd():
        raise InputError(
            subject,
            "has no celestial CD matrix (CTYPE, CRVAL, CRPIX, CDi_j)",
            "Process the exposure with updatewcs, or fetch it again.",
        )
    header = hdus["SCI", extver].header
    wcs.pixel_shape = (header["NAXIS1"], header["NAXIS2"])
    wcs.wcs.name = str(header.get("WCSNAME", ""))
    return wcs


def with_linear_terms(wcs: HSTWCS, chip: AlignedChip) -> HSTWCS:
    """Return a copy of a WCS with the CRVAL and CD of an aligned chip."""
    copy: Any = wcs.deepcopy()
    copy.wcs.crval = np.array(chip.crval_deg)
    copy.wcs.cd = np.array(chip.cd_deg)
    copy.wcs.set()
    copy.setPscale()
    copy.setOrient()
    return copy


def as_aligned(rootname: str, name: str, chips: dict[int, HSTWCS]) -> AlignedWcs:
    """Return the linear terms of an exposure's chips as a value.

    Parameters
    ----------
    rootname : str
        Exposure.
    name : str
        WCSNAME.
    chips : dict of int to stwcs.wcsutil.HSTWCS
        WCS by EXTVER.
    """
    return AlignedWcs(
        rootname,
        name,
        tuple(
            AlignedChip(
                extver,
                (float(wcs.wcs.crval[0]), float(wcs.wcs.crval[1])),
                (
                    (float(wcs.wcs.cd[0, 0]), float(wcs.wcs.cd[0, 1])),
                    (float(wcs.wcs.cd[1, 0]), float(wcs.wcs.cd[1, 1])),
                ),
            )
            for extver, wcs in sorted(chips.items())
        ),
    )
