"""Which pixels are used, and with what weight."""

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.settings import FinalSettings
from svmcore.errors import DrizzleError
from svmcore.model.image import ChipCalibration, ChipPixels

__all__ = ["good_pixels", "variance_map", "weight_map", "weight_scale"]

BoolImage = NDArray[np.bool_]


def good_pixels(
    quality: NDArray[np.uint16], bits: int | None, *masks: BoolImage | None
) -> BoolImage:
    """Return which pixels may be used.

    Parameters
    ----------
    quality : ndarray of uint16, shape (ny, nx)
        Data-quality flags.
    bits : int or None
        Sum of the flags that do no harm; None takes every pixel.
    *masks : ndarray of bool or None
        Further masks, True where a pixel is bad; None adds nothing.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True where a pixel is good.

    Examples
    --------
    >>> good_pixels(np.array([[0, 16, 20]], np.uint16), 16)
    array([[ True,  True, False]])
    """
    if bits is None:
        good = np.ones(quality.shape, bool)
    else:
        good = (quality & np.uint16(~bits & 0xFFFF)) == 0
    for mask in masks:
        if mask is not None:
            np.greater(good, mask, out=good)  # good and not bad
    return good


def weight_map(
    settings: FinalSettings,
    pixels: ChipPixels,
    good: BoolImage,
    calibration: ChipCalibration,
    *,
    sky: float = 0.0,
) -> NDArray[np.float32]:
    """Return the weight of every pixel of a chip.

    Parameters
    ----------
    settings : FinalSettings
        ``final_wht_type``: EXP, ERR or IVM.
    pixels : ChipPixels
        Pixels of the chip, with errors if the type is ERR.
    good : ndarray of bool, shape (ny, nx)
        Pixels that may be used.
    calibration : ChipCalibration
        Exposure time, noise and units.
    sky : float
        Sky of the chip in the unit of the file; only IVM uses it.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Weights; 0 for pixels that are not to be used.

    Raises
    ------
    DrizzleError
        If the type is ERR and the exposure has no errors.

    Notes
    -----
    IVM assumes a flat field of one: (dark + sky + read noise²)⁻¹, in
    electrons, since calibrated exposures do not carry their flat. The sky is
    that which is subtracted; a pixel of WFC3/IR that lost reads to a cosmic
    ray collected less of it.
    """
    match settings.weight:
        case "ERR":
            return _error_weights(pixels, good, calibration)
        case "IVM":
            light: float | NDArray[np.float32] = sky * calibration.to_electrons
            if calibration.is_rate and pixels.time_s is not None:
                light = np.float32(sky * calibration.gain) * pixels.time_s
            noise = calibration.dark + light + calibration.read_noise**2
            return (good / np.maximum(noise, 1e-6)).astype(np.float32)
        case _:
            return good * np.float32(calibration.exptime_s)


def variance_map(
    pixels: ChipPixels, calibration: ChipCalibration
) -> NDArray[np.float32]:
    """Return the variance of every pixel of a chip.

    Parameters
    ----------
    pixels : ChipPixels
        Pixels of the chip, with errors if the file has any.
    calibration : ChipCalibration
        Gain and read noise.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        In the squared unit of the file.

    Notes
    -----
    The square of the file's errors. Where they are not finite, or the file
    holds data numbers (WFPC2, whose errors are the square root of those,
    without gain and read noise): light and read noise of the pixel.
    """
    factor = np.float32(calibration.to_electrons)
    light = np.maximum(pixels.science, 0) * factor
    model = (light + np.float32(calibration.read_noise**2)) / factor**2
    if pixels.error is None or calibration.holds_data_numbers:
        return np.asarray(model, np.float32)
    usable = np.isfinite(pixels.error) & (pixels.error >= 0)
    return np.asarray(np.where(usable, pixels.error**2, model), np.float32)


def weight_scale(
    settings: FinalSettings, calibration: ChipCalibration, scale_ratio: float
) -> float:
    """Return the factor that goes with `weight_map`.

    Parameters
    ----------
    settings : FinalSettings
        ``final_wht_type`` and ``final_wt_scl``.
    calibration : ChipCalibration
        Exposure time.
    scale_ratio : float
        Output over undistorted input pixel size.

    Notes
    -----
    ``exptime`` is what the weights hold anyway; ``expsq`` multiplies them by
    the exposure time once more, a number multiplies them by itself.
    """
    match settings.weight:
        case "ERR":
            base = scale_ratio**-4
        case "IVM":
            base = calibration.exptime_s**2 * scale_ratio**-4
        case _:
            base = 1.0
    match settings.wt_scl:
        case "exptime":
            return base
        case "expsq":
            return base * calibration.exptime_s
        case factor:
            return base * float(factor)


def _error_weights(
    pixels: ChipPixels, good: BoolImage, calibration: ChipCalibration
) -> NDArray[np.float32]:
    if calibration.holds_data_numbers:  # the file's errors are none
        sigma = np.sqrt(variance_map(pixels, calibration))
        return np.asarray(good * (calibration.exptime_s / sigma) ** 2, np.float32)
    if pixels.error is None:
        raise DrizzleError(
            f"{calibration.rootname}[ERR,{calibration.extver}]",
            "is missing, but final_wht_type is ERR",
            "Set final_wht_type to EXP or IVM, or give a file with errors.",
        )
    weights = np.zeros(good.shape, np.float32)
    usable = good & (pixels.error > 0) & np.isfinite(pixels.error)
    weights[usable] = (calibration.exptime_s / pixels.error[usable]) ** 2
    return weights
