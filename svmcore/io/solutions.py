"""All astrometric solutions that an exposure holds: active, alternate, archived."""

import re
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from stwcs.wcsutil.headerlet import HeaderletHDU

from svmcore.io.wcs import open_exposure
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = ["read_solutions"]

_POLYNOMIAL = re.compile(r"^[AB]_\d_\d$")


def read_solutions(path: Path) -> dict[str, AlignedWcs]:
    """Return the solutions that an exposure holds, by WCSNAME.

    Parameters
    ----------
    path : Path
        FLT or FLC file; only read.

    Returns
    -------
    dict of str to AlignedWcs
        The active solution first, then alternate ones, then those in
        headerlet extensions. A name that comes twice counts once.

    Raises
    ------
    InputError
        If the file cannot be read.

    Notes
    -----
    Only solutions with the polynomials of the active one are given: the
    linear terms of another distortion model mean nothing without it. OPUS is
    left out, as it has none.
    """
    rootname = path.name.split("_")[0]
    found: dict[str, AlignedWcs] = {}
    with open_exposure(path) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        chips = {hdu.ver: hdu.header for hdu in hdus if hdu.name == "SCI"}
        for key in ("", *_alternate_keys(chips)):
            _add(found, _from_headers(rootname, chips, key))
        for hdu in hdus:
            if isinstance(hdu, HeaderletHDU):
                _add(found, _from_headerlet(rootname, hdu, chips))
    found.pop("OPUS", None)
    return found


def _add(found: dict[str, AlignedWcs], solution: AlignedWcs | None) -> None:
    if solution is not None and solution.name and solution.name not in found:
        found[solution.name] = solution


def _alternate_keys(chips: dict[int, fits.Header]) -> list[str]:
    first = next(iter(chips.values()), fits.Header())
    return sorted(k[7:] for k in first["WCSNAME*"] if len(k) == 8)


def _from_headers(
    rootname: str, chips: dict[int, fits.Header], key: str
) -> AlignedWcs | None:
    name, terms = "", []
    for extver, header in sorted(chips.items()):
        if f"CRVAL1{key}" not in header or f"CD1_1{key}" not in header:
            return None
        name = name or str(header.get(f"WCSNAME{key}", "")).strip()
        terms.append(_chip(extver, header, key))
    return AlignedWcs(rootname, name, tuple(terms))


def _chip(extver: int, header: fits.Header, key: str = "") -> AlignedChip:
    def value(keyword: str) -> float:
        return float(header.get(f"{keyword}{key}", 0.0))

    return AlignedChip(
        extver,
        (value("CRVAL1"), value("CRVAL2")),
        ((value("CD1_1"), value("CD1_2")), (value("CD2_1"), value("CD2_2"))),
    )


def _from_headerlet(
    rootname: str, hdu: HeaderletHDU, chips: dict[int, fits.Header]
) -> AlignedWcs | None:
    headerlet = hdu.headerlet
    terms = []
    for unit in headerlet:
        if unit.name != "SIPWCS":
            continue
        extver = int(unit.header.get("TG_EVER", 1))
        if extver not in chips or not _same_distortion(unit.header, chips[extver]):
            return None
        terms.append(_chip(extver, unit.header))
    if len(terms) != len(chips):
        return None
    name = str(headerlet[0].header.get("WCSNAME", "")).strip()
    return AlignedWcs(rootname, name, tuple(sorted(terms, key=lambda t: t.extver)))


def _same_distortion(first: fits.Header, second: fits.Header) -> bool:
    """Return whether two headers have the same polynomials and reference pixel."""
    keywords = {k for k in (*first, *second) if _POLYNOMIAL.match(k)}
    keywords |= {"CRPIX1", "CRPIX2"}
    return all(
        np.isclose(first.get(k, 0.0), second.get(k, 0.0), rtol=1e-9, atol=0.0)
        for k in keywords
    )
