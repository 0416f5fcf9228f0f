"""Headers of a product, blended from those of its exposures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from astropy.io import fits
from fitsblender import fitsblender

from svmcore.drizzling.header_columns import TABLE_ONLY
from svmcore.drizzling.header_rules import (
    BLENDS,
    DELETED,
    DELETED_IN_COMBINATIONS,
    DELETED_PREFIXES,
    PER_EXPOSURE,
    PHOTOMETRY,
    blend_function,
)
from svmcore.drizzling.header_table import (
    ExposureHeaders,
    HeaderTable,
    Values,
    build_table,
    header_values,
)
from svmcore.model.grid import MosaicGrid

__all__ = [
    "ProductHeaders",
    "blend_headers",
    "set_region",
    "wcs_cards",
]

_STRUCTURE = ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT")
_ALTERNATE = re.compile(
    r"^(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|LONPOLE|LATPOLE|RADESYS|"
    r"EQUINOX|CD\d_\d|PC\d_\d|WCSNAME|WCSTYPE|CRDER\d|RMS_RA|RMS_DEC|HDRNAME|"
    r"NMATCHES|FITGEOM|PV\d_\d|MJDREF)[A-Z]$"
)
_WCS = re.compile(
    r"^(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|LONPOLE|LATPOLE|RADESYS|"
    r"CD\d_\d|PC\d_\d|ORIENTAT|WCSNAME|VAFACTOR|LTM\d_\d)$"
)
# DETECTOR: in WFPC2 files the number of the chip.
_CHIP_ONLY = frozenset(
    ["DETECTOR", "EXTVER", "EXTNAME", "INHERIT", "BUNIT", "MDRIZSKY", "S_REGION"]
)


@dataclass(frozen=True, slots=True, eq=False)
class ProductHeaders:
    """Headers of one product.

    Parameters
    ----------
    primary, science, weight, context : astropy.io.fits.Header
        One per extension, without the cards that describe the array.
    table : HeaderTable
        HDRTAB: one row per chip, one column per keyword.
    """

    primary: fits.Header
    science: fits.Header
    weight: fits.Header
    context: fits.Header
    table: HeaderTable


def blend_headers(
    inputs: Sequence[ExposureHeaders],
    grid: MosaicGrid,
    *,
    unit: str,
    weight_unit: str,
    has_photometry: bool = True,
) -> ProductHeaders:
    """Return the headers of a product.

    Parameters
    ----------
    inputs : sequence of ExposureHeaders
        What really went in, in the order of the D-keywords.
    grid : MosaicGrid
        Grid of the product.
    unit, weight_unit : str
        BUNIT of the science and weight images.
    has_photometry : bool
        Whether the photometric keywords mean something: not where several
        filters are mixed.

    Returns
    -------
    ProductHeaders
        Blended headers, without the keywords that only the product's own
        facts can give.
    """
    is_combined = len(inputs) > 1
    instrument = str(inputs[0].primary.get("INSTRUME", "")).strip().upper()
    in_table = TABLE_ONLY.get(instrument, frozenset())
    primaries = [header_values(one.primary) for one in inputs]
    chips = [[header_values(chip) for chip in one.chips] for one in inputs]
    primary = _blend(
        [one.primary for one in inputs],
        primaries,
        lambda keyword: (
            keyword in in_table or _is_deleted(keyword, is_combined=is_combined)
        ),
    )
    science = _blend(
        [chip for one in inputs for chip in one.chips],
        [values for mine in chips for values in mine],
        lambda keyword: (
            keyword in in_table
            or _is_deleted(keyword, is_combined=is_combined)
            or bool(_WCS.match(keyword))
            or keyword in _CHIP_ONLY
        ),
    )
    for keyword in PER_EXPOSURE.intersection(science):
        values = [mine[0][keyword] for mine in chips if keyword in mine[0]]
        science[keyword] = blend_function(keyword)(values)
    _move_photometry(primary, science, inputs, has_photometry=has_photometry)
    science.update(wcs_cards(grid))
    science.insert(0, ("BUNIT", unit, "brightness units"))
    science.insert(0, ("INHERIT", True, "inherit the primary header"))
    return ProductHeaders(
        primary,
        science,
        _plane_header(grid, science, weight_unit),
        _plane_header(grid, science, "UNITLESS"),
        build_table(inputs, primaries, chips),
    )


def set_region(science: fits.Header, region: str) -> None:
    """Set S_REGION in a SCI header; an empty text leaves it out."""
    if region:
        science["S_REGION"] = (region, "footprint of the pixels with data")


def wcs_cards(grid: MosaicGrid) -> fits.Header:
    """Return the world coordinate system of a grid as header cards."""
    cards: list[tuple[str, Any, str]] = [
        ("WCSAXES", 2, "number of World Coordinate System axes"),
        ("CRPIX1", grid.crpix[0], "x-coordinate of reference pixel"),
        ("CRPIX2", grid.crpix[1], "y-coordinate of reference pixel"),
        ("CRVAL1", grid.crval_deg[0], "[deg] right ascension at reference pixel"),
        ("CRVAL2", grid.crval_deg[1], "[deg] declination at reference pixel"),
        ("CTYPE1", "RA---TAN", "the coordinate type for the first axis"),
        ("CTYPE2", "DEC--TAN", "the coordinate type for the second axis"),
        ("CUNIT1", "deg", "units of first coordinate value"),
        ("CUNIT2", "deg", "units of second coordinate value"),
        ("CD1_1", grid.cd_deg[0][0], "partial of first axis coordinate w.r.t. x"),
        ("CD1_2", grid.cd_deg[0][1], "partial of first axis coordinate w.r.t. y"),
        ("CD2_1", grid.cd_deg[1][0], "partial of second axis coordinate w.r.t. x"),
        ("CD2_2", grid.cd_deg[1][1], "partial of second axis coordinate w.r.t. y"),
        ("RADESYS", "ICRS", "reference system of the coordinates"),
        (
            "ORIENTAT",
            round(grid.orientation_deg, 10) + 0.0,
            "[deg] position angle of y axis, E of N",
        ),
        ("LTV1", 0.0, "offset in X to subsection start"),
        ("LTV2", 0.0, "offset in Y to subsection start"),
        ("LTM1_1", 1.0, "reciprocal of sampling rate in X"),
        ("LTM2_2", 1.0, "reciprocal of sampling rate in Y"),
        ("VAFACTOR", 1.0, "velocity aberration plate scale factor"),
    ]
    if grid.wcs_name:
        cards.append(("WCSNAME", grid.wcs_name, "name of the astrometric solution"))
    return fits.Header([fits.Card(*card) for card in cards])


def _blend(
    headers: Sequence[fits.Header],
    values: Sequence[Values],
    is_left_out: Callable[[str], bool],
) -> fits.Header:
    """Return the cards of all headers, those of the first in its order first.

    What all agree on that have a keyword is taken over as it is written; only the
    rest is blended, which takes long.
    """
    known = _first_values(values)
    keywords = [keyword for keyword in known if not is_left_out(keyword)]
    spec = [
        (keyword, keyword, blend_function(keyword))
        for keyword in keywords
        if len(headers) > 1 and not _is_agreed(keyword, values)
    ]
    blends, _ = fitsblender(list(headers), spec) if spec else ({}, None)
    wanted, blended = set(keywords), fits.Header()
    for number, header in enumerate(headers):
        if number and not wanted:
            break
        for card in header.cards:
            keyword = card.keyword
            if not keyword and card.value and not number:
                blended.append(("", card.value), end=True)  # title of a section
            elif keyword in wanted:
                wanted.remove(keyword)
                value = blends.get(keyword, known[keyword])
                if isinstance(value, fits.card.Undefined):
                    continue
                blended.append(
                    (keyword, value, card.comment)
                    if keyword in blends
                    else fits.Card.fromstring(card.image),
                    useblanks=False,
                    end=True,
                )
    return blended


def _first_values(values: Sequence[Values]) -> Values:
    """Return each keyword's value in the first header that has it."""
    known: Values = {}
    for one in values:
        for keyword, value in one.items():
            known.setdefault(keyword, value)
    return known


