"""Tasks that make products: chips onto the final grid, then stacked and written."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.changes import find_change
from svmcore.drizzling.pixmap import footprint_window
from svmcore.drizzling.resample import drizzle_chip, drizzle_sparse
from svmcore.drizzling.sky import match_skies, sample_step
from svmcore.drizzling.weights import weight_map, weight_scale
from svmcore.io.alignment import read_exposure_fits
from svmcore.io.drizzle_results import (
    StoredChip,
    read_changes,
    read_drizzled_chips,
    read_grids,
    read_sky,
    read_sky_remarks,
    write_changes,
    write_drizzled_chip,
    write_drizzled_index,
    write_offsets,
)
from svmcore.io.fit_cards import fit_cards
from svmcore.io.images import read_calibration
from svmcore.io.stack_sources import (
    ChangeSource,
    ChipSource,
    LoadedSource,
    StackSource,
    read_product_source,
)
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import DrizzledChip, SparseChange
from svmcore.pipeline.drizzle_chips import OpenChip, open_chips
from svmcore.pipeline.drizzle_payloads import (
    Member,
    ProductPayload,
    ResamplePayload,
)
from svmcore.pipeline.drizzle_write import Alignment, ChipFacts, write_stack
from svmcore.pipeline.tasks import TaskCall

__all__ = [
    "change_pixels",
    "drizzle_exposure_product",
    "drizzle_filter_product",
    "drizzle_total_product",
    "resample_exposure",
]

BoolImage = NDArray[np.bool_]


def resample_exposure(call: TaskCall) -> None:
    """Drizzle every chip of an exposure onto the final grid."""
    payload: ResamplePayload = call.payload
    windows = {}
    grid = read_grids(call.inputs["grids"][0]).products[payload.product]
    for chip in open_chips(call, payload, grid):
        window = footprint_window(chip.pixel_map, grid)
        weights = weight_map(
            payload.final,
            chip.pixels,
            chip.good(payload.masking),
            chip.calibration,
            sky=chip.sky,
        )
        extver = chip.calibration.extver
        drizzled = drizzle_chip(
            chip.pixels.science,
            weights,
            chip.pixel_map,
            window,
            drop=chip.drop,
            variance=chip.variance() if payload.has_errors else None,
        )
        write_drizzled_chip(call.folder, extver, drizzled)
        windows[extver] = window
    write_drizzled_index(call.folder, windows)


def change_pixels(call: TaskCall) -> None:
    """Find what other masks change in a resampled exposure."""
    payload: ResamplePayload = call.payload
    stored = read_drizzled_chips(call.inputs["resampled"][0])
    write_changes(call.folder, _changes(call, payload, stored))


def drizzle_exposure_product(call: TaskCall) -> None:
    """Write the product of one exposure, from its resampled chips.

    Pixels that only this product uses, such as cosmic rays, are added to the
    chips that were resampled for the filter product.
    """
    payload: ProductPayload = call.payload
    stored = read_drizzled_chips(call.inputs["resampled"][0])
    if payload.change is None:
        sources, facts = _chip_sources(call, payload, [stored], [{}])
    elif payload.adds_only:
        sources, facts = _completed_chips(call, payload, payload.change, stored)
    else:
        changes = _changes(call, payload.change, stored)
        sources, facts = _chip_sources(call, payload, [stored], [changes])
    _write(call, payload, sources, facts)


def _completed_chips(
    call: TaskCall,
    payload: ProductPayload,
    change: ResamplePayload,
    stored: Sequence[StoredChip],
) -> tuple[list[StackSource], list[ChipFacts]]:
    """Return the chips with the pixels added that the base left out."""
    grid = read_grids(call.inputs["grids"][0]).products[change.product]
    base = change.masking if change.base is None else change.base
    chips: dict[int, DrizzledChip] = {}
    bases = {chip.extver: chip for chip in stored}
    for chip in open_chips(call, change, grid):
        extver = chip.calibration.extver
        chips[extver] = bases[extver].read()
        more = chip.good(change.masking) & ~chip.good(base)
        weights = weight_map(
            change.final, chip.pixels, more, chip.calibration, sky=chip.sky
        )
        drizzle_sparse(
            chips[extver],
            chip.pixels.science,
            weights,
            chip.pixel_map,
            drop=chip.drop,
            variance=chip.variance() if change.has_errors else None,
        )
    facts = _chip_facts(call, payload.members[0], payload, grid, _sky_of(call, 0), 0)
    return [
        LoadedSource(chips[fact.calibration.extver], _sky_rate(fact, grid), number)
        for number, fact in enumerate(facts)
    ], facts


def drizzle_filter_product(call: TaskCall) -> None:
    """Write the product of one filter, from its resampled exposures."""
    payload: ProductPayload = call.payload
    stored = [read_drizzled_chips(folder) for folder in call.inputs["resampled"]]
    sources, facts = _chip_sources(call, payload, stored, [{} for _ in stored])
    _write(call, payload, sources, facts)


def drizzle_total_product(call: TaskCall) -> None:
    """Write the product of all filters, from the filter products.

    Where the sky is matched, the filter products are brought down to the
    lowest of them: a constant per filter, on top of what was subtracted from
    their exposures.
    """
    payload: ProductPayload = call.payload
    grid = read_grids(call.inputs["grids"][0]).products[payload.basename]
    paths = [call.output / name for name in payload.filters]
    offsets = _filter_offsets(payload, paths, sample_step(grid, len(paths)))
    write_offsets(call.folder, dict(zip(payload.filters, offsets, strict=True)))
    changes = iter(call.inputs.get("changes", ()))
    sources: list[StackSource] = []
    later: list[StackSource] = []
    facts: list[ChipFacts] = []
    members = iter(enumerate(payload.members))
    for path, size, offset in zip(paths, payload.filter_sizes, offsets, strict=True):
        sources.append(read_product_source(path, sky=offset, first_chip=len(facts)))
        for number, member in islice(members, size):
            found = read_changes(next(changes)) if payload.has_changes else {}
            sky = _sky_of(call, number)
            for chip in _chip_facts(call, member, payload, grid, sky, number):
                shifted = _with_offset(chip, grid, offset)
                extver = chip.calibration.extver
                if extver in found:
                    rate = _sky_rate(shifted, grid)
                    later.append(
                        ChangeSource(found[extver], grid.shape[1], rate, len(facts))
                    )
                facts.append(shifted)
    _write(call, payload, sources + later, facts)


def _filter_offsets(
    payload: ProductPayload, paths: Sequence[Path], step: int
) -> list[float]:
    """Return the constant that each filter product is above the lowest [1 / s]."""
    if len(paths) < 2 or not (
        payload.sky.is_on and payload.sky.method.endswith("match")
    ):
        return [0.0] * len(paths)
    sampled = [read_product_source(path).sample(step) for path in paths]
    return list(match_skies(sampled, payload.sky).skies)


def _with_offset(chip: ChipFacts, grid: MosaicGrid, offset: float) -> ChipFacts:
    """Return a chip's facts with a further sky of drizzled values [1 / s]."""
    ratio = grid.scale_arcsec / chip.input_scale_arcsec
    more = offset / ratio**2 * chip.calibration.time_s
    return replace(chip, sky=chip.sky + more)


