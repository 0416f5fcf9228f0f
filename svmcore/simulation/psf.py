"""The telescope's point-spread function on a detector's pixels."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from svmcore.simulation.instruments import Filter, Instrument

__all__ = ["OVERSAMPLING", "RADIUS_PIX", "FieldPsf", "add_stars", "build_psf"]

OVERSAMPLING = 8
RADIUS_PIX = 40
CELLS = 5
_SIZE = 768  # samples per side of the focal plane
_CENTRE = _SIZE // 2
_TELESCOPE_M = 2.4
_OBSTRUCTION = 0.33
_SCATTERED, _SCATTER_ARCSEC = 0.07, 0.35
_HALF_SIZES = (6, 16, RADIUS_PIX)
_LIMITS_ELECTRON = (3e3, 1.5e5)

# Wavefront errors [micrometre rms] by Zernike term: defocus, astigmatism,
# coma, trefoil, spherical. The sizes are those that phase retrieval finds for
# HST cameras (0.01 to 0.03); the middle of the chip, then what is added at the
# right edge, at the upper edge, and by one unit of breathing.
_BASE = {4: 0.012, 5: 0.012, 6: -0.010, 7: 0.006, 8: 0.008, 9: 0.006, 11: 0.012}
_RIGHT = {4: 0.010, 5: 0.012, 7: 0.004}
_UP = {4: -0.006, 6: 0.012, 8: 0.004}
_BREATHING = {4: 0.012, 11: 0.002}

FloatImage = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FieldPsf:
    """Pixel-integrated point-spread functions over the cells of a chip.

    Parameters
    ----------
    tables : tuple of ndarray of float32
        One table per cell, row by row, `OVERSAMPLING` samples per pixel: the
        share of the flux in a pixel by its distance from the star.
    centres_pix : ndarray of float, shape (n, 2)
        Centre (x, y) of each table: its centroid within a Gaussian window of
        sigma 1 pixel, which is what a position of the simulation means [pixel].
    """

    tables: tuple[FloatImage, ...]
    centres_pix: NDArray[np.float64]

    def pixel_kernel(self, samples: int) -> FloatImage:
        """Return the middle cell's kernel at `samples` per pixel."""
        step = OVERSAMPLING // samples
        reach = 12 * samples
        table = self.tables[len(self.tables) // 2]
        where = slice(_CENTRE - reach * step, _CENTRE + reach * step + 1, step)
        kernel = table[where, where]
        return kernel / kernel.sum(dtype=np.float64).astype(np.float32)


def build_psf(
    instrument: Instrument, filter_: Filter, *, breathing: float = 0.0
) -> FieldPsf:
    """Return the point-spread functions of an exposure.

    Parameters
    ----------
    instrument : Instrument
        Detector: sampling, charge diffusion, inter-pixel capacitance.
    filter_ : Filter
        Filter: wavelengths.
    breathing : float
        Focus of the telescope in units of its usual scatter.

    Returns
    -------
    FieldPsf
        Tables of ``CELLS`` x ``CELLS`` parts of a chip.
    """
    base, right, up, breath = _anchors(instrument.name, filter_)
    base, right, up, breath = (
        _on_pixels(image, instrument) for image in (base, right, up, breath)
    )
    focused = base + np.float32(breathing) * (breath - base)
    steps = np.linspace(-0.8, 0.8, CELLS, dtype=np.float32)
    tables = tuple(
        # A linear field leaves faint negative rings in places: no light there.
        np.maximum(focused + u * (right - base) + v * (up - base), 0)
        for v in steps
        for u in steps
    )
    centres = np.array([_windowed_centre(table) for table in tables])
    return FieldPsf(tables, centres)


@lru_cache(maxsize=8)
def _anchors(name: str, filter_: Filter) -> tuple[FloatImage, ...]:
    """Return the optical images of the middle, both edges, and of breathing."""
    scale = _SCALES[name]
    added: tuple[dict[int, float], ...] = ({}, _RIGHT, _UP, _BREATHING)
    return tuple(
        _optical(filter_, scale, {k: _BASE.get(k, 0) + more.get(k, 0) for k in _BASE})
        for more in added
    )


_SCALES = {"wfc3_ir": 0.12825, "wfc3_uvis": 0.03962, "acs_wfc": 0.05, "acs_hrc": 0.0265}


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
    return image / image.sum(dtype=np.float64).astype(np.float32)


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
    for a, b in ((x, y), (y, x)):  # vanes of the secondary's support
        open_ *= np.clip((np.abs(a + 0 * b) - 0.011) * edge + 0.5, 0, 1)
    for angle in (0.8, 2.9, 5.0):  # pads of the primary
        pad = np.hypot(x - 0.89 * np.cos(angle), y - 0.89 * np.sin(angle))
        open_ *= np.clip((pad - 0.065) * edge + 0.5, 0, 1)
    wavefront = sum(size * _zernike(k, rho, theta) for k, size in errors.items())
    phase = np.float32(2 * np.pi / wavelength_um) * wavefront
    return (open_ * np.exp(1j * phase)).astype(np.complex64)


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


def _on_pixels(image: FloatImage, instrument: Instrument) -> FloatImage:
    """Return the share of flux per pixel: diffusion, coupling, pixel size."""
    u = (np.fft.fftfreq(_SIZE) * OVERSAMPLING)[:, None]  # cycles per pixel
    v = (np.fft.rfftfreq(_SIZE) * OVERSAMPLING)[None, :]
    transfer = np.sinc(u) * np.sinc(v) * OVERSAMPLING**2
    transfer *= np.exp(-2 * (np.pi * instrument.diffusion_pix) ** 2 * (u**2 + v**2))
    waves = np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v) - 2
    transfer *= 1 + 2 * instrument.coupling * waves
    # Dust and mirror ripple scatter some light (Lorentzian of index 1.5).
    width = 2 * np.pi * _SCATTER_ARCSEC / instrument.pixel_scale_arcsec
    transfer *= 1 - _SCATTERED * (1 - np.exp(-width * np.hypot(u, v)))
    spectrum = fft.rfft2(image) * transfer.astype(np.float32)
    return np.asarray(fft.irfft2(spectrum, (_SIZE, _SIZE)), np.float32) * _fade()


