"""First guesses of pointings, and circles on the sky, entered by hand."""

from collections.abc import Sequence

import numpy as np
from astropy.coordinates import SkyCoord

from svmcore.errors import ParameterError
from svmcore.model.decisions import ExcludedRegion
from svmcore.model.fit import MatchTable
from svmwidgets.models.alignment import AlignmentModel

__all__ = [
    "enclosing_circle",
    "forget_guess",
    "guess",
    "leave_out",
    "read_circle",
    "read_number",
    "restore",
]

_MARGIN_ARCSEC = 0.5  # around the outermost match, more than any centroid error


def read_number(name: str, text: str, *, unit: str) -> float:
    """Return the number that a text holds; nothing counts as zero.

    Parameters
    ----------
    name : str
        What it is, for the message.
    text : str
        What was typed.
    unit : str
        Its unit, for the message.

    Raises
    ------
    ParameterError
        If it is not a finite number.
    """
    try:
        value = float(text or 0.0)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ParameterError(
            name, f"{text!r} is not a number", f"Give a number in {unit}."
        )
    return value


def read_circle(center: str, radius: str) -> ExcludedRegion:
    """Return the circle that two texts describe.

    Parameters
    ----------
    center : str
        Right ascension and declination: two numbers in degrees, or
        sexagesimal hours and degrees (``05h38m40s -69d06m02s``,
        ``05:38:40 -69:06:02``).
    radius : str
        Radius [arcsec].

    Raises
    ------
    ParameterError
        If the texts are no position and no positive radius.
    """
    words = center.split()
    is_plain = len(words) == 2 and not any(mark in center for mark in "hd:")
    try:
        place = SkyCoord(center, unit=("deg" if is_plain else "hourangle", "deg"))
    except ValueError as error:
        raise ParameterError(
            "Centre of the circle",
            f"{center!r} is not a position on the sky",
            "Give right ascension and declination, in degrees or as 05h38m40s "
            "-69d06m02s.",
        ) from error
    size = read_number("Radius of the circle", radius, unit="arcsec")
    if size <= 0:
        raise ParameterError(
            "Radius of the circle", f"is {size:g}", "Give more than 0 arcsec."
        )
    return ExcludedRegion(float(place.ra.deg), float(place.dec.deg), size)


def enclosing_circle(
    table: MatchTable, identifiers: Sequence[str]
) -> ExcludedRegion | None:
    """Return a circle around the targets of matches; None without any.

    Parameters
    ----------
    table : MatchTable
        Matches.
    identifiers : sequence of str
        Which of them.
    """
    rows = np.flatnonzero(np.isin(table.identifier, list(identifiers)))
    if not len(rows):
        return None
    sky = SkyCoord(table.target_ra_deg[rows], table.target_dec_deg[rows], unit="deg")
    x, y, z = (float(np.mean(part)) for part in sky.cartesian.xyz.value)
    middle = SkyCoord(x, y, z, representation_type="cartesian").spherical
    center = SkyCoord(middle.lon, middle.lat)
    radius = float(center.separation(sky).arcsec.max()) + _MARGIN_ARCSEC
    return ExcludedRegion(float(center.ra.deg), float(center.dec.deg), radius)


def guess(model: AlignmentModel, rootname: str, east: str, north: str) -> bool:
    """Move an exposure by two texts [mas] before its stars are matched."""
    east_mas = read_number("East", east, unit="mas")
    north_mas = read_number("North", north, unit="mas")
    return model.offset(rootname, east_mas, north_mas)


def forget_guess(model: AlignmentModel, rootname: str) -> bool:
    """Take back the first guess for an exposure."""
    others = [o for o in model.chosen.manual_offsets if o.rootname != rootname]
    label = f"No first guess for {rootname}"
    return model.change_decisions(label, manual_offsets=tuple(others))


def leave_out(model: AlignmentModel, circle: ExcludedRegion) -> bool:
    """Let the sources in a circle take no part."""
    label = f"Leave out a circle of {circle.radius_arcsec:.1f} arcsec"
    regions = (*model.chosen.excluded_regions, circle)
    return model.change_decisions(label, excluded_regions=regions)


def restore(model: AlignmentModel, number: int) -> bool:
    """Let the sources in the circle of that index take part again."""
    regions = model.chosen.excluded_regions
    left = regions[:number] + regions[number + 1 :]
    label = f"Restore a circle of {regions[number].radius_arcsec:.1f} arcsec"
    return model.change_decisions(label, excluded_regions=left)
