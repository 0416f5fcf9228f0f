"""Segments: connected pixels above the noise, and what to do where all connect."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from svmcore.catalogs.deblend import deblend_segments
from svmcore.catalogs.kernels import gaussian_kernel, ricker_kernel
from svmcore.catalogs.points import DetectionImage, row_windows
from svmcore.catalogs.settings import CatalogSettings
from svmcore.catalogs.shapes import collect_segments
from svmcore.model.catalog import SegmentSources

__all__ = ["find_segments"]

FloatArray = NDArray[np.float64]

_EIGHT = np.ones((3, 3), dtype=bool)
_DIRECT_PIXELS = 130  # kernels with more are applied by Fourier transform


@dataclass(frozen=True, slots=True, eq=False)
class _SegmentMap:
    """Labels of one round, and how large its segments are."""

    labels: NDArray[np.int32]
    smooth: NDArray[np.float32]
    areas: NDArray[np.int64]  # by label, 0 is the background
    real_pixels: int

    @property
    def biggest_share(self) -> float:
        return float(self.areas[1:].max(initial=0)) / max(self.real_pixels, 1)

    @property
    def share(self) -> float:
        return float(self.areas[1:].sum()) / max(self.real_pixels, 1)


def _convolve(pixels: NDArray[np.float32], kernel: FloatArray) -> NDArray[np.float32]:
    kernel32 = kernel.astype(np.float32)
    result: NDArray[np.float32]
    if kernel.size <= _DIRECT_PIXELS:
        result = ndimage.convolve(pixels, kernel32, mode="constant")
    else:
        result = signal.fftconvolve(pixels, kernel32, mode="same")
    return result


def _label(
    image: DetectionImage,
    settings: CatalogSettings,
    kernel: FloatArray,
    nsigma: float,
) -> _SegmentMap:
    """Smooth, threshold and label an image; small segments are dropped."""
    ny, nx = image.sci.shape
    region_size = int(settings.number("region_size"))
    smooth = np.empty((ny, nx), dtype=np.float32)
    is_bright = np.empty((ny, nx), dtype=bool)
    for start, stop, first, last in row_windows(ny):
        pixels, noise = image.block(first, last, region_size)
        rows = slice(start - first, stop - first)
        smooth[start:stop] = _convolve(pixels, kernel)[rows]
        is_bright[start:stop] = smooth[start:stop] > nsigma * noise[rows]
    is_bright &= image.mask
    labels = np.empty((ny, nx), dtype=np.int32)
    ndimage.label(is_bright, structure=_EIGHT, output=labels)
    flat = labels.reshape(-1)  # a view: few pixels belong to segments
    bright = np.flatnonzero(flat)
    areas = np.bincount(flat[bright], minlength=1)
    keep = areas >= settings.number("sourcex.source_box")
    keep[0] = False
    renumbered = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    flat[bright] = renumbered[flat[bright]]
    kept_areas = np.concatenate(([areas[0]], areas[keep]))
    real = int(np.count_nonzero(image.wht > 0))
    return _SegmentMap(labels, smooth, kept_areas, real)


def _is_acceptable(
    found: _SegmentMap, settings: CatalogSettings, *, biggest: str, total: str
) -> bool:
    """Whether no segment, nor all of them together, is too large."""
    most_pixels = settings.number("sourcex.rw2d_biggest_pixels")
    if total and found.share > settings.number(f"sourcex.{total}"):
        return False
    return (
        found.biggest_share <= settings.number(f"sourcex.{biggest}")
        and found.areas[1:].max(initial=0) <= most_pixels
    )


def _best_map(
    image: DetectionImage, settings: CatalogSettings, *, factor: float
) -> tuple[_SegmentMap, bool, _SegmentMap]:
    """Return the map to use, whether it is acceptable, and the Gaussian one."""
    gaussian = gaussian_kernel(image.fwhm_pix)
    nsigma = factor * settings.number("sourcex.segm_nsigma")
    first = _label(image, settings, gaussian, nsigma)
    is_first = factor == 1.0
    if _is_acceptable(
        first, settings, biggest="rw2d_biggest_source", total="rw2d_source_fraction"
    ):
        return first, True, first
    wavelet = ricker_kernel(
        image.fwhm_pix, size=int(settings.number("sourcex.rw2d_size"))
    )
    nsigma = factor * settings.number("sourcex.rw2d_nsigma")
    second = _label(image, settings, wavelet, nsigma)
    limits = (
        ("rw2d_biggest_source", "")
        if is_first
        else ("biggest_source_deblend_limit", "source_fraction_deblend_limit")
    )
    is_good = _is_acceptable(second, settings, biggest=limits[0], total=limits[1])
    return second, is_good, first


def find_segments(image: DetectionImage, settings: CatalogSettings) -> SegmentSources:
    """Return the segments of an image.

    Parameters
    ----------
    image : DetectionImage
        Total image.
    settings : CatalogSettings
        Parameters of the total product.

    Returns
    -------
    SegmentSources
        Empty if there is none, or if even a wavelet with doubled thresholds
        finds one source in half of the image.

    Notes
    -----
    Where stars merge into islands, a Ricker wavelet takes the place of the
    Gaussian; where that is not enough, thresholds are doubled.
    """
    found, is_good, _ = _best_map(image, settings, factor=1.0)
    if not is_good:
        found, is_good, smoothed = _best_map(image, settings, factor=2.0)
        shrinks = smoothed.areas[1:].max(initial=0) / max(
            found.areas[1:].max(initial=0), 1
        )
        is_good = is_good or shrinks > settings.number("sourcex.ratio_bigsource_limit")
    labels = found.labels
    if not is_good:
        labels = np.zeros_like(labels)
    labels = deblend_segments(labels, found.smooth, found.areas, settings)
    return collect_segments(labels, image)
