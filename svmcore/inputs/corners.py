"""The sky positions of a chip's corners, from its header alone."""

import math
from collections.abc import Mapping

from svmcore.inputs.lookup import finite_number
from svmcore.model.exposure import KeywordValue

__all__ = ["chip_corners", "wcs_problem"]

_MAX_ORDER = 9
_TYPES = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
_TERMS = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")


def chip_corners(
    values: Mapping[str, KeywordValue], shape: tuple[int, int]
) -> tuple[tuple[float, float], ...]:
    """Return the four corners of a chip on the sky.

    Parameters
    ----------
    values : Mapping of str to str, int, float, bool or None
        Header of the science extension.
    shape : tuple of int
        Shape (ny, nx) [pixel].

    Returns
    -------
    tuple of tuple of float
        ICRS (ra, dec) of the outer edges of the corner pixels, in order
        around the chip [deg]; empty if the header holds no usable WCS, of
        which `wcs_problem` tells why.

    Notes
    -----
    Linear terms and SIP polynomial only: the lookup tables (NPOL, D2IM) move
    a corner by less than 0.1 pixel, which no footprint shows.
    """
    if wcs_problem(values):
        return ()
    terms = [finite_number(values[keyword]) or 0.0 for keyword in _TERMS]
    crpix, crval, cd = terms[:2], (terms[2], terms[3]), terms[4:]
    ny, nx = shape
    edges = ((0.5, 0.5), (nx + 0.5, 0.5), (nx + 0.5, ny + 0.5), (0.5, ny + 0.5))
    corners = []
    for x, y in edges:
        u, v = x - crpix[0], y - crpix[1]
        du, dv = _sip(values, "A", u, v), _sip(values, "B", u, v)
        xi = cd[0] * (u + du) + cd[1] * (v + dv)
        eta = cd[2] * (u + du) + cd[3] * (v + dv)
        corners.append(_deproject(math.radians(xi), math.radians(eta), crval))
    if not all(math.isfinite(value) for corner in corners for value in corner):
        return ()
    return tuple(corners)


def wcs_problem(values: Mapping[str, KeywordValue]) -> str:
    """Return what keeps a header from placing its pixels on the sky.

    Parameters
    ----------
    values : Mapping of str to str, int, float, bool or None
        Header of the science extension.

    Returns
    -------
    str
        Keyword, what was found and what was expected; empty if the header
        holds a tangent-plane WCS.
    """
    for keyword, start in _TYPES.items():
        if not str(values.get(keyword) or "").startswith(start):
            return _found(values, keyword, f"a tangent-plane axis ({start})")
    for keyword in _TERMS:
        if finite_number(values.get(keyword)) is None:
            return _found(values, keyword, "a number")
    if abs(finite_number(values["CRVAL2"]) or 0.0) > 90:
        return _found(values, "CRVAL2", "a declination")
    if str(values["CTYPE1"]).endswith("-SIP"):
        for keyword in ("A_ORDER", "B_ORDER"):
            if (finite_number(values.get(keyword)) or 0) not in range(
                1, _MAX_ORDER + 1
            ):
                return _found(values, keyword, f"an order from 1 to {_MAX_ORDER}")
    cd = [finite_number(values[keyword]) or 0.0 for keyword in _TERMS[4:]]
    if cd[0] * cd[3] == cd[1] * cd[2]:
        return "the CD matrix is singular"
    return ""


def _found(values: Mapping[str, KeywordValue], keyword: str, expected: str) -> str:
    value = values.get(keyword)
    found = "missing" if value is None else repr(value)
    return f"the keyword {keyword} is {found}, expected {expected}"


def _sip(values: Mapping[str, KeywordValue], axis: str, u: float, v: float) -> float:
    order = finite_number(values.get(f"{axis}_ORDER"))
    if order is None or not 0 < order <= _MAX_ORDER:
        return 0.0
    total = 0.0
    for p in range(int(order) + 1):
        for q in range(int(order) + 1 - p):
            coefficient = finite_number(values.get(f"{axis}_{p}_{q}"))
            if coefficient:
                total += coefficient * u**p * v**q
    return total


def _deproject(
    xi: float, eta: float, crval_deg: tuple[float, float]
) -> tuple[float, float]:
    ra0, dec0 = math.radians(crval_deg[0]), math.radians(crval_deg[1])
    east = math.cos(dec0) - eta * math.sin(dec0)
    ra = ra0 + math.atan2(xi, east)
    dec = math.atan2(math.sin(dec0) + eta * math.cos(dec0), math.hypot(xi, east))
    return math.degrees(ra) % 360.0, math.degrees(dec)