@lru_cache(maxsize=1)
def _fade() -> FloatImage:
    """Return a round window that ends the wings without a square edge."""
    axis = (np.arange(_SIZE) - _CENTRE) / OVERSAMPLING
    distance = np.hypot(axis[:, None], axis[None, :])
    share = np.clip((RADIUS_PIX - distance) / 14.0, 0, 1)
    return np.asarray(np.sin(share * np.pi / 2) ** 2, np.float32)


def _windowed_centre(table: FloatImage) -> tuple[float, float]:
    """Return the centroid within a Gaussian window that follows it [pixel]."""
    reach = 4 * OVERSAMPLING
    where = slice(_CENTRE - reach, _CENTRE + reach + 1)
    part = table[where, where].astype(np.float64)
    axis = np.arange(-reach, reach + 1) / OVERSAMPLING
    x = y = 0.0
    for _ in range(12):
        wx, wy = np.exp(-0.5 * (axis - x) ** 2), np.exp(-0.5 * (axis - y) ** 2)
        total = wy @ part @ wx
        dx = wy @ part @ (wx * (axis - x)) / total
        dy = (wy * (axis - y)) @ part @ wx / total
        x, y = x + 1.5 * dx, y + 1.5 * dy
    return float(x), float(y)


def add_stars(
    image: FloatImage,
    psf: FieldPsf,
    positions_pix: NDArray[np.float64],
    fluxes: NDArray[np.float64],
    *,
    chip_shape: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
) -> None:
    """Add stars to an image in place.

    Parameters
    ----------
    image : ndarray of float32, shape (ny, nx)
        Image, for example a subarray of a chip.
    psf : FieldPsf
        Point-spread functions over the full chip.
    positions_pix : ndarray of float, shape (n, 2)
        Positions (x, y) in the image, 0-based [pixel].
    fluxes : ndarray of float, shape (n,)
        Fluxes, in the image's unit or electrons.
    chip_shape : tuple of int
        Shape (ny, nx) of the full chip [pixel].
    corner : tuple of int
        Position (x, y) of the image's first pixel on the chip [pixel].
    """
    share = (positions_pix + corner) / (chip_shape[1], chip_shape[0])
    column, row = np.clip((share * CELLS).astype(int), 0, CELLS - 1).T
    cell = row * CELLS + column
    size = np.searchsorted(_LIMITS_ELECTRON, fluxes)
    for key in np.unique(cell * len(_HALF_SIZES) + size):
        chosen = np.flatnonzero(cell * len(_HALF_SIZES) + size == key)
        table, half = psf.tables[key // 3], _HALF_SIZES[key % 3]
        shifted = positions_pix[chosen] - psf.centres_pix[key // 3]
        step = max(1, int(4e6 / (16 * (2 * half + 1) ** 2)))
        for first in range(0, len(chosen), step):
            part = slice(first, first + step)
            _add_batch(image, table, half, shifted[part], fluxes[chosen[part]])


def _add_batch(
    image: FloatImage,
    table: FloatImage,
    half: int,
    positions: NDArray[np.float64],
    fluxes: NDArray[np.float64],
) -> None:
    whole = np.round(positions).astype(int)
    wanted = -OVERSAMPLING * (positions - whole)
    base = np.floor(wanted).astype(int)
    weights = _cubic_weights(wanted - base)
    offsets = OVERSAMPLING * np.arange(-half, half + 1) + _CENTRE
    index = base[:, :, None] + np.arange(-1, 3)  # star, axis, tap
    taps = index[:, :, :, None] + offsets  # star, axis, tap, pixel
    values = table[taps[:, 1, :, None, :, None], taps[:, 0, None, :, None, :]]
    stamps = np.einsum("stuyx,st,su->syx", values, weights[:, 1], weights[:, 0])
    stamps *= fluxes[:, None, None].astype(np.float32)
    for (x, y), stamp in zip(whole, stamps, strict=True):
        _add_stamp(image, stamp, x - half, y - half)


def _add_stamp(image: FloatImage, stamp: FloatImage, x: int, y: int) -> None:
    height, width = stamp.shape
    left, low = max(0, x), max(0, y)
    right, high = min(image.shape[1], x + width), min(image.shape[0], y + height)
    if left < right and low < high:
        image[low:high, left:right] += stamp[low - y : high - y, left - x : right - x]


def _cubic_weights(fraction: NDArray[np.float64]) -> FloatImage:
    """Return Catmull-Rom weights of the four taps around a fraction."""
    t = fraction[..., None].astype(np.float64)
    t2, t3 = t**2, t**3
    taps = [-t + 2 * t2 - t3, 2 - 5 * t2 + 3 * t3, t + 4 * t2 - 3 * t3, t3 - t2]
    return (np.concatenate(taps, axis=-1) / 2).astype(np.float32)
