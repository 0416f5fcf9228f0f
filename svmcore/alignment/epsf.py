"""The effective PSF of a visit, built from its own dithered stars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, map_coordinates, spline_filter

from svmcore.alignment.profile import GaussianProfile

__all__ = [
    "EffectivePsf",
    "FieldPsf",
    "StarImages",
    "build_effective_psf",
    "build_field_psf",
]

FloatArray = NDArray[np.float64]

_HALF_PIX = 4.5  # half side of the profile
_PASSES = 4
_MANY_IMAGES = 200  # star images that allow the finer grid
_RIDGE = 2.0  # images of no change that every cell of the grid is given
_WINDOW_SIGMA_PIX = 1.0  # of the centroid that defines the centre
_CLIP = 3.5

# Smoothing of the increments: the quartic kernel of Anderson & King (2000,
# PASP 112, 1360), which keeps polynomials up to the fourth degree.
_QUARTIC = np.array(
    [
        [0.041632, -0.080816, 0.078368, -0.080816, 0.041632],
        [-0.080816, -0.019592, 0.200816, -0.019592, -0.080816],
        [0.078368, 0.200816, 0.441632, 0.200816, 0.078368],
        [-0.080816, -0.019592, 0.200816, -0.019592, -0.080816],
        [0.041632, -0.080816, 0.078368, -0.080816, 0.041632],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class EffectivePsf:
    """Fraction of a star's light in a pixel, by the pixel's offset from it.

    Parameters
    ----------
    grid : ndarray of float, shape (k, k)
        Values on a grid of `oversampling` points per pixel.
    oversampling : int
        Points per pixel.
    centre : tuple of float
        Where the star's centre lies, (x, y) from the middle of the grid
        [pixel].
    coefficients : tuple of ndarray
        Spline coefficients of the value and its slopes along x and y.
    """

    grid: FloatArray
    oversampling: int
    centre: tuple[float, float]
    coefficients: tuple[FloatArray, FloatArray, FloatArray]

    @classmethod
    def of_grid(
        cls, grid: FloatArray, oversampling: int, centre: tuple[float, float]
    ) -> "EffectivePsf":
        """Return the profile of a grid of values."""
        by_y, by_x = _spline_slopes(grid, oversampling)
        return cls(
            grid,
            oversampling,
            centre,
            (spline_filter(grid, 3), spline_filter(by_x, 3), spline_filter(by_y, 3)),
        )

    def evaluate(
        self, dx: FloatArray, dy: FloatArray, side: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value and derivatives by the centre; see `Profile`."""
        offset = np.arange(side) - side // 2
        middle = (self.grid.shape[0] - 1) / 2.0
        x = (offset[None, :] - dx[:, None] + self.centre[0]) * self.oversampling
        y = (offset[None, :] - dy[:, None] + self.centre[1]) * self.oversampling
        shape = (len(dx), side, side)
        at = np.stack(
            [
                np.broadcast_to((y + middle)[:, :, None], shape).ravel(),
                np.broadcast_to((x + middle)[:, None, :], shape).ravel(),
            ]
        )
        value, by_x, by_y = (
            map_coordinates(c, at, order=3, mode="nearest", prefilter=False).reshape(
                shape
            )
            for c in self.coefficients
        )
        return value, -by_x, -by_y


@dataclass(frozen=True, slots=True, eq=False)
class StarImages:
    """Stamps of bright, isolated stars, with where each star really is.

    Parameters
    ----------
    values, errors : ndarray of float, shape (n, s, s)
        Stamps; infinite errors for bad pixels.
    dx, dy : ndarray of float, shape (n,)
        Position of the star from the stamp's central pixel, from the mean of
        its exposures, not from the stamp itself [pixel].
    u, v : ndarray of float, shape (n,)
        Place on the chip along x and y, from -1 to 1.
    """

    values: NDArray[np.floating]
    errors: NDArray[np.floating]
    dx: FloatArray
    dy: FloatArray
    u: FloatArray
    v: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class FieldPsf:
    """An effective PSF that changes linearly over a chip.

    Parameters
    ----------
    grids : ndarray of float, shape (3, k, k)
        Values in the middle, and what is added at the right and upper edge.
    oversampling : int
        Points per pixel.
    """

    grids: FloatArray
    oversampling: int

    @property
    def varies(self) -> bool:
        """Whether there were stars enough to see it change."""
        return bool(np.any(self.grids[1:]))

    def at(self, u: float, v: float) -> EffectivePsf:
        """Return the profile at a place, centred there by its own centroid."""
        grid = self.grids[0] + u * self.grids[1] + v * self.grids[2]
        middle = (grid.shape[0] - 1) // 2
        place = (np.arange(grid.shape[0]) - middle) / self.oversampling
        centre = _windowed_centre(grid, place)
        return EffectivePsf.of_grid(grid, self.oversampling, centre)

    def values(self, stars: StarImages) -> FloatArray:
        """Return the pixels of star images of unit flux."""
        found = np.zeros(stars.values.shape)
        for grid, factor in zip(
            self.grids, (np.ones_like(stars.u), stars.u, stars.v), strict=True
        ):
            if np.any(grid):
                part = _interpolate(grid, self.oversampling, stars)
                found += part * factor[:, None, None]
        return found


