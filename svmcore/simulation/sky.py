"""The sky of a simulated visit: stars, galaxies, reference catalog."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.config import ReferenceErrors, VisitConfig
from svmcore.simulation.random_numbers import generator

__all__ = ["Galaxies", "ReferenceTable", "Stars", "make_galaxies", "make_stars"]

__all__ += ["make_reference"]

FloatArray = NDArray[np.float64]
GAIA_EPOCH = 2016.0
_BRIGHT_MAG, _FAINT_MAG, _SLOPE = 15.0, 27.0, 0.17


@dataclass(frozen=True, slots=True, eq=False)
class Stars:
    """Stars at one epoch.

    Parameters
    ----------
    number : ndarray of int
        Running number.
    ra_deg, dec_deg : ndarray of float
        Positions at `epoch`, ICRS [deg].
    pm_east_masyr, pm_north_masyr : ndarray of float
        Proper motions, the first with the cosine of the declination [mas / yr].
    magnitude : ndarray of float
        AB magnitude at 8000 Angstrom.
    color : ndarray of float
        Slope of the magnitude with the logarithm of the wavelength: a star
        of color 1 is brighter by 0.69 mag at 16000 Angstrom.
    epoch : float
        Julian year of the positions.
    """

    number: NDArray[np.int64]
    ra_deg: FloatArray
    dec_deg: FloatArray
    pm_east_masyr: FloatArray
    pm_north_masyr: FloatArray
    magnitude: FloatArray
    color: FloatArray
    epoch: float

    def moved_to(self, epoch: float) -> "Stars":
        """Return the stars at another epoch [Julian year]."""
        years = epoch - self.epoch
        east = self.pm_east_masyr * years / 3.6e6
        north = self.pm_north_masyr * years / 3.6e6
        return Stars(
            self.number,
            (self.ra_deg + east / np.cos(np.radians(self.dec_deg))) % 360.0,
            self.dec_deg + north,
            self.pm_east_masyr,
            self.pm_north_masyr,
            self.magnitude,
            self.color,
            epoch,
        )

    def magnitude_at(self, wavelength_angstrom: float) -> FloatArray:
        """Return AB magnitudes at a wavelength."""
        slope = np.log(wavelength_angstrom / 8000.0)
        return np.asarray(self.magnitude - self.color * slope)


@dataclass(frozen=True, slots=True, eq=False)
class Galaxies:
    """Galaxies of Sersic profile.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float
        Positions, ICRS [deg].
    magnitude : ndarray of float
        AB magnitude, equal at all wavelengths.
    radius_arcsec : ndarray of float
        Half-light radius along the long axis [arcsec].
    index : ndarray of float
        Sersic index, 1 (disk) or 4 (bulge).
    axis_ratio : ndarray of float
        Short by long axis.
    angle_deg : ndarray of float
        Position angle of the long axis on the detector [deg].
    """

    ra_deg: FloatArray
    dec_deg: FloatArray
    magnitude: FloatArray
    radius_arcsec: FloatArray
    index: FloatArray
    axis_ratio: FloatArray
    angle_deg: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceTable:
    """Columns of the reference catalog, named as in the Gaia archive.

    Parameters
    ----------
    columns : dict of str to ndarray
        Values at epoch 2016.0: degrees, mas, mas / yr, mag.
    is_wrong : ndarray of bool
        Entries that were put in a wrong place on purpose.
    number : ndarray of int
        Running number of the star.
    """

    columns: dict[str, NDArray[np.generic]]
    is_wrong: NDArray[np.bool_]
    number: NDArray[np.int64]


def _scatter_on_sky(
    rng: np.random.Generator, config: VisitConfig, radius_deg: float, density: float
) -> tuple[FloatArray, FloatArray]:
    """Return positions over a circle, by their density per square arcminute."""
    count = rng.poisson(density * np.pi * (60.0 * radius_deg) ** 2)
    distance = radius_deg * np.sqrt(rng.random(count))
    angle = rng.random(count) * 2 * np.pi
    dec = config.dec_deg + distance * np.cos(angle)
    ra = config.ra_deg + distance * np.sin(angle) / np.cos(np.radians(dec))
    return ra % 360.0, dec


def make_stars(config: VisitConfig, radius_deg: float) -> Stars:
    """Return the stars around the field at epoch 2016.0.

    Parameters
    ----------
    config : VisitConfig
        Density, seed, proper motions.
    radius_deg : float
        Radius of the circle that they fill [deg].

    Notes
    -----
    Numbers rise with magnitude by 0.17 dex per magnitude from 15 to 27 mag,
    as in the outskirts of a nearby galaxy.
    """
    rng = generator(config.seed, "stars")
    ra, dec = _scatter_on_sky(rng, config, radius_deg, config.star_density)
    low, high = 10 ** (_SLOPE * _BRIGHT_MAG), 10 ** (_SLOPE * _FAINT_MAG)
    magnitude = np.log10(low + (high - low) * rng.random(len(ra))) / _SLOPE
    motion = config.reference.proper_motion_masyr
    common = rng.normal(0.0, motion, 2)
    return Stars(
        number=np.arange(1, len(ra) + 1),
        ra_deg=ra,
        dec_deg=dec,
        pm_east_masyr=common[0] + rng.normal(0.0, motion, len(ra)),
        pm_north_masyr=common[1] + rng.normal(0.0, motion, len(ra)),
        magnitude=magnitude,
        color=np.clip(rng.normal(0.6, 0.5, len(ra)), -0.8, 2.0),
        epoch=GAIA_EPOCH,
    )


def make_galaxies(config: VisitConfig, radius_deg: float) -> Galaxies:
    """Return the galaxies around the field.

    Parameters
    ----------
    config : VisitConfig
        Density, seed.
    radius_deg : float
        Radius of the circle that they fill [deg].
    """
    rng = generator(config.seed, "galaxies")
    ra, dec = _scatter_on_sky(rng, config, radius_deg, config.galaxy_density)
    low, high = 10 ** (0.3 * 19.0), 10 ** (0.3 * 25.5)
    magnitude = np.log10(low + (high - low) * rng.random(len(ra))) / 0.3
    typical = 0.35 * 10 ** (-0.13 * (magnitude - 22.0))
    return Galaxies(
        ra_deg=ra,
        dec_deg=dec,
        magnitude=magnitude,
        radius_arcsec=np.clip(typical * rng.lognormal(0.0, 0.4, len(ra)), 0.08, 1.5),
        index=rng.choice([1.0, 4.0], len(ra), p=[0.75, 0.25]),
        axis_ratio=rng.uniform(0.25, 1.0, len(ra)),
        angle_deg=rng.uniform(0.0, 180.0, len(ra)),
    )


def make_reference(stars: Stars, config: VisitConfig) -> ReferenceTable:
    """Return what a survey like Gaia knows of the stars.

    Parameters
    ----------
    stars : Stars
        True stars at epoch 2016.0.
    config : VisitConfig
        Seed and quality of the catalog.

    Notes
    -----
    Errors rise from 0.02 mas at 15 mag to 0.6 mas at 20.7 mag, as in Gaia
    eDR3 (Lindegren et al. 2021), per year for proper motions. Stars without a
    proper motion in the catalog (3 %) have the archive's missing value.
    """
    wanted: ReferenceErrors = config.reference
    rng = generator(config.seed, "reference")
    magnitude = stars.magnitude + 0.25 * stars.color
    chosen = np.flatnonzero(magnitude < wanted.limit_magnitude)
    chosen = chosen[rng.random(len(chosen)) < 0.95]
    chosen = chosen[np.argsort(magnitude[chosen], kind="stable")]
    if wanted.maximum_stars:
        chosen = chosen[: wanted.maximum_stars]
    count = len(chosen)
    error = 0.02 * 10 ** (0.26 * np.clip(magnitude[chosen] - 15.0, 0.0, None))
    error *= wanted.error_factor * rng.lognormal(0.0, 0.15, count)
    off = rng.normal(0.0, 1.0, (4, count)) * error
    is_wrong = rng.random(count) < wanted.wrong_fraction
    size = np.where(is_wrong, rng.uniform(30.0, 500.0, count), 0.0)
    angle = rng.uniform(0.0, 2 * np.pi, count)
    off[1] *= 0.95
    off[0] += size * np.sin(angle)
    off[1] += size * np.cos(angle)
    has_motion = rng.random(count) > 0.03
    blank = np.where(has_motion, 0.0, np.nan)
    dec = stars.dec_deg[chosen]
    columns: dict[str, NDArray[np.generic]] = {
        "source_id": 4657000000000000000 + stars.number[chosen] * 1000,
        "ra": (stars.ra_deg[chosen] + off[0] / 3.6e6 / np.cos(np.radians(dec))) % 360.0,
        "dec": dec + off[1] / 3.6e6,
        "ra_error": error,
        "dec_error": error * 0.95,
        "pmra": stars.pm_east_masyr[chosen] + off[2] * 1.1 + blank,
        "pmdec": stars.pm_north_masyr[chosen] + off[3] * 1.1 + blank,
        "pmra_error": error * 1.1 + blank,
        "pmdec_error": error * 1.1 + blank,
        "ref_epoch": np.full(count, GAIA_EPOCH),
        "phot_g_mean_mag": magnitude[chosen],
        "ruwe": rng.lognormal(0.02, 0.05, count),
    }
    return ReferenceTable(columns, is_wrong, stars.number[chosen])
