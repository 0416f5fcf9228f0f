"""The light that falls on a chip during an exposure."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy import fft
from scipy.special import gamma

from svmcore.simulation.distortion import DistortionError
from svmcore.simulation.instruments import Filter
from svmcore.simulation.pointings import PlannedExposure
from svmcore.simulation.psf import FieldPsf, add_stamp, add_stars
from svmcore.simulation.sky import Galaxies, Stars
from svmcore.simulation.wcs_headers import ChipSolutions

__all__ = ["Light", "flat_fielded", "on_image"]

FloatImage = NDArray[np.float32]
_MARGIN_PIX = 45
_SUBSAMPLES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """Everything that shines during one exposure.

    Parameters
    ----------
    stars : Stars
        Stars at the epoch of the exposure.
    galaxies : Galaxies
        Galaxies.
    psf : FieldPsf
        Point-spread functions of the exposure.
    band : Filter
        Filter.
    exposure : PlannedExposure
        What is done: a tracked image, a trail, a spectrum.
    distortion : DistortionError
        What the distortion model leaves.
    """

    stars: Stars
    galaxies: Galaxies
    psf: FieldPsf
    band: Filter
    exposure: PlannedExposure
    distortion: DistortionError

    def on_chip(
        self, wcs: WCS, chip: ChipSolutions, chip_shape: tuple[int, int]
    ) -> FloatImage:
        """Return the light on a chip [electron / (s pixel)].

        Parameters
        ----------
        wcs : astropy.wcs.WCS
            True world coordinates of the image.
        chip : ChipSolutions
            Place of the image on the chip.
        chip_shape : tuple of int
            Shape (ny, nx) of the full chip [pixel].
        """
        image = np.full(chip.shape, self.exposure.sky, np.float32)
        if not self.exposure.has_sources or self.exposure.kind == "zero":
            return image
        pixels, inside = on_image(wcs, self.stars.ra_deg, self.stars.dec_deg)
        magnitudes = self.stars.magnitude_at(self.band.pivot_angstrom)[inside]
        fluxes = 10 ** (-0.4 * (magnitudes - self.band.zero_point_ab))
        fluxes *= flat_fielded(wcs, pixels, chip.chip.constants["IDCSCALE"])
        pixels = pixels + self.distortion.at(pixels, chip, chip_shape)
        pixels, fluxes = _spread(self.exposure.kind, pixels, fluxes)
        seconds = max(self.exposure.exptime_s, 1.0)
        stars = np.zeros(chip.shape, np.float32)
        add_stars(
            stars,
            self.psf,
            pixels,
            fluxes * seconds,
            chip_shape=chip_shape,
            corner=chip.corner,
        )
        image += stars / np.float32(seconds)
        if self.exposure.kind == "direct":
            self._add_galaxies(image, wcs, chip.chip.constants["IDCSCALE"])
        return image

    def _add_galaxies(self, image: FloatImage, wcs: WCS, scale_arcsec: float) -> None:
        galaxies = self.galaxies
        pixels, inside = on_image(wcs, galaxies.ra_deg, galaxies.dec_deg)
        magnitude = galaxies.magnitude[inside]
        flux = 10 ** (-0.4 * (magnitude - self.band.zero_point_ab))
        flux *= flat_fielded(wcs, pixels, scale_arcsec)
        scale = float(np.sqrt(abs(np.linalg.det(wcs.wcs.cd)))) * 3600.0
        radius = galaxies.radius_arcsec[inside] / scale
        half = np.where(radius * galaxies.index[inside] < 8.0, 16, 48)
        kernel = self.psf.pixel_kernel(_SUBSAMPLES)
        for size in (16, 48):
            chosen = np.flatnonzero(half == size)
            for first in range(0, len(chosen), 64):
                part = chosen[first : first + 64]
                rows = np.flatnonzero(inside)[part]
                shapes = _sersic(
                    pixels[part] - np.round(pixels[part]),
                    radius[part],
                    galaxies.index[rows],
                    galaxies.axis_ratio[rows],
                    galaxies.angle_deg[rows],
                    size,
                )
                stamps = _convolved(shapes, kernel) * flux[part, None, None]
                for (x, y), stamp in zip(
                    np.round(pixels[part]).astype(int), stamps, strict=True
                ):
                    add_stamp(image, stamp, x - size, y - size)


def on_image(
    wcs: WCS, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return positions (x, y) of those that fall on or near an image."""
    width, height = wcs.pixel_shape
    rough = wcs.wcs_world2pix(np.column_stack([ra_deg, dec_deg]), 0)
    reach = 0.08 * max(width, height) + 2 * _MARGIN_PIX
    near = _inside(rough, width, height, reach)
    found = np.flatnonzero(near)
    sky = np.column_stack([ra_deg[near], dec_deg[near]])
    pixels = wcs.all_world2pix(sky, 0, tolerance=1e-6) if len(found) else rough[:0]
    kept = _inside(pixels, width, height, _MARGIN_PIX)
    inside = np.zeros(len(ra_deg), bool)
    inside[found[kept]] = True
    return pixels[kept], inside