def build_effective_psf(stars: StarImages, *, fwhm_pix: float) -> EffectivePsf:
    """Return the effective PSF in the middle of the chip; see `build_field_psf`."""
    return build_field_psf(stars, fwhm_pix=fwhm_pix).at(0.0, 0.0)


def build_field_psf(
    stars: StarImages, *, fwhm_pix: float, varies: bool = False
) -> FieldPsf:
    """Return the effective PSF of some star images.

    Parameters
    ----------
    stars : StarImages
        Dithered images of stars.
    fwhm_pix : float
        Width of the Gaussian to start from [pixel].
    varies : bool, optional
        Whether a linear change over the chip is looked for; that takes some
        300 images.

    Notes
    -----
    Residuals of all images are averaged, clipped, in the cells of a grid four
    times finer than the pixels (three times with few images), smoothed and
    added, four times. With each star's own centroid for a position the pixel
    phase would go into the profile and nothing would be gained. The change
    over the chip is found with it: the coma of a real camera moves centres
    by hundredths of a pixel from side to side. The centre is that of a
    Gaussian-windowed centroid, so that all filters, and all places, mean the
    same.
    """
    oversampling = 4 if len(stars.dx) >= _MANY_IMAGES else 3
    points = 2 * int(np.ceil(_HALF_PIX * oversampling)) + 1
    middle = (points - 1) // 2
    place = (np.arange(points) - middle) / oversampling
    grids = np.zeros((3, points, points))
    grids[0] = _gaussian_grid(place, fwhm_pix)
    for _ in range(_PASSES):
        step = _increment(stars, FieldPsf(grids, oversampling), varies=varies)
        grids = grids + step
    return FieldPsf(grids, oversampling)


def _gaussian_grid(place: FloatArray, fwhm_pix: float) -> FloatArray:
    """Return the pixel integral of a Gaussian at every offset."""
    gaussian = GaussianProfile(fwhm_pix)
    zero = np.zeros(1)
    along = gaussian.evaluate(-place, np.zeros_like(place), 1)[0][:, 0, 0]
    along /= np.sqrt(gaussian.evaluate(zero, zero, 1)[0][0, 0, 0])
    grid: FloatArray = np.outer(along, along)
    return grid


def _interpolate(grid: FloatArray, oversampling: int, stars: StarImages) -> FloatArray:
    """Return the spline through a grid at the pixels of star images."""
    side = stars.values.shape[1]
    offset = np.arange(side) - side // 2
    middle = (grid.shape[0] - 1) / 2.0
    x = (offset[None, :] - stars.dx[:, None]) * oversampling + middle
    y = (offset[None, :] - stars.dy[:, None]) * oversampling + middle
    shape = stars.values.shape
    at = np.stack(
        [
            np.broadcast_to(y[:, :, None], shape).ravel(),
            np.broadcast_to(x[:, None, :], shape).ravel(),
        ]
    )
    found: FloatArray = map_coordinates(
        spline_filter(grid, 3), at, order=3, mode="nearest", prefilter=False
    ).reshape(shape)
    return found


