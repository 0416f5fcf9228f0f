"""The task that measures the sky of the exposures of one filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.grid import undistorted_scale_arcsec
from svmcore.drizzling.pixmap import fit_pixel_map
from svmcore.drizzling.sky import (
    chip_statistic,
    match_skies,
    sample_chip,
    sample_step,
)
from svmcore.drizzling.weights import good_pixels
from svmcore.io.drizzle_results import Grids, read_grids, write_skies
from svmcore.io.images import (
    read_calibration,
    read_chip_pixels,
    read_keyword_sky,
    read_sky_file,
)
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipCalibration
from svmcore.pipeline.drizzle_chips import chip_wcs, static_masks
from svmcore.pipeline.drizzle_payloads import Member, SkyPayload
from svmcore.pipeline.tasks import TaskCall

__all__ = ["measure_sky"]

Skies = dict[str, dict[int, float]]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """One exposure: what its chips say about the sky.

    Surface brightness is in units of the file per second and arcsec².
    """

    chips: tuple[ChipCalibration, ...]
    areas: tuple[float, ...]
    lowest: float | None
    samples: NDArray[np.float32] | None

    def per_chip(self, brightness: float) -> dict[int, float]:
        """Return a surface brightness in the unit of the file, by EXTVER."""
        return {
            chip.extver: brightness * area * chip.time_s
            for chip, area in zip(self.chips, self.areas, strict=True)
        }


def measure_sky(call: TaskCall) -> None:
    """Measure the sky of every chip of a filter's exposures."""
    payload: SkyPayload = call.payload
    settings = payload.settings
    remarks: list[str] = []
    if payload.sky_file is not None:
        skies = _given(payload, read_sky_file(payload.sky_file))
        method = "skyfile"
    elif settings.keyword:
        skies = {
            member.rootname: read_keyword_sky(member.path, settings.keyword)
            for member in payload.members
        }
        method = f"keyword {settings.keyword}"
    else:
        skies, remarks = _measured_skies(call, payload)
        method = settings.method
    write_skies(call.folder, skies, method=method, remarks=tuple(remarks))


def _measured_skies(call: TaskCall, payload: SkyPayload) -> tuple[Skies, list[str]]:
    method = payload.settings.method
    grids = read_grids(call.inputs["grids"][0])
    static = static_masks(call) if payload.settings.use_static else {}
    measured = [_measure(member, payload, grids, static) for member in payload.members]
    remarks: list[str] = []
    lows = [one.lowest for one in measured]
    found = [low for low in lows if low is not None]
    for member, low in zip(payload.members, lows, strict=True):
        if low is None and method != "match":
            remarks.append(f"{member.rootname}: no usable pixel; its sky is taken as 0")
    levels = np.zeros(len(measured))
    if method == "localmin":
        levels += [low or 0.0 for low in lows]
    elif method.startswith("globalmin") and found:
        levels += min(found)
    if method.endswith("match"):
        images = [one.samples for one in measured if one.samples is not None]
        match = match_skies(images, payload.settings)
        levels += match.skies
        remarks += [
            f"{payload.members[n].rootname}: overlaps no other exposure of the "
            "filter; nothing is subtracted to match it"
            for n in match.alone
        ]
    return {
        member.rootname: one.per_chip(float(level))
        for member, one, level in zip(payload.members, measured, levels, strict=True)
    }, remarks


def _measure(
    member: Member,
    payload: SkyPayload,
    grids: Grids,
    static: Mapping[int, NDArray[np.bool_]],
) -> _Measured:
    """Return the lowest sky of an exposure's chips and its sampled pixels."""
    settings = payload.settings
    grid = grids.separate[payload.product]
    matches = settings.method.endswith("match")
    samples = _empty_samples(grid) if matches else None
    all_wcs = chip_wcs(member, grids.solutions[member.rootname], coeffs=True)
    chips = read_calibration(member.path, payload.instrument)
    areas, lowest = [], []
    for chip in chips:
        pixels = read_chip_pixels(member.path, chip.extver)
        good = good_pixels(pixels.quality, settings.bits, static.get(chip.number))
        wcs: Any = all_wcs[chip.extver]
        area = undistorted_scale_arcsec(wcs) ** 2
        areas.append(area)
        unit = chip.time_s * area
        if samples is not None:
            within = _within(pixels.science, settings.lower, settings.upper)
            sample_chip(
                samples,
                pixels.science / np.float32(unit),
                good & within,
                fit_pixel_map(wcs, grid),
                grid,
                step=sample_step(grid),
            )
        if settings.method != "match":
            value = chip_statistic(pixels.science, good, settings)
            if value is not None:
                lowest.append(value / unit)
    return _Measured(chips, tuple(areas), min(lowest, default=None), samples)


def _empty_samples(grid: MosaicGrid) -> NDArray[np.float32]:
    step = sample_step(grid)
    ny, nx = (-(-size // step) for size in grid.shape)
    return np.full((ny, nx), np.nan, np.float32)


def _within(
    science: NDArray[np.float32], lower: float | None, upper: float | None
) -> NDArray[np.bool_]:
    found = np.ones(science.shape, bool)
    if lower is not None:
        found &= science >= lower
    if upper is not None:
        found &= science <= upper
    return found


def _given(payload: SkyPayload, table: Mapping[str, tuple[float, ...]]) -> Skies:
    """Return the skies that a file gives, one for all chips or one for each."""
    skies: Skies = {}
    for member in payload.members:
        values = table.get(member.path.name, table.get(member.rootname, (0.0,)))
        chips = read_calibration(member.path, payload.instrument)
        skies[member.rootname] = {
            chip.extver: values[min(number, len(values) - 1)]
            for number, chip in enumerate(chips)
        }
    return skies
