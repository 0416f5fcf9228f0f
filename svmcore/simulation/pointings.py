"""When and where each exposure of a visit is taken, truly and as given."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.config import VisitConfig
from svmcore.simulation.geometry import attitude
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.random_numbers import generator

__all__ = ["Kind", "PlannedExposure", "plan_exposures"]

Kind = Literal["direct", "grism", "zero", "moving", "scan"]
_BOX = ((0.0, 0.0), (1.0, 0.53), (1.51, 1.49), (0.47, 0.96))
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_OVERHEAD_S = 75.0
# The telescope breathes with its orbit as it passes from sunlight to shadow; a
# visit starts at some focus, and an exposure's mean differs a little.
_ORBIT_DAYS = 96.0 / 1440.0
_FOCUS_OF_VISIT, _FOCUS_OF_ORBIT, _FOCUS_OF_EXPOSURE = 0.6, 1.1, 0.15


@dataclass(frozen=True, slots=True, eq=False)
class PlannedExposure:
    """One exposure before its pixels exist.

    Parameters
    ----------
    rootname : str
        Nine characters.
    detector : str
        Instrument and detector, for example ``wfc3/ir``.
    filter_name : str
        Filter or grism.
    kind : {'direct', 'grism', 'zero', 'moving', 'scan'}
        What is done in it; the last three are rejected by filtering.
    exptime_s, start_mjd : float
        Exposure time [s] and start [MJD].
    fgs_lock : str
        Guiding.
    has_sources : bool
        Whether the field holds sources.
    pointing_deg : tuple of float
        Given pointing, ICRS [deg].
    given, true : ndarray of float, shape (3, 3)
        Attitudes as the headers state them and as they are.
    offset_mas : tuple of float
        True minus given pointing, (east, north) [mas].
    roll_deg : float
        True minus given position angle [deg].
    scale : float
        True over given scale.
    breathing : float
        Focus of the telescope in units of its usual scatter.
    sky : float
        Background [electron / (s pixel)].
    """

    rootname: str
    detector: str
    filter_name: str
    kind: Kind
    exptime_s: float
    start_mjd: float
    fgs_lock: str
    has_sources: bool
    pointing_deg: tuple[float, float]
    given: NDArray[np.float64]
    true: NDArray[np.float64]
    offset_mas: tuple[float, float]
    roll_deg: float
    scale: float
    breathing: float
    sky: float

    @property
    def epoch(self) -> float:
        """Middle of the exposure [Julian year]."""
        middle = self.start_mjd + self.exptime_s / 2 / 86400.0
        return 2000.0 + (middle - 51544.5) / 365.25


def plan_exposures(config: VisitConfig) -> tuple[PlannedExposure, ...]:
    """Return all exposures of a visit in order of observation.

    Parameters
    ----------
    config : VisitConfig
        The visit.

    Notes
    -----
    The second direct exposure is guided coarsely.
    """
    kinds: list[tuple[Kind, str, int]] = [
        ("direct", name, dither)
        for name in config.filter_names
        for dither in range(config.exposures)
    ]
    if config.has_grism:
        kinds.append(("grism", INSTRUMENTS[config.instrument].grism, 0))
    if config.has_rejected:
        last = config.filter_names[-1]
        kinds += [("zero", last, 0), ("moving", last, 1), ("scan", last, 2)]
    common = _common_errors(config)
    start, planned = config.start_mjd, []
    for index, (kind, filter_name, dither) in enumerate(kinds):
        exposure = _plan(config, (index, kind, filter_name, dither), start, common)
        planned.append(exposure)
        start += (exposure.exptime_s + _OVERHEAD_S) / 86400.0
    return tuple(planned)


def _common_errors(config: VisitConfig) -> tuple[float, float, float]:
    """Return what all headers share: east, north [mas] and roll [deg]."""
    rng = generator(config.seed, "pointing")
    size, angle = rng.uniform(80.0, 300.0), rng.uniform(0.0, 2 * np.pi)
    east, north = size * np.sin(angle), size * np.cos(angle)
    roll = float(rng.normal(0.0, 0.002))
    if config.pointing.visit_offset_mas is not None:
        east, north = config.pointing.visit_offset_mas
    if config.pointing.visit_roll_deg is not None:
        roll = config.pointing.visit_roll_deg
    return float(east), float(north), roll


def _plan(
    config: VisitConfig,
    row: tuple[int, Kind, str, int],
    start_mjd: float,
    common: tuple[float, float, float],
) -> PlannedExposure:
    index, kind, filter_name, dither = row
    instrument, errors = INSTRUMENTS[config.instrument], config.pointing
    rng = generator(config.seed, "pointing", config.first_number + index)
    east, north = rng.normal(0.0, errors.exposure_shift_mas, 2) + common[:2]
    roll = common[2] + float(rng.normal(0.0, errors.exposure_roll_deg))
    if index == errors.gross_exposure:
        angle = rng.uniform(0, 2 * np.pi)
        east += 1000.0 * errors.gross_shift_arcsec * np.sin(angle)
        north += 1000.0 * errors.gross_shift_arcsec * np.cos(angle)
    ra, dec = _dithered(config, dither)
    pa = config.pa_v3_deg
    true_ra, true_dec = _moved(ra, dec, east / 1000.0, north / 1000.0)
    place = config.first_number + index
    number = _DIGITS[place // 36 + 10] + _DIGITS[place % 36]
    return PlannedExposure(
        rootname=f"{instrument.root_letter}{config.program}{config.visit}{number}q",
        detector=config.instrument,
        filter_name=filter_name,
        kind=kind,
        exptime_s=0.0 if kind == "zero" else config.exposure_time_s,
        start_mjd=start_mjd,
        fgs_lock="COARSE" if index == 1 and kind == "direct" else "FINE",
        has_sources=index != config.starless_exposure,
        pointing_deg=(ra, dec),
        given=attitude(ra, dec, pa),
        true=attitude(true_ra, true_dec, pa + roll),
        offset_mas=(float(east), float(north)),
        roll_deg=roll,
        scale=1.0 + config.pointing.scale_ppm * 1e-6,
        breathing=_focus(config, start_mjd, float(rng.normal())),
        sky=instrument.filters[filter_name].sky * float(rng.lognormal(0.0, 0.06)),
    )


def _focus(config: VisitConfig, start_mjd: float, scatter: float) -> float:
    rng = generator(config.seed, "focus")
    visit, phase = float(rng.normal()), float(rng.uniform())
    orbit = float(np.sin(2 * np.pi * (phase + start_mjd % 1.0 / _ORBIT_DAYS)))
    return (
        _FOCUS_OF_VISIT * visit + _FOCUS_OF_ORBIT * orbit + _FOCUS_OF_EXPOSURE * scatter
    )


def _moved(
    ra_deg: float, dec_deg: float, east_arcsec: float, north_arcsec: float
) -> tuple[float, float]:
    dec = dec_deg + north_arcsec / 3600.0
    return ra_deg + east_arcsec / 3600.0 / float(np.cos(np.radians(dec))), dec


def _dithered(config: VisitConfig, dither: int) -> tuple[float, float]:
    """Return the given pointing of a step of the dither pattern."""
    if config.dither_line:
        x, y = dither * 1.03, dither * 0.57
    else:
        box, around = _BOX[dither % 4], dither // 4
        x, y = box[0] + 0.27 * around, box[1] - 0.31 * around
    angle = np.radians(config.pa_v3_deg + 45.0)
    step = config.dither_arcsec
    east = step * (x * np.cos(angle) + y * np.sin(angle))
    north = step * (y * np.cos(angle) - x * np.sin(angle))
    return _moved(config.ra_deg, config.dec_deg, float(east), float(north))