def _increment(stars: StarImages, psf: FieldPsf, *, varies: bool) -> FloatArray:
    """Return the smoothed clipped mean residual of every cell, and its slopes."""
    side = stars.values.shape[1]
    points, k = psf.grids.shape[1], psf.oversampling
    value = psf.values(stars)
    usable = np.isfinite(stars.errors)
    weight = np.where(usable, 1.0 / np.where(usable, stars.errors, 1.0) ** 2, 0.0)
    flux, background = _linear_fit(stars.values, value, weight)
    residual = (stars.values - background[:, None, None]) / flux[:, None, None] - value
    offset = np.arange(side) - side // 2
    column = np.rint((offset[None, :] - stars.dx[:, None]) * k).astype(np.int64)
    row = np.rint((offset[None, :] - stars.dy[:, None]) * k).astype(np.int64)
    column, row = column + points // 2, row + points // 2
    inside = (
        usable
        & ((row >= 0) & (row < points))[:, :, None]
        & ((column >= 0) & (column < points))[:, None, :]
        & (flux > 0)[:, None, None]
    )
    cell = (row[:, :, None] * points + column[:, None, :])[inside]
    terms = [np.ones_like(residual)[inside]]
    if varies:
        terms.extend(
            np.broadcast_to(place[:, None, None], inside.shape)[inside]
            for place in (stars.u, stars.v)
        )
    found = _clipped_cells(cell, residual[inside], np.stack(terms), points * points)
    step = np.zeros_like(psf.grids)
    for number, part in enumerate(found.T):
        step[number] = convolve(part.reshape(points, points), _QUARTIC, mode="constant")
    return step


def _linear_fit(
    values: NDArray[np.floating], profile: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return flux and background of every stamp."""
    axes = (1, 2)
    pixels = np.where(weight > 0, values, 0.0)
    w, wp = weight.sum(axis=axes), (weight * profile).sum(axis=axes)
    wpp = (weight * profile**2).sum(axis=axes)
    wv, wvp = (
        (weight * pixels).sum(axis=axes),
        (weight * pixels * profile).sum(axis=axes),
    )
    det = np.maximum(w * wpp - wp**2, 1e-300)
    flux = (w * wvp - wp * wv) / det
    return np.where(flux == 0, 1e-30, flux), (wpp * wv - wp * wvp) / det


def _clipped_cells(
    cell: NDArray[np.int64], residual: FloatArray, terms: FloatArray, size: int
) -> FloatArray:
    """Return the fit of `terms` to the residuals of each cell, (size, t).

    Outliers are clipped twice; a ridge pulls cells with few images to zero.
    """
    count_terms = len(terms)
    keep = np.ones(len(cell), dtype=np.bool_)
    solved = np.zeros((size, count_terms))
    for last in (False, False, True):
        normal = np.zeros((size, count_terms, count_terms))
        right = np.zeros((size, count_terms))
        for i in range(count_terms):
            weighted = terms[i][keep]
            right[:, i] = np.bincount(cell[keep], weighted * residual[keep], size)
            for j in range(i, count_terms):
                total = np.bincount(cell[keep], weighted * terms[j][keep], size)
                normal[:, i, j] = normal[:, j, i] = total
        normal += _RIDGE * np.eye(count_terms)
        solved = np.asarray(
            np.linalg.solve(normal, right[..., None])[..., 0], dtype=np.float64
        )
        if last:
            break
        departure = np.abs(residual - np.sum(solved[cell].T * terms, axis=0))
        count = np.bincount(cell[keep], minlength=size)
        spread = np.bincount(cell[keep], departure[keep], minlength=size)
        width = 1.2533 * spread / np.maximum(count, 1)  # of a normal distribution
        keep = departure <= _CLIP * np.maximum(width[cell], 1e-9)
    return solved


def _spline_slopes(
    grid: FloatArray, oversampling: int
) -> tuple[FloatArray, FloatArray]:
    """Return slopes of the cubic spline through the grid, along y and x."""
    slopes = []
    for axis in (0, 1):
        coefficients = spline_filter(grid, 3)
        index = np.indices(grid.shape, dtype=np.float64)
        step = 1e-3
        up, down = index.copy(), index.copy()
        up[axis] += step
        down[axis] -= step
        high = map_coordinates(coefficients, up, mode="nearest", prefilter=False)
        low = map_coordinates(coefficients, down, mode="nearest", prefilter=False)
        slopes.append((high - low) / (2.0 * step) * oversampling)
    return slopes[0], slopes[1]


def _windowed_centre(grid: FloatArray, place: FloatArray) -> tuple[float, float]:
    """Return the Gaussian-windowed centroid of the profile [pixel]."""
    x0 = y0 = 0.0
    for _ in range(30):
        wx = np.exp(-((place - x0) ** 2) / (2.0 * _WINDOW_SIGMA_PIX**2))
        wy = np.exp(-((place - y0) ** 2) / (2.0 * _WINDOW_SIGMA_PIX**2))
        weighted = grid * np.outer(wy, wx)
        total = weighted.sum()
        # Factor two: a Gaussian of the window's width converges at once.
        x0 += 2.0 * float((weighted @ (place - x0)).sum() / total)
        y0 += 2.0 * float((weighted.T @ (place - y0)).sum() / total)
    return x0, y0
