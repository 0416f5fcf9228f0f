"""Point sources of an exposure, with positions free of the pixel phase."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from svmcore.alignment.peaks import BORDER_PIX, find_peaks
from svmcore.alignment.profile import GaussianProfile, StampFit, fit_stamps
from svmcore.alignment.saturated import CORE_ERROR_PIX, find_saturated_cores
from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.detector import DetectorKey
from svmcore.model.fit import SourceList
from svmcore.numerics.background import BlockBackground, measure_background
from svmcore.numerics.dq import HARMLESS_BITS, flagged

__all__ = [
    "ChipPixels",
    "DetectedSources",
    "StarStamps",
    "detect_sources",
    "profile_width",
    "saturated_error",
]

STAMP_SIDE = 11  # stored around each star, for the effective PSF
_FIT_SIDE = 5
_MAX_ROUGHNESS = 0.5  # keeps 95-97 % of real stars, 2 % of cosmic rays
_STAR_ROUGHNESS = 0.33  # of a star without close neighbour
_NOISE_ROUGHNESS = 7.0  # times the flux's relative error: noise in 25 pixels
_MIN_SIGNAL_TO_NOISE = 10.0
_LARGE_CHIP_PIX = 3_000_000  # above, every other pixel tells the sky
_BATCH = 2500  # peaks fitted at once, brightest first, until there are enough
_MAX_BATCHES = 6
# Added to the error where the core is saturated, and for each pixel lost there:
# measured on simulated stars of WFC3/UVIS and ACS/WFC.
_SATURATED_ERROR_PIX, _ERROR_PER_PIXEL_PIX = 0.04, 0.01
_CORE_APART_PIX = 4.0  # of a saturated core from any other source
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
        Within each chip first those that look like single stars, and the
        brightest first among them.
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


def saturated_error(errors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what is added to the position errors of saturated stars [pixel].

    Parameters
    ----------
    errors : ndarray of float, shape (n, side, side)
        Errors of the pixels around each star; infinite where one is lost.
    """
    edge = (errors.shape[1] - _FIT_SIDE) // 2
    core = errors[:, edge : edge + _FIT_SIDE, edge : edge + _FIT_SIDE]
    lost = np.sum(~np.isfinite(core), axis=(1, 2))
    added: NDArray[np.float64] = _SATURATED_ERROR_PIX + _ERROR_PER_PIXEL_PIX * lost
    return added


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
    pixels, and where hardly any other is left those tell the place.
    """
    found = [_detect_on_chip(chip, detector_key, settings) for chip in chips]
    columns = _joined([columns for columns, _ in found])
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


@dataclass(frozen=True, slots=True, eq=False)
class _Chip:
    """A chip prepared for detection."""

    science: NDArray[np.float32]
    error: NDArray[np.float32]
    bad: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    sky: BlockBackground
    signal: NDArray[np.float32]


_Columns = dict[str, NDArray[Any]]


def _joined(parts: Sequence[_Columns]) -> _Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _prepare(
    chip: ChipPixels, detector_key: DetectorKey, settings: AlignmentSettings
) -> _Chip:
    science = np.ascontiguousarray(chip.science, dtype=np.float32)
    dq = np.ascontiguousarray(chip.dq, dtype=np.int16)
    bad = flagged(dq, 0xFFFF & ~HARMLESS_BITS[detector_key])
    bad |= ~np.isfinite(science)
    saturated = flagged(dq, detector_key.traits.saturation_bit)
    sky = measure_background(
        science,
        bad,
        box=settings.box_size,
        window=settings.win_size,
        step=2 if science.size > _LARGE_CHIP_PIX else 1,
    )
    signal = science - sky.level_image()
    signal[bad] = 0.0
    return _Chip(science, chip.error, bad, saturated, sky, signal)


def _detect_on_chip(
    chip: ChipPixels, detector_key: DetectorKey, settings: AlignmentSettings
) -> tuple[_Columns, str]:
    prepared = _prepare(chip, detector_key, settings)
    fwhm = profile_width(detector_key, settings)
    x, y = find_peaks(
        prepared.signal,
        prepared.sky,
        fwhm=fwhm,
        threshold=settings.threshold_sigma,
        has_cosmic_rays=settings.rejects_sharp,
    )
    limit = 2 * settings.max_sources_per_chip
    parts: list[_Columns] = []
    stars = 0
    for first in range(0, max(1, min(len(x), _BATCH * _MAX_BATCHES)), _BATCH):
        batch = slice(first, first + _BATCH)
        part = _measure(
            prepared, x[batch], y[batch], fwhm, is_fitted=settings.fits_stars
        )
        parts.append(part)
        stars += int(part["is_star"].sum())
        if stars >= limit:
            break
    parts.append(_cores(prepared, parts))
    columns = _select(_joined(parts), limit)
    columns["extver"] = np.full(len(columns["flux"]), chip.extver, dtype=np.int64)
    columns["values"], columns["errors"] = _stamps(
        prepared, columns["pixel"], STAMP_SIDE
    )
    note = (
        f"chip {chip.extver}: background {np.median(prepared.sky.level):.4g}, noise "
        f"{np.median(prepared.sky.noise):.3g}, {len(x)} peaks, {len(columns['flux'])} "
        f"sources kept, {int(columns.pop('is_star').sum())} of them like single stars"
    )
    return columns, note


def _stamps(
    chip: _Chip, pixel: NDArray[np.int64], side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return pixels and errors around pixels; infinite errors for bad ones."""
    offset = np.arange(side) - side // 2
    ny, nx = chip.science.shape
    rows = pixel[:, 1, None, None] + offset[None, :, None]
    columns = pixel[:, 0, None, None] + offset[None, None, :]
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    at = (np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1))
    values = chip.science[at]
    given = np.asarray(chip.error[at], dtype=np.float32)
    noise = chip.sky.noise_at(pixel[:, 0], pixel[:, 1])[:, None, None]
    errors = np.where(np.isfinite(given) & (given > 0), given, noise)
    if not np.all(errors > 0):  # a photon counter where it counted nothing
        positive = errors[errors > 0]
        least = positive.min() if positive.size else np.float32(1.0)
        errors = np.maximum(errors, least)
    unusable = ~inside | chip.bad[at] | chip.saturated[at]
    return values, np.where(unusable, np.float32(np.inf), errors).astype(np.float32)


