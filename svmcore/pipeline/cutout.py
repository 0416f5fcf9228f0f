"""Any part of any product under trial parameters, in a fraction of a second.

Nothing is written: sections of the exposures are read, drizzled, compared and
stacked in memory with the same functions that make the products.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.combine import SeparateNoise, combine_rows
from svmcore.drizzling.cosmic_rays import find_hits, grow_hits
from svmcore.drizzling.grid import grid_wcs
from svmcore.drizzling.resample import blot_rows, drizzle_section
from svmcore.drizzling.settings import DrizzleSettings, FinalSettings
from svmcore.drizzling.stack import Layer, Sum
from svmcore.drizzling.weights import good_pixels, weight_map
from svmcore.errors import DrizzleError
from svmcore.model.cutout import Comparison, Cutout, WeightStatistics
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import DrizzledChip
from svmcore.model.product import FilterProduct, Product, TotalProduct
from svmcore.parameters.selection import ParameterSet
from svmcore.pipeline.cutout_source import CutoutSource, Section, SourceChip
from svmcore.pipeline.drizzle import (
    choose_masking,
    follows_total,
    settings_of,
    total_filters,
)
from svmcore.pipeline.drizzle_chips import make_drop
from svmcore.pipeline.drizzle_masks import separate_drop

__all__ = ["compare", "drizzle_cutout"]

MARGIN = 4
SEPARATE_MARGIN = 12
Parameters = Mapping[str, ParameterSet]
Hits = dict[tuple[str, int], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """What comparing the exposures of one filter gave."""

    grid: MosaicGrid
    window: GridWindow
    separate: Mapping[str, NDArray[np.float32]]
    model: NDArray[np.float32]
    hits: Hits
    separate_hits: Mapping[str, NDArray[np.int16]]


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """What is to be made, and how."""

    product: Product
    settings: DrizzleSettings
    owners: Mapping[str, FilterProduct]
    parameters: Parameters
    grid: MosaicGrid
    window: GridWindow


def drizzle_cutout(
    source: CutoutSource,
    product: Product,
    *,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
    parameters: Parameters,
) -> Cutout:
    """Return a part of a product as some parameters would make it.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures of the product's detector.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    size : int or tuple of int
        Side, or (ny, nx) [output pixel].
    parameters : Mapping of str to ParameterSet
        Of the product, its filters and its total, by basename.

    Returns
    -------
    Cutout
        Image, weight, cosmic rays, and the separate images and model where
        exposures are compared.

    Raises
    ------
    DrizzleError
        If the place lies outside the product.
    ParameterError
        If a value is wrong.
    """
    grid = _product_grid(source, product, parameters)
    window = _window(grid, center_deg, size, product.basename)
    settings = settings_of(product, parameters)
    owners = _owners(source.total, product)
    compared = {
        owner.basename: _compare_filter(
            source, owner, settings_of(owner, parameters), grid, window
        )
        for owner in owners
    }
    found = {name: one for name, one in compared.items() if one is not None}
    hits = {key: mask for one in found.values() for key, mask in one.hits.items()}
    trial = _Trial(
        product,
        settings,
        {one.basename: one for one in owners},
        parameters,
        grid,
        window,
    )
    total, flagged = _stack(source, trial, hits)
    here = window.slices_within(total.window)
    band = total.finish()
    science, weight = band.science[here], band.weight[here]
    if settings.final.fillval is not None:
        science = np.where(
            np.isnan(science), np.float32(settings.final.fillval), science
        )
    if settings.final.units == "counts":
        science = science * np.float32(sum(e.exptime_s for e in product.exposures))
    return Cutout(
        grid,
        window,
        science,
        weight,
        flagged[here],
        _weight_statistics(weight),
        {name: one.grid for name, one in found.items()},
        {name: one.window for name, one in found.items()},
        {root: image for one in found.values() for root, image in one.separate.items()},
        {name: one.model for name, one in found.items()},
        source.notes,
        {
            root: mask
            for one in found.values()
            for root, mask in one.separate_hits.items()
        },
    )


def compare(
    source: CutoutSource,
    product: Product,
    parameters_a: Parameters,
    parameters_b: Parameters,
    *,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
) -> Comparison:
    """Return the same part of a product under two sets of parameters.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures of the product's detector.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters_a, parameters_b : Mapping of str to ParameterSet
        The two sets, by basename.
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    size : int or tuple of int
        Side, or (ny, nx) [output pixel].
    """
    first, second = (
        drizzle_cutout(
            source, product, center_deg=center_deg, size=size, parameters=parameters
        )
        for parameters in (parameters_a, parameters_b)
    )
    changed = int(second.hits.sum()) - int(first.hits.sum())
    if first.grid != second.grid:
        return Comparison(first, second, None, math.nan, math.nan, changed)
    difference = second.science - first.science
    finite = difference[np.isfinite(difference)]
    rms = float(np.sqrt(np.mean(finite**2))) if finite.size else math.nan
    largest = float(np.abs(finite).max()) if finite.size else math.nan
    return Comparison(first, second, difference, rms, largest, changed)


def _product_grid(
    source: CutoutSource, product: Product, parameters: Parameters
) -> MosaicGrid:
    total = source.total
    common_settings = settings_of(total, parameters)
    everything = frozenset(one.rootname for one in total.exposures)
    common = source.grid(everything, common_settings.final.frame)
    own = settings_of(product, parameters)
    if isinstance(product, TotalProduct) or follows_total(own, common_settings, total):
        return common
    mine = frozenset(one.rootname for one in product.exposures)
    return source.grid(mine, own.final.frame, common)


def _window(
    grid: MosaicGrid,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
    name: str,
) -> GridWindow:
    x, y = grid_wcs(grid).wcs_world2pix([center_deg], 0)[0]
    ny, nx = (size, size) if isinstance(size, int) else size
    window = GridWindow(round(float(y) - ny / 2), round(float(x) - nx / 2), ny, nx)
    inside = window.intersect(grid.window)
    if not inside.ny or not inside.nx:
        raise DrizzleError(
            name,
            f"the place {center_deg[0]:.6f}, {center_deg[1]:.6f} lies outside of it",
            "Choose a place inside the product.",
        )
    return window


def _owners(total: TotalProduct, product: Product) -> tuple[FilterProduct, ...]:
    """Return the filter products whose exposures a product uses."""
    if isinstance(product, TotalProduct):
        return total_filters(total)
    roots = {one.rootname for one in product.exposures}
    return tuple(
        one for one in total.filters if roots & {e.rootname for e in one.exposures}
    )


def _compare_filter(
    source: CutoutSource,
    owner: FilterProduct,
    settings: DrizzleSettings,
    grid: MosaicGrid,
    window: GridWindow,
) -> _Compared | None:
    """Find the cosmic rays of one filter's exposures around a place."""
    if not settings.cosmic_rays.is_on:
        return None
    roots = frozenset(one.rootname for one in owner.exposures)
    frame = source.grid(roots, settings.separate.frame)
    around = _transferred(window.grown(MARGIN), grid, frame).grown(SEPARATE_MARGIN)
    # What the final step does has no part in this: a trial of pixfrac reuses it.
    key = (replace(settings, final=FinalSettings()), around)
    kept = source.compared.get(owner.basename)
    if kept is None or kept[0] != key:
        kept = (key, _compare_sections(source, settings, frame, around, roots))
        source.compared[owner.basename] = kept
    known: _Compared | None = kept[1]
    return known