def _is_agreed(keyword: str, values: Sequence[Values]) -> bool:
    """Return whether a keyword is the same wherever it is, and not to be summed."""
    first, *others = (one[keyword] for one in values if keyword in one)
    return BLENDS.get(keyword) != "sum" and all(
        type(other) is type(first) and other == first for other in others
    )


def _is_deleted(keyword: str, *, is_combined: bool) -> bool:
    return (
        keyword in DELETED
        or keyword.startswith((*_STRUCTURE, *DELETED_PREFIXES))
        or bool(_ALTERNATE.match(keyword))
        or (is_combined and keyword in DELETED_IN_COMBINATIONS)
    )


def _move_photometry(
    primary: fits.Header,
    science: fits.Header,
    inputs: Sequence[ExposureHeaders],
    *,
    has_photometry: bool,
) -> None:
    """Put the photometric keywords into the SCI header, or explain why not."""
    for keyword in PHOTOMETRY:
        if keyword in primary and keyword not in science and has_photometry:
            card = primary.cards[keyword]
            science.append((keyword, card.value, card.comment), end=True)
        primary.remove(keyword, ignore_missing=True, remove_all=True)
        if not has_photometry:
            science.remove(keyword, ignore_missing=True, remove_all=True)
    if not has_photometry:
        science.add_comment(
            "PHOTFLAM and other photometric keywords are left out: this image "
            f"is the mean of {len(inputs)} exposures through several filters. "
            "Use the filter products for photometry."
        )


def _plane_header(grid: MosaicGrid, science: fits.Header, unit: str) -> fits.Header:
    header = fits.Header()
    header["INHERIT"] = (True, "inherit the primary header")
    header["BUNIT"] = (unit, "units of the values")
    for keyword in ("ROOTNAME", "EXPNAME", "PA_APER"):
        if keyword in science:
            header[keyword] = (science[keyword], science.comments[keyword])
    header.update(wcs_cards(grid))
    return header
