"""Filters in the order of their wavelength, from their names alone."""

import re
from collections.abc import Sequence

__all__ = ["order_red_to_blue", "wavelength_rank"]

# Pivot wavelengths [nm] of elements whose number is not their middle: WFC3
# instrument handbook table 6.2, ACS instrument handbook tables 5.1 and 5.3.
_PIVOT_NM = {
    "f200lp": 488.0,
    "f350lp": 585.0,
    "f600lp": 747.0,
    "f850lp": 910.0,
    "f115lp": 140.6,
    "f125lp": 143.8,
    "f140lp": 152.8,
    "f150lp": 161.0,
    "f165lp": 176.2,
    "clear": 600.0,
}
_NUMBER = re.compile(r"f[qr]?(\d+)")
_INFRARED = frozenset({"ir"})
_LATE = 1e5


def wavelength_rank(filter_name: str, detector: str) -> float:
    """Return about the wavelength of a filter, for ordering [nm].

    Parameters
    ----------
    filter_name : str
        Filter part of a HAP name; of two elements the first counts.
    detector : str
        Detector part of a HAP name; IR names count in units of 10 nm.

    Examples
    --------
    >>> wavelength_rank("f160w", "ir"), wavelength_rank("f555w", "uvis")
    (1600.0, 555.0)
    """
    element = filter_name.split("-", maxsplit=1)[0].lower()
    if element in _PIVOT_NM:
        return _PIVOT_NM[element]
    found = _NUMBER.match(element)
    if found is None:
        return _LATE
    return float(found.group(1)) * (10.0 if detector in _INFRARED else 1.0)


def order_red_to_blue(filters: Sequence[str], detector: str) -> tuple[str, ...]:
    """Return filter names from the longest to the shortest wavelength.

    Parameters
    ----------
    filters : sequence of str
        Filter parts of HAP names.
    detector : str
        Detector part of a HAP name.

    Examples
    --------
    >>> order_red_to_blue(["f098m", "f160w", "f110w"], "ir")
    ('f160w', 'f110w', 'f098m')
    """
    return tuple(
        sorted(filters, key=lambda name: (-wavelength_rank(name, detector), name))
    )
