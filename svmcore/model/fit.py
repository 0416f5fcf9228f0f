"""What an alignment found: sources, matches, terms, quality."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.model.wcs import AlignedWcs

__all__ = [
    "ExposureFit",
    "FitQuality",
    "FitTerms",
    "GroupFit",
    "MatchTable",
    "ReferenceCatalog",
    "SourceList",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SourceList:
    """Point sources of one exposure, all chips together.

    Parameters
    ----------
    rootname : str
        Exposure.
    extver : ndarray of int, shape (n,)
        SCI extension of each source.
    xy : ndarray of float, shape (n, 2)
        Centre on the chip, 0-based, pixel centres at integers [pixel].
    xy_error : ndarray of float, shape (n,)
        One-sigma error of the position per axis [pixel].
    flux : ndarray of float, shape (n,)
        Flux in the data's unit.
    peak : ndarray of float, shape (n,)
        Brightest pixel above the background, in the data's unit.
    roughness : ndarray of float, shape (n,)
        Sum of absolute residuals of the profile fit over the flux: large for
        cosmic rays, galaxies and blends.
    is_saturated : ndarray of bool, shape (n,)
        Whether a saturated pixel lies in the core.
    """

    rootname: str
    extver: NDArray[np.int64]
    xy: FloatArray
    xy_error: FloatArray
    flux: FloatArray
    peak: FloatArray
    roughness: FloatArray
    is_saturated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceCatalog:
    """Astrometric reference stars, at their own epoch.

    Parameters
    ----------
    name : str
        Name as used in WCSNAME, for example ``GAIAeDR3``.
    source : str
        Where it came from: file name or service.
    identifier : ndarray of str, shape (n,)
        Identifier of each star.
    ra_deg, dec_deg : ndarray of float, shape (n,)
        ICRS positions at `epoch_yr` [deg].
    ra_error_mas, dec_error_mas : ndarray of float, shape (n,)
        Errors at `epoch_yr`; ra times cos(dec) [mas].
    pm_ra_mas_yr, pm_dec_mas_yr : ndarray of float, shape (n,)
        Proper motions; ra times cos(dec); zero where unknown [mas / yr].
    pm_ra_error_mas_yr, pm_dec_error_mas_yr : ndarray of float, shape (n,)
        Their errors [mas / yr].
    mag : ndarray of float, shape (n,)
        Magnitude; nan where unknown [mag].
    epoch_yr : ndarray of float, shape (n,)
        Epoch of each position, Julian year [yr].
    quality_factor : ndarray of float, shape (n,)
        Factor on the position errors for suspect astrometry (from RUWE); 1
        for good stars.
    """

    name: str
    source: str
    identifier: NDArray[np.str_]
    ra_deg: FloatArray
    dec_deg: FloatArray
    ra_error_mas: FloatArray
    dec_error_mas: FloatArray
    pm_ra_mas_yr: FloatArray
    pm_dec_mas_yr: FloatArray
    pm_ra_error_mas_yr: FloatArray
    pm_dec_error_mas_yr: FloatArray
    mag: FloatArray
    epoch_yr: FloatArray
    quality_factor: FloatArray

    def __len__(self) -> int:
        return len(self.ra_deg)


@dataclass(frozen=True, slots=True)
class FitTerms:
    """Shift, rotation and scale of one fit, with errors.

    Parameters
    ----------
    fitgeom : {'shift', 'rshift', 'rscale', 'general'}
        Geometry that was fitted.
    shift_east_mas, shift_north_mas : float
        How far the sky positions moved at the centre of the field [mas].
    shift_error_mas : float
        One-sigma error of the shift per axis [mas].
    rotation_deg, rotation_error_deg : float
        Rotation of the sky positions, north through east [deg].
    scale_ppm, scale_error_ppm : float
        Change of scale [parts per million].
    skew_deg : float
        Departure of the axes from a right angle [deg].
    position_error_mas : float
        One-sigma error per axis of a position at the centre of the field:
        that of the shift, and what the distortion tables leave [mas].

    Notes
    -----
    A roll or scale that is not fitted has an error too: what it may be, given
    its usual size and the measurement. It is in the errors of shifts and of
    positions.
    """

    fitgeom: str
    shift_east_mas: float
    shift_north_mas: float
    shift_error_mas: float
    rotation_deg: float
    rotation_error_deg: float
    scale_ppm: float
    scale_error_ppm: float
    skew_deg: float = 0.0
    position_error_mas: float = 0.0


@dataclass(frozen=True, slots=True)
class FitQuality:
    """How far a fit can be trusted.

    Parameters
    ----------
    fit_qual : int
        1 good, 2 good but few checks, 3 usable, as all that is not tied to the
        sky, 4 doubtful, 5 not used; with the limits of the alignment parameters.
    sentence : str
        Why, in one plain sentence.
    """

    fit_qual: int
    sentence: str

    @property
    def is_good(self) -> bool:
        """Whether the solution is applied."""
        return self.fit_qual < 5


@dataclass(frozen=True, slots=True)
class ExposureFit:
    """The fit of one exposure.

    Parameters
    ----------
    rootname : str
        Exposure.
    state : {'fitted', 'carried', 'kept'}
        Fitted itself; moved with the group; or left on the WCS it came with.
    n_sources : int
        Usable sources.
    n_reference, n_links : int
        Matches with the reference catalog, and with other exposures.
    terms : FitTerms
        Total correction against the WCS that the exposure came with.
    rms_ra_mas, rms_dec_mas : float
        Rms about zero of residuals against the reference catalog, per axis;
        nan without a reference [mas].
    relative_rms_ra_mas, relative_rms_dec_mas : float
        Rms about zero of residuals against the mean of the other exposures;
        nan for a single exposure [mas].
    quality : FitQuality
        Verdict on this exposure.
    """

    rootname: str
    state: str
    n_sources: int
    n_reference: int
    n_links: int
    terms: FitTerms
    rms_ra_mas: float
    rms_dec_mas: float
    relative_rms_ra_mas: float
    relative_rms_dec_mas: float
    quality: FitQuality


@dataclass(frozen=True, slots=True, eq=False)
class MatchTable:
    """Every pair of a source with a reference star or another exposure's star.

    Parameters
    ----------
    identifier : ndarray of str, shape (n,)
        Stable name of the match: rootname, chip and star.
    rootname : ndarray of str, shape (n,)
        Exposure of the source.
    extver : ndarray of int, shape (n,)
        SCI extension of the source.
    xy : ndarray of float, shape (n, 2)
        Source on the chip, 0-based [pixel].
    ra_deg, dec_deg : ndarray of float, shape (n,)
        Source on the sky after the fit, ICRS [deg].
    target_ra_deg, target_dec_deg : ndarray of float, shape (n,)
        Reference star at the exposure's epoch, or mean of the other
        exposures, ICRS [deg].
    residual_mas : ndarray of float, shape (n, 2)
        Target minus source, east and north, after the fit [mas].
    before_mas : ndarray of float, shape (n, 2)
        The same with the WCS that the exposure came with [mas].
    sigma_mas : ndarray of float, shape (n,)
        Expected error of a residual per axis [mas].
    mag : ndarray of float, shape (n,)
        Reference magnitude, or instrumental for links [mag].
    is_reference : ndarray of bool, shape (n,)
        Whether the target is a reference star; else the other exposures' mean.
    is_used : ndarray of bool, shape (n,)
        Whether the match took part in the fit.
    why_not : ndarray of str, shape (n,)
        ``clipped``, ``by hand``, ``region``, ``saturated``, ``no fit`` if those
        left out leave it nothing to be compared with, or empty if used.
    """

    identifier: NDArray[np.str_]
    rootname: NDArray[np.str_]
    extver: NDArray[np.int64]
    xy: FloatArray
    ra_deg: FloatArray
    dec_deg: FloatArray
    target_ra_deg: FloatArray
    target_dec_deg: FloatArray
    residual_mas: FloatArray
    before_mas: FloatArray
    sigma_mas: FloatArray
    mag: FloatArray
    is_reference: NDArray[np.bool_]
    is_used: NDArray[np.bool_]
    why_not: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ra_deg)


@dataclass(frozen=True, slots=True, eq=False)
class GroupFit:
    """The alignment of all exposures of one detector.

    Parameters
    ----------
    detector : str
        Detector slug, for example ``wfc3_ir``.
    kind : {'absolute', 'relative', 'none'}
        Tied to a reference catalog; only to each other; or nothing changed.
    catalog : str
        Name of the reference catalog; empty without one.
    catalog_epoch_yr : float
        Epoch that reference positions were carried to; nan without one [yr].
    exposures : tuple of ExposureFit
        Fit of each exposure.
    wcs : tuple of AlignedWcs
        Solution of each exposure, fitted or kept.
    absolute : FitTerms or None
        Motion of the group as one body against its mean a-priori frame.
    quality : FitQuality
        Verdict on the group.
    matches : MatchTable
        Every match, used or not.
    warnings : tuple of str
        Plain sentences about what a user should look at.
    history : tuple of str
        One line per iteration: matches, rms, terms.
    set_aside : tuple of AlignedWcs
        Solutions of the fit that are archived but not used, because grism
        exposures ask for a common one; empty otherwise.
    """

    detector: str
    kind: str
    catalog: str
    catalog_epoch_yr: float
    exposures: tuple[ExposureFit, ...]
    wcs: tuple[AlignedWcs, ...]
    absolute: FitTerms | None
    quality: FitQuality
    matches: MatchTable
    warnings: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    set_aside: tuple[AlignedWcs, ...] = ()
