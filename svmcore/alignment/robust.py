"""The global solution with outliers left out and errors that fit the residuals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.geometry import (
    LeftOut,
    ReferenceFacts,
    TermChoice,
    choose_terms,
    left_out_terms,
    richest_choice,
    term_columns,
)
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.solve import (
    Observations,
    accumulate,
    design_rows,
    solve_terms,
)
from svmcore.alignment.star_means import best_positions, others_mean, weighted_mean
from svmcore.numerics.clipping import median

__all__ = ["GroupSolution", "solve_group"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_CLIP_SIGMA = 4.0
_MAX_PASSES = 8
_USUAL_COORDINATES = 8
_CALIBRATION_SAMPLE = 300
_CALIBRATION_PASSES = 3
_SETTLED_FRACTION = 0.001  # of the sources that may still come and go
_MIN_FLOOR_MAS, _MAX_FLOOR_MAS = 0.05, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class GroupSolution:
    """Terms of every exposure and what remains.

    Parameters
    ----------
    terms : ndarray of float, shape (e, 6)
        Displacements at `LENGTH_MAS` from the centre [mas].
    covariance : ndarray of float, shape (6 e, 6 e)
        Their covariance, with what a common roll or scale that is not fitted
        may still be [mas^2].
    choice : TermChoice
        What was fitted.
    sigma : ndarray of float, shape (n,)
        Error of each observation per axis, floor included [mas].
    reference_sigma : ndarray of float, shape (m, 2)
        Error of each reference position [mas].
    is_used : ndarray of bool, shape (n,)
        Observations that were not clipped or left out.
    is_reference_used : ndarray of bool, shape (m,)
        Reference stars that were not clipped or left out.
    moved : ndarray of float, shape (n, 2)
        Observations with the terms applied [mas].
    star_position : ndarray of float, shape (s, 2)
        Best position of each star, reference included; nan without any [mas].
    observed_position, observed_weight : ndarray of float
        Mean of a star's observations (s, 2), and its weight (s,).
    chi2 : float
        Sum of squares of what is used.
    freedom : int
        Degrees of freedom.
    history : tuple of str
        One line per pass.
    """

    terms: FloatArray
    covariance: FloatArray
    choice: TermChoice
    sigma: FloatArray
    reference_sigma: FloatArray
    is_used: BoolArray
    is_reference_used: BoolArray
    moved: FloatArray
    star_position: FloatArray
    observed_position: FloatArray
    observed_weight: FloatArray
    chi2: float
    freedom: int
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a pass hands to the next."""

    terms: FloatArray
    covariance: FloatArray
    weight: FloatArray
    reference_weight: FloatArray
    moved: FloatArray
    mean: FloatArray
    total: FloatArray
    chi2: float


def solve_group(
    obs: Observations,
    usable: BoolArray,
    reference_usable: BoolArray,
    settings: AlignmentSettings,
    *,
    fixed: int | None = None,
    trusted: BoolArray | None = None,
) -> GroupSolution:
    """Return the robust global solution with the terms that the data ask for.

    Parameters
    ----------
    obs : Observations
        Positions; `sigma` holds formal errors.
    usable : ndarray of bool, shape (n,)
        Observations that may be used.
    reference_usable : ndarray of bool, shape (m,)
        Reference stars that may be used.
    settings : AlignmentSettings
        Alignment parameters.
    fixed : int, optional
        Exposure whose frame a relative solution keeps.
    trusted : ndarray of bool, shape (m,), optional
        Reference stars to start with; all that are usable by default.

    Returns
    -------
    GroupSolution
        Terms, errors and residuals.

    Notes
    -----
    First the richest permitted terms are fitted with weights that fall with
    the residual, then outliers beyond 4 sigma are left out. The error floor
    of the observations follows from their own residuals. Only then is it
    tested which terms are needed, and the fit repeated with those.
    """
    matches = _count_matches(obs, usable, reference_usable)
    history: list[str] = []
    choice = richest_choice(int(matches.max(initial=0)), settings)
    columns = term_columns(choice, matches, settings, fixed=fixed)
    work = _Work(obs, usable, reference_usable)
    begin = reference_usable if trusted is None else reference_usable & trusted
    state = work.first_guess(columns, begin)
    for label in ("all permitted terms", "terms chosen by evidence"):
        state, work = _iterate(work, state, columns, label, history)
        if label.startswith("all"):
            normal = accumulate(obs, state.weight, state.reference_weight)
            choice, reasons = choose_terms(
                normal,
                choice,
                matches,
                settings,
                _reference_facts(work, state),
                fixed=fixed,
            )
            history.extend(reasons)
            columns = term_columns(choice, matches, settings, fixed=fixed)
    if (state.reference_weight > 0).any():
        normal = accumulate(obs, state.weight, state.reference_weight)
        state = _with_left_out(state, left_out_terms(normal, choice, matches, settings))
    return _finish(work, state, choice, columns.shape[1], tuple(history))


