"""The exposures of one filter compared around a place, for cutouts."""

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
from svmcore.drizzling.weights import good_pixels
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import DrizzledChip
from svmcore.model.product import FilterProduct
from svmcore.pipeline.cutout_masks import Skies, skies_of, static_of
from svmcore.pipeline.cutout_source import CutoutSource, Section
from svmcore.pipeline.drizzle_compare import hits_made_with
from svmcore.pipeline.drizzle_masks import separate_drop

__all__ = [
    "Compared",
    "blank_image",
    "compare_filter",
    "count_hits",
    "section_positions",
]

MARGIN = 4
SEPARATE_MARGIN = 12
BoolImage = NDArray[np.bool_]
ChipKey = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What comparing the exposures of one filter gave.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the separate images.
    window : GridWindow
        Part of it.
    separate : Mapping of str to ndarray of float32
        Each exposure alone, by rootname.
    separate_hits : Mapping of str to ndarray of int16
        Number of its pixels that were flagged at each place.
    model : ndarray of float32
        Their combination.
    hits : Mapping of (str, int) to (slice, slice, ndarray of bool)
        Rows, columns and mask of the flagged pixels, by rootname and EXTVER.
    is_of_run : bool
        Whether the flags are those of the last run, which saw the whole
        exposures.
    """

    grid: MosaicGrid
    window: GridWindow
    separate: Mapping[str, NDArray[np.float32]]
    separate_hits: Mapping[str, NDArray[np.int16]]
    model: NDArray[np.float32]
    hits: Mapping[ChipKey, tuple[slice, slice, BoolImage]]
    is_of_run: bool

    def hits_in(self, section: Section) -> BoolImage:
        """Return the flagged pixels of a section of a chip."""
        shape = (
            section.rows.stop - section.rows.start,
            section.columns.stop - section.columns.start,
        )
        found = np.zeros(shape, bool)
        if section.chip.key not in self.hits:
            return found
        rows, columns, mask = self.hits[section.chip.key]
        target, origin = [], []
        for mine, theirs in ((section.rows, rows), (section.columns, columns)):
            low = max(mine.start, theirs.start)
            high = max(low, min(mine.stop, theirs.stop))
            target.append(slice(low - mine.start, high - mine.start))
            origin.append(slice(low - theirs.start, high - theirs.start))
        found[tuple(target)] = mask[tuple(origin)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Filter:
    """One filter's exposures, and how they are compared."""

    source: CutoutSource
    owner: FilterProduct
    settings: DrizzleSettings
    frame: MosaicGrid
    window: GridWindow
    static: Mapping[int, BoolImage]
    skies: Skies

    def sky(self, section: Section) -> float:
        """Return the sky of a section's chip, in the unit of the file."""
        rootname, extver = section.chip.key
        return self.skies.get(rootname, {}).get(extver, 0.0)


def compare_filter(
    source: CutoutSource,
    owner: FilterProduct,
    settings: DrizzleSettings,
    grid: MosaicGrid,
    window: GridWindow,
) -> Compared | None:
    """Find the cosmic rays of one filter's exposures around a place.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    owner : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    grid : MosaicGrid
        Grid of the wanted product.
    window : GridWindow
        Wanted part of it.

    Returns
    -------
    Compared or None
        None where the exposures are not compared, or none reaches the place.
    """
    if not settings.cosmic_rays.is_on:
        return None
    roots = frozenset(one.rootname for one in owner.exposures)
    frame = source.grid(roots, settings.separate.frame, coeffs=settings.coeffs)
    around = _transferred(window.grown(MARGIN), grid, frame).grown(SEPARATE_MARGIN)
    # What the final step does has no part in this: a trial of pixfrac reuses it.
    key = (replace(settings, final=FinalSettings()), around)
    kept = source.compared.get(owner.basename)
    if kept is None or kept[0] != key:
        work = _Filter(
            source,
            owner,
            settings,
            frame,
            around,
            static_of(source, owner, settings),
            skies_of(source, owner, settings),
        )
        kept = (key, _compare_sections(work, roots))
        source.compared[owner.basename] = kept
    known: Compared | None = kept[1]
    return known