def _write(
    call: TaskCall,
    payload: ProductPayload,
    sources: Sequence[StackSource],
    facts: Sequence[ChipFacts],
) -> None:
    grids = read_grids(call.inputs["grids"][0])
    found, catalog = read_exposure_fits(call.inputs["fit"][0])
    rootnames = tuple(member.rootname for member in payload.members)
    alignment = Alignment(
        grids.solutions,
        {
            rootname: fit_cards(
                found.get(rootname), catalog, payload.reference_rootname
            )
            for rootname in rootnames
        },
    )
    write_stack(
        call.output / payload.file_name,
        payload,
        grids.products[payload.basename],
        sources,
        facts,
        alignment,
        history=payload.remarks(
            remark
            for folder in call.inputs.get("measured sky", ())
            for remark in read_sky_remarks(folder)
        ),
    )


def _chip_sources(
    call: TaskCall,
    payload: ProductPayload,
    stored: Sequence[tuple[StoredChip, ...]],
    changes: Sequence[dict[int, SparseChange]],
) -> tuple[list[StackSource], list[ChipFacts]]:
    """Return the chips to stack, and what the header says about each."""
    grid = read_grids(call.inputs["grids"][0]).products[payload.basename]
    sources: list[StackSource] = []
    later: list[StackSource] = []
    facts: list[ChipFacts] = []
    for number, member in enumerate(payload.members):
        chips = {chip.extver: chip for chip in stored[number]}
        sky = _sky_of(call, number)
        for chip in _chip_facts(call, member, payload, grid, sky, number):
            extver, rate = chip.calibration.extver, _sky_rate(chip, grid)
            sources.append(ChipSource(chips[extver], rate, len(facts)))
            if extver in changes[number]:
                change = changes[number][extver]
                later.append(ChangeSource(change, grid.shape[1], rate, len(facts)))
            facts.append(chip)
    return sources + later, facts


