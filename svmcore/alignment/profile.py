"""Positions of many stars at once: a fixed profile fitted to small stamps."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

__all__ = ["GaussianProfile", "Profile", "StampFit", "fit_stamps"]

FloatArray = NDArray[np.float64]

_MAX_STEP_PIX = 0.6
_PEAK_FRACTION = 0.02  # error of the profile itself, as a fraction of the peak


class Profile(Protocol):
    """A star's pixel values per unit flux, with derivatives."""

    def evaluate(
        self, dx: FloatArray, dy: FloatArray, side: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value, d/dx, d/dy, each of shape (n, side, side).

        `dx` and `dy` are the star's centre relative to the stamp's central
        pixel [pixel].
        """


@dataclass(frozen=True, slots=True)
class GaussianProfile:
    """A circular Gaussian integrated over pixels.

    Parameters
    ----------
    fwhm_pix : float
        Full width at half maximum [pixel]. It is never fitted: a free width
        follows the pixel phase.
    """

    fwhm_pix: float

    def evaluate(
        self, dx: FloatArray, dy: FloatArray, side: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value and derivatives by the centre; see `Profile`."""
        sigma = self.fwhm_pix / 2.354820045
        gx, hx = _integrated(dx, sigma, side)
        gy, hy = _integrated(dy, sigma, side)
        value = gy[:, :, None] * gx[:, None, :]
        by_x = gy[:, :, None] * hx[:, None, :]
        by_y = hy[:, :, None] * gx[:, None, :]
        return value, by_x, by_y


def _integrated(
    centre: FloatArray, sigma: float, side: int
) -> tuple[FloatArray, FloatArray]:
    """Return pixel integrals of a 1-d Gaussian and their slope by the centre."""
    edges = np.arange(side + 1) - side / 2
    z = (edges[None, :] - centre[:, None]) / (np.sqrt(2.0) * sigma)
    cumulative = 0.5 * erf(z)
    density = np.exp(-(z**2)) / (np.sqrt(2.0 * np.pi) * sigma)
    return np.diff(cumulative, axis=1), -np.diff(density, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class StampFit:
    """Result of a profile fit to each of n stamps.

    Parameters
    ----------
    dx, dy : ndarray of float, shape (n,)
        Centre relative to the stamp's central pixel [pixel].
    flux, background : ndarray of float, shape (n,)
        In the unit of the stamps.
    error : ndarray of float, shape (n,)
        Formal one-sigma error of the position per axis [pixel].
    flux_error : ndarray of float, shape (n,)
        Formal error of the flux.
    roughness : ndarray of float, shape (n,)
        Sum of absolute residuals over the flux.
    is_good : ndarray of bool, shape (n,)
        Whether the fit converged with positive flux inside the stamp.
    """

    dx: FloatArray
    dy: FloatArray
    flux: FloatArray
    background: FloatArray
    error: FloatArray
    flux_error: FloatArray
    roughness: FloatArray
    is_good: NDArray[np.bool_]


def fit_stamps(
    stamps: NDArray[np.floating],
    errors: NDArray[np.floating],
    profile: Profile,
    *,
    start: tuple[FloatArray, FloatArray] | None = None,
    iterations: int = 12,
) -> StampFit:
    """Return the centres of stars by Gauss-Newton on all stamps at once.

    Parameters
    ----------
    stamps : ndarray of float, shape (n, side, side)
        Pixels around each star.
    errors : ndarray of float, shape (n, side, side)
        One-sigma errors; infinite for pixels to leave out.
    profile : Profile
        Fixed profile; position, flux and a constant background are fitted.
    start : tuple of ndarray, optional
        First guess of (dx, dy); the central pixel by default.
    iterations : int, optional
        Largest number of steps; each is at most 0.6 pixel.

    Returns
    -------
    StampFit
        Centres, fluxes, errors and roughness.

    Notes
    -----
    Weights are 1 / (error^2 + (0.02 peak)^2): the second term keeps the
    mismatch of the profile in the cores of bright stars from deciding.
    """
    n, side, _ = stamps.shape
    pixels = np.asarray(stamps, dtype=np.float64)
    dx = np.zeros(n) if start is None else np.array(start[0], dtype=np.float64)
    dy = np.zeros(n) if start is None else np.array(start[1], dtype=np.float64)
    usable = np.isfinite(errors) & np.isfinite(pixels)
    pixels = np.where(usable, pixels, 0.0)
    peak = np.max(np.where(usable, pixels, -np.inf), axis=(1, 2), initial=0.0)
    floor = np.min(np.where(usable, pixels, np.inf), axis=(1, 2), initial=0.0)
    variance = np.asarray(errors, dtype=np.float64) ** 2
    variance += (_PEAK_FRACTION * (peak - floor))[:, None, None] ** 2
    weight = np.where(usable, 1.0 / np.maximum(variance, 1e-30), 0.0)

    active = np.arange(n)
    for _ in range(iterations):
        step = _newton_step(pixels, weight, profile, (dx, dy), active, side)
        dx[active] += step[0]
        dy[active] += step[1]
        moved = np.hypot(step[0], step[1])
        inside = (np.abs(dx[active]) < side / 2) & (np.abs(dy[active]) < side / 2)
        active = active[(moved > 1e-4) & inside]
        if active.size == 0:
            break
    return _finish(pixels, weight, errors, profile, (dx, dy))


def _normal_equations(
    pixels: FloatArray,
    weight: FloatArray,
    parts: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return flux and background of the best linear fit."""
    value = parts[0]
    s_w = weight.sum(axis=(1, 2))
    s_v = (weight * value).sum(axis=(1, 2))
    s_vv = (weight * value**2).sum(axis=(1, 2))
    s_p = (weight * pixels).sum(axis=(1, 2))
    s_pv = (weight * pixels * value).sum(axis=(1, 2))
    # A profile that has left its stamp has no flux; it must not overflow.
    det = np.maximum(s_w * s_vv - s_v**2, 1e-9 * s_w**2 + 1e-300)
    flux = (s_w * s_pv - s_v * s_p) / det
    background = (s_vv * s_p - s_v * s_pv) / det
    return flux, background


def _newton_step(
    pixels: FloatArray,
    weight: FloatArray,
    profile: Profile,
    centre: tuple[FloatArray, FloatArray],
    active: NDArray[np.int64],
    side: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the step in x and y of the active stars."""
    w, p = weight[active], pixels[active]
    parts = profile.evaluate(centre[0][active], centre[1][active], side)
    flux, background = _normal_equations(p, w, parts)
    residual = p - flux[:, None, None] * parts[0] - background[:, None, None]
    design = _design(parts, flux)
    normal, right = _assemble(design, w, residual)
    solved = np.linalg.solve(normal, right[..., None])[..., 0]
    limit = np.clip(solved[:, :2], -_MAX_STEP_PIX, _MAX_STEP_PIX)
    return limit[:, 0], limit[:, 1]


def _design(
    parts: tuple[FloatArray, FloatArray, FloatArray], flux: FloatArray
) -> FloatArray:
    """Return derivatives by x, y, relative flux and relative background."""
    value, by_x, by_y = parts
    n, side, _ = value.shape
    columns = (by_x, by_y, value, np.full_like(value, 1.0 / side**2))
    safe = np.where(np.abs(flux) > 0, flux, 1.0)
    stacked = np.stack([c.reshape(n, side**2) for c in columns], axis=1)
    return stacked * safe[:, None, None]


def _assemble(
    design: FloatArray, weight: FloatArray, residual: FloatArray
) -> tuple[FloatArray, FloatArray]:
    n, _, size = design.shape  # spelled out: -1 cannot be worked out for no stars
    weighted = design * weight.reshape(n, 1, size)
    normal = weighted @ design.transpose(0, 2, 1)
    # A tiny ridge: a stamp without good pixels must not stop the others.
    trace = np.trace(normal, axis1=1, axis2=2)
    normal += (1e-12 * trace + 1e-30)[:, None, None] * np.eye(4)
    right = (weighted @ residual.reshape(n, size, 1))[..., 0]
    return normal, right


def _finish(
    pixels: FloatArray,
    weight: FloatArray,
    errors: NDArray[np.floating],
    profile: Profile,
    centre: tuple[FloatArray, FloatArray],
) -> StampFit:
    n, side, _ = pixels.shape
    dx, dy = centre
    parts = profile.evaluate(dx, dy, side)
    flux, background = _normal_equations(pixels, weight, parts)
    residual = pixels - flux[:, None, None] * parts[0] - background[:, None, None]
    usable = weight > 0
    design = _design(parts, flux)
    normal, _ = _assemble(design, weight, residual)
    inverse = np.linalg.inv(normal)
    # Error of a weighted fit whose weights are not the inverse variances.
    variance = np.where(usable, np.asarray(errors, dtype=np.float64) ** 2, 0.0)
    middle = design * (weight**2 * variance).reshape(n, 1, side**2)
    middle = middle @ design.transpose(0, 2, 1)
    covariance = inverse @ middle @ inverse
    error = np.sqrt(np.abs(covariance[:, 0, 0] + covariance[:, 1, 1]) / 2.0)
    flux_error = np.abs(flux) * np.sqrt(np.abs(covariance[:, 2, 2]))
    rough = np.sum(np.abs(residual) * usable, axis=(1, 2))
    safe_flux = np.where(flux > 0, flux, np.nan)
    is_good = (
        (flux > 0)
        & (np.abs(dx) < side / 2)
        & (np.abs(dy) < side / 2)
        & np.isfinite(error)
        & (usable.sum(axis=(1, 2)) >= side * side // 2)
    )
    return StampFit(
        dx, dy, flux, background, error, flux_error, rough / safe_flux, is_good
    )
