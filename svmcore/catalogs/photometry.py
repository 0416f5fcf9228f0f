"""Fluxes at given positions, whether anything is seen there or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.catalogs.apertures import RingStatistics, circle_sums, ring_statistics
from svmcore.catalogs.background import Background
from svmcore.catalogs.settings import CatalogSettings
from svmcore.catalogs.shapes import segment_sums
from svmcore.model.catalog import SegmentSources

__all__ = [
    "FilterImage",
    "ZeroPoint",
    "ab_magnitudes",
    "correlation_ratio",
    "measure_apertures",
    "measure_segments",
]

FloatArray = NDArray[np.float64]

_MAG_PER_LN = 2.5 / np.log(10.0)
# AB = -2.5 log10(f_nu) - 48.60 with f_nu = f_lambda lambda² / c, and
# 2.5 log10(c) = 46.1921 in Angstrom / s (ACS data handbook, section 5.1).
_AB_CONSTANT = 46.1921 - 48.60


@dataclass(frozen=True, slots=True)
class ZeroPoint:
    """Calibration of a filter.

    Parameters
    ----------
    photflam : float
        Inverse sensitivity [erg / (cm2 Angstrom electron)]; 0 if unknown.
    photplam : float
        Pivot wavelength [Angstrom].
    """

    photflam: float
    photplam: float

    @property
    def ab_mag(self) -> float:
        """Magnitude of one electron per second; nan if it is not known."""
        if self.photflam <= 0 or self.photplam <= 0:
            return float("nan")
        spectral = -2.5 * np.log10(self.photflam) - 5.0 * np.log10(self.photplam)
        return float(spectral + _AB_CONSTANT)


@dataclass(frozen=True, slots=True, eq=False)
class FilterImage:
    """A filter image on which fluxes are measured.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Science [electron / s]; nan where there is no data.
    exposure_s : ndarray of float, shape (ny, nx)
        Exposure time of each pixel [s].
    background : Background
        Level and noise.
    zero_point : ZeroPoint
        Calibration.
    pixel_scale_arcsec : float
        Size of a pixel [arcsec].
    noise_ratio : float
        Noise of a large area over that of independent pixels.
    """

    sci: NDArray[np.float32]
    exposure_s: NDArray[np.float32]
    background: Background
    zero_point: ZeroPoint
    pixel_scale_arcsec: float
    noise_ratio: float


def correlation_ratio(pixfrac: float, scale_ratio: float) -> float:
    """Return how much drizzling hides of the noise of a large area.

    Parameters
    ----------
    pixfrac : float
        Size of the drop over that of an input pixel.
    scale_ratio : float
        Size of an output pixel over that of an input pixel.

    Returns
    -------
    float
        Noise of an area over the one that its pixels suggest, 1 or more
        (Fruchter & Hook 2002, PASP 114, 144, equation 10).

    Examples
    --------
    >>> round(correlation_ratio(1.0, 1.0), 6)
    1.5
    """
    ratio = pixfrac / scale_ratio
    if ratio >= 1.0:
        return ratio / (1.0 - 1.0 / (3.0 * ratio))
    return 1.0 / (1.0 - ratio / 3.0)


def ab_magnitudes(
    flux: FloatArray, error: FloatArray, zero_point: ZeroPoint
) -> tuple[FloatArray, FloatArray]:
    """Return AB magnitudes and their errors; nan where the flux is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.where(flux > 0, flux, np.nan)
        magnitude = -2.5 * np.log10(seen) + zero_point.ab_mag
        return magnitude, _MAG_PER_LN * error / seen + 0.0 * magnitude


def _ring(
    image: FilterImage, x: FloatArray, y: FloatArray, settings: CatalogSettings
) -> RingStatistics:
    """Sky in the ring, which begins no further in than the larger aperture."""
    inner = max(settings.number("skyannulus_arcsec"), settings.number("aperture_2"))
    width = settings.number("dskyannulus_arcsec")
    scale = image.pixel_scale_arcsec
    return ring_statistics(
        image.sci,
        x,
        y,
        inner=inner / scale,
        outer=(inner + width) / scale,
        algorithm=settings.text("salgorithm"),
    )


