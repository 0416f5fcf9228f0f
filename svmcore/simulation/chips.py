"""Calibrated pixels of one chip: sources, noise, errors, flags."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.blemishes import BAD, RAMP, SATURATED, Blemishes, wfpc2_flags
from svmcore.simulation.cosmic_rays import add_cosmic_rays
from svmcore.simulation.instruments import Instrument

__all__ = ["ChipImage", "expose_chip"]

FloatImage = NDArray[np.float32]
_READS = 12  # of an IR ramp, after the zeroth


@dataclass(frozen=True, slots=True, eq=False)
class ChipImage:
    """All planes of one calibrated chip.

    Parameters
    ----------
    science, error : ndarray of float32, shape (ny, nx)
        Signal and its error [electron / s] for IR, [electron] for CCDs,
        [data number] for WFPC2, [photon] for the SBC.
    flags : ndarray of int16
        Data quality.
    reads : ndarray of int16 or None
        Reads of an IR ramp that were used.
    seconds : ndarray of float32 or None
        Their exposure time [s].
    cosmic_rays : ndarray of float32 or None
        Charge of cosmic rays: truth, in no file of the archive [electron].
    """

    science: FloatImage
    error: FloatImage
    flags: NDArray[np.int16]
    reads: NDArray[np.int16] | None
    seconds: FloatImage | None
    cosmic_rays: FloatImage | None


def expose_chip(
    rate: FloatImage,
    blemishes: Blemishes,
    instrument: Instrument,
    exptime_s: float,
    rng: np.random.Generator,
    *,
    extver: int = 1,
) -> ChipImage:
    """Return what the calibration makes of a chip's exposure.

    Parameters
    ----------
    rate : ndarray of float32, shape (ny, nx)
        Light of sources and sky [electron / (s pixel)].
    blemishes : Blemishes
        Static defects of the chip.
    instrument : Instrument
        Noise and saturation.
    exptime_s : float
        Exposure time [s]; 0 leaves read noise alone.
    rng : numpy.random.Generator
        Random numbers of this exposure and chip.
    extver : int
        EXTVER of the chip, for detectors whose chips differ in gain.
    """
    seen = rate * blemishes.response
    if instrument.counts_photons:
        return _counted(seen, blemishes, instrument, exptime_s, rng)
    seen.ravel()[blemishes.where] += blemishes.excess
    if instrument.is_rate:
        return _infrared(seen, blemishes, instrument, exptime_s, rng)
    image = _ccd(seen, blemishes, instrument, exptime_s, rng)
    if not instrument.gains:
        return image
    return _data_numbers(image, instrument.gains[extver - 1], instrument.shadow_pix)


def _counted(
    rate: FloatImage,
    blemishes: Blemishes,
    instrument: Instrument,
    exptime_s: float,
    rng: np.random.Generator,
) -> ChipImage:
    """Return photons as a counter sees them: most pixels have none."""
    expected = (np.maximum(rate, 0) + np.float32(instrument.dark)) * exptime_s
    science = rng.poisson(expected).astype(np.float32)
    science -= np.float32(instrument.dark * exptime_s)
    flags = blemishes.flags & np.int16(BAD)
    flags[science >= instrument.full_well] |= SATURATED
    error = np.sqrt(np.maximum(science, 0))
    return ChipImage(science, error, flags, None, None, None)


def _data_numbers(image: ChipImage, gain: float, shadow_pix: int) -> ChipImage:
    """Return a CCD's image as WFPC2 files have it.

    The errors are those that the conversion to FLT gives: the square root of
    the data numbers, nan below zero, without gain and read noise.
    """
    science = image.science / np.float32(gain)
    error = np.full_like(science, np.nan)
    np.sqrt(science, out=error, where=science >= 0)
    flags = wfpc2_flags(image.flags, shadow_pix)
    return ChipImage(science, error, flags, None, None, image.cosmic_rays)


def _infrared(
    rate: FloatImage,
    blemishes: Blemishes,
    instrument: Instrument,
    exptime_s: float,
    rng: np.random.Generator,
) -> ChipImage:
    shape = rate.shape
    flags = blemishes.flags.copy()
    step = exptime_s / _READS
    if exptime_s == 0:
        still = np.zeros(shape, np.float32)
        reads = np.zeros(shape, np.int16)
        return ChipImage(still, still.copy(), flags, reads, still.copy(), None)
    full = np.float32(instrument.full_well / step)
    reads = np.clip(np.floor(full / np.maximum(rate, 1e-3)), 0, _READS).astype(np.int16)
    saturated = reads == 0
    flags[saturated] |= SATURATED
    reads[saturated] = 1
    seconds = reads * np.float32(step)
    electrons = np.minimum(
        np.maximum(rate, 0) * seconds, np.float32(instrument.full_well)
    )
    # A short ramp has the noise of two reads, a long one that of a fit.
    noise = instrument.read_noise * np.sqrt(_READS / reads).clip(1.0, 1.7)
    variance = electrons + np.float32(instrument.dark) * seconds
    variance += np.square(noise, dtype=np.float32)
    sigma = np.sqrt(variance)
    science = electrons + sigma * rng.standard_normal(shape, np.float32)
    estimate = np.sqrt(np.maximum(science, 0) + (variance - electrons))
    hits = rng.integers(0, rate.size, int(rate.size * 2.5e-6 * exptime_s))
    flags.ravel()[hits] |= RAMP
    science /= seconds
    estimate /= seconds
    dead = (flags & BAD) > 0
    science[dead] += rng.normal(0.0, 0.5, int(dead.sum())).astype(np.float32)
    return ChipImage(science, estimate, flags, reads, seconds, None)


def _ccd(
    rate: FloatImage,
    blemishes: Blemishes,
    instrument: Instrument,
    exptime_s: float,
    rng: np.random.Generator,
) -> ChipImage:
    flags = blemishes.flags.copy()
    electrons = np.maximum(rate, 0) * np.float32(exptime_s)
    _bleed(electrons, instrument.full_well)
    hits = instrument.cosmic_ray_rate * instrument.pixel_cm**2 * rate.size * exptime_s
    struck = add_cosmic_rays(
        electrons, hits=hits, diffusion_pix=instrument.diffusion_pix, rng=rng
    )
    full = np.float32(instrument.full_well)
    flags[electrons >= full * np.float32(0.999)] |= SATURATED
    np.minimum(electrons, full, out=electrons)
    still = np.float32(instrument.dark * exptime_s + instrument.read_noise**2)
    science = np.sqrt(electrons + still)
    science *= rng.standard_normal(rate.shape, np.float32)
    science += electrons
    error = np.maximum(science, 0)
    error += still
    np.sqrt(error, out=error)
    return ChipImage(science, error, flags, None, None, struck)


def _bleed(electrons: FloatImage, full_well: float) -> None:
    """Spread charge beyond the full well along the columns, in place."""
    height = electrons.shape[0]
    rows, columns = np.nonzero(electrons > full_well)
    for column in np.unique(columns):
        line = electrons[:, column]
        over = rows[columns == column]
        excess = float(np.sum(line[over] - full_well))
        line[over] = full_well
        low, high = int(over.min()) - 1, int(over.max()) + 1
        while excess > 0 and (low >= 0 or high < height):
            for row in (low, high):
                if 0 <= row < height and excess > 0:
                    taken = min(excess, max(0.0, full_well - float(line[row])))
                    line[row] += taken
                    excess -= taken
            low, high = low - 1, high + 1
