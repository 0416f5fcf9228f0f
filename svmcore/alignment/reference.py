"""Reference stars moved to an epoch, with the errors that the move adds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.plane import TangentPlane
from svmcore.model.fit import ReferenceCatalog

__all__ = ["LEAST_RADIUS_MAS", "PlaneReference", "ruwe_factor", "stars_at_epoch"]

FloatArray = NDArray[np.float64]

# Systematic error of Gaia positions and the least that any star is given;
# stars without errors get the second value, those without proper motions
# drift by the third. Sources: Gaia EDR3 (Lindegren et al. 2021), GSC 2.4.2.
_LEAST_ERROR_MAS = 0.1
_UNKNOWN_ERROR_MAS = 200.0
_UNKNOWN_MOTION_MAS_YR = 5.0
LEAST_RADIUS_MAS = 80.0  # of matches with a good catalog


@dataclass(frozen=True, slots=True, eq=False)
class PlaneReference:
    """Reference stars on the tangent plane at one epoch.

    Parameters
    ----------
    position : ndarray of float, shape (m, 2)
        Plane positions [mas].
    sigma : ndarray of float, shape (m, 2)
        Errors at that epoch [mas].
    motion : ndarray of float, shape (m, 2)
        Proper motions [mas / yr].
    mag : ndarray of float, shape (m,)
        Magnitudes; nan where unknown [mag].
    row : ndarray of int, shape (m,)
        Rows of the catalog.
    epoch_yr : float
        The epoch [yr].
    """

    position: FloatArray
    sigma: FloatArray
    motion: FloatArray
    mag: FloatArray
    row: NDArray[np.int64]
    epoch_yr: float

    @property
    def match_radius_mas(self) -> float:
        """Largest distance of a star from its source: 80 mas, more if needed."""
        if len(self.sigma) == 0:
            return LEAST_RADIUS_MAS
        return float(np.clip(3.0 * np.median(self.sigma), LEAST_RADIUS_MAS, 600.0))


def ruwe_factor(ruwe: FloatArray) -> FloatArray:
    """Return the factor on position errors for a Gaia RUWE.

    Up to 1.4 the single-star solution is good and the factor is 1; above, the
    errors grow with the square of RUWE / 1.4, which takes such stars out of
    the fit softly. An unknown RUWE counts as good.

    Examples
    --------
    >>> ruwe_factor(np.array([1.0, 2.8, np.nan])).tolist()
    [1.0, 4.0, 1.0]
    """
    known = np.where(np.isfinite(ruwe), ruwe, 1.0)
    factor: FloatArray = np.maximum(1.0, known / 1.4) ** 2
    return factor


def stars_at_epoch(
    catalog: ReferenceCatalog, plane: TangentPlane, epoch_yr: float
) -> PlaneReference:
    """Return the reference stars where they were at an epoch, brightest first.

    Parameters
    ----------
    catalog : ReferenceCatalog
        Stars at their own epochs.
    plane : TangentPlane
        Plane of the fit.
    epoch_yr : float
        Epoch to move them to, Julian year [yr].

    Returns
    -------
    PlaneReference
        Stars within 10 degrees of the plane's centre.

    Notes
    -----
    Errors are those of the position and of the proper motion times the years,
    added in quadrature, times the catalog's quality factor. Each star moves
    from its own epoch: the epoch that a service was asked for is not trusted.
    """
    years = epoch_yr - catalog.epoch_yr
    at_own = plane.project(catalog.ra_deg, catalog.dec_deg)
    motion = np.stack([catalog.pm_ra_mas_yr, catalog.pm_dec_mas_yr], axis=1)
    has_motion = np.asarray(np.isfinite(motion).all(axis=1), dtype=np.bool_)
    moved = at_own + np.where(has_motion[:, None], motion, 0.0) * years[:, None]
    errors = np.stack([catalog.ra_error_mas, catalog.dec_error_mas], axis=1)
    drift = np.stack([catalog.pm_ra_error_mas_yr, catalog.pm_dec_error_mas_yr], axis=1)
    known = np.isfinite(errors) & (errors > 0)
    errors = np.where(known, errors, _UNKNOWN_ERROR_MAS)
    no_motion = ~has_motion[:, None] | ~np.isfinite(drift)
    drift = np.where(no_motion, _UNKNOWN_MOTION_MAS_YR, drift)
    sigma = np.sqrt(errors**2 + (drift * years[:, None]) ** 2 + _LEAST_ERROR_MAS**2)
    sigma *= catalog.quality_factor[:, None]
    inside = np.asarray(np.isfinite(moved).all(axis=1), dtype=np.bool_)
    mag = np.where(np.isfinite(catalog.mag), catalog.mag, 99.0)
    order = np.argsort(mag, kind="stable")
    order = order[inside[order]].astype(np.int64)
    return PlaneReference(
        moved[order],
        sigma[order],
        np.where(has_motion[:, None], motion, 0.0)[order],
        catalog.mag[order],
        order,
        epoch_yr,
    )
