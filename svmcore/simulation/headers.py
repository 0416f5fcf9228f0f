"""Headers of a simulated exposure, card by card as the archive writes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.time import Time

from svmcore.simulation.chips import ChipImage
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.geometry import DetectorGeometry, read_headers
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.pointings import PlannedExposure
from svmcore.simulation.wcs_headers import (
    ChipSolutions,
    chip_wcs,
    set_linear_terms,
    set_solutions,
)

__all__ = ["plane_header", "primary_header", "science_header", "solution_names"]

_ORIGIN = "HSTIO/CFITSIO March 2010"
_ACS_SECOND_WHEEL = ("F435W", "F814W")  # the others sit in the first wheel


def solution_names(
    exposure: PlannedExposure, geometry: DetectorGeometry, suffix: str
) -> Mapping[str, str]:
    """Return HDRNAME by WCSNAME: uncalibrated, distortion only, a priori."""
    base = f"IDC_{geometry.idctab}"
    names = ("OPUS", base, f"{base}-GSC240")
    return {name: f"{exposure.rootname}_{suffix}_{name}" for name in names}


def _from_template(cards: list[list[Any]]) -> fits.Header:
    return fits.Header(
        [
            fits.Card(keyword, fits.card.UNDEFINED if value is None else value, comment)
            for keyword, value, comment in cards
        ]
    )


def primary_header(
    config: VisitConfig,
    exposure: PlannedExposure,
    geometry: DetectorGeometry,
    extensions: int,
) -> fits.Header:
    """Return the primary header.

    Parameters
    ----------
    config : VisitConfig
        The visit.
    exposure : PlannedExposure
        The exposure.
    geometry : DetectorGeometry
        Names of reference files.
    extensions : int
        Number of extensions that follow.
    """
    instrument = INSTRUMENTS[config.instrument]
    header = _from_template(read_headers(instrument.name)["primary"])
    root = exposure.rootname
    start = Time(exposure.start_mjd, format="mjd")
    date, time = start.isot.split("T")
    values: dict[str, Any] = {
        "ORIGIN": _ORIGIN,
        "NEXTEND": extensions,
        "FILENAME": f"{root}_{instrument.suffix}.fits",
        "ROOTNAME": root,
        "TARGNAME": "DEMO-FIELD",
        "RA_TARG": exposure.pointing_deg[0],
        "DEC_TARG": exposure.pointing_deg[1],
        "PROPOSID": config.proposal_id,
        "LINENUM": f"{config.visit}.001",
        "PR_INV_L": "Simulation",
        "PR_INV_F": "A",
        "PR_INV_M": "",
        "FGSLOCK": exposure.fgs_lock,
        "MTFLAG": "T" if exposure.kind == "moving" else "",
        "DATE-OBS": date,
        "TIME-OBS": time[:8],
        "EXPSTART": exposure.start_mjd,
        "EXPEND": exposure.start_mjd + exposure.exptime_s / 86400.0,
        "EXPTIME": exposure.exptime_s,
        "PA_V3": config.pa_v3_deg,
        "OBSTYPE": "SPECTROSCOPIC" if exposure.kind == "grism" else "IMAGING",
        "DRIZCORR": "OMIT" if exposure.kind == "grism" else "PERFORM",
        "SUBARRAY": config.chip_shape is not None,
        "PRIMESI": "WFC3" if config.instrument.startswith("wfc3") else "ACS",
        "ASN_ID": "NONE",
        "ASN_TAB": "NONE",
        "ASN_MTYP": "",
        "DATE": date,
        "SIPNAME": f"{root}_{geometry.idctab}",
        "DISTNAME": f"{root}_{geometry.idctab}-{_tables_name(geometry)}",
    }
    values |= _instrument_values(config, exposure)
    if config.instrument == "wfpc2/pc":
        for keyword in ("ORIGIN", "OBSTYPE", "SUBARRAY", "PRIMESI"):
            del values[keyword]
    for keyword, value in values.items():
        header[keyword] = value
    return header


def _tables_name(geometry: DetectorGeometry) -> str:
    if "$" not in geometry.npolfile:
        return "NOMODEL-NOMODEL"
    names = (geometry.npolfile, geometry.d2imfile)
    return "-".join(name.split("$")[1].split("_")[0] for name in names)


def _instrument_values(
    config: VisitConfig, exposure: PlannedExposure
) -> Mapping[str, Any]:
    name = exposure.filter_name
    match config.instrument:
        case "wfc3/ir":
            return {
                "FILTER": name,
                "SCAN_TYP": "C" if exposure.kind == "scan" else "N",
                "SCAN_RAT": 0.05 if exposure.kind == "scan" else 0.0,
                "SAMPZERO": 2.911756,
                "SAMP_SEQ": "STEP50",
                "NSAMP": 13,
                **_photometry(config, exposure, "WFC3 IR"),
            }
        case "wfc3/uvis":
            return {
                "FILTER": name,
                "SCAN_TYP": "C" if exposure.kind == "scan" else "N",
                "CHINJECT": "NONE",
                "PHOTFLAM": INSTRUMENTS[config.instrument].filters[name].photflam,
            }
        case "wfpc2/pc":
            return {
                "FILTNAM1": name,
                "FILTNAM2": "",
                "DARKTIME": exposure.exptime_s,
                "MTFLAG": "T" if exposure.kind in ("moving", "scan") else "",
            }
        case "acs/sbc":
            wheels = (name, "N/A")
        case "acs/hrc":
            second = name in _ACS_SECOND_WHEEL
            wheels = ("CLEAR1S", name) if second else (name, "CLEAR2S")
        case _:
            second = name in _ACS_SECOND_WHEEL
            wheels = ("CLEAR1L", name) if second else (name, "CLEAR2L")
    moving = exposure.kind in ("moving", "scan")  # ACS headers tell no scans
    return {"FILTER1": wheels[0], "FILTER2": wheels[1], "MTFLAG": "T" if moving else ""}


def _photometry(
    config: VisitConfig, exposure: PlannedExposure, prefix: str
) -> Mapping[str, Any]:
    band = INSTRUMENTS[config.instrument].filters[exposure.filter_name]
    return {
        "PHOTMODE": f"{prefix} {exposure.filter_name}",
        "PHOTFLAM": band.photflam,
        "PHOTFNU": band.photfnu,
        "PHOTZPT": -21.1,
        "PHOTPLAM": band.pivot_angstrom,
        "PHOTBW": band.width_angstrom,
    }


def science_header(
    config: VisitConfig,
    exposure: PlannedExposure,
    geometry: DetectorGeometry,
    solutions: ChipSolutions,
    image: ChipImage,
) -> fits.Header:
    """Return the header of a SCI extension.

    Parameters
    ----------
    config : VisitConfig
        The visit.
    exposure : PlannedExposure
        The exposure.
    geometry : DetectorGeometry
        Distortion.
    solutions : ChipSolutions
        World coordinates of the chip.
    image : ChipImage
        Pixels, for the statistics.
    """
    instrument = INSTRUMENTS[config.instrument]
    chip = solutions.chip
    header = _from_template(read_headers(instrument.name)[f"sci{chip.extver}"])
    angle = float(np.degrees(np.arctan2(*_up(solutions))))
    values: dict[str, Any] = {
        **_extension_values(exposure),
        "RA_APER": exposure.pointing_deg[0],
        "DEC_APER": exposure.pointing_deg[1],
        "PA_APER": angle,
        "LTV1": float(-solutions.corner[0]),
        "LTV2": float(-solutions.corner[1]),
        **_statistics(image),
    }
    if instrument.gains:
        values["DETECTOR"] = chip.number
        values |= _photometry(config, exposure, "")
        values["PHOTMODE"] = f"WFPC2,{chip.number},A2D7,{exposure.filter_name},,CAL"
        for keyword in ("PHOTFLAM", "PHOTFNU"):
            values[keyword] *= instrument.gains[chip.extver - 1]
    elif not instrument.is_rate:
        values["CCDCHIP"] = chip.number
        values |= _photometry(config, exposure, _mode(config, chip.number))
        values["PHOTMODE"] += f" MJD#{exposure.start_mjd:.4f}"
        if config.instrument == "wfc3/uvis":
            flam = values["PHOTFLAM"]
            values |= {"PHTFLAM1": flam, "PHTFLAM2": flam * 1.0105, "PHTRATIO": 1.0105}
    else:
        values |= {"SAMPTIME": exposure.exptime_s, "SAMPNUM": 12}
    if config.chip_shape is not None and not instrument.gains:
        values["SIZAXIS1"], values["SIZAXIS2"] = solutions.shape[::-1]
    for keyword, value in values.items():
        header[keyword] = value
    names = solution_names(exposure, geometry, instrument.suffix)
    header["S_REGION"] = _footprint(solutions, geometry)
    header.update({"IDCTAB": "N/A", "NPOLFILE": "N/A", "D2IMFILE": "N/A"})
    set_solutions(header, solutions, geometry, names)
    return header


def _mode(config: VisitConfig, number: int) -> str:
    return {
        "wfc3/uvis": f"WFC3 UVIS{number}",
        "acs/wfc": f"ACS WFC{number}",
        "acs/hrc": "ACS HRC",
        "acs/sbc": "ACS SBC",
    }[config.instrument]


def _up(solutions: ChipSolutions) -> tuple[float, float]:
    (_, east), (_, north) = solutions.apriori.cd_deg
    return east, north


def _footprint(solutions: ChipSolutions, geometry: DetectorGeometry) -> str:
    wcs = chip_wcs(solutions.apriori, solutions, geometry)
    height, width = solutions.shape
    corners = [(0, 0), (0, height - 1), (width - 1, height - 1), (width - 1, 0)]
    sky = wcs.all_pix2world(np.array([*corners, corners[0]], float), 0)
    return "POLYGON ICRS " + " ".join(f"{value:.10f}" for value in sky.ravel())


def _statistics(image: ChipImage) -> Mapping[str, Any]:
    good = (image.flags.ravel()[::7] & 31743) == 0
    science = image.science.ravel()[::7][good]
    noise = image.error.ravel()[::7][good]
    ratio = science / np.maximum(np.nan_to_num(noise), 1e-6)
    return {
        "NGOODPIX": int(np.count_nonzero((image.flags & 31743) == 0)),
        "GOODMIN": float(science.min(initial=np.inf)),
        "GOODMAX": float(science.max(initial=-np.inf)),
        "GOODMEAN": float(science.mean(dtype=np.float64)),
        "SNRMIN": float(ratio.min(initial=np.inf)),
        "SNRMAX": float(ratio.max(initial=-np.inf)),
        "SNRMEAN": float(ratio.mean(dtype=np.float64)),
    }


def _extension_values(exposure: PlannedExposure) -> Mapping[str, Any]:
    return {
        "INHERIT": True,
        "ORIGIN": _ORIGIN,
        "DATE": Time(exposure.start_mjd, format="mjd").isot[:10],
        "ROOTNAME": exposure.rootname,
        "EXPNAME": exposure.rootname,
    }


def plane_header(
    config: VisitConfig,
    exposure: PlannedExposure,
    geometry: DetectorGeometry,
    solutions: ChipSolutions,
    plane: str,
) -> fits.Header:
    """Return the header of an ERR, DQ, SAMP or TIME extension.

    Parameters
    ----------
    config : VisitConfig
        The visit.
    exposure : PlannedExposure
        The exposure.
    geometry : DetectorGeometry
        Names of reference files.
    solutions : ChipSolutions
        World coordinates of the chip.
    plane : {'err', 'dq', 'samp', 'time'}
        Extension.
    """
    header = _from_template(read_headers(INSTRUMENTS[config.instrument].name)[plane])
    header.update(_extension_values(exposure))
    set_linear_terms(header, solutions.distortion_only, solutions.crpix, ctype="TAN")
    header["MJDREF"], header["WCSNAME"] = 0.0, f"IDC_{geometry.idctab}"
    return header