def _measure(
    chip: _Chip,
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    fwhm: float,
    *,
    is_fitted: bool = True,
) -> _Columns:
    """Return the columns of some peaks of a chip."""
    pixel = np.stack([x, y], axis=1)
    values, errors = _stamps(chip, pixel, _FIT_SIDE)
    fit = fit_stamps(values, errors, GaussianProfile(fwhm))
    near = np.stack(
        [chip.saturated[y + j, x + i] for j in (-1, 0, 1) for i in (-1, 0, 1)]
    )
    is_saturated = np.asarray(near.any(axis=0), dtype=np.bool_)
    relative = fit.flux_error / np.where(fit.flux > 0, fit.flux, np.inf)
    added = np.where(is_saturated, saturated_error(errors), 0.0)
    step = np.stack([fit.dx, fit.dy], axis=1)
    if not is_fitted:
        step = _centroids(values, errors, fit.background)
    return {
        "pixel": pixel,
        "xy": pixel + step,
        "xy_error": np.hypot(fit.error, added),
        "flux": fit.flux,
        "peak": chip.signal[y, x].astype(np.float64),
        "roughness": fit.roughness,
        "is_saturated": is_saturated,
        "is_star": fit.roughness
        < np.hypot(_STAR_ROUGHNESS, _NOISE_ROUGHNESS * relative),
        "good": _is_good(fit, relative),
    }


def _cores(chip: _Chip, parts: Sequence[_Columns]) -> _Columns:
    """Return the columns of stars that are too saturated for a fit."""
    cores = find_saturated_cores(chip.saturated, chip.signal)
    ny, nx = chip.science.shape
    inside = np.all((cores.xy > BORDER_PIX) & (cores.xy < [nx - 4, ny - 4]), axis=1)
    known = [part["xy"][part["good"]] for part in parts]
    tree = cKDTree(np.concatenate(known))
    inside &= tree.query(cores.xy)[0] > _CORE_APART_PIX
    xy, flux = cores.xy[inside], cores.flux[inside]
    pixel = np.rint(xy).astype(np.int64)
    return {
        "pixel": pixel,
        "xy": xy,
        "xy_error": np.full(len(xy), CORE_ERROR_PIX),
        "flux": flux,
        "peak": chip.signal[pixel[:, 1], pixel[:, 0]].astype(np.float64),
        "roughness": np.zeros(len(xy)),
        "is_saturated": np.ones(len(xy), dtype=np.bool_),
        "is_star": np.ones(len(xy), dtype=np.bool_),
        "good": np.ones(len(xy), dtype=np.bool_),
    }


def _centroids(
    values: NDArray[np.float32],
    errors: NDArray[np.float32],
    background: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the centres of the light in some stamps, from their middles."""
    light = np.where(np.isfinite(errors), values - background[:, None, None], 0.0)
    light = np.maximum(light, 0.0)
    total = np.maximum(light.sum(axis=(1, 2)), 1e-30)
    offset = np.arange(values.shape[1]) - values.shape[1] // 2
    x, y = light.sum(axis=1) @ offset, light.sum(axis=2) @ offset
    return np.stack([x / total, y / total], axis=1)


def _is_good(fit: StampFit, relative: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which fits are good enough to be sources at all."""
    good: NDArray[np.bool_] = (
        fit.is_good
        & (np.hypot(fit.dx, fit.dy) < 1.2)
        & (relative < 1.0 / _MIN_SIGNAL_TO_NOISE)
        & (fit.roughness < np.hypot(_MAX_ROUGHNESS, _NOISE_ROUGHNESS * relative))
    )
    return good


def _select(columns: _Columns, limit: int) -> _Columns:
    """Return the rows to keep: single stars first, then by brightness."""
    good = np.flatnonzero(columns.pop("good"))
    rank = np.lexsort((-columns["flux"][good], ~columns["is_star"][good]))
    chosen = good[rank[:limit]]
    return {name: column[chosen] for name, column in columns.items()}