def _with_left_out(state: _State, terms: Sequence[LeftOut]) -> _State:
    """Return the state with the errors that terms may make that are not fitted."""
    covariance = state.covariance
    for term in terms:
        covariance = covariance + term.square * np.outer(term.direction, term.direction)
    return replace(state, covariance=covariance)


def _count_matches(
    obs: Observations, usable: BoolArray, reference_usable: BoolArray
) -> NDArray[np.int64]:
    """Return how many observations of each exposure another position checks."""
    seen = np.bincount(obs.star[usable], minlength=obs.stars)
    seen += np.bincount(obs.reference_star[reference_usable], minlength=obs.stars)
    checked = usable & (seen[obs.star] > 1)
    counted = np.bincount(obs.exposure[checked], minlength=obs.exposures)
    return counted.astype(np.int64)


def _reference_facts(work: "_Work", state: _State) -> ReferenceFacts:
    """Return how many reference stars are in use, and how they scatter."""
    used = state.reference_weight[:, 0] > 0
    stars = work.obs.reference_star[used]
    pairs = int(np.isin(work.obs.star[state.weight > 0], stars).sum())
    square = float(np.sum(work.ratios(state)[1][used] ** 2))
    scatter = square / max(1, 2 * len(stars) - 4)
    return ReferenceFacts(pairs, len(stars), max(1.0, scatter))


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """Observations with what may be used and the errors in force."""

    obs: Observations
    usable: BoolArray
    reference_usable: BoolArray
    floor: FloatArray | None = None
    reference_floor: float = 0.0

    def sigma(self) -> FloatArray:
        if self.floor is None:
            return np.hypot(self.obs.sigma, 1.0)
        return np.hypot(self.obs.sigma, self.floor[self.obs.exposure])

    def reference_sigma(self) -> FloatArray:
        return np.hypot(self.obs.reference_sigma, self.reference_floor)

    def first_guess(self, columns: FloatArray, trusted: BoolArray) -> _State:
        """Return the state with weights that fall with the residual."""
        weight = np.where(self.usable, self.sigma() ** -2, 0.0)
        reference = np.where(trusted[:, None], self.reference_sigma() ** -2, 0.0)
        state = self.solve(weight, reference, columns)
        for _ in range(5):
            r, q = self.ratios(state)
            soft = 1.0 / (1.0 + (r / 3.0) ** 2)
            soft_reference = 1.0 / (1.0 + (q / 3.0) ** 2)
            state = self.solve(
                weight * soft, reference * soft_reference[:, None], columns
            )
        return state

    def solve(
        self, weight: FloatArray, reference_weight: FloatArray, columns: FloatArray
    ) -> _State:
        obs = self.obs
        normal = accumulate(obs, weight, reference_weight)
        terms, covariance, chi2 = solve_terms(normal, columns)
        rows = design_rows(obs.anchor)
        moved = obs.position + np.einsum("nai,ni->na", rows, terms[obs.exposure])
        total = np.bincount(obs.star, weight, obs.stars).astype(np.float64)
        mean = weighted_mean(obs, moved, weight, total)
        return _State(
            terms, covariance, weight, reference_weight, moved, mean, total, chi2
        )

    def ratios(self, state: _State) -> tuple[FloatArray, FloatArray]:
        """Return residual over error of observations and of reference stars.

        Each is compared with the mean of the others that are in use; where
        none is, with the mean of all that may be used, so that two that
        disagree do not come back for want of a witness.
        """
        obs = self.obs
        sigma, reference_sigma = self.sigma(), self.reference_sigma()
        whole = (
            np.where(self.usable, sigma**-2, 0.0),
            np.where(self.reference_usable[:, None], reference_sigma**-2, 0.0),
        )
        target, weight = others_mean(
            obs, state.moved, state.weight, state.reference_weight
        )
        spare, spare_weight = others_mean(obs, state.moved, *whole)
        alone = weight <= 0.0
        target = np.where(alone, spare, target)
        weight = np.where(alone, spare_weight, weight)
        seen = weight > 0.0
        variance = sigma[:, None] ** 2 + 1.0 / np.where(seen, weight, np.inf)
        z = np.where(seen, target - state.moved, 0.0) / np.sqrt(variance)

        total = np.bincount(obs.star, whole[0], obs.stars).astype(np.float64)
        mean = weighted_mean(obs, state.moved, whole[0], total)
        unseen = state.total <= 0.0
        total = np.where(unseen, total, state.total)[obs.reference_star, None]
        mean = np.where(unseen[:, None], mean, state.mean)[obs.reference_star]
        spread = reference_sigma**2 + 1.0 / np.maximum(total, 1e-30)
        q = (obs.reference - mean) / np.sqrt(spread)
        return np.hypot(z[:, 0], z[:, 1]), np.hypot(q[:, 0], q[:, 1])


