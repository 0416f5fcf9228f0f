"""Which terms are fitted, for each exposure or in common, chosen by evidence."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtri, gammainccinv

from svmcore.alignment.settings import GEOMETRIES, AlignmentSettings
from svmcore.alignment.solve import LENGTH_MAS, TERMS, Normal, solve_terms

__all__ = [
    "LeftOut",
    "ReferenceFacts",
    "TermChoice",
    "choose_terms",
    "left_out_terms",
    "richest_choice",
    "term_columns",
]

FloatArray = NDArray[np.float64]

_Chi2 = Callable[["TermChoice"], tuple[float, int]]
_COMMON, _EACH = "common", "each"
_TERM_ROWS = {"roll": (2,), "scale": (3,), "skew": (4, 5)}
_GEOMETRY_OF_TERM = {"roll": "rshift", "scale": "rscale", "skew": "general"}
# Chance of keeping a term that differs between exposures without need: small, for
# errors of centroids hang together a little over the field.
_EACH_CHANCE = 1e-6
_COMMON_STARS = {"roll": 3, "scale": 6, "skew": 12}  # that a common term needs
# The catalog states its errors, so that the scatter is not all that is known: they
# count as many degrees of freedom.
_KNOWN_ERRORS = 20
# Chance of keeping a common term without need. Rolls of the telescope are real and
# usual; whether a change of scale is likely is told by its usual size.
_COMMON_CHANCE = {"roll": 0.0455, "skew": 0.0027}
# What a common term usually is where it is not zero. Rolls of 0.004 deg and changes of
# scale of a tenth to a third of a pixel over a detector, 50 ppm and more, are usual
# between WFC3/UVIS and Gaia: O'Connor, Bajaj, Mack & Calamida, from 7400 exposures.
USUAL_MAS = {"roll": np.radians(0.004) * LENGTH_MAS, "scale": 5e-5 * LENGTH_MAS}
# Odds against a change of scale before anything is measured.
_SCALE_ODDS = 4.0


@dataclass(frozen=True, slots=True)
class TermChoice:
    """How roll, scale and skew are fitted: ``none``, ``common`` or ``each``.

    Parameters
    ----------
    roll, scale, skew : {'none', 'common', 'each'}
        Not fitted, one value for all exposures, or one value per exposure.
        The shift of every exposure is always fitted.
    """

    roll: str = "each"
    scale: str = "none"
    skew: str = "none"

    @property
    def geometry(self) -> str:
        """Name of the richest geometry that this amounts to."""
        for term, name in (
            ("skew", "general"),
            ("scale", "rscale"),
            ("roll", "rshift"),
        ):
            if getattr(self, term) != "none":
                return name
        return "shift"

    @property
    def sentence(self) -> str:
        """What is fitted, in words."""
        parts = ["a shift of each exposure"]
        for term in ("roll", "scale", "skew"):
            mode = getattr(self, term)
            if mode != "none":
                whose = "of each exposure" if mode == _EACH else "common to all"
                parts.append(f"a {term} {whose}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ReferenceFacts:
    """What the test of terms common to all exposures rests on.

    Parameters
    ----------
    pairs : int
        Pairs of a source and a reference star in use; a common term needs as
        many as its geometry.
    stars : int
        Reference stars in them, of which each common term needs a few.
    scatter : float
        Reduced chi-square of the reference stars, at least 1.
    """

    pairs: int
    stars: int
    scatter: float = 1.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A term common to all exposures that is not fitted, as far as it is known.

    Parameters
    ----------
    square : float
        Expected square of what it really is, given its usual size and the
        measurement [mas^2 at `LENGTH_MAS`].
    direction : ndarray of float, shape (6 e,)
        Change of all terms with it: the shifts follow.
    """

    square: float
    direction: FloatArray


def richest_choice(matches: int, settings: AlignmentSettings) -> TermChoice:
    """Return the richest terms that the parameters and matches permit.

    Parameters
    ----------
    matches : int
        Matches of the exposure that has most.
    settings : AlignmentSettings
        Alignment parameters.
    """
    permitted = [name for name in GEOMETRIES if _is_permitted(name, matches, settings)]
    return TermChoice(
        roll=_EACH if set(permitted) & {"rshift", "rscale", "general"} else "none",
        scale=_EACH if set(permitted) & {"rscale", "general"} else "none",
        skew=_EACH if "general" in permitted else "none",
    )


