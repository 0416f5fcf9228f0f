"""The SVM-named copy of an exposure, with its new solution, and the headerlet."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from numpy.typing import NDArray
from stwcs.wcsutil import HSTWCS

from svmcore.alignment.wcsname import wcs_type
from svmcore.errors import InputError
from svmcore.io.atomic import write_atomically
from svmcore.io.export_flags import add_missing_flags, flag_cosmic_rays
from svmcore.io.fit_cards import fit_cards, set_fit_cards
from svmcore.io.headerlets import (
    HeaderletFacts,
    archive_headerlet,
    build_headerlet,
)
from svmcore.io.wcs import chip_wcs, open_exposure, with_linear_terms
from svmcore.model.fit import ExposureFit
from svmcore.model.wcs import AlignedWcs

__all__ = ["COSMIC_RAY_BIT", "AlignedExposure", "write_aligned_exposure"]

COSMIC_RAY_BIT = 4096


@dataclass(frozen=True, slots=True, eq=False)
class AlignedExposure:
    """Everything that the copy of an exposure says besides its pixels.

    Parameters
    ----------
    source : Path
        The exposure as it came; only read.
    calibrated_name, headerlet_name : str
        Names of the two files.
    aligned : AlignedWcs
        Solution to write.
    set_aside : AlignedWcs or None
        Fitted solution that is only archived; None if `aligned` is the fit.
    fit : ExposureFit or None
        Fit that it came from; None for exposures that take no part in fits.
    catalog : str
        Reference catalog; empty without one.
    reference_rootname : str
        First exposure of the group, for RELREFIM.
    cosmic_rays : Mapping of int to ndarray of bool
        Pixels to flag, by EXTVER.
    reset_bits, cosmic_ray_bit : int
        DQ bits cleared before, and the bit that flags a hit.
    sky : Mapping of int to float
        MDRIZSKY by EXTVER.
    history : tuple of str
        HISTORY lines for the headerlet.
    """

    source: Path
    calibrated_name: str
    headerlet_name: str
    aligned: AlignedWcs
    fit: ExposureFit | None
    catalog: str
    reference_rootname: str
    set_aside: AlignedWcs | None = None
    cosmic_rays: Mapping[int, NDArray[np.bool_]] = field(default_factory=dict)
    reset_bits: int = 0
    cosmic_ray_bit: int = COSMIC_RAY_BIT
    sky: Mapping[int, float] = field(default_factory=dict)
    history: tuple[str, ...] = ()


def write_aligned_exposure(output: Path, exposure: AlignedExposure) -> None:
    """Write the SVM-named copy of an exposure and its headerlet.

    Parameters
    ----------
    output : Path
        Output folder.
    exposure : AlignedExposure
        What to write.

    Raises
    ------
    InputError
        If the exposure cannot be read.
    StoreError
        If a file cannot be written.

    Notes
    -----
    The solution that the exposure came with is archived twice, as stwcs does:
    under the next free key of alternate WCS, and as an HDRLET extension.
    Polynomials and lookup tables are left as they are.
    """
    with open_exposure(exposure.source) as hdus, warnings.catch_warnings():
        # Keywords of old headers that FITS does not like are not ours to mend.
        warnings.simplefilter("ignore", VerifyWarning)
        if not any(hdu.name == "SCI" for hdu in hdus):
            raise InputError(str(exposure.source), "holds no SCI extension")
        copy = fits.HDUList(list(hdus))
        _name_exposure(copy, exposure)
        add_missing_flags(copy)
        _write_solutions(copy, exposure)
        for extver, level in exposure.sky.items():
            copy["SCI", extver].header["MDRIZSKY"] = (
                level,
                "Sky value subtracted in drizzling",
            )
        flag_cosmic_rays(
            copy,
            exposure.cosmic_rays,
            reset_bits=exposure.reset_bits,
            bit=exposure.cosmic_ray_bit,
        )
        has_fit = exposure.set_aside is None
        facts = _headerlet_facts(copy, exposure, exposure.aligned, has_fit=has_fit)
        made = build_headerlet(copy, facts)
        is_fit = has_fit and exposure.fit is not None and exposure.fit.state != "kept"
        archive_headerlet(copy, made, names=() if is_fit else (exposure.aligned.name,))
        copy[0].header["NEXTEND"] = len(copy) - 1
        with write_atomically(output / exposure.headerlet_name) as temporary:
            made.writeto(temporary, output_verify="silentfix")
        with write_atomically(output / exposure.calibrated_name) as temporary:
            copy.writeto(temporary, output_verify="silentfix")


def _write_solutions(hdus: fits.HDUList, exposure: AlignedExposure) -> None:
    """Write the solution, after all that it replaces have been archived."""
    if exposure.set_aside is not None:
        _archive_alternates(hdus, exposure)
        _archive_present(hdus, exposure)
        _apply(hdus, exposure, exposure.set_aside, has_fit=True)
        facts = _headerlet_facts(hdus, exposure, exposure.set_aside, has_fit=True)
        archive_headerlet(hdus, build_headerlet(hdus, facts))
        _copy_all_to_alternate(hdus)
        _apply(hdus, exposure, exposure.aligned, has_fit=False)
        return
    if exposure.aligned.name != _wcs_name(hdus):
        _archive_present(hdus, exposure)
    _apply(hdus, exposure, exposure.aligned, has_fit=True)


def _apply(
    hdus: fits.HDUList,
    exposure: AlignedExposure,
    solution: AlignedWcs,
    *,
    has_fit: bool,
) -> None:
    """Make a solution the active one of every chip."""
    for chip in solution.chips:
        wcs = chip_wcs(hdus, chip.extver, exposure.source)
        header = hdus["SCI", chip.extver].header
        _write_linear_terms(header, with_linear_terms(wcs, chip))
        if solution.name and header.get("WCSNAME") != solution.name:
            header["WCSNAME"] = (solution.name, "Coordinate system title")
            header["WCSTYPE"] = (wcs_type(solution.name), "description of the solution")
            header["HDRNAME"] = _hdrname(exposure, solution)
            _write_fit(header, exposure, has_fit=has_fit)


def _archive_alternates(hdus: fits.HDUList, exposure: AlignedExposure) -> None:
    """Keep every alternate solution but OPUS as a headerlet extension."""
    header = hdus["SCI", 1].header
    for keyword in sorted(header["WCSNAME?"]):
        name, key = str(header[keyword]), keyword[7:]
        if name == "OPUS" or f"CRVAL1{key}" not in header:
            continue
        hdrname = str(header.get(f"HDRNAME{key}", "")) or _archive_name(exposure, name)
        facts = HeaderletFacts(hdrname=hdrname, date=_date(hdus))
        made = build_headerlet(hdus, facts, wcskey=key)
        archive_headerlet(hdus, made, names=(name,))


def _archive_name(exposure: AlignedExposure, name: str) -> str:
    stem = exposure.source.name.removesuffix(".gz").removesuffix(".fits")
    return f"{stem}_{name}-hlet.fits"


def _wcs_name(hdus: fits.HDUList) -> str:
    return str(hdus["SCI", 1].header.get("WCSNAME", ""))


def _name_exposure(hdus: fits.HDUList, exposure: AlignedExposure) -> None:
    primary = hdus[0].header
    primary["HAPLEVEL"] = (1, "Classification level of this product")
    primary["IPPPSSOO"] = primary.get("ROOTNAME", exposure.aligned.rootname)
    primary["FILENAME"] = exposure.calibrated_name
    primary["UPWCSVER"] = (version("stwcs"), "Version of STWCS used to update the WCS")
    primary["PYWCSVER"] = (
        version("astropy"),
        "Version of Astropy used to update the WCS",
    )


def _archive_present(hdus: fits.HDUList, exposure: AlignedExposure) -> None:
    """Keep the solution as it came, as alternate WCS and as a headerlet."""
    header = hdus["SCI", 1].header
    name = _wcs_name(hdus)
    if not name:
        name = "ORIGINAL"
        for hdu in hdus:
            if hdu.name == "SCI":
                hdu.header["WCSNAME"] = (name, "Coordinate system title")
    hdrname = str(header.get("HDRNAME", "")) or _archive_name(exposure, name)
    facts = HeaderletFacts(hdrname=hdrname, date=_date(hdus))
    archive_headerlet(hdus, build_headerlet(hdus, facts), names=(name,))
    _copy_all_to_alternate(hdus)


def _copy_all_to_alternate(hdus: fits.HDUList) -> None:
    """Copy the active solution of every chip to the next free key."""
    key = _free_key(hdus["SCI", 1].header, _wcs_name(hdus))
    if key:
        for hdu in hdus:
            if hdu.name == "SCI":
                _copy_to_alternate(hdu.header, key)


def _free_key(header: fits.Header, name: str) -> str:
    """Return the next free key of alternate WCS; empty if the name has one."""
    used = {
        keyword[7:]: str(header[keyword]).upper()
        for keyword in header["WCSNAME*"]
        if len(keyword) == 8
    }
    if name.upper() in used.values():
        return ""
    letters = "ABCDEFGHIJKLMNPQRSTUVWXYZ"  # O is the pipeline's own
    return next((letter for letter in letters if letter not in used), "")


_ALTERNATE = (
    ("WCSNAME", "Coordinate system title"),
    ("WCSAXES", "Number of coordinate axes"),
    ("CRPIX1", "Pixel coordinate of reference point"),
    ("CRPIX2", "Pixel coordinate of reference point"),
    ("CUNIT1", "Units of coordinate increment and value"),
    ("CUNIT2", "Units of coordinate increment and value"),
    ("CTYPE1", "the coordinate type for the first axis"),
    ("CTYPE2", "the coordinate type for the second axis"),
    ("CRVAL1", "[deg] Coordinate value at reference point"),
    ("CRVAL2", "[deg] Coordinate value at reference point"),
    ("CD1_1", "partial of first axis coordinate w.r.t. x"),
    ("CD1_2", "partial of first axis coordinate w.r.t. y"),
    ("CD2_1", "partial of second axis coordinate w.r.t. x"),
    ("CD2_2", "partial of second axis coordinate w.r.t. y"),
    ("RADESYS", "Equatorial coordinate system"),
    ("CRDER1", "[deg] Random error in coordinate"),
    ("CRDER2", "[deg] Random error in coordinate"),
    ("WCSTYPE", "description of the solution"),
    ("RMS_RA", "[mas] rms of the fit in RA"),
    ("RMS_DEC", "[mas] rms of the fit in Dec"),
    ("HDRNAME", "headerlet name"),
)
_DEFAULTS = {"WCSAXES": 2, "CUNIT1": "deg", "CUNIT2": "deg", "RADESYS": "ICRS"}


def _copy_to_alternate(header: fits.Header, key: str) -> None:
    for keyword, comment in _ALTERNATE:
        value = header.get(keyword, _DEFAULTS.get(keyword))
        if value is not None and len(keyword) < 8:
            header[f"{keyword}{key}"] = (value, comment)


def _write_linear_terms(header: fits.Header, wcs: HSTWCS) -> None:
    for axis in (0, 1):
        header[f"CRVAL{axis + 1}"] = float(wcs.wcs.crval[axis])
        for other in (0, 1):
            header[f"CD{axis + 1}_{other + 1}"] = float(wcs.wcs.cd[axis, other])
    header["ORIENTAT"] = float(wcs.orientat)
    header["S_REGION"] = _region(wcs)


def _region(wcs: HSTWCS) -> str:
    """Return the S_REGION of a chip: a closed polygon of corner pixels."""
    nx, ny = wcs.pixel_shape
    corners = [[0, 0], [0, ny - 1], [nx - 1, ny - 1], [nx - 1, 0], [0, 0]]
    sky = wcs.all_pix2world(corners, 0)
    return "POLYGON ICRS " + " ".join(f"{ra:.8f} {dec:.8f}" for ra, dec in sky)


def _write_fit(
    header: fits.Header, exposure: AlignedExposure, *, has_fit: bool
) -> None:
    cards = fit_cards(
        exposure.fit if has_fit else None,
        exposure.catalog,
        exposure.reference_rootname,
    )
    if cards and exposure.catalog:
        header["RADESYS"] = "ICRS"
    set_fit_cards(header, cards)


def _hdrname(exposure: AlignedExposure, solution: AlignedWcs) -> str:
    stem = exposure.calibrated_name.removesuffix(".fits")
    return f"{stem}_{solution.name or 'ORIGINAL'}-hlet.fits"


def _date(hdus: fits.HDUList) -> str:
    return str(hdus[0].header.get("DATE", ""))


def _headerlet_facts(
    hdus: fits.HDUList,
    exposure: AlignedExposure,
    solution: AlignedWcs,
    *,
    has_fit: bool,
) -> HeaderletFacts:
    fit = exposure.fit
    hdrname, date = _hdrname(exposure, solution), _date(hdus)
    if not has_fit or fit is None or fit.state == "kept":
        return HeaderletFacts(hdrname=hdrname, date=date)
    has_catalog = bool(exposure.catalog) and np.isfinite(fit.rms_ra_mas)
    rms = (
        (fit.rms_ra_mas, fit.rms_dec_mas)
        if has_catalog
        else (fit.relative_rms_ra_mas, fit.relative_rms_dec_mas)
    )
    finite = np.isfinite(rms).all()
    return HeaderletFacts(
        hdrname=hdrname,
        date=date,
        catalog=exposure.catalog,
        matches=fit.n_reference if has_catalog else fit.n_links,
        rms_ra_mas=float(rms[0]) if finite else 0.0,
        rms_dec_mas=float(rms[1]) if finite else 0.0,
        method="global" if exposure.catalog else "relative",
        history=exposure.history,
    )
