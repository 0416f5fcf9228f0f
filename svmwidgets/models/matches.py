"""Matches of a fit as the plots show them, and what is odd about them."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.selection import detector_axes
from svmcore.model.fit import ExposureFit, GroupFit, MatchTable

__all__ = [
    "AXES",
    "KINDS",
    "ShownMatches",
    "axis_notices",
    "show_matches",
    "with_matches_out",
]

KINDS = ("reference catalog", "other exposures")
AXES = ("sky", "detector")

_TWO_AXES = 2.0  # rms of one axis over the other that hints at wrong matches
_SLOPE_SIGMA = 3.0
_FEWEST_FOR_SLOPE = 8


class ShownMatches:
    """The matches that the plots show, as arrays of one length.

    Parameters
    ----------
    table : MatchTable
        All matches of the fit.
    rows : ndarray of int
        Rows that are shown.
    position, residual : ndarray of float, shape (n, 2)
        Position along the chosen axes [arcsec or pixel], and source minus
        target [mas].
    """

    def __init__(
        self,
        table: MatchTable,
        rows: NDArray[np.int64],
        position: NDArray[np.float64],
        residual: NDArray[np.float64],
    ) -> None:
        self.table, self.rows = table, rows
        self.position, self.residual = position, residual

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def identifiers(self) -> list[str]:
        """Stable names, one per row."""
        names: list[str] = self.table.identifier[self.rows].tolist()
        return names

    @property
    def is_rejected(self) -> NDArray[np.bool_]:
        """Whether a match takes no part."""
        return ~self.table.is_used[self.rows]

    def slope_notices(self) -> list[str]:
        """Return a sentence for each residual that trends with a position."""
        if len(self) < _FEWEST_FOR_SLOPE:
            return []
        used = ~self.is_rejected
        # The same star in several exposures is one witness, not several.
        stars = len(np.unique(self.table.target_ra_deg[self.rows][used].round(7)))
        repeats = np.sqrt(max(1.0, used.sum() / max(stars, 1)))
        error = self.table.sigma_mas[self.rows][used] * repeats
        return [
            f"Residuals in {name} trend with {along} "
            f"({slope:.1f} sigma): wrong matches, or a geometry that is too simple."
            for axis, name in enumerate(("dx", "dy"))
            for place, along in enumerate(("x", "y"))
            if (
                slope := _slope_sigma(
                    self.position[used, place], self.residual[used, axis], error
                )
            )
            > _SLOPE_SIGMA
        ]


def show_matches(fit: GroupFit, *, kind: str, exposure: str, axes: str) -> ShownMatches:
    """Return the matches of one kind and exposure along some axes.

    Parameters
    ----------
    fit : GroupFit
        The fit.
    kind : str
        One of `KINDS`.
    exposure : str
        Rootname; all exposures if empty.
    axes : str
        One of `AXES`.
    """
    table = fit.matches
    wanted = table.is_reference == (kind == KINDS[0])
    if exposure:
        wanted = wanted & (table.rootname == exposure)
    rows = np.flatnonzero(wanted)
    residual = -table.residual_mas  # source minus target, as it is drawn
    if axes == "detector":
        turned = detector_axes(table, residual, _matrices(fit))
        return ShownMatches(table, rows, _stacked(table)[rows], turned[rows])
    if not len(table):
        return ShownMatches(table, rows, np.zeros((0, 2)), np.zeros((0, 2)))
    ra0, dec0 = float(np.mean(table.ra_deg)), float(np.mean(table.dec_deg))
    east = (table.ra_deg - ra0) * np.cos(np.radians(dec0)) * 3600.0
    north = (table.dec_deg - dec0) * 3600.0
    position = np.column_stack([east, north])
    return ShownMatches(table, rows, position[rows], residual[rows])


def axis_notices(each: ExposureFit) -> list[str]:
    """Return a sentence if the rms of the two axes differ too much."""
    pair = sorted((each.rms_ra_mas, each.rms_dec_mas))
    if not np.all(np.isfinite(pair)) or pair[1] <= _TWO_AXES * pair[0]:
        return []
    pair_text = f"{each.rms_ra_mas:.1f} and {each.rms_dec_mas:.1f} mas"
    why = "differ by more than a factor of two: look for wrong matches."
    return [f"{each.rootname}: the rms of the axes, {pair_text}, {why}"]


def with_matches_out(fit: GroupFit, excluded: AbstractSet[str]) -> GroupFit:
    """Return a fit whose numbers leave some matches out, its terms as they are.

    Parameters
    ----------
    fit : GroupFit
        The fit.
    excluded : set of str
        All matches that are left out by hand; those that were and are no
        longer take part again.

    Returns
    -------
    GroupFit
        What can be shown at once, until the exposures are fitted again.
    """
    table = fit.matches
    by_hand = np.isin(table.identifier, sorted(excluded))
    was = table.why_not == "by hand"
    used = (table.is_used | was) & ~by_hand
    why = np.where(by_hand & ~was, "by hand", np.where(used, "", table.why_not))
    exposures = []
    for each in fit.exposures:
        here = used & (table.rootname == each.rootname)
        mine, links = here & table.is_reference, here & ~table.is_reference
        rms, relative = _rms(table, mine), _rms(table, links)
        exposures.append(
            replace(
                each,
                n_reference=int(mine.sum()),
                n_links=int(links.sum()),
                rms_ra_mas=rms[0],
                rms_dec_mas=rms[1],
                relative_rms_ra_mas=relative[0],
                relative_rms_dec_mas=relative[1],
            )
            if each.state == "fitted"
            else each
        )
    matches = replace(table, is_used=used, why_not=why)
    return replace(fit, exposures=tuple(exposures), matches=matches)


def _rms(table: MatchTable, wanted: NDArray[np.bool_]) -> tuple[float, float]:
    if not wanted.any():
        return float("nan"), float("nan")
    ra, dec = np.sqrt(np.mean(np.square(table.residual_mas[wanted]), axis=0))
    return float(ra), float(dec)


def _matrices(fit: GroupFit) -> dict[tuple[str, int], NDArray[np.float64]]:
    return {
        (solution.rootname, chip.extver): np.array(chip.cd_deg)
        for solution in fit.wcs
        for chip in solution.chips
    }


def _stacked(table: MatchTable) -> NDArray[np.float64]:
    """Return positions on the detector, chips one above the other."""
    position = np.array(table.xy)
    if len(position):
        height = 1.0 + float(position[:, 1].max())
        position[:, 1] += (table.extver - table.extver.min()) * height
    return position


def _slope_sigma(
    position: NDArray[np.float64],
    residual: NDArray[np.float64],
    error: NDArray[np.float64],
) -> float:
    """Return the size of a linear trend in units of its error."""
    if len(position) < _FEWEST_FOR_SLOPE or np.ptp(position) == 0:
        return 0.0
    weight = 1.0 / np.square(error)
    away = position - np.average(position, weights=weight)
    offset = residual - np.average(residual, weights=weight)
    curvature = float(np.sum(weight * away**2))
    slope = float(np.sum(weight * away * offset)) / curvature
    left = offset - slope * away
    # Errors that are too small must not make a trend of plain scatter: the
    # median of the squared ratios is 0.455 for a Gaussian.
    ratio = float(np.median(weight * left**2)) / 0.455
    return abs(slope) / float(np.sqrt(max(1.0, ratio) / curvature))
