"""One solution for direct and grism exposures: the common one, or a carried fit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray
from stwcs.wcsutil import HSTWCS

from svmcore.alignment.correction import corrected_wcs
from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.model.wcs import AlignedWcs

__all__ = [
    "PREFERRED_NAMES",
    "WcsChange",
    "carry_fit",
    "choose_common_name",
    "typical_distance",
]

FloatArray = NDArray[np.float64]
Chips = Mapping[int, HSTWCS]

# In order: guide stars corrected to Gaia, then distortion only.
PREFERRED_NAMES = ("IDC_?????????-GSC240", "IDC_?????????")


def choose_common_name(offers: Sequence[Collection[str]]) -> str:
    """Return the best solution that all exposures hold; empty if none.

    Parameters
    ----------
    offers : sequence of collection of str
        WCSNAMEs of each exposure, direct and grism.

    Examples
    --------
    >>> direct = {"IDC_w3m18525i", "IDC_w3m18525i-GSC240", "OPUS"}
    >>> choose_common_name([direct, {"IDC_w3m18525i"}])
    'IDC_w3m18525i'
    """
    if not offers:
        return ""
    common = set(offers[0]).intersection(*offers[1:])
    for pattern in PREFERRED_NAMES:
        matching = sorted(name for name in common if fnmatchcase(name, pattern))
        if matching:
            return matching[0]
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class WcsChange:
    """Two solutions of one exposure.

    Parameters
    ----------
    before, after : Mapping of int to stwcs.wcsutil.HSTWCS
        WCS by EXTVER.
    """

    before: Chips
    after: Chips

    def positions(self, plane: TangentPlane) -> tuple[FloatArray, FloatArray]:
        """Return plane positions of a grid of pixels with both [mas]."""
        first, second = [], []
        for extver, wcs in self.before.items():
            nx, ny = wcs.pixel_shape
            grid = np.stack(
                np.meshgrid(np.linspace(0, nx - 1, 5), np.linspace(0, ny - 1, 5)),
                axis=-1,
            ).reshape(-1, 2)
            first.append(plane.project(*wcs.all_pix2world(grid, 0).T))
            second.append(plane.project(*self.after[extver].all_pix2world(grid, 0).T))
        return np.concatenate(first), np.concatenate(second)

    def affine(self, plane: TangentPlane) -> Affine:
        """Return the linear map from the first solution to the second."""
        first, second = self.positions(plane)
        design = np.column_stack([first, np.ones(len(first))])
        solved = np.asarray(
            np.linalg.lstsq(design, second, rcond=None)[0], dtype=np.float64
        )
        return Affine(solved[:2].T, solved[2])


def typical_distance(changes: Sequence[WcsChange], plane: TangentPlane) -> float:
    """Return the median distance between two sets of solutions [mas]."""
    distances = []
    for change in changes:
        first, second = change.positions(plane)
        distances.append(np.hypot(*(second - first).T))
    return float(np.median(np.concatenate(distances))) if distances else 0.0


def carry_fit(
    changes: Sequence[WcsChange],
    targets: Mapping[str, Chips],
    plane: TangentPlane,
    name: str,
) -> tuple[AlignedWcs, ...]:
    """Return grism solutions moved as the fit moved the direct exposures.

    Parameters
    ----------
    changes : sequence of WcsChange
        Common solution and fit of each direct exposure.
    targets : Mapping of str to (Mapping of int to HSTWCS)
        Grism exposures with the common solution.
    plane : TangentPlane
        Plane of the maps.
    name : str
        WCSNAME of the moved solutions.

    Notes
    -----
    All exposures of a visit share their guide stars, so that the error of
    the common solution is the same. The median over the direct exposures is
    carried.
    """
    maps = [change.affine(plane) for change in changes]
    typical = Affine(
        np.median([m.matrix for m in maps], axis=0),
        np.median([m.shift for m in maps], axis=0),
    )
    return tuple(
        corrected_wcs(rootname, name, chips, typical, plane)
        for rootname, chips in targets.items()
    )