def _is_permitted(name: str, matches: int, settings: AlignmentSettings) -> bool:
    limited = settings.first_geometry in ("shift", "rshift")
    if limited and GEOMETRIES.index(name) > GEOMETRIES.index(settings.first_geometry):
        return False
    needed = settings.links_needed(name)
    return needed is not None and matches >= needed


def term_columns(
    choice: TermChoice,
    matches: NDArray[np.int64],
    settings: AlignmentSettings,
    *,
    fixed: int | None = None,
) -> FloatArray:
    """Return what each unknown adds to the terms, shape (6 e, p).

    Parameters
    ----------
    choice : TermChoice
        Terms to fit.
    matches : ndarray of int, shape (e,)
        Usable matches of each exposure. One with too few for a term takes the
        mean of the others' values.
    settings : AlignmentSettings
        Alignment parameters, for the matches that each geometry needs.
    fixed : int, optional
        Exposure whose terms are all zero: the frame of a relative fit.
    """
    exposures = len(matches)
    if exposures == 0:
        return np.zeros((0, 0))
    columns: list[FloatArray] = []
    for row in (0, 1):
        columns.extend(_unit(exposures, [e], row) for e in range(exposures))
    for term, rows in _TERM_ROWS.items():
        mode = getattr(choice, term)
        needed = settings.links_needed(_GEOMETRY_OF_TERM[term]) or 0
        able = [e for e in range(exposures) if matches[e] >= needed]
        for row in rows:
            columns.extend(_columns_of_term(mode, able, exposures, row))
    built = np.stack(columns, axis=1)
    if fixed is not None:
        built[TERMS * fixed : TERMS * (fixed + 1), :] = 0.0
    used = np.any(built != 0.0, axis=0)
    return built[:, used]


def _columns_of_term(
    mode: str, able: list[int], exposures: int, row: int
) -> list[FloatArray]:
    if mode == "none":
        return []
    if mode == _COMMON or len(able) < 1:
        return [_unit(exposures, list(range(exposures)), row)]
    unable = [e for e in range(exposures) if e not in able]
    found = []
    for exposure in able:
        column = _unit(exposures, [exposure], row)
        column += _unit(exposures, unable, row) / len(able)
        found.append(column)
    return found


def _unit(exposures: int, chosen: list[int], row: int) -> FloatArray:
    column = np.zeros(TERMS * exposures)
    column[[TERMS * exposure + row for exposure in chosen]] = 1.0
    return column


def choose_terms(
    normal: Normal,
    start: TermChoice,
    matches: NDArray[np.int64],
    settings: AlignmentSettings,
    reference: ReferenceFacts,
    *,
    fixed: int | None = None,
) -> tuple[TermChoice, tuple[str, ...]]:
    """Return the terms that the observations ask for, and why.

    Parameters
    ----------
    normal : Normal
        Normal equations of all terms, with calibrated errors.
    start : TermChoice
        Richest permitted terms.
    matches : ndarray of int, shape (e,)
        Usable matches of each exposure.
    settings : AlignmentSettings
        Alignment parameters.
    reference : ReferenceFacts
        Evidence for terms common to all.
    fixed : int, optional
        Exposure whose terms are zero.

    Returns
    -------
    choice : TermChoice
        A term that differs between exposures is kept if chance would give
        its gain with a probability below 1e-6; a common roll is kept if it
        exceeds 2 sigma, a skew 3 sigma, a scale if the measurement is more
        likely with a change of the usual size than without, by more than the
        odds against one. With few reference stars more is asked for, as in
        the F-test, for their scatter is hardly known.
    reasons : tuple of str
        One sentence per decision.
    """
    choice = start
    reasons: list[str] = []

    def chi2_of(trial: TermChoice) -> tuple[float, int]:
        columns = term_columns(trial, matches, settings, fixed=fixed)
        return solve_terms(normal, columns)[2], columns.shape[1]

    for term in ("skew", "scale", "roll"):
        forced = settings.first_geometry == "general" and term != "roll"
        if getattr(choice, term) == _EACH and not forced:
            choice, reason = _test_each(choice, term, chi2_of)
            reasons.append(reason)
    for term in ("skew", "scale", "roll"):
        if getattr(choice, term) == _COMMON:
            needed = settings.matches_needed(_GEOMETRY_OF_TERM[term]) or 0
            sigma = _common_sigma(normal, choice, term, matches, settings, fixed)
            choice, reason = _test_common(
                choice,
                term,
                chi2_of,
                (reference, _chance(term, sigma)),
                enough=reference.pairs >= needed
                and reference.stars >= _COMMON_STARS[term],
            )
            reasons.append(reason)
    return choice, tuple(reasons)