def _compare_sections(
    source: CutoutSource,
    settings: DrizzleSettings,
    frame: MosaicGrid,
    around: GridWindow,
    roots: frozenset[str],
) -> _Compared | None:
    sections = [
        section
        for chip in source.chips_of(roots, settings.instrument.chips)
        if (section := source.section(chip, frame, around))
    ]
    images: dict[str, DrizzledChip] = {}
    for section in sections:
        image = images.setdefault(section.chip.member.rootname, _blank(around))
        _drizzle_separately(source, section, settings, frame, image)
    if not images:
        return None
    model = combine_rows(
        np.stack([image.science for image in images.values()]),
        np.stack([image.weight for image in images.values()]),
        settings.median,
        _noise(list(images), list(images.values()), sections),
    )
    hits = {
        section.chip.key: _section_hits(
            source, section, settings, frame, (model, around)
        )
        for section in sections
    }
    flagged = {root: np.zeros(around.shape, np.int16) for root in images}
    for section in sections:
        positions = _positions(source, section, frame, around)
        mask = hits[section.chip.key]
        _count_hits(flagged[section.chip.member.rootname], positions[mask])
    separate = {root: image.science for root, image in images.items()}
    return _Compared(frame, around, separate, model, hits, flagged)


def _drizzle_separately(
    source: CutoutSource,
    section: Section,
    settings: DrizzleSettings,
    frame: MosaicGrid,
    image: DrizzledChip,
) -> None:
    chip, pixels = section.chip, section.pixels
    quality = pixels.quality & np.uint16(~settings.resetbits & 0xFFFF)
    static = section.static if settings.static.is_on else None
    good = good_pixels(quality, settings.separate.bits, static)
    sky = chip.sky if settings.sky.is_on else 0.0
    drizzle_section(
        image,
        pixels.science - np.float32(sky),
        good * np.float32(chip.calibration.exptime_s),
        _positions(source, section, frame, image.window),
        drop=separate_drop(settings.separate, chip.calibration, chip.wcs, frame),
    )


