"""A product folded from its sources and written, band by band."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from svmcore.alignment.wcsname import wcs_type
from svmcore.drizzling.footprint import covered_region
from svmcore.drizzling.header_table import ExposureHeaders
from svmcore.drizzling.headers import ProductHeaders, blend_headers, set_region
from svmcore.drizzling.keywords import (
    DrizzleRecord,
    ProductFacts,
    add_coverage_keywords,
    add_product_keywords,
    error_header,
)
from svmcore.drizzling.stack import Band, Sum
from svmcore.drizzling.statistics import COARSE, CoverageCount
from svmcore.io.export_images import ImageExtension, ProductWriter, write_product
from svmcore.io.fit_cards import FIT_KEYWORDS, set_fit_cards
from svmcore.io.images import read_exposure_headers
from svmcore.io.stack_sources import StackSource
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import ChipCalibration
from svmcore.model.wcs import AlignedWcs
from svmcore.pipeline.drizzle_payloads import Member, ProductPayload

__all__ = ["Alignment", "ChipFacts", "write_stack"]

BAND_ROWS = 64  # what a band takes stays in the processor's cache
HISTORY_WIDTH = 72
REGION_CARDS = 120


@dataclass(frozen=True, slots=True)
class ChipFacts:
    """What a product's header says about one chip.

    Parameters
    ----------
    exposure : int
        Number of its exposure in the product, 0-based.
    calibration : ChipCalibration
        Units and exposure time.
    weight_scale : float
        Factor of its weights.
    input_scale_arcsec : float
        Size of an undistorted input pixel [arcsec].
    sky : float
        Sky subtracted, in the unit of the file.
    """

    exposure: int
    calibration: ChipCalibration
    weight_scale: float
    input_scale_arcsec: float
    sky: float


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where the exposures of a product are, and how that is known.

    Parameters
    ----------
    solutions : Mapping of str to AlignedWcs
        By rootname.
    fit_cards : Mapping of str to astropy.io.fits.Header
        Keywords of the fits, by rootname; empty where nothing was fitted.
    """

    solutions: Mapping[str, AlignedWcs]
    fit_cards: Mapping[str, fits.Header]