def measure_apertures(
    image: FilterImage, x: FloatArray, y: FloatArray, settings: CatalogSettings
) -> dict[str, FloatArray]:
    """Return fluxes and magnitudes in both apertures.

    Parameters
    ----------
    image : FilterImage
        Filter image.
    x, y : ndarray of float, shape (n,)
        Positions, 0-based [pixel].
    settings : CatalogSettings
        Parameters of the filter product.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Columns by their names in the catalogs. Fluxes are in electron / s,
        without aperture corrections.

    Notes
    -----
    Variance is the sum of the source's own photon noise, of the sky's and
    the detector's noise over the aperture (with the correlation that
    drizzling makes), and of the error of the sky level. On simulated fields
    the scatter of faint stars is 1.0 to 1.2 times these errors.
    """
    sky = _ring(image, x, y, settings)
    level = np.where(np.isfinite(sky.level), sky.level, image.background.at(x, y)[0])
    columns: dict[str, FloatArray] = {"MSkyAp2": level, "StdevAp2": sky.sigma}
    for number in (1, 2):
        radius = settings.number(f"aperture_{number}") / image.pixel_scale_arcsec
        area = np.pi * radius**2
        total, time = circle_sums((image.sci, image.exposure_s), x, y, radius)
        flux = total - area * level
        photons = np.maximum(flux, 0.0) / np.maximum(time / area, 1e-3)
        mean_sky = sky.variance_factor * area / np.maximum(sky.n_pixels, 1)
        noise = area * sky.sigma**2 * (image.noise_ratio**2 + mean_sky)
        error = np.sqrt(photons + noise)
        error = np.where((time > 0) & (sky.n_pixels > 0), error, np.nan)
        flux = np.where(time > 0, flux, np.nan)
        magnitude, magnitude_error = ab_magnitudes(flux, error, image.zero_point)
        columns |= {
            f"FluxAp{number}": flux,
            f"FluxErrAp{number}": error,
            f"MagAp{number}": magnitude,
            f"MagErrAp{number}": magnitude_error,
        }
    columns["CI"] = columns["MagAp1"] - columns["MagAp2"]
    return columns


def measure_segments(
    image: FilterImage, sources: SegmentSources
) -> dict[str, FloatArray]:
    """Return fluxes within segments.

    Parameters
    ----------
    image : FilterImage
        Filter image, on the grid of the total image.
    sources : SegmentSources
        Segments of the total image.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        ``Bck``, ``FluxSegment``, ``FluxSegmentErr`` and ``MagSegment``.
    """
    row, column = np.divmod(sources.pixel, image.sci.shape[1])
    level, rms = image.background.at(column.astype(float), row.astype(float))
    pixels = image.sci.ravel()[sources.pixel].astype(np.float64)
    has_data = np.isfinite(pixels)
    time = image.exposure_s.ravel()[sources.pixel].astype(np.float64)
    signal = np.where(has_data, pixels - level, 0.0)
    photons = np.maximum(signal, 0.0) / np.maximum(time, 1e-3)
    noise = (rms * image.noise_ratio) ** 2
    flux = segment_sums(signal, sources.start)
    error = np.sqrt(segment_sums(np.where(has_data, photons + noise, 0), sources.start))
    is_seen = segment_sums(has_data.astype(np.float64), sources.start) > 0
    flux = np.where(is_seen, flux, np.nan)
    return {
        "Bck": segment_sums(level, sources.start),
        "FluxSegment": flux,
        "FluxSegmentErr": np.where(is_seen, error, np.nan),
        "MagSegment": ab_magnitudes(flux, error, image.zero_point)[0],
    }