def flat_fielded(
    wcs: WCS, pixels: NDArray[np.float64], scale_arcsec: float
) -> NDArray[np.float64]:
    """Return the factor that flat-fielding puts on the light of point sources.

    A flat field makes an even sky even, whatever area of it a pixel sees; a
    star on a large pixel so loses light, which drizzling gives back (the
    pixel area map: ACS Data Handbook 5.1.3, WFC3 Data Handbook 9.1.11). PHOTFLAM
    holds for pixels of the size IDCSCALE.
    """
    if not len(pixels):
        return np.ones(0)
    steps = np.array([[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, -0.5]])
    sky = [wcs.all_pix2world(pixels + step, 0) for step in steps]
    stretch = np.array([np.cos(np.deg2rad(sky[0][:, 1])), np.ones(len(pixels))]).T
    east = (((sky[0] - sky[1] + 180.0) % 360.0) - 180.0) * stretch
    north = (((sky[2] - sky[3] + 180.0) % 360.0) - 180.0) * stretch
    area = np.abs(east[:, 0] * north[:, 1] - east[:, 1] * north[:, 0]) * 3600.0**2
    factor: NDArray[np.float64] = scale_arcsec**2 / area
    return factor


def _inside(
    pixels: NDArray[np.float64], width: int, height: int, margin: float
) -> NDArray[np.bool_]:
    x, y = pixels[:, 0], pixels[:, 1]
    wide = (x > -margin) & (x < width + margin)
    return np.asarray(wide & (y > -margin) & (y < height + margin))


def _spread(
    kind: str, pixels: NDArray[np.float64], fluxes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points along trails or spectra of the bright stars."""
    paths = {
        "moving": (np.arange(0.0, 14.0, 1.0), (0.8, 0.6), 1.0),
        "scan": (np.arange(0.0, 120.0, 1.3), (0.02, 1.0), 30.0),
        "grism": (np.arange(45.0, 175.0, 1.5), (1.0, 0.009), 15.0),
    }
    if kind not in paths:
        return pixels, fluxes
    steps, direction, limit = paths[kind]
    bright = fluxes > limit
    path = steps[:, None] * np.array(direction)
    points = (pixels[bright][:, None, :] + path).reshape(-1, 2)
    return points, np.repeat(fluxes[bright] / len(steps), len(steps))


def _sersic(
    offset: NDArray[np.float64],
    radius: NDArray[np.float64],
    index: NDArray[np.float64],
    ratio: NDArray[np.float64],
    angle_deg: NDArray[np.float64],
    half: int,
) -> FloatImage:
    """Return profiles of unit flux on sub-pixels, one per row."""
    count = _SUBSAMPLES
    axis = (np.arange((2 * half + 1) * count) + 0.5) / count - 0.5 - half
    dx = axis[None, None, :] - offset[:, 0, None, None]
    dy = axis[None, :, None] - offset[:, 1, None, None]
    angle = np.radians(angle_deg)[:, None, None]
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / ratio[:, None, None]
    n = index[:, None, None]
    b = 2 * n - 1 / 3 + 0.009876 / n
    distance = np.sqrt(along**2 + across**2 + 0.04) / radius[:, None, None]
    profile = np.exp(-b * distance ** (1 / n))
    bn, r = b[:, 0, 0], radius
    total = 2 * np.pi * r**2 * ratio * index * gamma(2 * index) / bn ** (2 * index)
    profile /= total[:, None, None] * count**2
    return profile.astype(np.float32)


def _convolved(shapes: FloatImage, kernel: FloatImage) -> FloatImage:
    """Return profiles seen through the telescope, summed to pixels."""
    side = shapes.shape[1]
    size = fft.next_fast_len(side + kernel.shape[0] - 1, real=True)
    spectrum = fft.rfft2(shapes, (size, size)) * fft.rfft2(kernel, (size, size))
    image = fft.irfft2(spectrum, (size, size))
    lead = (kernel.shape[0] - 1) // 2
    cut = image[:, lead : lead + side, lead : lead + side]
    pixels = side // _SUBSAMPLES
    blocks = cut.reshape(-1, pixels, _SUBSAMPLES, pixels, _SUBSAMPLES)
    return np.asarray(blocks.sum(axis=(2, 4)), np.float32)
