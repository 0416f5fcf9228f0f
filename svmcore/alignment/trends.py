"""What a user should look at although the fit as such is good."""

import numpy as np
from numpy.typing import NDArray

from svmcore.model.fit import MatchTable
from svmcore.numerics.clipping import robust_sigma

__all__ = ["trend_warnings"]

FloatArray = NDArray[np.float64]

_MIN_MATCHES = 20
_SLOPE_SIGMA = 3.0
_LEAST_MAS = 0.3  # a trend over the whole range below this is no news
_AXIS_RATIO = 2.0


def trend_warnings(matches: MatchTable, *, is_absolute: bool) -> tuple[str, ...]:
    """Return sentences about residuals that are not mere scatter.

    Parameters
    ----------
    matches : MatchTable
        Matches of the fit.
    is_absolute : bool
        Whether residuals against the reference catalog are looked at, or
        those between exposures.

    Returns
    -------
    tuple of str
        One for every slope with x, y or magnitude that exceeds 3 sigma and
        0.3 mas over the field, and one if the scatter along one axis is twice
        that along the other.
    """
    rows = matches.is_used & (matches.is_reference == is_absolute)
    if rows.sum() < _MIN_MATCHES:
        return ()
    against = "the catalog" if is_absolute else "the other exposures"
    found = []
    trends = (
        ("x", matches.xy[rows, 0]),
        ("y", matches.xy[rows, 1]),
        ("magnitude", matches.mag[rows]),
    )
    for axis, direction in enumerate(("east", "north")):
        residual = matches.residual_mas[rows, axis]
        weight = matches.sigma_mas[rows] ** -2
        for name, values in trends:
            change, sigma = _change_over_range(values, residual, weight)
            if abs(change) > max(_SLOPE_SIGMA * sigma, _LEAST_MAS):
                found.append(
                    f"Residuals {direction} against {against} change by "
                    f"{change:.2f} ± {sigma:.2f} mas over the range of {name}."
                )
    widths = [robust_sigma(matches.residual_mas[rows, axis]) for axis in (0, 1)]
    if max(widths) > _AXIS_RATIO * max(min(widths), 1e-6):
        found.append(
            f"Residuals against {against} scatter by {widths[0]:.2f} mas east and "
            f"{widths[1]:.2f} mas north: look for a distortion or a wrong match."
        )
    return tuple(found)


def _change_over_range(
    values: FloatArray, residual: FloatArray, weight: FloatArray
) -> tuple[float, float]:
    """Return the weighted linear change over the range, with its error."""
    low, high = np.quantile(values, [0.02, 0.98])
    if not np.isfinite(high - low) or high <= low:
        return 0.0, np.inf
    share = weight / weight.sum()
    middle = float(np.sum(share * values))
    lever = values - middle
    moment = float(np.sum(share * lever**2))
    if moment <= 0.0:
        return 0.0, np.inf
    slope = float(np.sum(share * lever * residual)) / moment
    left = residual - np.sum(share * residual) - slope * lever
    # The residuals of one star in several exposures hang together: their own
    # scatter, not the formal errors, and only a quarter of them count.
    effective = max(2.0, len(values) / 4.0)
    scatter = float(np.sqrt(np.sum(share * left**2)))
    sigma = scatter / np.sqrt(effective * moment)
    return slope * float(high - low), float(sigma * (high - low))
