"""The parts of chips that a cutout is made of."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.grid import grid_wcs
from svmcore.drizzling.settings import DrizzleSettings
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import ChipPixels, DrizzledChip
from svmcore.pipeline.cutout_section import find_section
from svmcore.pipeline.cutout_source import CutoutSource, SourceChip

__all__ = ["Piece", "Region", "blank_image", "count_hits", "cut_pieces", "find_region"]

# What usual parameters need around a cutout [pixel].
LEAST_MARGIN = 14
# How far a drop reaches [input pixel]: of full size where it has one.
DROP_REACH = {"lanczos3": 4.0, "gaussian": 2.5}
# How far interpolation reaches [pixel].
BLOT_REACH = {"nearest": 1, "linear": 1, "poly3": 2, "poly5": 3, "sinc": 8}
WIDEST_BLOT = 6
BoolImage = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a grid, and how much around it matters.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the product.
    window : GridWindow
        Wanted part of it.
    margin : int
        What is needed on every side for drops, interpolation and neighbours
        of cosmic rays [pixel].
    """

    grid: MosaicGrid
    window: GridWindow
    margin: int


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The rectangle of a chip that reaches a region.

    Parameters
    ----------
    chip : SourceChip
        The chip.
    rows, columns : slice
        Rectangle on the chip.
    pixels : ChipPixels
        What the file holds there.
    near : ndarray of bool, shape (ny, nx)
        Pixels that fall into the region.
    places : ndarray of float, shape (ny, nx, 2)
        Where these fall, from the corner of the region's window; nan for the
        others.
    """

    chip: SourceChip
    rows: slice
    columns: slice
    pixels: ChipPixels
    near: BoolImage
    places: NDArray[np.float64]


def find_region(
    grid: MosaicGrid,
    window: GridWindow,
    chips: Iterable[SourceChip],
    settings: Sequence[DrizzleSettings],
) -> Region:
    """Return the region that a cutout under some settings needs.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the product.
    window : GridWindow
        Wanted part of it.
    chips : iterable of SourceChip
        Chips that may go in.
    settings : sequence of DrizzleSettings
        Of the product and its filters.
    """
    pixel = max((chip.scale_arcsec for chip in chips), default=grid.scale_arcsec)
    reach = max(_reach_arcsec(one, pixel) for one in settings)
    margin = math.ceil(reach / grid.scale_arcsec) + 2
    return Region(grid, window, max(margin, LEAST_MARGIN))


def cut_pieces(
    source: CutoutSource, chips: Iterable[SourceChip], region: Region
) -> tuple[Piece, ...]:
    """Return the parts of chips that fall into a region, one for each that does.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    chips : iterable of SourceChip
        Chips in question.
    region : Region
        Wanted part of a grid.
    """
    found = []
    for chip in chips:
        place = source.latest(
            ("places", chip.key),
            (region, chip.has_distortion),
            lambda chip=chip: _place(source, chip, region),  # type: ignore[misc]
        )
        if place is not None:
            rows, columns, near, places = place
            pixels = source.read(chip, rows, columns)
            found.append(Piece(chip, rows, columns, pixels, near, places))
    return tuple(found)


def blank_image(window: GridWindow, *, has_errors: bool = False) -> DrizzledChip:
    """Return an image without any pixel yet."""
    return DrizzledChip(
        window,
        np.zeros(window.shape, np.float32),
        np.zeros(window.shape, np.float32),
        np.zeros(window.shape, np.float32) if has_errors else None,
    )


def count_hits(flagged: NDArray[np.int16], places: NDArray[np.float64]) -> None:
    """Add one at each place (x, y) that lies inside an image."""
    x, y = np.rint(places[np.isfinite(places[:, 0])]).astype(int).T
    inside = (x >= 0) & (x < flagged.shape[1]) & (y >= 0) & (y < flagged.shape[0])
    np.add.at(flagged, (y[inside], x[inside]), 1)


def _reach_arcsec(settings: DrizzleSettings, pixel_arcsec: float) -> float:
    """Return how far from a cutout pixels can matter to it."""
    separate, final, hits = settings.separate, settings.final, settings.cosmic_rays
    drops = [
        DROP_REACH.get(one.kernel, 1.0) * max(one.pixfrac, 1.0)
        for one in (separate, final)
    ]
    if not hits.is_on:
        return drops[1] * pixel_arcsec
    around = 2 + hits.grow // 2 + hits.ctegrow  # neighbours, slope of the model
    frame = separate.frame
    scale = (frame.scale_arcsec if frame.is_custom else None) or pixel_arcsec
    blot = BLOT_REACH.get(settings.blot.interp, WIDEST_BLOT)
    return (sum(drops) + around) * pixel_arcsec + (blot + settings.median.grow) * scale


def _place(
    source: CutoutSource, chip: SourceChip, region: Region
) -> tuple[slice, slice, BoolImage, NDArray[np.float64]] | None:
    """Return the rectangle of a chip, which pixels are near, and where they fall."""
    wanted = region.window.grown(region.margin)
    if not _may_reach(chip.wcs, region.grid, wanted):
        return None
    pixel_map = source.pixel_map(chip, region.grid)
    box = find_section(pixel_map, wanted)
    if box is None:
        return None
    places = pixel_map.block(*box)
    places -= (region.window.x0, region.window.y0)
    x, y = places[..., 0], places[..., 1]
    margin, window = region.margin, region.window
    near = (x > -margin) & (x < window.nx + margin - 1)
    near &= (y > -margin) & (y < window.ny + margin - 1)
    if not near.any():
        return None
    # one complex number a pixel: half the work of two numbers
    places.view(np.complex128)[..., 0][~near] = complex(np.nan, np.nan)
    return *box, near, places


def _may_reach(wcs: Any, grid: MosaicGrid, window: GridWindow) -> bool:
    """Return whether a chip's outline comes near a part of a grid."""
    nx, ny = wcs.pixel_shape
    x, y = np.meshgrid(np.linspace(0, nx - 1, 5), np.linspace(0, ny - 1, 5))
    sky = wcs.all_pix2world(np.column_stack([x.ravel(), y.ravel()]), 0)
    there = grid_wcs(grid).wcs_world2pix(sky, 0)
    low, high = there.min(axis=0), there.max(axis=0)
    slack = 0.02 * (high - low) + 4  # between the points, outlines are curved
    low, high = low - slack, high + slack
    return bool(
        low[0] <= window.x1
        and high[0] >= window.x0
        and low[1] <= window.y1
        and high[1] >= window.y0
    )
