"""A fit made in the tangent plane, applied to the WCS of every chip."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike
from stwcs.wcsutil import HSTWCS
from tweakwcs.correctors import FITSWCSCorrector

from svmcore.alignment.plane import Affine, TangentPlane
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = ["corrected_wcs"]

_DEG_PER_MAS = 1.0 / 3.6e6
_REFERENCE_PIXEL_MAS = 50.0  # side of a pixel of the square reference plane


def corrected_wcs(
    rootname: str,
    name: str,
    chips: Mapping[int, HSTWCS],
    affine: Affine,
    plane: TangentPlane,
) -> AlignedWcs:
    """Return the solution that moves an exposure's sky positions by a map.

    Parameters
    ----------
    rootname : str
        Exposure.
    name : str
        WCSNAME of the solution.
    chips : Mapping of int to stwcs.wcsutil.HSTWCS
        WCS as it came, by EXTVER; not changed.
    affine : Affine
        Map of positions in `plane`, from the WCS as it came to the true sky.
    plane : TangentPlane
        Plane of the map.

    Returns
    -------
    AlignedWcs
        CRVAL and CD of every chip. Only these change: polynomials and lookup
        tables belong to the detector.
    """
    reference = _plane_corrector(plane)
    return AlignedWcs(
        rootname,
        name,
        tuple(
            _corrected_chip(extver, chips[extver], affine, reference)
            for extver in sorted(chips)
        ),
    )


def _corrected_chip(
    extver: int, wcs: HSTWCS, affine: Affine, reference: FITSWCSCorrector
) -> AlignedChip:
    corrector = FITSWCSCorrector(_linear_wcs(wcs))
    corrector.set_correction(
        matrix=affine.matrix,
        shift=affine.shift / _REFERENCE_PIXEL_MAS,
        ref_tpwcs=reference,
    )
    found = corrector.wcs.wcs
    return AlignedChip(
        extver,
        (float(found.crval[0]), float(found.crval[1])),
        (
            (float(found.cd[0, 0]), float(found.cd[0, 1])),
            (float(found.cd[1, 0]), float(found.cd[1, 1])),
        ),
    )


def _linear_wcs(wcs: HSTWCS) -> WCS:
    """Return a WCS without its distortions.

    A correction concerns the linear terms alone, and the corrector copies its
    WCS many times, with all tables that are in it.
    """
    return _tangent_wcs(wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cd, wcs.pixel_shape)


@lru_cache(maxsize=1)  # all exposures of a fit share their plane
def _plane_corrector(plane: TangentPlane) -> FITSWCSCorrector:
    """Return what knows the plane of the maps; it is only asked, never set."""
    return FITSWCSCorrector(_square_wcs(plane))


def _square_wcs(plane: TangentPlane) -> WCS:
    """Return a distortion-free WCS whose x runs east and y north."""
    cd = np.eye(2) * _REFERENCE_PIXEL_MAS * _DEG_PER_MAS
    return _tangent_wcs((plane.ra_deg, plane.dec_deg), (1.0, 1.0), cd, (4096, 4096))


def _tangent_wcs(
    crval: ArrayLike, crpix: ArrayLike, cd: ArrayLike, shape: tuple[int, int]
) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = np.array(crval, dtype=np.float64)
    wcs.wcs.crpix = np.array(crpix, dtype=np.float64)
    wcs.wcs.cd = np.array(cd, dtype=np.float64)
    wcs.pixel_shape = shape
    wcs.wcs.set()
    return wcs
