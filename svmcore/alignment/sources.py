"""Point sources of an exposure, with positions free of the pixel phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from svmcore.alignment.profile import GaussianProfile, StampFit, cut_stamps, fit_stamps
from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.detector import DetectorKey
from svmcore.model.fit import SourceList
from svmcore.numerics.background import BlockBackground, measure_background
from svmcore.numerics.dq import HARMLESS_BITS, flagged

__all__ = [
    "DETECTION_VERSION",
    "ChipPixels",
    "DetectedSources",
    "StarStamps",
    "detect_sources",
    "profile_width",
]

DETECTION_VERSION = 1
STAMP_SIDE = 11  # stored around each star, for the effective PSF
_FIT_SIDE = 5
_MAX_ROUGHNESS = 0.5  # keeps 95-97 % of stars, 2 % of cosmic rays
_MIN_SIGNAL_TO_NOISE = 10.0
_MAX_PEAKS = 12000  # brightest peaks of a chip that are fitted
_SATURATED_ERROR_PIX = 0.05  # added to the error where the core is saturated
_HAP_FWHM_ARCSEC = 0.13


@dataclass(frozen=True, slots=True, eq=False)
class ChipPixels:
    """Pixels of one chip.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    science, error : ndarray of float32, shape (ny, nx)
        Calibrated pixels and their errors, in one unit.
    dq : ndarray of int, shape (ny, nx)
        Data-quality bits.
    """

    extver: int
    science: NDArray[np.float32]
    error: NDArray[np.float32]
    dq: NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class StarStamps:
    """Pixels around each source, for the effective PSF.

    Parameters
    ----------
    pixel : ndarray of int, shape (n, 2)
        Central pixel (x, y) of each stamp.
    values, errors : ndarray of float32, shape (n, 11, 11)
        Pixels and errors; errors are infinite where a pixel is bad or beyond
        the edge.
    """

    pixel: NDArray[np.int64]
    values: NDArray[np.float32]
    errors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DetectedSources:
    """Sources of one exposure with their stamps, and what was found on the way.

    Parameters
    ----------
    sources : SourceList
        Brightest first within each chip.
    stamps : StarStamps
        Row by row the stamps of `sources`.
    notes : tuple of str
        One sentence per chip: background, noise, peaks, sources kept.
    """

    sources: SourceList
    stamps: StarStamps
    notes: tuple[str, ...]


def profile_width(detector_key: DetectorKey, settings: AlignmentSettings) -> float:
    """Return the width of the fitted star profile [pixel].

    HAP ships one width for all detectors, 0.13 arcsec, which is a pixel of
    WFC3/IR but five of HRC: that value stands for the detector's own width.
    """
    traits = detector_key.traits
    if abs(settings.fwhm_arcsec - _HAP_FWHM_ARCSEC) < 1e-9:
        return traits.psf_fwhm_pix
    return settings.fwhm_arcsec / traits.pixel_scale_arcsec


def detect_sources(
    rootname: str,
    chips: Sequence[ChipPixels],
    detector_key: DetectorKey,
    settings: AlignmentSettings,
) -> DetectedSources:
    """Return the point sources of an exposure.

    Parameters
    ----------
    rootname : str
        Exposure.
    chips : sequence of ChipPixels
        All its chips.
    detector_key : DetectorKey
        Instrument and detector.
    settings : AlignmentSettings
        Alignment parameters.

    Returns
    -------
    DetectedSources
        At most twice ``max_sources_per_chip`` sources per chip: cosmic rays
        that look like stars are only told apart by other exposures.

    Notes
    -----
    Centres come from a circular Gaussian of fixed width, integrated over
    pixels and fitted to 5 x 5 pixels. Cosmic rays, hot pixels, galaxies and
    blends are left out by the roughness of the fit. Saturated stars are kept
    and marked, with a larger error; they are fitted without their saturated
    pixels.
    """
    found = [_detect_on_chip(chip, detector_key, settings) for chip in chips]
    fields: Mapping[str, NDArray[np.generic]] = {
        name: np.concatenate([columns[name] for columns, _ in found])
        for name in found[0][0]
    }
    columns = dict(fields)
    sources = SourceList(
        rootname=rootname,
        extver=columns["extver"].astype(np.int64),
        xy=columns["xy"].astype(np.float64),
        xy_error=columns["xy_error"].astype(np.float64),
        flux=columns["flux"].astype(np.float64),
        peak=columns["peak"].astype(np.float64),
        roughness=columns["roughness"].astype(np.float64),
        is_saturated=columns["is_saturated"].astype(np.bool_),
    )
    stamps = StarStamps(
        columns["pixel"].astype(np.int64),
        columns["values"].astype(np.float32),
        columns["errors"].astype(np.float32),
    )
    return DetectedSources(sources, stamps, tuple(note for _, note in found))


def _detect_on_chip(
    chip: ChipPixels, detector_key: DetectorKey, settings: AlignmentSettings
) -> tuple[dict[str, NDArray[np.generic]], str]:
    harmless = HARMLESS_BITS[detector_key]
    saturation = detector_key.traits.saturation_bit
    science = np.ascontiguousarray(chip.science, dtype=np.float32)
    dq = np.ascontiguousarray(chip.dq, dtype=np.int16)
    bad = flagged(dq, 0xFFFF & ~harmless)
    bad |= ~np.isfinite(science)
    fwhm = profile_width(detector_key, settings)
    sky = measure_background(
        science, bad, box=settings.box_size, window=settings.win_size
    )
    level, noise = sky.level_image(), sky.noise_image()
    signal = science - level
    signal[bad] = 0.0
    x, y = _find_peaks(
        signal,
        noise,
        fwhm=fwhm,
        threshold=settings.threshold_sigma,
        has_cosmic_rays=detector_key.traits.has_cosmic_rays,
    )
    error = np.where(
        np.isfinite(chip.error) & (chip.error > 0), chip.error, noise
    ).astype(np.float32)
    error[bad] = np.inf
    saturated = flagged(dq, saturation)
    columns = _measure(chip.extver, (science, error, saturated, signal), (x, y), fwhm)
    keep = _select(columns, 2 * settings.max_sources_per_chip)
    note = _note(chip.extver, sky, len(x), len(keep))
    return {name: column[keep] for name, column in columns.items()}, note


def _note(extver: int, sky: BlockBackground, peaks: int, kept: int) -> str:
    return (
        f"chip {extver}: background {np.median(sky.level):.4g}, noise "
        f"{np.median(sky.noise):.3g}, {peaks} peaks, {kept} sources kept"
    )


def _find_peaks(
    signal: NDArray[np.float32],
    noise: NDArray[np.float32],
    *,
    fwhm: float,
    threshold: float,
    has_cosmic_rays: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels of local maxima of the smoothed image, brightest first."""
    sigma = fwhm / 2.354820045
    smooth = gaussian_filter(signal, sigma, mode="nearest", radius=int(2.5 * fwhm) + 1)
    kernel = np.zeros((9, 9), dtype=np.float32)
    kernel[4, 4] = 1.0
    kernel = gaussian_filter(kernel, sigma, mode="constant", radius=4)
    limit = threshold * float(np.sqrt(np.sum(kernel**2)))
    border = STAMP_SIDE // 2 - 2
    inner = smooth[border:-border, border:-border]
    flat = np.flatnonzero(inner > limit * noise[border:-border, border:-border])
    y, x = np.divmod(flat, inner.shape[1])
    y, x = y + border, x + border
    value = smooth[y, x]
    is_peak = np.ones(len(x), dtype=bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if (dy, dx) != (0, 0):
                other = smooth[y + dy, x + dx]
                first = (dy, dx) > (0, 0)
                is_peak &= (value > other) | (first & (value == other))
    if has_cosmic_rays:
        # A single hot pixel keeps 1 / kernel centre of its smoothed height.
        sharpness = signal[y, x] / np.maximum(value, 1e-30)
        is_peak &= sharpness < 0.85 / float(kernel[4, 4])
    order = np.argsort(-value[is_peak], kind="stable")[:_MAX_PEAKS]
    return x[is_peak][order], y[is_peak][order]


def _measure(
    extver: int,
    images: tuple[
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.bool_],
        NDArray[np.float32],
    ],
    pixel: tuple[NDArray[np.int64], NDArray[np.int64]],
    fwhm: float,
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of all peaks of a chip."""
    science, error, saturated, signal = images
    x, y = pixel
    fit, is_saturated = _fit_peaks(science, error, saturated, (x, y), fwhm)
    # Stars near the edge get a stamp that is cut off by infinite errors.
    half = STAMP_SIDE // 2
    pad = ((half, half), (half, half))
    usable_error = np.where(saturated, np.float32(np.inf), error)
    values = cut_stamps(np.pad(science, pad), x + half, y + half, STAMP_SIDE)
    errors = cut_stamps(
        np.pad(usable_error, pad, constant_values=np.inf),
        x + half,
        y + half,
        STAMP_SIDE,
    )
    noise_part = 5.0 * fit.flux_error / np.where(fit.flux > 0, fit.flux, np.inf)
    good = (
        fit.is_good
        & (np.hypot(fit.dx, fit.dy) < 1.2)
        & (fit.flux > _MIN_SIGNAL_TO_NOISE * fit.flux_error)
        & (fit.roughness < _MAX_ROUGHNESS + noise_part)
    )
    added = np.where(is_saturated, _SATURATED_ERROR_PIX, 0.0)
    return {
        "extver": np.full(len(x), extver),
        "pixel": np.stack([x, y], axis=1),
        "xy": np.stack([x + fit.dx, y + fit.dy], axis=1),
        "xy_error": np.hypot(fit.error, added),
        "flux": fit.flux,
        "peak": signal[y, x].astype(np.float64),
        "roughness": fit.roughness,
        "is_saturated": is_saturated,
        "values": values,
        "errors": errors,
        "good": good,
    }


def _fit_peaks(
    science: NDArray[np.float32],
    error: NDArray[np.float32],
    saturated: NDArray[np.bool_],
    pixel: tuple[NDArray[np.int64], NDArray[np.int64]],
    fwhm: float,
) -> tuple[StampFit, NDArray[np.bool_]]:
    x, y = pixel
    values = cut_stamps(science, x, y, _FIT_SIDE)
    errors = np.array(cut_stamps(error, x, y, _FIT_SIDE))
    full = cut_stamps(saturated, x, y, _FIT_SIDE)
    errors[full.astype(bool)] = np.inf
    is_saturated = full[:, 1:4, 1:4].any(axis=(1, 2))
    fit = fit_stamps(
        values.astype(np.float64), errors.astype(np.float64), GaussianProfile(fwhm)
    )
    return fit, is_saturated


def _select(columns: dict[str, NDArray[np.generic]], limit: int) -> NDArray[np.int64]:
    """Return the rows to keep, brightest first."""
    good = columns.pop("good").astype(bool)
    flux = np.where(good, columns["flux"], -np.inf)
    order = np.argsort(-flux, kind="stable")[: int(good.sum())]
    return order[:limit]
