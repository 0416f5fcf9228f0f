"""The task that measures the sky of the exposures of one filter."""

from collections.abc import Mapping, Sequence
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
from svmcore.io.drizzle_results import read_grids, write_made_with, write_skies
from svmcore.io.images import (
    read_calibration,
    read_chip_pixels,
    read_keyword_sky,
    read_sky_file,
)
from svmcore.io.mask_images import read_mask
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipCalibration
from svmcore.pipeline.drizzle_chips import chip_wcs, static_masks
from svmcore.pipeline.drizzle_payloads import Member, SkyPayload
from svmcore.pipeline.tasks import TaskCall

__all__ = ["MeasuredSky", "find_skies", "measure_sky", "sky_levels"]

Skies = dict[str, dict[int, float]]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSky:
    """One exposure: what its chips say about the sky.

    Parameters
    ----------
    chips : tuple of ChipCalibration
        Its chips.
    areas : tuple of float
        Of a pixel of each [arcsec²].
    lowest : float or None
        Lowest sky of a chip [unit of the file / (s arcsec²)]; None if not
        measured.
    samples : ndarray of float32 or None
        Surface brightness at the sampled positions of the common grid, in the
        same unit; nan where there is none. None if not needed.
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
    grids = read_grids(call.inputs["grids"][0])
    all_wcs = {
        member.rootname: chip_wcs(member, grids.solutions[member.rootname], coeffs=True)
        for member in payload.members
    }
    skies, method, remarks = find_skies(
        payload, grids.separate[payload.product], all_wcs, static_masks(call)
    )
    write_skies(call.folder, skies, method=method, remarks=tuple(remarks))
    write_made_with(call.folder, payload.made_with)


def find_skies(
    payload: SkyPayload,
    grid: MosaicGrid,
    all_wcs: Mapping[str, Mapping[int, Any]],
    static: Mapping[int, NDArray[np.bool_]],
) -> tuple[Skies, str, list[str]]:
    """Return the sky of every chip of a filter's exposures.

    Parameters
    ----------
    payload : SkyPayload
        Exposures and parameters.
    grid : MosaicGrid
        Grid of the separate images.
    all_wcs : Mapping of str to Mapping of int to HSTWCS
        Aligned WCS by rootname and EXTVER.
    static : Mapping of int to ndarray of bool
        Static pixels by chip number.

    Returns
    -------
    skies : dict of str to dict of int to float
        By rootname and EXTVER, in the unit of the files.
    method : str
        Where they come from.
    remarks : list of str
        What is to be said about them.
    """
    settings = payload.settings
    if payload.sky_file is not None:
        skies, remarks = _given(payload, read_sky_file(payload.sky_file))
        return skies, "skyfile", remarks
    if settings.keyword:
        skies = {
            member.rootname: read_keyword_sky(member.path, settings.keyword)
            for member in payload.members
        }
        return skies, f"keyword {settings.keyword}", []
    used = static if settings.use_static else {}
    measured = [
        _measure(member, payload, grid, all_wcs[member.rootname], used)
        for member in payload.members
    ]
    found, remarks = sky_levels(payload, measured)
    return found, settings.method, remarks


def sky_levels(
    payload: SkyPayload, measured: Sequence[MeasuredSky]
) -> tuple[Skies, list[str]]:
    """Return what is subtracted from each chip, from what was measured.

    Parameters
    ----------
    payload : SkyPayload
        Exposures and parameters.
    measured : sequence of MeasuredSky
        In the order of the exposures.

    Returns
    -------
    skies : dict of str to dict of int to float
        By rootname and EXTVER, in the unit of the files.
    remarks : list of str
        What is to be said about them.
    """
    method = payload.settings.method
    remarks: list[str] = []
    lows = [one.lowest for one in measured]
    for member, low in zip(payload.members, lows, strict=True):
        if low is None and method != "match":
            remarks.append(f"{member.rootname}: no usable pixel; its sky is taken as 0")
    levels = np.zeros(len(measured))
    if method == "localmin":
        levels += [low or 0.0 for low in lows]
    if method.endswith("match"):
        images = [one.samples for one in measured if one.samples is not None]
        match = match_skies(images, payload.settings)
        levels += match.skies
        remarks += [
            f"{payload.members[n].rootname}: overlaps no other exposure of the "
            "filter; nothing is subtracted to match it"
            for n in match.alone
        ]
    if method.startswith("globalmin"):  # of the matched images, if they are
        levels += min(
            (low - level for low, level in zip(lows, levels, strict=True) if low),
            default=0.0,
        )
    return {
        member.rootname: one.per_chip(float(level))
        for member, one, level in zip(payload.members, measured, levels, strict=True)
    }, remarks


def _measure(
    member: Member,
    payload: SkyPayload,
    grid: MosaicGrid,
    all_wcs: Mapping[int, Any],
    static: Mapping[int, NDArray[np.bool_]],
) -> MeasuredSky:
    """Return the lowest sky of an exposure's chips and its sampled pixels."""
    settings = payload.settings
    matches = settings.method.endswith("match")
    step = sample_step(grid, len(payload.members))
    samples = _empty_samples(grid, step) if matches else None
    chips = read_calibration(member.path, payload.instrument)
    masks = {mask.extver: mask for mask in dict(payload.masks).get(member.rootname, ())}
    areas, lowest = [], []
    for chip in chips:
        pixels = read_chip_pixels(member.path, chip.extver)
        given = masks.get(chip.extver)
        good = good_pixels(
            pixels.quality,
            settings.bits,
            static.get(chip.number),
            None if given is None else ~read_mask(given, chip.shape),
        )
        wcs: Any = all_wcs[chip.extver]
        area = undistorted_scale_arcsec(wcs) ** 2
        areas.append(area)
        unit = chip.time_s * area
        if samples is not None:
            sample_chip(
                samples,
                pixels.science,
                good,
                fit_pixel_map(wcs, grid),
                grid,
                step=step,
                unit=unit,
                settings=settings,
            )
        if settings.method != "match":
            value = chip_statistic(pixels.science, good, settings)
            if value is not None:
                lowest.append(value / unit)
    return MeasuredSky(chips, tuple(areas), min(lowest, default=None), samples)


def _empty_samples(grid: MosaicGrid, step: int) -> NDArray[np.float32]:
    ny, nx = (-(-size // step) for size in grid.shape)
    return np.full((ny, nx), np.nan, np.float32)


def _given(
    payload: SkyPayload, table: Mapping[str, tuple[float, ...]]
) -> tuple[Skies, list[str]]:
    """Return the skies that a file gives, one for all chips or one for each."""
    skies: Skies = {}
    remarks: list[str] = []
    for member in payload.members:
        values = member.found_in(table)
        if not values:
            remarks.append(f"{member.rootname}: not in skyfile; its sky is taken as 0")
            values = (0.0,)
        chips = read_calibration(member.path, payload.instrument)
        skies[member.rootname] = {
            chip.extver: values[min(number, len(values) - 1)]
            for number, chip in enumerate(chips)
        }
    return skies, remarks