def _iterate(
    work: _Work,
    state: _State,
    columns: FloatArray,
    label: str,
    history: list[str],
) -> tuple[_State, _Work]:
    """Return the state after clipping has settled, and the errors in force."""
    before = work.usable
    for number in range(_MAX_PASSES):
        if number < _CALIBRATION_PASSES:
            work = _calibrate(work, state)
        r, q = work.ratios(state)
        keep = work.usable & (r < _CLIP_SIGMA)
        keep_reference = work.reference_usable & (q < _CLIP_SIGMA)
        weight = np.where(keep, work.sigma() ** -2, 0.0)
        reference = np.where(keep_reference[:, None], work.reference_sigma() ** -2, 0.0)
        state = work.solve(weight, reference, columns)
        history.append(
            f"{label}: {int(keep.sum())} sources, {int(keep_reference.sum())} "
            f"reference stars, chi-square {state.chi2:.0f}"
        )
        changed = np.sum(keep != before)
        if number and changed <= _SETTLED_FRACTION * len(keep):
            break
        before = keep
    return state, work


def _calibrate(work: _Work, state: _State) -> _Work:
    """Return the work with error floors that explain the residuals."""
    obs = work.obs
    best, best_weight = best_positions(obs, state)
    own = state.weight
    checked = (own > 0) & np.all(best_weight[obs.star] > 1.02 * own[:, None], axis=1)
    floor = np.full(obs.exposures, 1.0) if work.floor is None else work.floor.copy()
    lever = np.clip(
        1.0 - own[:, None] / np.maximum(best_weight[obs.star], 1e-30), 0.02, 1
    )
    residual = (best[obs.star] - state.moved) / np.sqrt(lever)
    for exposure in range(obs.exposures):
        mine = checked & (obs.exposure == exposure)
        if mine.sum() < 5:
            continue
        floor[exposure] = _floor_of(residual[mine], obs.sigma[mine][:, None])
    few = np.array(
        [np.sum(checked & (obs.exposure == e)) < 5 for e in range(obs.exposures)]
    )
    if few.any() and not few.all():
        floor[few] = np.median(floor[~few])
    usual = float(np.median(floor)) if len(floor) else 0.0
    common = _reference_floor(work, state, usual)
    return replace(work, floor=floor, reference_floor=common)


def _floor_of(residual: FloatArray, formal: FloatArray) -> float:
    """Return the error that, added to the formal ones, explains residuals."""
    every = -(-len(residual) // _CALIBRATION_SAMPLE)
    square = residual[::every] ** 2
    variance = np.broadcast_to(formal[::every] ** 2, square.shape)
    low, high = _MIN_FLOOR_MAS**2, _MAX_FLOOR_MAS**2
    for _ in range(10):
        middle = np.sqrt(low * high)
        # The median of a squared standard normal is 0.4549.
        if median(square / (variance + middle)) > 0.4549:
            low = middle
        else:
            high = middle
    return float((low * high) ** 0.25)


def _reference_floor(work: _Work, state: _State, usual: float) -> float:
    """Return the error that reference stars have beyond the catalog's.

    It also stands for what the exposures have in common and no mean takes
    out, such as the bias of centroids with the pixel phase. It is the most
    likely one: bright stars, whose own errors are small, tell most. Where
    stars are few, the `usual` floor of the exposures counts as four of them.
    """
    used = state.reference_weight[:, 0] > 0
    obs = work.obs
    seen = np.maximum(state.total[obs.reference_star], 1e-30)
    delta = (obs.reference - state.mean[obs.reference_star])[used]
    formal = obs.reference_sigma[used] ** 2 + 1.0 / seen[used][:, None]
    square = np.append(delta**2, np.full(_USUAL_COORDINATES, usual**2))
    variance = np.append(formal, np.zeros(_USUAL_COORDINATES))
    tried = np.geomspace(_MIN_FLOOR_MAS, _MAX_FLOOR_MAS, 54) ** 2
    whole = variance[None, :] + tried[:, None]
    unlikely = np.sum(np.log(whole) + square[None, :] / whole, axis=1)
    return float(np.sqrt(tried[np.argmin(unlikely)]))


def _finish(
    work: _Work,
    state: _State,
    choice: TermChoice,
    unknowns: int,
    history: tuple[str, ...],
) -> GroupSolution:
    obs = work.obs
    best, weight = best_positions(obs, state)
    used, reference_used = state.weight > 0, state.reference_weight[:, 0] > 0
    seen = np.bincount(obs.star[used], minlength=obs.stars)
    seen_reference = np.bincount(
        obs.reference_star[reference_used], minlength=obs.stars
    )
    positions = int(np.sum(np.where(seen > 0, seen + seen_reference - 1, 0)))
    return GroupSolution(
        terms=state.terms,
        covariance=state.covariance,
        choice=choice,
        sigma=work.sigma(),
        reference_sigma=work.reference_sigma(),
        is_used=used,
        is_reference_used=reference_used,
        moved=state.moved,
        star_position=np.where(weight > 0, best, np.nan),
        observed_position=state.mean,
        observed_weight=state.total,
        chi2=state.chi2,
        freedom=2 * positions - unknowns,
        history=history,
    )
