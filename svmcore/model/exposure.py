"""One calibrated exposure, as its headers describe it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from svmcore.model.detector import DetectorKey
from svmcore.model.names import filter_string

__all__ = ["Chip", "Exposure", "KeywordValue", "Note", "WcsClass"]

KeywordValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about an input: it does not stop anything, but must be seen.

    Parameters
    ----------
    subject : str
        Line or keyword that the remark is about.
    text : str
        One plain sentence.
    """

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class WcsClass:
    """What kind of astrometric solution a WCSNAME stands for.

    Parameters
    ----------
    name : str
        The WCSNAME itself; empty if the header has none.
    kind : {'a posteriori', 'a priori', 'distortion only', 'none', 'other'}
        Class of the solution.
    catalog : str
        Catalog that the solution rests on; empty where none is named.
    """

    name: str
    kind: str
    catalog: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """One science extension of an exposure.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    number : int
        CCDCHIP; 1 where the header has none.
    shape : tuple of int
        Shape (ny, nx) [pixel].
    corners_deg : tuple of tuple of float
        ICRS (ra, dec) of the four corners, in order around the chip, with
        polynomial distortion [deg]; empty if they are not known.
    wcs_class : WcsClass
        Class of the active solution.
    bunit : str
        Unit of the pixels.
    has_signal : bool
        Whether any science pixel differs from zero.
    """

    extver: int
    number: int
    shape: tuple[int, int]
    corners_deg: tuple[tuple[float, float], ...]
    wcs_class: WcsClass
    bunit: str
    has_signal: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """One FLT or FLC file: everything that is decided without its pixels.

    Parameters
    ----------
    path : Path
        The file; it is never modified.
    rootname : str
        Nine-character name ``ipppssoot`` in lower case, from the file name.
    suffix : {'flt', 'flc'}
        Kind of calibrated file; ``flc`` is corrected for CTE losses.
    detector_key : DetectorKey
        Instrument and detector.
    filters : tuple of str
        Optical elements in upper case as the header lists them, CLEAR included.
    proposal_id : str
        Proposal number without leading zeros.
    program_id : str
        Three-character program code of the rootname, upper case.
    obset_id : str
        Two-character visit code, upper case.
    aperture : str
        Aperture name.
    target_name : str
        Target as the proposer named it.
    exptime_s : float
        Exposure time [s].
    start_mjd, end_mjd : float
        Start and end [MJD, UTC].
    photflam : float or None
        Inverse sensitivity [erg / (cm2 Angstrom electron)]; None if absent.
    pa_v3_deg : float or None
        Position angle of the V3 axis [deg]; None if absent.
    chips : tuple of Chip
        Science extensions in file order.
    keywords : Mapping
        Header values that rules and displays use, by keyword.
    notes : tuple of Note
        Remarks made while reading.
    """

    path: Path
    rootname: str
    suffix: str
    detector_key: DetectorKey
    filters: tuple[str, ...]
    proposal_id: str
    program_id: str
    obset_id: str
    aperture: str
    target_name: str
    exptime_s: float
    start_mjd: float
    end_mjd: float
    photflam: float | None
    pa_v3_deg: float | None
    chips: tuple[Chip, ...]
    keywords: Mapping[str, KeywordValue]
    notes: tuple[Note, ...] = field(default=())

    @property
    def filter_name(self) -> str:
        """Filter string as used in HAP names, for example ``f606w-pol0v``."""
        return filter_string(self.filters)

    @property
    def ipppssoo(self) -> str:
        """Eight-character rootname used in file names."""
        return self.rootname[:8]

    @property
    def ipppss(self) -> str:
        """Six-character visit designation used in file names."""
        return self.rootname[:6]

    @property
    def processing_key(self) -> tuple[float, float]:
        """Sort key of the processing order.

        By exposure time, shortest first; equal ones by inverse sensitivity
        (PHOTFLAM), largest first, those without one last.
        """
        photflam = self.photflam
        return self.exptime_s, -photflam if photflam is not None else 1.0

    @property
    def is_cte_corrected(self) -> bool:
        """Whether the pixels are corrected for charge-transfer losses."""
        return self.suffix == "flc"
