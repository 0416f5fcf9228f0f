"""Tasks before the final step: grids, static pixels, sky, model, cosmic rays."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.combine import SeparateNoise, combine_rows
from svmcore.drizzling.cosmic_rays import find_hits, grow_hits
from svmcore.drizzling.grid import build_grid, undistorted_scale_arcsec
from svmcore.drizzling.pixmap import PixelMap, fit_pixel_map
from svmcore.drizzling.resample import (
    Drop,
    blot_rows,
    drizzle_chip,
    row_slices,
)
from svmcore.drizzling.settings import SeparateSettings, StaticSettings
from svmcore.drizzling.static import add_static
from svmcore.drizzling.weights import good_pixels
from svmcore.io.alignment import read_aligned_wcs
from svmcore.io.drizzle_results import (
    CosmicRayMasks,
    Grids,
    read_drizzled_chips,
    read_grids,
    read_made_with,
    read_mean_weights,
    read_skies,
    write_cosmic_rays,
    write_drizzled_chip,
    write_drizzled_index,
    write_grids,
    write_made_with,
    write_masks,
    write_mean_weights,
    write_sky,
)
from svmcore.io.images import (
    read_calibration,
    read_chip_pixels,
    read_reference_grid,
)
from svmcore.io.raw import RawPlane, read_json, write_json, write_raw
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import ChipCalibration, DrizzledChip
from svmcore.pipeline.drizzle_chips import chip_wcs, static_masks, weights_made_with
from svmcore.pipeline.drizzle_payloads import (
    CombinePayload,
    FlagPayload,
    Frames,
    GridsPayload,
    Member,
    SeparatePayload,
    StaticPayload,
)
from svmcore.pipeline.tasks import TaskCall

__all__ = [
    "build_grids",
    "combine_images",
    "drizzle_separately",
    "find_static",
    "flag_cosmic_rays",
    "separate_drop",
    "static_pixels",
]

COMBINED_ROWS = 128  # of six images; fewer of more, for memory not to grow
FEWEST_ROWS = 16
FLAGGED_ROWS = 256
FLAG_MARGIN = 2
LEAST_WEIGHT = 1e-8


def build_grids(call: TaskCall) -> None:
    """Find the grids of all products of a detector, from the aligned WCS."""
    payload: GridsPayload = call.payload
    used = {member.rootname for member in payload.total.members}
    solutions = {
        solution.rootname: solution
        for solution in read_aligned_wcs(call.inputs["fit"][0])
        if solution.rootname in used
    }
    chips = {
        member.rootname: chip_wcs(
            member, solutions[member.rootname], coeffs=payload.coeffs
        )
        for member in payload.total.members
    }

    def chips_of(members: tuple[Member, ...]) -> list[Any]:
        return [wcs for member in members for wcs in chips[member.rootname].values()]

    common = _final_grid(payload.total, chips_of(payload.total.members), None)
    products = {payload.total.basename: common}
    separate = {}
    for frames in payload.others:
        mine = chips_of(frames.members)
        products[frames.basename] = (
            common if frames.follows_total else _final_grid(frames, mine, common)
        )
        separate[frames.basename] = build_grid(
            mine, frames.separate, reference=_reference(frames.separate_refimage)
        )
    scales = {
        rootname: {
            extver: undistorted_scale_arcsec(wcs) for extver, wcs in mine.items()
        }
        for rootname, mine in chips.items()
    }
    write_grids(call.folder, Grids(products, separate, solutions, scales))


def find_static(call: TaskCall) -> None:
    """Find the pixels of every chip that are low in any exposure."""
    payload: StaticPayload = call.payload
    write_masks(
        call.folder / "static.npz", static_pixels(payload.members, payload.settings)
    )
    write_made_with(call.folder, repr(payload.settings))


def static_pixels(
    members: Sequence[Member], settings: StaticSettings
) -> dict[int, NDArray[np.bool_]]:
    """Return the static pixels of some exposures by chip number.

    Parameters
    ----------
    members : sequence of Member
        Exposures.
    settings : StaticSettings
        ``static_sig``.
    """
    found: dict[int, NDArray[np.bool_]] = {}
    for member in members:
        for chip in read_calibration(member.path):
            science = read_chip_pixels(member.path, chip.extver).science
            known = found.get(chip.number)
            if known is not None and known.shape != science.shape:
                continue  # a subarray: its pixels are others
            mask = add_static(known, [science], settings.sigma)
            if mask is not None:
                found[chip.number] = mask
    return found


def drizzle_separately(call: TaskCall) -> None:
    """Drizzle one exposure alone, onto the frame of the separate images."""
    payload: SeparatePayload = call.payload
    member, settings = payload.member, payload.settings
    grids = read_grids(call.inputs["grids"][0])
    grid = grids.separate[payload.product]
    all_wcs = chip_wcs(member, grids.solutions[member.rootname], coeffs=payload.coeffs)
    sky = _sky_of(call, member)
    static = static_masks(call)
    window = grid.window
    target = DrizzledChip(
        window, np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
    )
    noises, rates = [], []
    for chip in read_calibration(member.path, payload.instrument):
        pixels = read_chip_pixels(member.path, chip.extver)
        bits = None if settings.bits is None else settings.bits | payload.reset_bits
        good = good_pixels(pixels.quality, bits, static.get(chip.number))
        value = sky.get(chip.extver, 0.0)
        wcs = all_wcs[chip.extver]
        drizzle_chip(
            pixels.science - np.float32(value),
            good * np.float32(chip.exptime_s),
            fit_pixel_map(wcs, grid),
            window,
            drop=separate_drop(settings, chip, wcs, grid),
            target=target,
        )
        noises.append(chip.read_noise)
        rates.append(value * chip.to_electrons / chip.exptime_s)
    if settings.fillval is not None:
        empty = np.float32(settings.fillval)
        np.copyto(target.science, empty, where=target.weight == 0)
    write_drizzled_chip(call.folder, 1, target)
    write_drizzled_index(call.folder, {1: window})
    # All weights are added, as to choose some takes longer; the rest is next to 0.
    covered = int(np.count_nonzero(target.weight > LEAST_WEIGHT))
    mean = float(target.weight.sum(dtype=np.float64)) / covered if covered else 0.0
    static_of = call.inputs.get("static", ())
    made_with = weights_made_with(
        settings,
        payload.instrument,
        payload.reset_bits,
        coeffs=payload.coeffs,
        static=read_made_with(static_of[0]) if static_of else "",
    )
    write_mean_weights(call.folder, {member.rootname: mean}, made_with)
    write_json(
        call.folder / "noise.json",
        {
            "sky_rate": min(rates),
            "read_noise": math.sqrt(sum(n**2 for n in noises) / len(noises)),
        },
    )


def combine_images(call: TaskCall) -> None:
    """Combine the separate images of one filter into a model of the sky."""
    payload: CombinePayload = call.payload
    folders = call.inputs["separate"]
    facts = [read_json(folder / "noise.json") for folder in folders]
    weights: dict[str, float] = {}
    made_with = ""
    for folder in folders:
        found, made_with = read_mean_weights(folder)
        weights |= found
    write_mean_weights(call.folder, weights, made_with)
    noise = SeparateNoise(
        tuple(weights[member.rootname] for member in payload.members),
        tuple(float(one["sky_rate"]) for one in facts),
        tuple(float(one["read_noise"]) for one in facts),
    )
    images = [read_drizzled_chips(folder)[0] for folder in folders]
    window = images[0].window
    model = np.empty(window.shape, np.float32)
    margin = payload.settings.grow + 1
    size = max(min(COMBINED_ROWS, 6 * COMBINED_ROWS // len(images)), FEWEST_ROWS)
    for rows in row_slices(window.ny, size):
        low, high = max(rows.start - margin, 0), min(rows.stop + margin, window.ny)
        part = GridWindow(low, 0, high - low, window.nx)
        combined = combine_rows(
            np.stack([image.science.read(part) for image in images]),
            np.stack([image.weight.read(part) for image in images]),
            payload.settings,
            noise,
        )
        model[rows] = combined[rows.start - low : rows.stop - low]
    write_raw(call.folder / "model.raw", model)


def flag_cosmic_rays(call: TaskCall) -> None:
    """Flag the pixels of one exposure that differ from the model."""
    payload: FlagPayload = call.payload
    member = payload.member
    sky = _sky_of(call, member)
    hits: dict[int, NDArray[np.bool_]] = {}
    if payload.settings.is_on:
        grids = read_grids(call.inputs["grids"][0])
        grid = grids.separate[payload.product]
        write_mean_weights(call.folder, *read_mean_weights(call.inputs["model"][0]))
        model = RawPlane(call.inputs["model"][0] / "model.raw", grid.window).read(
            grid.window
        )
        all_wcs = chip_wcs(
            member, grids.solutions[member.rootname], coeffs=payload.coeffs
        )
        for chip in read_calibration(member.path, payload.instrument):
            found = _hits(payload, chip, all_wcs[chip.extver], model, grid, sky)
            hits[chip.extver] = grow_hits(
                found, payload.settings, cte_direction=chip.cte_direction
            )
    else:
        hits = {
            chip.extver: np.zeros(chip.shape, bool)
            for chip in read_calibration(member.path, payload.instrument)
        }
    write_cosmic_rays(
        call.folder, CosmicRayMasks(hits, payload.reset_bits, payload.bit)
    )
    write_sky(call.folder, sky)
    write_made_with(call.folder, payload.made_with)


def _hits(
    payload: FlagPayload,
    chip: ChipCalibration,
    wcs: Any,
    model: NDArray[np.float32],
    grid: MosaicGrid,
    sky: dict[int, float],
) -> NDArray[np.bool_]:
    """Return the hits of one chip, found in blocks of rows."""
    science = read_chip_pixels(payload.member.path, chip.extver).science
    pixel_map = fit_pixel_map(wcs, grid)
    value = sky.get(chip.extver, 0.0)
    level = (value if payload.blot.addsky else payload.blot.skyval) * chip.to_electrons
    ratio = grid.scale_arcsec / undistorted_scale_arcsec(wcs)
    factor = chip.exptime_s * chip.gain / ratio**2
    hits = np.zeros(chip.shape, bool)
    for rows, block, positions in _flag_blocks(chip.shape[0], pixel_map):
        blotted = blot_rows(
            model,
            positions,
            factor=factor,
            interpolation=payload.blot.interp,
            sinc_scale=payload.blot.sinscl,
        )
        blotted += np.float32(level)
        found = find_hits(
            science[block] * np.float32(chip.to_electrons),
            blotted,
            payload.settings,
            read_noise=chip.read_noise,
            extra_sky=value * chip.to_electrons if payload.is_matched else 0.0,
        )
        hits[rows] = found[rows.start - block.start : rows.stop - block.start]
    return hits


def _flag_blocks(
    ny: int, pixel_map: PixelMap
) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
    """Yield rows, the rows with a margin, and where these fall on the grid."""
    for rows in row_slices(ny, FLAGGED_ROWS):
        block = slice(
            max(rows.start - FLAG_MARGIN, 0), min(rows.stop + FLAG_MARGIN, ny)
        )
        yield rows, block, pixel_map.block(block)


def separate_drop(
    settings: SeparateSettings, chip: ChipCalibration, wcs: Any, grid: MosaicGrid
) -> Drop:
    """Return how the pixels of a chip are spread in the separate images."""
    match settings.wt_scl:
        case "exptime":
            scale = 1.0
        case "expsq":
            scale = chip.exptime_s
        case factor:
            scale = float(factor)
    return Drop(
        settings.kernel,
        settings.pixfrac,
        grid.scale_arcsec / undistorted_scale_arcsec(wcs),
        scale,
        chip.time_s,
    )


def _sky_of(call: TaskCall, member: Member) -> dict[int, float]:
    """Return the measured sky of an exposure's chips; empty if there is none."""
    folders = call.inputs.get("measured sky", ())
    return read_skies(folders[0])[member.rootname] if folders else {}


def _final_grid(
    frames: Frames, chips: list[Any], common: MosaicGrid | None
) -> MosaicGrid:
    """Return a product's grid: that of the detector, changed as asked for."""
    reference = _reference(frames.refimage) or common
    return build_grid(chips, frames.final, reference=reference)


def _reference(path: Path | None) -> MosaicGrid | None:
    return None if path is None else read_reference_grid(path)
