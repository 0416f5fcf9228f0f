"""The sky of whole exposures from a few of their pixels, for trials."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.settings import SkySettings
from svmcore.drizzling.sky import chip_statistic, nearest_pixels, sample_step
from svmcore.drizzling.weights import good_pixels
from svmcore.io.sections import sample_pixels
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipPixels
from svmcore.pipeline.cutout_source import CutoutSource, SourceChip
from svmcore.pipeline.drizzle_payloads import SkyPayload
from svmcore.pipeline.drizzle_sky import MeasuredSky, sky_levels

__all__ = ["estimate_skies"]

# Exposures are matched at positions so many times as far apart as in a run.
FARTHER = 6
Samples = tuple[ChipPixels, NDArray[np.bool_]]


def estimate_skies(
    source: CutoutSource,
    payload: SkyPayload,
    grid: MosaicGrid,
    chips: Sequence[SourceChip],
    lattices: Mapping[tuple[str, int], ChipPixels],
) -> dict[str, dict[int, float]]:
    """Return the sky of every chip, from some of its pixels.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    payload : SkyPayload
        Exposures of one filter and parameters.
    grid : MosaicGrid
        Grid of the separate images.
    chips : sequence of SourceChip
        Chips of the exposures.
    lattices : Mapping of (str, int) to ChipPixels
        Pixels at even distances, by rootname and EXTVER.

    Returns
    -------
    dict of str to dict of int to float
        By rootname and EXTVER, in the unit of the files.

    Notes
    -----
    With 65 000 pixels the sky is good to 0.005 of its noise. Static pixels are
    not left out: clipping does away with them.
    """
    measured = []
    for member in payload.members:
        mine = [chip for chip in chips if chip.member.rootname == member.rootname]
        areas = tuple(chip.scale_arcsec**2 for chip in mine)
        settings = payload.settings
        samples = None
        if settings.method.endswith("match"):
            samples = _samples(source, mine, grid, settings, len(payload.members))
        lows = []
        if settings.method != "match":
            for chip, area in zip(mine, areas, strict=True):
                pixels = lattices[chip.key]
                good = good_pixels(pixels.quality, settings.bits)
                value = chip_statistic(pixels.science, good, settings)
                if value is not None:
                    lows.append(value / (chip.calibration.time_s * area))
        calibrations = tuple(chip.calibration for chip in mine)
        measured.append(
            MeasuredSky(calibrations, areas, min(lows, default=None), samples)
        )
    return sky_levels(payload, measured)[0]


def _samples(
    source: CutoutSource,
    chips: Sequence[SourceChip],
    grid: MosaicGrid,
    settings: SkySettings,
    exposures: int,
) -> NDArray[np.float32]:
    """Return the surface brightness of an exposure at positions of the grid."""
    step = FARTHER * sample_step(grid, exposures)
    ny, nx = (-(-size // step) for size in grid.shape)
    found = np.full((ny, nx), np.nan, np.float32)
    for chip in chips:
        pixels, inside = source.latest(
            ("sky samples", chip.key),
            (grid, step),
            lambda chip=chip: _read_samples(source, chip, grid, step),  # type: ignore[misc]
        )
        usable = good_pixels(pixels.quality, settings.bits)
        for limit, keep in (
            (settings.lower, np.greater_equal),
            (settings.upper, np.less_equal),
        ):
            if limit is not None:
                usable &= keep(pixels.science, np.float32(limit))
        unit = chip.calibration.time_s * chip.scale_arcsec**2
        entered = found[inside]
        np.divide(pixels.science, np.float32(unit), out=entered, where=usable)
        found[inside] = entered
    return found


def _read_samples(
    source: CutoutSource, chip: SourceChip, grid: MosaicGrid, step: int
) -> Samples:
    rows, columns, inside = nearest_pixels(source.pixel_map(chip, grid), grid, step)
    return sample_pixels(source.planes(chip), rows, columns), inside