def _compare_sections(work: _Filter, roots: frozenset[str]) -> Compared | None:
    source, settings, around = work.source, work.settings, work.window
    sections = [
        section
        for chip in source.chips_of(roots, settings)
        if (section := source.section(chip, work.frame, around))
    ]
    images: dict[str, DrizzledChip] = {}
    for section in sections:
        image = images.setdefault(section.chip.member.rootname, blank_image(around))
        _drizzle_separately(work, section, image)
    if not images:
        return None
    if settings.separate.fillval is not None:
        for image in images.values():
            image.science[image.weight == 0] = settings.separate.fillval
    model = combine_rows(
        np.stack([image.science for image in images.values()]),
        np.stack([image.weight for image in images.values()]),
        settings.median,
        _noise(work, list(images), list(images.values()), sections),
    )
    stored = source.stored.hits(work.owner, hits_made_with(settings))
    hits: dict[ChipKey, tuple[slice, slice, BoolImage]] = {}
    flagged = {root: np.zeros(around.shape, np.int16) for root in images}
    for section in sections:
        key = section.chip.key
        mask = section.part_of(stored[key]) if stored else None
        if mask is None:
            mask = _section_hits(work, section, model)
        hits[key] = (section.rows, section.columns, mask)
        places = section_positions(source, section, work.frame, around)
        count_hits(flagged[key[0]], places[mask])
    separate = {root: image.science for root, image in images.items()}
    return Compared(
        work.frame, around, separate, flagged, model, hits, stored is not None
    )


def _drizzle_separately(work: _Filter, section: Section, image: DrizzledChip) -> None:
    chip, pixels, settings = section.chip, section.pixels, work.settings
    quality = pixels.quality & np.uint16(~settings.resetbits & 0xFFFF)
    static = section.part_of(work.static.get(chip.calibration.number))
    good = good_pixels(quality, settings.separate.bits, static)
    drizzle_section(
        image,
        pixels.science - np.float32(work.sky(section)),
        good * np.float32(chip.calibration.exptime_s),
        section_positions(work.source, section, work.frame, image.window),
        drop=separate_drop(settings.separate, chip.calibration, chip.wcs, work.frame),
    )


def _noise(
    work: _Filter,
    roots: Sequence[str],
    images: Sequence[DrizzledChip],
    sections: Sequence[Section],
) -> SeparateNoise:
    mine = {
        root: [s for s in sections if s.chip.member.rootname == root] for root in roots
    }
    means, rates, noises = [], [], []
    for root, image in zip(roots, images, strict=True):
        used = image.weight[image.weight > 1e-8]
        means.append(float(used.mean(dtype=np.float64)) if used.size else 0.0)
        chips = [section.chip.calibration for section in mine[root]]
        rates.append(
            min(
                work.sky(one)
                * one.chip.calibration.to_electrons
                / one.chip.calibration.exptime_s
                for one in mine[root]
            )
        )
        noises.append(math.sqrt(sum(c.read_noise**2 for c in chips) / len(chips)))
    return SeparateNoise(tuple(means), tuple(rates), tuple(noises))


def _section_hits(
    work: _Filter, section: Section, model: NDArray[np.float32]
) -> BoolImage:
    chip, settings = section.chip, work.settings
    calibration = chip.calibration
    ratio = work.frame.scale_arcsec / chip.scale_arcsec
    sky = work.sky(section)
    level = sky if settings.blot.addsky else settings.blot.skyval
    blotted = blot_rows(
        model,
        section_positions(work.source, section, work.frame, work.window),
        factor=calibration.exptime_s * calibration.gain / ratio**2,
        interpolation=settings.blot.interp,
        sinc_scale=settings.blot.sinscl,
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


def section_positions(
    source: CutoutSource, section: Section, grid: MosaicGrid, window: GridWindow
) -> NDArray[np.float64]:
    """Return where the pixels of a section fall, from a window's corner."""
    pixel_map = source.pixel_map(section.chip, grid)
    places = pixel_map.block(section.rows, section.columns)
    places -= (window.x0, window.y0)
    return places


def blank_image(window: GridWindow) -> DrizzledChip:
    """Return an image without any pixel yet."""
    return DrizzledChip(
        window, np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
    )


def count_hits(flagged: NDArray[np.int16], places: NDArray[np.float64]) -> None:
    """Add one at each place (x, y) that lies inside an image."""
    x, y = np.rint(places).astype(int).T
    inside = (x >= 0) & (x < flagged.shape[1]) & (y >= 0) & (y < flagged.shape[0])
    np.add.at(flagged, (y[inside], x[inside]), 1)


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
