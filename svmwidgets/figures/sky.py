"""Pixel-to-sky mappings in a form that the browser can evaluate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SkyMapping", "fit_sky_mapping", "tan_sky_mapping"]

FloatArray = NDArray[np.float64]
PixelToSky = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_MAS_PER_DEG = 3.6e6
_LARGEST_DEGREE = 6
_FINEST_SPACING = 16


@dataclass(frozen=True, slots=True, eq=False)
class SkyMapping:
    """Pixel position to ICRS position: tangent plane, polynomial, residual table.

    The pixel is moved to ``u = (x - origin[0]) / scale[0]``, likewise ``v``. The
    tangent-plane offsets from `crval` are ``sum(c * u**i * v**j) + table(x, y)``
    in degrees; the gnomonic projection turns them into right ascension and
    declination.

    Attributes
    ----------
    crval : tuple of float
        Tangent point [deg].
    origin, scale : tuple of float
        Centre and half-width of the normalised pixel coordinates [pixel].
    powers : tuple of (int, int)
        Exponents of u and v of every polynomial term.
    xi, eta : ndarray of float, shape (n,)
        Coefficients of the terms [deg].
    table : ndarray of float, shape (2, my, mx)
        Residuals in xi and eta [deg] at the nodes, interpolated bilinearly;
        shape (2, 0, 0) if the polynomial suffices.
    spacing : float
        Distance of the nodes [pixel]; the first is at pixel (0, 0).
    error_mas : float
        Largest distance from the fitted function at check points [mas].
    """

    crval: tuple[float, float]
    origin: tuple[float, float]
    scale: tuple[float, float]
    powers: tuple[tuple[int, int], ...]
    xi: FloatArray
    eta: FloatArray
    table: FloatArray
    spacing: float
    error_mas: float

    def pixel_to_plane(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the tangent-plane offsets [deg] of 0-based pixel positions."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        u = (x - self.origin[0]) / self.scale[0]
        v = (y - self.origin[1]) / self.scale[1]
        terms = [u**i * v**j for i, j in self.powers]
        xi = sum(c * t for c, t in zip(self.xi, terms, strict=True))
        eta = sum(c * t for c, t in zip(self.eta, terms, strict=True))
        if self.table.size:
            more_xi, more_eta = _interpolate(
                self.table, x / self.spacing, y / self.spacing
            )
            xi, eta = xi + more_xi, eta + more_eta
        return np.asarray(xi), np.asarray(eta)

    def pixel_to_sky(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return right ascension and declination [deg] of 0-based pixels."""
        return _plane_to_sky(*self.pixel_to_plane(x, y), self.crval)

    def to_wire(self) -> dict[str, Any]:
        """Return the mapping as the browser reads it (``js/sky.js``)."""
        return {
            "crval": list(self.crval),
            "origin": list(self.origin),
            "scale": list(self.scale),
            "powers": [list(p) for p in self.powers],
            "xi": self.xi.tolist(),
            "eta": self.eta.tolist(),
            "table": self.table.astype("<f8").tobytes(),
            "table_shape": list(self.table.shape[1:]),
            "spacing": self.spacing,
            "error_mas": self.error_mas,
        }


def tan_sky_mapping(
    crpix: tuple[float, float], crval: tuple[float, float], cd: FloatArray
) -> SkyMapping:
    """Return the exact mapping of an undistorted tangent-plane WCS.

    Parameters
    ----------
    crpix : tuple of float
        Reference pixel as FITS counts it, that is 1-based [pixel].
    crval : tuple of float
        Right ascension and declination of the reference pixel [deg].
    cd : ndarray of float, shape (2, 2)
        CD matrix [deg/pixel].
    """
    (a, b), (c, d) = np.asarray(cd, float).tolist()
    return SkyMapping(
        crval=(float(crval[0]), float(crval[1])),
        origin=(float(crpix[0]) - 1.0, float(crpix[1]) - 1.0),
        scale=(1.0, 1.0),
        powers=((1, 0), (0, 1)),
        xi=np.array([a, b]),
        eta=np.array([c, d]),
        table=np.zeros((2, 0, 0)),
        spacing=1.0,
        error_mas=0.0,
    )


