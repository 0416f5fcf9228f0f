"""The sky positions of a chip's corners, from its header alone."""

import math
from collections.abc import Mapping

from svmcore.inputs.lookup import finite_number
from svmcore.model.exposure import KeywordValue

__all__ = ["chip_corners"]

_MAX_ORDER = 9


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
        around the chip [deg]; empty if the header holds no tangent-plane WCS.

    Notes
    -----
    Linear terms and SIP polynomial only: the lookup tables (NPOL, D2IM) move
    a corner by less than 0.1 pixel, which no footprint shows.
    """
    linear = _linear_terms(values)
    if linear is None:
        return ()
    crpix, crval, cd = linear
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


_Linear = tuple[
    tuple[float, float], tuple[float, float], tuple[float, float, float, float]
]


def _linear_terms(values: Mapping[str, KeywordValue]) -> _Linear | None:
    types = tuple(str(values.get(key) or "") for key in ("CTYPE1", "CTYPE2"))
    if not (types[0].startswith("RA---TAN") and types[1].startswith("DEC--TAN")):
        return None
    keys = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
    found = [finite_number(values.get(key)) for key in keys]
    terms = [term for term in found if term is not None]
    if len(terms) < len(keys) or abs(terms[3]) > 90:
        return None
    cd = (terms[4], terms[5], terms[6], terms[7])
    if cd[0] * cd[3] == cd[1] * cd[2]:
        return None
    return (terms[0], terms[1]), (terms[2], terms[3]), cd


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
