"""Small exposures for tests of the cheap half, in memory and as FITS files."""

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from svmcore.inputs import exposure_from_headers
from svmcore.model.header import HeaderUnit

_COMMON = {
    "PROPOSID": 11665,
    "TARGNAME": "NGC-104",
    "EXPTIME": 100.0,
    "EXPSTART": 55611.5,
    "EXPEND": 55611.502,
    "PA_V3": 194.95,
    "FGSLOCK": "FINE",
    "EXPFLAG": "NORMAL",
    "QUALITY": "",
    "MTFLAG": "",
    "FLATCORR": "COMPLETE",
    "DRIZCORR": "PERFORM",
    "SUBARRAY": False,
}
_ACS = {"INSTRUME": "ACS", "OBSTYPE": "IMAGING", "IMAGETYP": "EXT"}
_WFC3 = {"INSTRUME": "WFC3", "OBSTYPE": "IMAGING", "IMAGETYP": "EXT", "SCAN_TYP": "N"}
_PRIMARY = {
    "acs_wfc": _ACS | {"DETECTOR": "WFC", "FILTER1": "F606W", "FILTER2": "CLEAR2L"},
    "acs_hrc": _ACS | {"DETECTOR": "HRC", "FILTER1": "F606W", "FILTER2": "CLEAR2S"},
    "acs_sbc": _ACS | {"DETECTOR": "SBC", "FILTER1": "F140LP", "FILTER2": "N/A"},
    "wfc3_uvis": _WFC3 | {"DETECTOR": "UVIS", "FILTER": "F555W", "CHINJECT": "NONE"},
    "wfc3_ir": _WFC3 | {"DETECTOR": "IR", "FILTER": "F160W", "PHOTFLAM": 1.9e-20},
    "wfpc2_pc": {
        "INSTRUME": "WFPC2",
        "IMAGETYP": "EXT",
        "FILTNAM1": "F606W",
        "FILTNAM2": "",
    },
}
_LETTER = {"acs": "j", "wfc3": "i", "wfpc2": "u"}
_SCALE_ARCSEC = {
    "acs_wfc": 0.05,
    "acs_hrc": 0.025,
    "acs_sbc": 0.025,
    "wfc3_uvis": 0.0396,
    "wfc3_ir": 0.12825,
    "wfpc2_pc": 0.0996,
}
_CHIPS = {"acs_wfc": 2, "wfc3_uvis": 2, "wfpc2_pc": 4}
_GAP_PIX = 2


def _primary(kind, **keywords):
    return {**_COMMON, **_PRIMARY[kind], **keywords}


def _science(kind, extver, *, shape, center):
    """Header of one chip; the chips lie above each other."""
    cd = _SCALE_ARCSEC[kind] / 3600.0
    values = {
        "EXTNAME": "SCI",
        "EXTVER": extver,
        "CCDCHIP": extver,
        "BUNIT": "ELECTRONS",
        "WCSNAME": "IDC_w3m18525i-GSC240",
        "PHOTFLAM": 1.5e-19,
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRPIX1": (shape[1] + 1) / 2,
        "CRPIX2": (shape[0] + 1) / 2 - (extver - 1) * (shape[0] + _GAP_PIX),
        "CRVAL1": center[0],
        "CRVAL2": center[1],
        "CD1_1": -cd,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": cd,
    }
    if kind == "wfpc2_pc":  # which numbers its chips so
        values["DETECTOR"] = values.pop("CCDCHIP")
    if kind == "wfc3_ir":  # whose PHOTFLAM is in the primary header
        del values["PHOTFLAM"]
    return values


def _rootname(kind, number):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    tail = digits[number // 36] + digits[number % 36]
    return f"{_LETTER[kind.split('_')[0]]}b4606{tail}q"


def _without_none(values):
    return {key: value for key, value in values.items() if value is not None}


@pytest.fixture
def exposure_with():
    """Make an exposure in memory: exposure_with("acs_wfc", 2, TARGNAME="DARK").

    A keyword given as None is left out of the header.
    """

    def make(
        kind="wfc3_ir",
        number=1,
        *,
        rootname=None,
        suffix="flt",
        shape=(50, 60),
        center=(137.0, -64.0),
        has_signal=True,
        chips=None,
        science=None,
        **keywords,
    ):
        rootname = rootname or _rootname(kind, number)
        header = _without_none(_primary(kind, **{"ROOTNAME": rootname, **keywords}))
        units = [HeaderUnit(0, "", 1, (), 8, 2880, 0, header)]
        count = chips or _CHIPS.get(kind, 1)
        size = 4 * math.prod(shape)
        for extver in range(1, count + 1):
            values = _science(kind, extver, shape=shape, center=center)
            values = _without_none(values | (science or {}))
            version = values["EXTVER"]
            unit = HeaderUnit(extver, "SCI", version, shape, -32, 0, size, values)
            units.append(unit)
        return exposure_from_headers(
            Path(f"{rootname}_{suffix}.fits"), units, has_signal=[has_signal] * count
        )

    return make


@pytest.fixture
def write_exposure():
    """Write a small file: write_exposure(folder, "wfc3_ir", 3, EXPTIME=0.0)."""

    def write(
        folder,
        kind="wfc3_ir",
        number=1,
        *,
        rootname=None,
        suffix="flt",
        shape=(50, 60),
        center=(137.0, -64.0),
        value=1.0,
        **keywords,
    ):
        rootname = rootname or _rootname(kind, number)
        primary = fits.PrimaryHDU()
        count = _CHIPS.get(kind, 1)
        promised = {"ROOTNAME": rootname, "NEXTEND": 3 * count}
        primary.header.update(_without_none(_primary(kind, **{**promised, **keywords})))
        units = [primary]
        for extver in range(1, count + 1):
            science = fits.ImageHDU(np.full(shape, value, dtype=np.float32))
            science.header.update(_science(kind, extver, shape=shape, center=center))
            error = fits.ImageHDU(np.ones(shape, np.float32), name="ERR", ver=extver)
            quality = fits.ImageHDU(np.zeros(shape, np.int16), name="DQ", ver=extver)
            units += [science, error, quality]
        path = folder / f"{rootname}_{suffix}.fits"
        fits.HDUList(units).writeto(path)
        return path

    return write
