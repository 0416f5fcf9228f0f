"""One exposure's chips, opened for drizzling."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.grid import undistorted_scale_arcsec
from svmcore.drizzling.pixmap import PixelMap, fit_pixel_map
from svmcore.drizzling.resample import Drop
from svmcore.drizzling.settings import (
    FinalSettings,
    InstrumentSettings,
    SeparateSettings,
)
from svmcore.drizzling.weights import good_pixels, variance_map, weight_scale
from svmcore.io.drizzle_results import (
    read_cosmic_rays,
    read_grids,
    read_masks,
    read_sky,
)
from svmcore.io.images import read_calibration, read_chip_pixels
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipCalibration, ChipPixels
from svmcore.model.wcs import AlignedWcs
from svmcore.pipeline.drizzle_payloads import Masking, Member, ResamplePayload
from svmcore.pipeline.tasks import TaskCall

__all__ = [
    "OpenChip",
    "chip_wcs",
    "make_drop",
    "open_chips",
    "static_masks",
    "weights_made_with",
    "without_distortion",
]

BoolImage = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class OpenChip:
    """One chip of an exposure, ready to be drizzled.

    Parameters
    ----------
    calibration : ChipCalibration
        Units and noise.
    pixels : ChipPixels
        What the file holds.
    pixel_map : SeparableMap or ExactMap
        Where the pixels fall on the grid.
    drop : Drop
        How they are spread.
    input_scale_arcsec : float
        Size of an undistorted pixel [arcsec].
    static, hits : ndarray of bool or None
        Static pixels and cosmic rays, as far as they are known.
    sky : float
        Sky in the unit of the file: as measured, else as the file came with
        it. Weights of type IVM need it.
    """

    calibration: ChipCalibration
    pixels: ChipPixels
    pixel_map: PixelMap
    drop: Drop
    input_scale_arcsec: float
    static: BoolImage | None
    hits: BoolImage | None
    sky: float

    def variance(self) -> NDArray[np.float32]:
        """Return the variance of every pixel, in the squared unit of the file."""
        return variance_map(self.pixels, self.calibration)

    def good(self, masking: Masking) -> BoolImage:
        """Return the pixels that a masking leaves."""
        # Flags that are cleared do no harm either.
        bits = None if masking.bits is None else masking.bits | masking.reset_bits
        return good_pixels(
            self.pixels.quality,
            bits,
            self.static if masking.use_static else None,
            self.hits if masking.use_cosmic_rays else None,
        )


def open_chips(
    call: TaskCall, payload: ResamplePayload, grid: MosaicGrid
) -> Iterator[OpenChip]:
    """Yield the chips of an exposure, one at a time."""
    member, final = payload.member, payload.final
    solution = read_grids(call.inputs["grids"][0]).solutions[member.rootname]
    static = static_masks(call)
    hits = (
        read_cosmic_rays(call.inputs["cosmic rays"][0]).hits
        if call.inputs.get("cosmic rays")
        else {}
    )
    # Weights know the sky whether or not it is subtracted in this product.
    flagged = call.inputs.get("cosmic rays")
    sky = read_sky(flagged[0]) if flagged else {}
    all_wcs = chip_wcs(member, solution, coeffs=payload.coeffs)
    for calibration in read_calibration(member.path, payload.instrument):
        extver = calibration.extver
        wcs = all_wcs[extver]
        scale = undistorted_scale_arcsec(wcs)
        yield OpenChip(
            calibration,
            read_chip_pixels(
                member.path,
                extver,
                with_error=final.weight == "ERR" or payload.has_errors,
                with_time=final.weight == "IVM",
            ),
            fit_pixel_map(wcs, grid),
            make_drop(final, calibration, grid.scale_arcsec / scale),
            scale,
            static.get(calibration.number),
            hits.get(extver),
            sky.get(extver, calibration.given_sky),
        )


def chip_wcs(member: Member, solution: AlignedWcs, *, coeffs: bool) -> dict[int, Any]:
    """Return the WCS of every chip: aligned, with or without distortion."""
    found = read_chip_wcs(member.path, aligned=solution)
    if coeffs:
        return found
    return {extver: without_distortion(wcs) for extver, wcs in found.items()}


def without_distortion(wcs: Any) -> Any:
    """Return a copy of a chip's WCS with its linear terms only."""
    linear = wcs.deepcopy()
    linear.sip = None
    linear.cpdis1 = linear.cpdis2 = None
    linear.det2im1 = linear.det2im2 = None
    return linear


def make_drop(final: FinalSettings, calibration: ChipCalibration, ratio: float) -> Drop:
    """Return how the pixels of a chip are spread in the final step."""
    return Drop(
        final.kernel,
        final.pixfrac,
        ratio,
        weight_scale(final, calibration, ratio),
        calibration.time_s,
    )


def static_masks(call: TaskCall) -> dict[int, BoolImage]:
    """Return the static pixels by chip number; empty if there are none."""
    folders = call.inputs.get("static", ())
    return read_masks(folders[0] / "static.npz") if folders else {}


def weights_made_with(
    separate: SeparateSettings,
    instrument: InstrumentSettings,
    reset_bits: int,
    *,
    coeffs: bool,
    static: str,
) -> str:
    """Return what the weights of a separate image depend on, as a text.

    Parameters
    ----------
    separate : SeparateSettings
        How exposures are drizzled alone.
    instrument : InstrumentSettings
        Values that replace those of the headers.
    reset_bits : int
        DQ flags that are cleared first.
    coeffs : bool
        Whether distortion is removed.
    static : str
        What the static pixels were made with; empty without any.
    """
    return repr((separate, instrument, reset_bits, coeffs, static))