def _noise(
    roots: Sequence[str], images: Sequence[DrizzledChip], sections: Sequence[Section]
) -> SeparateNoise:
    chips = {
        root: [s.chip for s in sections if s.chip.member.rootname == root]
        for root in roots
    }
    means, rates, noises = [], [], []
    for root, image in zip(roots, images, strict=True):
        used = image.weight[image.weight > 1e-8]
        means.append(float(used.mean()) if used.size else 0.0)
        mine = [chip.calibration for chip in chips[root]]
        rates.append(
            min(
                chip.sky * chip.calibration.to_electrons / chip.calibration.exptime_s
                for chip in chips[root]
            )
        )
        noises.append(math.sqrt(sum(c.read_noise**2 for c in mine) / len(mine)))
    return SeparateNoise(tuple(means), tuple(rates), tuple(noises))


def _section_hits(
    source: CutoutSource,
    section: Section,
    settings: DrizzleSettings,
    frame: MosaicGrid,
    model: tuple[NDArray[np.float32], GridWindow],
) -> NDArray[np.bool_]:
    chip = section.chip
    calibration = chip.calibration
    image, window = model
    ratio = frame.scale_arcsec / chip.scale_arcsec
    sky = chip.sky if settings.sky.is_on else 0.0
    level = sky if settings.blot.addsky else settings.blot.skyval
    blotted = blot_rows(
        image,
        _positions(source, section, frame, window),
        factor=calibration.exptime_s * calibration.gain / ratio**2,
        interpolation=settings.blot.interp,
    )
    blotted += np.float32(level * calibration.to_electrons)
    matched = settings.sky.method.endswith("match")
    hits = find_hits(
        section.pixels.science * np.float32(calibration.to_electrons),
        blotted,
        settings.cosmic_rays,
        read_noise=calibration.read_noise,
        extra_sky=sky * calibration.to_electrons if matched else 0.0,
    )
    return grow_hits(
        hits, settings.cosmic_rays, cte_direction=calibration.cte_direction
    )