def fit_sky_mapping(
    pixel_to_sky: PixelToSky, shape: tuple[int, int], *, tolerance_mas: float = 0.3
) -> SkyMapping:
    """Return a mapping that follows any WCS over one image.

    Parameters
    ----------
    pixel_to_sky : callable
        Takes arrays x and y, 0-based [pixel]; returns right ascension and
        declination [deg]. For an HST chip:
        ``lambda x, y: hstwcs.all_pix2world(x, y, 0)``.
    shape : tuple of int
        (ny, nx) of the image.
    tolerance_mas : float, optional
        Error to reach at points between the nodes [mas].

    Returns
    -------
    SkyMapping
        A polynomial of the lowest degree that reaches the tolerance; if none up
        to 6 does (lookup-table distortions), the best one with a table of
        residuals, refined down to one node per 16 pixels. `SkyMapping.error_mas`
        says what was reached.

    Examples
    --------
    >>> truth = tan_sky_mapping((50.0, 50.0), (6.0, -72.0), np.diag([-1e-5, 1e-5]))
    >>> mapping = fit_sky_mapping(truth.pixel_to_sky, (100, 100))
    >>> len(mapping.powers), mapping.error_mas < 1e-3
    (3, True)
    """
    ny, nx = shape
    origin, scale = ((nx - 1) / 2, (ny - 1) / 2), (max(nx / 2, 1.0), max(ny / 2, 1.0))
    ra0, dec0 = pixel_to_sky(np.array([origin[0]]), np.array([origin[1]]))
    crval = (float(ra0[0]) % 360.0, float(dec0[0]))

    def plane(x: FloatArray, y: FloatArray) -> FloatArray:
        ra, dec = pixel_to_sky(x.ravel(), y.ravel())
        return np.array(_sky_to_plane(np.asarray(ra), np.asarray(dec), crval))

    x, y = _nodes(shape, 24)
    wanted = plane(x, y)
    check_x, check_y = _check_points(shape)
    check = plane(check_x, check_y)

    def judged(mapping: SkyMapping) -> SkyMapping:
        found = np.array(mapping.pixel_to_plane(check_x, check_y))
        error = float(np.max(np.hypot(*(found - check)))) * _MAS_PER_DEG
        return replace(mapping, error_mas=error)

    best = None
    for degree in range(1, _LARGEST_DEGREE + 1):
        powers = tuple((i, n - i) for n in range(degree + 1) for i in range(n + 1))
        u, v = (x.ravel() - origin[0]) / scale[0], (y.ravel() - origin[1]) / scale[1]
        design = np.array([u**i * v**j for i, j in powers]).T
        xi, eta = np.linalg.lstsq(design, wanted.T)[0].T
        mapping = judged(
            SkyMapping(
                crval, origin, scale, powers, xi, eta, np.zeros((2, 0, 0)), 1.0, 0.0
            )
        )
        if best is None or mapping.error_mas < best.error_mas:
            best = mapping
        if mapping.error_mas <= tolerance_mas:
            return mapping
    assert best is not None  # noqa: S101 (the loop ran; this is for type checkers)
    return _with_table(best, plane, judged, shape, tolerance_mas)


def _with_table(
    polynomial: SkyMapping,
    plane: Callable[[FloatArray, FloatArray], FloatArray],
    judged: Callable[[SkyMapping], SkyMapping],
    shape: tuple[int, int],
    tolerance_mas: float,
) -> SkyMapping:
    """Add a table of residuals, finer and finer, until it is good enough."""
    ny, nx = shape
    best = polynomial
    spacing = 64
    while spacing >= _FINEST_SPACING:
        mx, my = (
            int(np.ceil((nx - 1) / spacing)) + 1,
            int(np.ceil((ny - 1) / spacing)) + 1,
        )
        x, y = np.meshgrid(
            np.arange(mx) * float(spacing), np.arange(my) * float(spacing)
        )
        residuals = plane(x, y) - np.array(
            polynomial.pixel_to_plane(x.ravel(), y.ravel())
        )
        mapping = judged(
            replace(
                polynomial,
                table=residuals.reshape(2, my, mx),
                spacing=float(spacing),
            )
        )
        if mapping.error_mas < best.error_mas:
            best = mapping
        if best.error_mas <= tolerance_mas:
            break
        spacing //= 2
    return best


def _nodes(shape: tuple[int, int], count: int) -> tuple[FloatArray, FloatArray]:
    """Return a grid of positions from corner to corner, denser at the edges."""
    ny, nx = shape
    cosine = (1.0 - np.cos(np.linspace(0.0, np.pi, count))) / 2.0
    x, y = np.meshgrid(cosine * (nx - 1), cosine * (ny - 1))
    return x, y


def _check_points(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return positions away from any node, with the four corners."""
    ny, nx = shape
    x, y = np.meshgrid(np.linspace(0, nx - 1, 41), np.linspace(0, ny - 1, 37))
    x, y = x.ravel(), y.ravel()
    steps = np.arange(x.size)
    x = np.clip(x + 7.3 * np.sin(steps), 0, nx - 1)
    y = np.clip(y + 7.3 * np.cos(1.7 * steps), 0, ny - 1)
    corners = [(0, 0), (nx - 1, 0), (0, ny - 1), (nx - 1, ny - 1)]
    corner_x, corner_y = np.array(corners, float).T
    return np.concatenate([x, corner_x]), np.concatenate([y, corner_y])


def _interpolate(table: FloatArray, u: FloatArray, v: FloatArray) -> FloatArray:
    """Return the table at fractional node positions, bilinearly."""
    my, mx = table.shape[1:]
    i = np.clip(np.floor(u).astype(int), 0, max(mx - 2, 0))
    j = np.clip(np.floor(v).astype(int), 0, max(my - 2, 0))
    i1, j1 = np.minimum(i + 1, mx - 1), np.minimum(j + 1, my - 1)
    s, t = np.clip(u - i, 0.0, 1.0), np.clip(v - j, 0.0, 1.0)
    low = table[:, j, i] * (1 - s) + table[:, j, i1] * s
    high = table[:, j1, i] * (1 - s) + table[:, j1, i1] * s
    return np.asarray(low * (1 - t) + high * t)


def _plane_to_sky(
    xi: FloatArray, eta: FloatArray, crval: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    xi, eta = np.radians(xi), np.radians(eta)
    ra0, dec0 = np.radians(crval)
    down = np.cos(dec0) - eta * np.sin(dec0)
    ra = ra0 + np.arctan2(xi, down)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, down))
    return np.degrees(ra) % 360.0, np.degrees(dec)


def _sky_to_plane(
    ra: FloatArray, dec: FloatArray, crval: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    ra0, dec0 = np.radians(crval)
    away, dec = np.radians(ra) - ra0, np.radians(dec)
    cosine = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(away)
    xi = np.cos(dec) * np.sin(away) / cosine
    eta = (
        np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(away)
    ) / cosine
    return np.degrees(xi), np.degrees(eta)
