"""Images of a star through the telescope and onto a detector's pixels."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from svmcore.simulation.instruments import Filter, Instrument

__all__ = ["OVERSAMPLING", "RADIUS_PIX", "TABLE_CENTRE", "pixel_images"]

OVERSAMPLING = 8
RADIUS_PIX = 40
TABLE_CENTRE = OVERSAMPLING * (RADIUS_PIX + 2)  # index of the star in a table
_SIZE = 768  # samples per side of the focal plane
_CENTRE = _SIZE // 2
_TELESCOPE_M = 2.4
_OBSTRUCTION = 0.33
_SCATTERED, _SCATTER_ARCSEC = 0.07, 0.35

# Wavefront errors [micrometre rms] by Zernike term: defocus, astigmatism,
# coma, trefoil, spherical. The sizes are those that phase retrieval finds for
# HST cameras (0.01 to 0.03); the middle of the chip, then what is added at the
# right edge, at the upper edge, and by one unit of breathing.
_BASE = {4: 0.012, 5: 0.012, 6: -0.010, 7: 0.006, 8: 0.008, 9: 0.006, 11: 0.012}
_RIGHT = {4: 0.010, 5: 0.012, 7: 0.004}
_UP = {4: -0.006, 6: 0.012, 8: 0.004}
_BREATHING = {4: 0.012, 11: 0.002}

FloatImage = NDArray[np.float32]


def pixel_images(instrument: Instrument, filter_: Filter) -> tuple[FloatImage, ...]:
    """Return pixel-integrated images for the anchors of the field.

    Parameters
    ----------
    instrument : Instrument
        Detector: sampling, charge diffusion, inter-pixel capacitance.
    filter_ : Filter
        Filter: wavelengths.

    Returns
    -------
    tuple of ndarray of float32
        For the middle of a chip, its right edge, its upper edge, and the
        middle after one unit of breathing. `OVERSAMPLING` samples per pixel;
        values are shares of the flux in a pixel whose centre is there; the
        star is at `TABLE_CENTRE`.
    """
    return _pixel_images(
        instrument.pixel_scale_arcsec,
        instrument.diffusion_pix,
        instrument.coupling,
        filter_,
    )


@lru_cache(maxsize=4)
def _pixel_images(
    scale_arcsec: float, diffusion_pix: float, coupling: float, filter_: Filter
) -> tuple[FloatImage, ...]:
    transfer = _transfer(scale_arcsec, diffusion_pix, coupling)
    window = _fade()
    added: tuple[dict[int, float], ...] = ({}, _RIGHT, _UP, _BREATHING)
    cut = slice(_CENTRE - TABLE_CENTRE, _CENTRE + TABLE_CENTRE + 1)
    images = []
    for more in added:
        errors = {k: size + more.get(k, 0) for k, size in _BASE.items()}
        spectrum = fft.rfft2(_optical(filter_, scale_arcsec, errors)) * transfer
        image = fft.irfft2(spectrum, (_SIZE, _SIZE))[cut, cut] * window
        images.append(np.asarray(image, np.float32))
        images[-1].flags.writeable = False
    return tuple(images)


def _optical(filter_: Filter, scale: float, errors: dict[int, float]) -> FloatImage:
    """Return the image of a star at the mean of three wavelengths, sum 1."""
    image = np.zeros((_SIZE, _SIZE), np.float32)
    for factor in (-1.2, 0.0, 1.2):
        wavelength_um = (filter_.pivot_angstrom + factor * filter_.width_angstrom) / 1e4
        sample_rad = np.radians(scale / 3600.0) / OVERSAMPLING
        diameter = _TELESCOPE_M * _SIZE * sample_rad / (wavelength_um * 1e-6)
        field = fft.fft2(_pupil(diameter, errors, wavelength_um), (_SIZE, _SIZE))
        image += field.real**2 + field.imag**2
    image = np.fft.fftshift(image)
    return np.asarray(image / image.sum(dtype=np.float64), np.float32)


def _pupil(
    diameter: float, errors: dict[int, float], wavelength_um: float
) -> NDArray[np.complex64]:
    """Return the complex amplitude over the telescope's aperture."""
    half = int(diameter / 2) + 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    x, y = x / np.float32(diameter / 2), y / np.float32(diameter / 2)
    rho, theta = np.hypot(x, y), np.arctan2(y, x)
    edge = np.float32(diameter / 2)
    open_ = np.clip((1 - rho) * edge + 0.5, 0, 1)
    open_ *= np.clip((rho - _OBSTRUCTION) * edge + 0.5, 0, 1)
    for across in (x + y, x - y):  # vanes, at 45 deg to the detectors
        open_ *= np.clip((np.abs(across) / np.sqrt(2) - 0.011) * edge + 0.5, 0, 1)
    for angle in (0.8, 2.9, 5.0):  # pads of the primary
        pad = np.hypot(x - 0.89 * np.cos(angle), y - 0.89 * np.sin(angle))
        open_ *= np.clip((pad - 0.065) * edge + 0.5, 0, 1)
    wavefront = sum(size * _zernike(k, rho, theta) for k, size in errors.items())
    phase = np.float32(2 * np.pi / wavelength_um) * wavefront
    return np.asarray(open_ * np.exp(1j * phase), np.complex64)


def _zernike(term: int, rho: FloatImage, theta: FloatImage) -> FloatImage:
    """Return a Zernike polynomial of unit rms over the full circle (Noll)."""
    square = rho**2
    match term:
        case 4:
            shape = np.sqrt(3) * (2 * square - 1)
        case 5:
            shape = np.sqrt(6) * square * np.sin(2 * theta)
        case 6:
            shape = np.sqrt(6) * square * np.cos(2 * theta)
        case 7:
            shape = np.sqrt(8) * (3 * square - 2) * rho * np.sin(theta)
        case 8:
            shape = np.sqrt(8) * (3 * square - 2) * rho * np.cos(theta)
        case 9:
            shape = np.sqrt(8) * square * rho * np.sin(3 * theta)
        case _:
            shape = np.sqrt(5) * (6 * square**2 - 6 * square + 1)
    return np.asarray(shape, np.float32)


def _transfer(scale_arcsec: float, diffusion_pix: float, coupling: float) -> FloatImage:
    """Return what scattering, diffusion, coupling and pixels do to the image."""
    u = (np.fft.fftfreq(_SIZE) * OVERSAMPLING)[:, None]  # cycles per pixel
    v = (np.fft.rfftfreq(_SIZE) * OVERSAMPLING)[None, :]
    transfer = np.sinc(u) * np.sinc(v) * OVERSAMPLING**2
    transfer *= np.exp(-2 * (np.pi * diffusion_pix) ** 2 * (u**2 + v**2))
    waves = np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v) - 2
    transfer *= 1 + 2 * coupling * waves
    # Dust and mirror ripple scatter some light (Lorentzian of index 1.5).
    width = 2 * np.pi * _SCATTER_ARCSEC / scale_arcsec
    transfer *= 1 - _SCATTERED * (1 - np.exp(-width * np.hypot(u, v)))
    return np.asarray(transfer, np.float32)


def _fade() -> FloatImage:
    """Return a round window that ends the wings without a square edge."""
    axis = np.arange(-TABLE_CENTRE, TABLE_CENTRE + 1) / OVERSAMPLING
    distance = np.hypot(axis[:, None], axis[None, :])
    share = np.clip((RADIUS_PIX - distance) / 14.0, 0, 1)
    return np.asarray(np.sin(share * np.pi / 2) ** 2, np.float32)