def _test_each(choice: TermChoice, term: str, chi2_of: _Chi2) -> tuple[TermChoice, str]:
    """Return the choice without a term per exposure unless it is needed."""
    simpler = replace(choice, **{term: _COMMON})
    rich, simple = chi2_of(choice), chi2_of(simpler)
    gained, freedom = simple[0] - rich[0], rich[1] - simple[1]
    if freedom <= 0:
        return simpler, f"{term} per exposure: not possible with these matches"
    # Chi-square that chance exceeds with that probability.
    limit = 2.0 * float(gammainccinv(freedom / 2.0, _EACH_CHANCE))
    kept = gained > limit
    reason = (
        f"{term} per exposure {'kept' if kept else 'dropped'}: chi-square gain "
        f"{gained:.1f} for {freedom} terms, {limit:.1f} asked for"
    )
    return (choice if kept else simpler), reason


def _test_common(
    choice: TermChoice,
    term: str,
    chi2_of: _Chi2,
    evidence: tuple[ReferenceFacts, float],
    *,
    enough: bool,
) -> tuple[TermChoice, str]:
    """Return the choice without a common term unless it is significant."""
    reference, chance = evidence
    simpler = replace(choice, **{term: "none"})
    if not enough:
        return simpler, f"common {term} not fitted: too few reference matches"
    gained = chi2_of(simpler)[0] - chi2_of(choice)[0]
    terms = len(_TERM_ROWS[term])
    spare = max(1, 2 * reference.stars - 3 - terms) + _KNOWN_ERRORS
    asked = terms * float(fdtri(terms, spare, 1.0 - chance))
    limit = asked * reference.scatter
    kept = gained > limit
    reason = (
        f"common {term} {'kept' if kept else 'dropped'}: "
        f"{np.sqrt(max(0.0, gained)):.1f} sigma, {np.sqrt(limit):.1f} asked for"
    )
    return (choice if kept else simpler), reason


def _chance(term: str, sigma: float) -> float:
    """Return the chance with which a common term may be kept without need.

    For the scale: where the evidence of a measurement with that error [mas]
    outweighs the odds.
    """
    if term != "scale":
        return _COMMON_CHANCE[term]
    ratio = (USUAL_MAS["scale"] / max(sigma, 1e-6)) ** 2
    evidence = 2.0 * np.log(_SCALE_ODDS) + np.log1p(ratio)
    return float(chdtrc(1.0, evidence * (1.0 + 1.0 / ratio)))


def _common_sigma(
    normal: Normal,
    choice: TermChoice,
    term: str,
    matches: NDArray[np.int64],
    settings: AlignmentSettings,
    fixed: int | None,
) -> float:
    """Return the error of the first parameter of a term common to all [mas]."""
    columns = term_columns(choice, matches, settings, fixed=fixed)
    covariance = solve_terms(normal, columns)[1]
    return float(
        np.sqrt(max(0.0, covariance[_TERM_ROWS[term][0]][_TERM_ROWS[term][0]]))
    )


def left_out_terms(
    normal: Normal,
    choice: TermChoice,
    matches: NDArray[np.int64],
    settings: AlignmentSettings,
) -> tuple[LeftOut, ...]:
    """Return what the common roll and scale may be that are not fitted.

    Parameters
    ----------
    normal : Normal
        Normal equations of all terms, tied to a catalog.
    choice : TermChoice
        What is fitted.
    matches : ndarray of int, shape (e,)
        Usable matches of each exposure.
    settings : AlignmentSettings
        Alignment parameters.
    """
    found = []
    for term, usual in USUAL_MAS.items():
        if getattr(choice, term) != "none":
            continue
        richer = replace(choice, **{term: _COMMON})
        columns = term_columns(richer, matches, settings)
        terms, covariance, _ = solve_terms(normal, columns)
        row = _TERM_ROWS[term][0]
        variance = float(covariance[row, row])
        if variance <= 0.0:  # the stars do not tell it
            unit = _unit(len(matches), list(range(len(matches))), row)
            found.append(LeftOut(usual**2, unit))
            continue
        share = usual**2 / (usual**2 + variance)
        square = share * variance + (share * float(terms[0, row])) ** 2
        found.append(LeftOut(square, covariance[:, row] / variance))
    return tuple(found)