def write_stack(
    path: Path,
    payload: ProductPayload,
    grid: MosaicGrid,
    sources: Sequence[StackSource],
    chips: Sequence[ChipFacts],
    alignment: Alignment,
    *,
    history: Sequence[str] = (),
) -> None:
    """Stack the sources of a product and write it with all its headers.

    Parameters
    ----------
    path : Path
        File of the product.
    payload : ProductPayload
        Facts and parameters.
    grid : MosaicGrid
        Grid of the product.
    sources : sequence of ChipSource, ProductSource or ChangeSource
        What to add up; changes come last.
    chips : sequence of ChipFacts
        Every chip in the order of context bits.
    alignment : Alignment
        Solutions and fits of the inputs.
    history : sequence of str
        Sentences for the HISTORY of the primary header.
    """
    inputs = [
        _exposure_headers(
            member, alignment, [chip for chip in chips if chip.exposure == n]
        )
        for n, member in enumerate(payload.members)
    ]
    headers = _headers(payload, grid, inputs, chips)
    for header in (headers.science, headers.weight, headers.context):
        _name_solution(header, inputs[0].chips[0])
    for sentence in history:
        for line in textwrap.wrap(sentence, HISTORY_WIDTH):
            headers.primary.add_history(line)
    count = CoverageCount(
        grid.shape,
        [chip.exposure for chip in chips],
        [member.exptime_s for member in payload.members],
    )
    with write_product(
        path,
        _extensions(payload, grid, headers, max(1, -(-len(chips) // 32))),
        primary_cards=len(headers.primary) + 20,
    ) as writer:
        for band in _bands(grid, sources, len(chips), payload.has_errors):
            if payload.level > 1:
                count.add(band)
            else:
                count.outline(band)
            _write_band(writer, band, payload)
        region = covered_region(np.concatenate(count.covered), grid, step=COARSE)
        set_region(headers.science, region)
        if payload.level > 1:
            add_coverage_keywords(headers.primary, count.finish())
        writer.write_headers(
            headers.primary,
            {
                "SCI": headers.science,
                "WHT": headers.weight,
                "CTX": headers.context,
                "ERR": error_header(
                    headers.weight,
                    str(headers.science["BUNIT"]),
                    payload.final,
                    chips[0].input_scale_arcsec / grid.scale_arcsec,
                ),
            },
        )
        writer.write_table("HDRTAB", headers.table)


def _bands(
    grid: MosaicGrid,
    sources: Sequence[StackSource],
    chips: int,
    has_errors: bool,  # noqa: FBT001
) -> Iterator[Band]:
    ny, nx = grid.shape
    for y0 in range(0, ny, BAND_ROWS):
        window = GridWindow(y0, 0, min(BAND_ROWS, ny - y0), nx)
        total = Sum(window, chips, has_errors)
        for source in sources:
            source.add_to(total)
        yield total.finish()


def _write_band(writer: ProductWriter, band: Band, payload: ProductPayload) -> None:
    final = payload.final
    science = band.science
    error = band.error
    if final.units == "counts":
        seconds = np.float32(sum(m.exptime_s for m in payload.members))
        science = science * seconds
        error = None if error is None else error * seconds
    empty = final.maskval if final.fillval is None else final.fillval
    if empty is not None:
        science = np.where(np.isnan(science), np.float32(empty), science)
    writer.write_rows("SCI", band.window.y0, science)
    writer.write_rows("WHT", band.window.y0, band.weight)
    if payload.context:
        writer.write_rows("CTX", band.window.y0, band.context)
    if error is not None:
        writer.write_rows("ERR", band.window.y0, error)


def _extensions(
    payload: ProductPayload, grid: MosaicGrid, draft: ProductHeaders, planes: int
) -> tuple[ImageExtension, ...]:
    flat = grid.shape
    cube = flat if planes == 1 else (planes, *flat)
    found = [
        ImageExtension(
            "SCI",
            flat,
            is_integer=False,
            header_cards=len(draft.science) + REGION_CARDS,
        ),
        ImageExtension(
            "WHT", flat, is_integer=False, header_cards=len(draft.weight) + 20
        ),
    ]
    if payload.context:
        found.append(
            ImageExtension(
                "CTX", cube, is_integer=True, header_cards=len(draft.context) + 20
            )
        )
    if payload.has_errors:
        found.append(
            ImageExtension(
                "ERR", flat, is_integer=False, header_cards=len(draft.weight) + 40
            )
        )
    return tuple(found)


def _name_solution(science: fits.Header, first: fits.Header) -> None:
    """Give a product the solution's name of its own first input.

    The grid is common to the detector and bears the name of the group's
    solution, which an exposure that kept its WCS does not have.
    """
    for keyword in ("WCSNAME", "WCSTYPE"):
        if keyword in first:
            science[keyword] = (first[keyword], first.comments[keyword])


def _exposure_headers(
    member: Member, alignment: Alignment, chips: Sequence[ChipFacts]
) -> ExposureHeaders:
    """Return the headers of an exposure with its present solution."""
    primary, chips_headers = read_exposure_headers(member.path)
    primary["FILENAME"] = member.calibrated_name
    solution = alignment.solutions[member.rootname]
    sky = {chip.calibration.extver: chip.sky for chip in chips}
    linear = {chip.extver: chip for chip in solution.chips}
    headers: list[fits.Header] = []
    for science in chips_headers:
        extver = int(science.get("EXTVER", 1))
        if extver not in sky:
            continue
        if extver in linear:
            chip = linear[extver]
            science["CRVAL1"], science["CRVAL2"] = chip.crval_deg
            science["CD1_1"], science["CD1_2"] = chip.cd_deg[0]
            science["CD2_1"], science["CD2_2"] = chip.cd_deg[1]
        if solution.name and science.get("WCSNAME") != solution.name:
            science["WCSNAME"] = solution.name
            science["WCSTYPE"] = wcs_type(solution.name)
            set_fit_cards(science, alignment.fit_cards[member.rootname])
        science["MDRIZSKY"] = (sky[extver], "sky subtracted, in the unit of the file")
        headers.append(science)
    return ExposureHeaders(member.name, primary, tuple(headers))


def _inherited_fit(chip: fits.Header) -> list[fits.Card]:
    """Return the fit keywords of the first chip: a product hands them on."""
    return [chip.cards[keyword] for keyword in FIT_KEYWORDS if keyword in chip]


def _headers(
    payload: ProductPayload,
    grid: MosaicGrid,
    inputs: Sequence[ExposureHeaders],
    chips: Sequence[ChipFacts],
) -> ProductHeaders:
    unit = chips[0].calibration.unit
    found = blend_headers(
        inputs,
        grid,
        unit=unit if payload.final.units == "counts" else f"{unit}/S",
        weight_unit="S" if payload.final.weight == "EXP" else "UNITLESS",
        has_photometry=payload.has_photometry,
    )
    records = tuple(
        DrizzleRecord(
            payload.members[chip.exposure].calibrated_name,
            chip.calibration.extver,
            chip.calibration.exptime_s,
            chip.weight_scale,
            chip.input_scale_arcsec,
            chip.sky,
        )
        for chip in chips
    )
    facts = ProductFacts(
        payload.file_name,
        payload.basename,
        payload.trailer_name,
        payload.level,
        payload.filter_name,
        tuple(member.rootname for member in payload.members),
        payload.final,
        grid.scale_arcsec,
        records,
        payload.version,
        payload.aperture,
    )
    add_product_keywords(found.primary, facts)
    for card in _inherited_fit(inputs[0].chips[0]):
        found.science[card.keyword] = (card.value, card.comment)
    number = 3 + int(payload.context) + int(payload.has_errors)
    found.primary["NEXTEND"] = (number, "number of extensions")
    return found
