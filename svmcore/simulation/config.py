"""What a simulated visit is to hold, as one value."""

from dataclasses import dataclass, field, replace

from svmcore.errors import ParameterError
from svmcore.simulation.instruments import INSTRUMENTS

__all__ = ["PointingErrors", "ReferenceErrors", "VisitConfig"]


@dataclass(frozen=True, slots=True)
class PointingErrors:
    """How far the headers of a visit are from the truth.

    Parameters
    ----------
    visit_offset_mas : tuple of float or None
        Offset (east, north) of true from given positions that all exposures
        share [mas]; None draws 80 to 300 mas in a random direction.
    exposure_shift_mas : float
        Scatter per axis of the exposures about it [mas].
    visit_roll_deg : float or None
        Roll error that all exposures share [deg]; None draws one of 0.002.
    exposure_roll_deg : float
        Scatter of the exposures about it [deg].
    scale_ppm : float
        Scale error that all exposures share [1e-6].
    gross_exposure : int
        Index of a direct exposure that is off by far; -1 for none.
    gross_shift_arcsec : float
        How far that one is off [arcsec].
    distortion_error_pix : float
        Rms per axis of what the distortion model of the headers leaves: a
        smooth field of the detector, the same in all exposures [pixel].
    """

    visit_offset_mas: tuple[float, float] | None = None
    exposure_shift_mas: float = 12.0
    visit_roll_deg: float | None = None
    exposure_roll_deg: float = 0.001
    scale_ppm: float = 0.0
    gross_exposure: int = -1
    gross_shift_arcsec: float = 6.0
    distortion_error_pix: float = 0.0