def _stack(
    source: CutoutSource, trial: _Trial, hits: Hits
) -> tuple[Sum, NDArray[np.int16]]:
    """Return the stack of the product's exposures, and where hits fall."""
    window = trial.window.grown(MARGIN)
    used = frozenset(
        one.rootname for owner in trial.owners.values() for one in owner.exposures
    ) & frozenset(one.rootname for one in trial.product.exposures)
    chips = source.chips_of(used, trial.settings.instrument.chips)
    total = Sum(window, len(chips))
    flagged = np.zeros(window.shape, np.int16)
    for number, chip in enumerate(chips):
        mask = hits.get(chip.key)
        section = (
            source.section(chip, trial.grid, window)
            if mask is None
            else source.last_section(chip)
        )
        if section is None:
            continue
        positions = _positions(source, section, trial.grid, window)
        image = _blank(window)
        drizzle_section(
            image,
            section.pixels.science,
            _final_weights(section, trial, mask),
            positions,
            drop=make_drop(
                trial.settings.final,
                chip.calibration,
                trial.grid.scale_arcsec / chip.scale_arcsec,
            ),
        )
        total.add(
            Layer(window, image.science, image.weight, _rate(chip, trial), number)
        )
        if mask is not None:
            _count_hits(flagged, positions[mask])
    return total, flagged


def _final_weights(
    section: Section, trial: _Trial, hits: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Return the weights of a section's pixels in the final image."""
    chip = section.chip
    owner = trial.owners[chip.owner]
    filters = settings_of(owner, trial.parameters)
    masking = choose_masking(
        trial.settings, filters, owner, is_own=trial.product is owner
    )
    quality = section.pixels.quality & np.uint16(~masking.reset_bits & 0xFFFF)
    good = good_pixels(
        quality,
        masking.bits,
        section.static if masking.use_static else None,
        hits if masking.use_cosmic_rays else None,
    )
    return weight_map(
        trial.settings.final, section.pixels, good, chip.calibration, sky=chip.sky
    )


def _rate(chip: SourceChip, trial: _Trial) -> float:
    """Return the sky to subtract from drizzled values [1 / s]."""
    if not trial.settings.sky.is_on:
        return 0.0
    ratio = trial.grid.scale_arcsec / chip.scale_arcsec
    return chip.sky / chip.calibration.time_s * ratio**2


def _count_hits(flagged: NDArray[np.int16], places: NDArray[np.float64]) -> None:
    x, y = np.rint(places).astype(int).T
    inside = (x >= 0) & (x < flagged.shape[1]) & (y >= 0) & (y < flagged.shape[0])
    np.add.at(flagged, (y[inside], x[inside]), 1)


def _positions(
    source: CutoutSource, section: Section, grid: MosaicGrid, window: GridWindow
) -> NDArray[np.float64]:
    """Return where the pixels of a section fall, from a window's corner."""
    pixel_map = source.pixel_map(section.chip, grid)
    places = pixel_map.block(section.rows, section.columns)
    places -= (window.x0, window.y0)
    return places


def _blank(window: GridWindow) -> DrizzledChip:
    return DrizzledChip(
        window, np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
    )


def _transferred(window: GridWindow, grid: MosaicGrid, other: MosaicGrid) -> GridWindow:
    """Return the part of another grid that holds a window."""
    corners = np.array(
        [
            (x, y)
            for x in (window.x0 - 0.5, window.x1 - 0.5)
            for y in (window.y0 - 0.5, window.y1 - 0.5)
        ]
    )
    there = grid_wcs(other).wcs_world2pix(grid_wcs(grid).wcs_pix2world(corners, 0), 0)
    low = np.floor(there.min(axis=0)).astype(int)
    high = np.ceil(there.max(axis=0)).astype(int) + 1
    return GridWindow(
        int(low[1]), int(low[0]), int(high[1] - low[1]), int(high[0] - low[0])
    )


def _weight_statistics(weight: NDArray[np.float32]) -> WeightStatistics:
    used = weight[weight > 0].astype(float)
    if not used.size:
        return WeightStatistics(0.0, 0.0, 0.0, 0.0)
    return WeightStatistics(
        float(used.mean()),
        float(np.median(used)),
        float(used.std()),
        used.size / weight.size,
    )
