"""Fits in a few numbers: for the rail, the list of fits, and comparisons."""

from dataclasses import dataclass

import numpy as np

from svmcore.model.fit import FitTerms, GroupFit

__all__ = [
    "GroupNumbers",
    "TrailEntry",
    "fitted_term",
    "group_numbers",
    "group_summary",
]

LENGTH = 40  # fits that are remembered


@dataclass(frozen=True, slots=True, eq=False)
class TrailEntry:
    """A fit of the session, and what it followed.

    Parameters
    ----------
    number : int
        Counts the fits from 1.
    label : str
        The decision before it, or how it came about.
    fit : GroupFit
        The fit.
    """

    number: int
    label: str
    fit: GroupFit


@dataclass(frozen=True, slots=True)
class GroupNumbers:
    """A fit in numbers.

    Parameters
    ----------
    count : int
        Matches that take part: with the catalog if there is one, else links.
    rms_east_mas, rms_north_mas : float
        Rms per axis over the fitted exposures [mas].
    shift_east_mas, shift_north_mas : float
        Motion of the group, or the mean of its exposures [mas].
    rotation_deg, scale_ppm : float
        Of the group; nan where they were not fitted.
    """

    count: int
    rms_east_mas: float
    rms_north_mas: float
    shift_east_mas: float
    shift_north_mas: float
    rotation_deg: float
    scale_ppm: float


def fitted_term(value: float, error: float) -> float:
    """Return a term, or nan if it was held and so has no error."""
    return float(value) if error > 0 else float("nan")


def group_numbers(fit: GroupFit) -> GroupNumbers | None:
    """Return the numbers of a fit; None if no exposure was fitted."""
    fitted = [each for each in fit.exposures if each.state == "fitted"]
    if not fitted:
        return None
    if fit.kind == "absolute":
        pairs = [(e.rms_ra_mas, e.rms_dec_mas) for e in fitted]
        count = sum(e.n_reference for e in fitted)
    else:
        pairs = [(e.relative_rms_ra_mas, e.relative_rms_dec_mas) for e in fitted]
        count = sum(e.n_links for e in fitted)
    known = np.array([pair for pair in pairs if np.all(np.isfinite(pair))])
    rms = np.sqrt(np.mean(known**2, axis=0)) if len(known) else (np.nan, np.nan)
    terms = fit.absolute or _mean_terms([e.terms for e in fitted])
    return GroupNumbers(
        count,
        float(rms[0]),
        float(rms[1]),
        terms.shift_east_mas,
        terms.shift_north_mas,
        fitted_term(terms.rotation_deg, terms.rotation_error_deg),
        fitted_term(terms.scale_ppm, terms.scale_error_ppm),
    )


def group_summary(fit: GroupFit) -> str:
    """Return one line about a fit."""
    if fit.kind == "none":
        return "WCS as it came"
    numbers = group_numbers(fit)
    if numbers is None:
        return f"{fit.kind}, none fitted"
    tied = fit.catalog if fit.kind == "absolute" else "relative only"
    pair = f"{numbers.rms_east_mas:.1f}/{numbers.rms_north_mas:.1f} mas"
    return f"{tied}, rms {pair}, N {numbers.count}"


def _mean_terms(terms: list[FitTerms]) -> FitTerms:
    def mean(name: str) -> float:
        return float(np.mean([getattr(each, name) for each in terms]))

    return FitTerms(
        terms[0].fitgeom,
        mean("shift_east_mas"),
        mean("shift_north_mas"),
        mean("shift_error_mas"),
        mean("rotation_deg"),
        mean("rotation_error_deg"),
        mean("scale_ppm"),
        mean("scale_error_ppm"),
    )