@dataclass(frozen=True, slots=True)
class ReferenceErrors:
    """How good the reference catalog of a visit is.

    Parameters
    ----------
    limit_magnitude : float
        Faintest star [mag, G].
    maximum_stars : int
        Brightest stars kept; 0 for all.
    wrong_fraction : float
        Fraction of entries that lie 30 to 500 mas from the star.
    proper_motion_masyr : float
        Scatter per axis of the proper motions [mas / yr].
    error_factor : float
        Factor on the usual errors of position and proper motion.
    """

    limit_magnitude: float = 20.7
    maximum_stars: int = 0
    wrong_fraction: float = 0.0
    proper_motion_masyr: float = 3.0
    error_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class VisitConfig:
    """One visit to simulate.

    Parameters
    ----------
    instrument : str
        ``wfc3/ir``, ``wfc3/uvis``, ``acs/wfc``, ``acs/hrc``, ``acs/sbc`` or
        ``wfpc2/pc``.
    second_instrument : str
        Another detector of the same instrument that observes the same field
        afterwards with its usual filters; empty for none.
    filters : tuple of str
        Filters in order of observation; empty for the instrument's usual two.
    exposures : int
        Dithered exposures per filter.
    density : float or None
        Stars per square arcminute down to 27 mag; None for the instrument's
        usual number.
    galaxy_density : float
        Galaxies per square arcminute.
    seed : int
        The same seed gives the same files, byte for byte.
    has_grism : bool
        Whether one grism exposure is added.
    has_rejected : bool
        Whether three exposures are added that filtering rejects: without
        exposure time, of a moving target, of a spatial scan.
    chip_shape : tuple of int or None
        Shape (ny, nx) of a subarray of each chip [pixel]; None for full chips.
    ra_deg, dec_deg : float
        Field, ICRS [deg].
    pa_v3_deg : float
        Position angle of the V3 axis [deg].
    start_mjd : float
        Start of the first exposure [MJD].
    exptime_s : float
        Exposure time [s]; 0 for the instrument's usual one.
    dither_arcsec : float
        Step of the dither pattern [arcsec].
    dither_line : bool
        Whether the dithers lie on a line instead of in a box.
    starless_exposure : int
        Index of a direct exposure without sources; -1 for none.
    first_number : int
        Number of the first exposure in rootnames.
    program, visit : str
        Three and two characters of the rootnames.
    proposal_id : int
        Proposal number.
    pointing : PointingErrors
        Errors of the headers.
    reference : ReferenceErrors
        Errors of the reference catalog.
    """

    instrument: str = "wfc3/ir"
    second_instrument: str = ""
    filters: tuple[str, ...] = ()
    exposures: int = 4
    density: float | None = None
    galaxy_density: float = 40.0
    seed: int = 1
    has_grism: bool = False
    has_rejected: bool = True
    chip_shape: tuple[int, int] | None = None
    ra_deg: float = 84.6762
    dec_deg: float = -69.1009
    pa_v3_deg: float = 118.0
    start_mjd: float = 59348.25
    exptime_s: float = 0.0
    dither_arcsec: float = 0.65
    dither_line: bool = False
    starless_exposure: int = -1
    first_number: int = 0
    program: str = "dem"
    visit: str = "01"
    proposal_id: int = 16001
    pointing: PointingErrors = field(default_factory=PointingErrors)
    reference: ReferenceErrors = field(default_factory=ReferenceErrors)

    def __post_init__(self) -> None:
        if self.instrument not in INSTRUMENTS:
            raise ParameterError(
                f"instrument {self.instrument!r}",
                "unknown to the simulation",
                f"Known are: {', '.join(INSTRUMENTS)}.",
            )
        known = INSTRUMENTS[self.instrument].filters
        for name in self.filters:
            if name not in known:
                raise ParameterError(
                    f"filter {name!r}",
                    f"unknown to the simulation of {self.instrument}",
                    f"Known are: {', '.join(known)}.",
                )
        if self.has_grism and not INSTRUMENTS[self.instrument].grism:
            raise ParameterError(
                "has_grism", f"{self.instrument} is simulated without a grism", ""
            )
        second = self.second_instrument
        beside = [
            name
            for name in INSTRUMENTS
            if name.split("/")[0] == self.instrument.split("/")[0]
        ]
        if second and (second not in beside or second == self.instrument):
            raise ParameterError(
                f"second instrument {second!r}",
                f"cannot follow {self.instrument}",
                f"Known are: {', '.join(n for n in beside if n != self.instrument)}.",
            )
        self._check_numbers()

    def _check_numbers(self) -> None:
        limits = (
            ("exposures", self.exposures, 1, 36),
            ("density", self.star_density, 0, 100000),
            ("galaxy_density", self.galaxy_density, 0, 5000),
            ("seed", self.seed, 0, 2**63),
            ("ra_deg", self.ra_deg, -360, 360),
            ("dec_deg", self.dec_deg, -89.5, 89.5),
            ("pa_v3_deg", self.pa_v3_deg, -360, 360),
            ("exptime_s", self.exptime_s, 0, 20000),
            ("wrong_fraction", self.reference.wrong_fraction, 0, 1),
            ("maximum_stars", self.reference.maximum_stars, 0, 10**6),
        )
        last = len(self.filter_names) * self.exposures - 1
        indices = (
            ("gross_exposure", self.pointing.gross_exposure, -1, last),
            ("starless_exposure", self.starless_exposure, -1, last),
        )
        for name, value, low, high in (*limits, *indices):
            if not low <= value <= high:
                raise ParameterError(
                    name, f"is {value}, expected {low} to {high}", "Change it."
                )
        if len(self.program) != 3 or len(self.visit) != 2:
            raise ParameterError(
                "program, visit",
                f"are {self.program!r} and {self.visit!r}",
                "Give three and two characters.",
            )

    @property
    def parts(self) -> tuple["VisitConfig", ...]:
        """The visit of each detector for itself, in order of observation."""
        first = replace(self, second_instrument="")
        if not self.second_instrument:
            return (first,)
        number = len(self.filter_names) * self.exposures
        number += int(self.has_grism) + 3 * int(self.has_rejected)
        direct = self.exposures * len(INSTRUMENTS[self.second_instrument].usual_filters)
        odd = [
            index if index < direct else -1
            for index in (self.pointing.gross_exposure, self.starless_exposure)
        ]
        second = replace(
            first,
            instrument=self.second_instrument,
            filters=(),
            has_grism=False,
            has_rejected=False,
            pointing=replace(self.pointing, gross_exposure=odd[0]),
            starless_exposure=odd[1],
            exptime_s=0.0,
            start_mjd=self.start_mjd + number * (self.exposure_time_s + 90) / 86400.0,
            first_number=self.first_number + number,
        )
        return first, second

    @property
    def filter_names(self) -> tuple[str, ...]:
        """Filters of the visit, the usual ones where none are named."""
        return self.filters or INSTRUMENTS[self.instrument].usual_filters

    @property
    def star_density(self) -> float:
        """Stars per square arcminute, the usual number where none is given."""
        usual = INSTRUMENTS[self.instrument].usual_density
        return usual if self.density is None else self.density

    @property
    def exposure_time_s(self) -> float:
        """Exposure time [s], the usual one where none is given."""
        return self.exptime_s or INSTRUMENTS[self.instrument].usual_exptime_s