def _sky_of(call: TaskCall, number: int) -> dict[int, float]:
    """Return the sky of the chips of one exposure; empty if none is subtracted."""
    folders = call.inputs.get("sky", ())
    return read_sky(folders[number]) if folders else {}


def _sky_rate(chip: ChipFacts, grid: MosaicGrid) -> float:
    """Return a chip's sky as it is in drizzled values [1 / s]."""
    calibration = chip.calibration
    ratio = grid.scale_arcsec / chip.input_scale_arcsec
    rate = chip.sky / calibration.time_s
    return rate * ratio**2


def _chip_facts(
    call: TaskCall,
    member: Member,
    payload: ProductPayload,
    grid: MosaicGrid,
    sky: dict[int, float],
    number: int,
) -> list[ChipFacts]:
    """Return what the header says about the chips of one exposure."""
    scales = read_grids(call.inputs["grids"][0]).scales_arcsec[member.rootname]
    return [
        ChipFacts(
            number,
            calibration,
            weight_scale(
                payload.final,
                calibration,
                grid.scale_arcsec / scales[calibration.extver],
            ),
            scales[calibration.extver],
            sky.get(calibration.extver, 0.0),
        )
        for calibration in read_calibration(member.path, payload.instrument)
    ]


def _weights_of(
    payload: ResamplePayload, chip: OpenChip, mask: NDArray[np.bool_]
) -> NDArray[np.float32] | None:
    """Return the weights of some pixels of a chip; None if there are none."""
    if not mask.any():
        return None
    return weight_map(payload.final, chip.pixels, mask, chip.calibration, sky=chip.sky)


def _changes(
    call: TaskCall, payload: ResamplePayload, stored: Sequence[StoredChip]
) -> dict[int, SparseChange]:
    """Return what the payload's masks change against its base."""
    grid = read_grids(call.inputs["grids"][0]).products[payload.product]
    bases = {chip.extver: chip for chip in stored}
    found = {}
    for chip in open_chips(call, payload, grid):
        base = payload.base if payload.base is not None else payload.masking
        before, now = chip.good(base), chip.good(payload.masking)
        added = _weights_of(payload, chip, now & ~before)
        removed = _weights_of(payload, chip, before & ~now)
        if added is None and removed is None:
            continue
        extver = chip.calibration.extver
        found[extver] = find_change(
            bases[extver].opened(),
            chip.pixels.science,
            added,
            removed,
            chip.pixel_map,
            drop=chip.drop,
            grid_shape=grid.shape,
            variance=chip.variance() if payload.has_errors else None,
        )
    return found
