"""Where the chips look: real distortion, rigid motion over the sky."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.model.wcs import AlignedChip

__all__ = [
    "ChipGeometry",
    "DetectorGeometry",
    "attitude",
    "place_chip",
    "read_geometry",
    "read_headers",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChipGeometry:
    """One chip at the pointing of the real file that it was taken from.

    Parameters
    ----------
    extver, number : int
        EXTVER of the SCI extension and CCDCHIP.
    crpix : tuple of float
        Reference pixel, 1-based [pixel].
    linear : AlignedChip
        CRVAL and CD of the calibrated solution.
    uncalibrated : AlignedChip
        CRVAL and CD before the distortion model was applied (``OPUS``).
    uncalibrated_crpix : tuple of float
        Reference pixel of that one, 1-based [pixel].
    sip : Mapping of str to float
        SIP keywords.
    constants : Mapping of str to float
        OCX, OCY, IDC and time-dependence keywords.
    table_errors : Mapping of str to float
        Largest values of the lookup tables, as the headers state them.
    tables : tuple of ndarray
        NPOL x, NPOL y, D2IM x, D2IM y, each of float32 and shape (32, 64)
        with nodes every 64 pixels [pixel]; empty for none.
    """

    extver: int
    number: int
    crpix: tuple[float, float]
    linear: AlignedChip
    uncalibrated: AlignedChip
    uncalibrated_crpix: tuple[float, float]
    sip: Mapping[str, float]
    constants: Mapping[str, float]
    table_errors: Mapping[str, float]
    tables: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True, eq=False)
class DetectorGeometry:
    """All chips of a detector, and the attitude they were taken at.

    Parameters
    ----------
    idctab, npolfile, d2imfile : str
        Reference files that the numbers come from.
    chip_shape : tuple of int
        Shape (ny, nx) of a full chip [pixel].
    pointing : ndarray of float, shape (3, 3)
        Attitude of the real file, as from `attitude`.
    chips : tuple of ChipGeometry
        Chips in file order.
    """

    idctab: str
    npolfile: str
    d2imfile: str
    chip_shape: tuple[int, int]
    pointing: FloatArray
    chips: tuple[ChipGeometry, ...]


@lru_cache(maxsize=8)
def _read_resource(name: str) -> dict[str, Any]:
    text = files("svmcore.simulation.resources").joinpath(f"{name}.json").read_text()
    content: dict[str, Any] = json.loads(text)
    return content


def read_headers(name: str) -> Mapping[str, list[list[Any]]]:
    """Return the header cards of a real file by extension.

    Parameters
    ----------
    name : str
        Slug of the instrument.

    Returns
    -------
    Mapping of str to list
        Lists of (keyword, value, comment) under ``primary``, ``sci1``,
        ``err`` and so on, without world-coordinate keywords.
    """
    headers: Mapping[str, list[list[Any]]] = _read_resource(name)["headers"]
    return headers


@lru_cache(maxsize=16)
def read_geometry(name: str, filter_name: str) -> DetectorGeometry:
    """Return the real geometry of a detector in one filter.

    Parameters
    ----------
    name : str
        Slug of the instrument.
    filter_name : str
        Filter; one without its own solution gets the nearest.
    """
    content = _read_resource(name)
    solutions = content["distortions"]
    key = filter_name if filter_name in solutions else next(reversed(solutions))
    errors = content.get("table_errors", {}).get(key)
    chips = tuple(
        _chip(chip, _read_tables(name, key, index), errors[index] if errors else {})
        for index, chip in enumerate(solutions[key])
    )
    ra, dec = content["pointing_deg"]
    height, width = content["chip_shape"]
    return DetectorGeometry(
        idctab=content["idctab"],
        npolfile=content["npolfile"],
        d2imfile=content["d2imfile"],
        chip_shape=(height, width),
        pointing=attitude(ra, dec, content["pa_v3_deg"]),
        chips=chips,
    )


def _read_tables(name: str, key: str, index: int) -> tuple[NDArray[np.float32], ...]:
    resource = files("svmcore.simulation.resources").joinpath(f"{name}.npz")
    if not resource.is_file():
        return ()
    first = 2 * index + 1
    names = [f"{key}_wcsdvarr_{first}", f"{key}_wcsdvarr_{first + 1}"]
    names += [f"{key}_d2imarr_{first}", f"{key}_d2imarr_{first + 1}"]
    with as_file(resource) as path, np.load(path) as stored:
        return tuple(stored[n].astype(np.float32) for n in names)


def _linear(extver: int, solution: Mapping[str, Any]) -> AlignedChip:
    (a, b), (c, d) = solution["cd_deg"]
    ra, dec = solution["crval_deg"]
    return AlignedChip(extver, (ra, dec), ((a, b), (c, d)))


def _chip(
    chip: Mapping[str, Any],
    tables: tuple[NDArray[np.float32], ...],
    errors: Mapping[str, float],
) -> ChipGeometry:
    raw = chip["opus"] or chip
    return ChipGeometry(
        extver=chip["extver"],
        number=chip["number"],
        crpix=tuple(chip["crpix"]),
        linear=_linear(chip["extver"], chip),
        uncalibrated=_linear(chip["extver"], raw),
        uncalibrated_crpix=tuple(raw["crpix"]),
        sip=chip["sip"],
        constants={**chip["linear"], **chip["idc"], **chip.get("tdd", {})},
        table_errors=errors,
        tables=tables,
    )


def attitude(ra_deg: float, dec_deg: float, pa_deg: float) -> FloatArray:
    """Return the rotation from the telescope's frame to the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Where the first axis points, ICRS [deg].
    pa_deg : float
        Position angle of the third axis [deg].

    Returns
    -------
    ndarray of float, shape (3, 3)
        Columns are the three axes as unit vectors on the sky.
    """
    centre, east, north = _triad(ra_deg, dec_deg)
    angle = np.radians(pa_deg)
    up = np.cos(angle) * north + np.sin(angle) * east
    side = np.cos(angle) * east - np.sin(angle) * north
    return np.column_stack([centre, side, up])


def _triad(ra_deg: float, dec_deg: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    centre = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    return centre, east, np.cross(centre, east)


def place_chip(
    chip: AlignedChip,
    reference: FloatArray,
    target: FloatArray,
    *,
    scale: float = 1.0,
) -> AlignedChip:
    """Return a chip's linear terms after the telescope has moved.

    Parameters
    ----------
    chip : AlignedChip
        Linear terms at the reference attitude.
    reference, target : ndarray of float, shape (3, 3)
        Attitudes before and after, as from `attitude`.
    scale : float
        Factor on all angles from the first axis of the attitude.

    Returns
    -------
    AlignedChip
        Linear terms at the target attitude.

    Notes
    -----
    The sky turns rigidly: the chips of a detector keep their places with
    respect to each other, whatever the attitude.

    Examples
    --------
    >>> chip = AlignedChip(1, (10.0, 0.0), ((-1e-5, 0.0), (0.0, 1e-5)))
    >>> here, there = attitude(10.0, 0.0, 0.0), attitude(20.0, 0.0, 0.0)
    >>> moved = place_chip(chip, here, there)
    >>> tuple(round(x, 9) for x in moved.crval_deg)
    (20.0, 0.0)
    """
    turn = target @ reference.T
    centre, east, north = _triad(*chip.crval_deg)
    (cd11, cd12), (cd21, cd22) = chip.cd_deg
    along_x = turn @ (cd11 * east + cd21 * north) * scale
    along_y = turn @ (cd12 * east + cd22 * north) * scale
    moved = turn @ centre
    axis = target[:, 0]
    stretched = axis + (moved - axis) * scale
    stretched /= np.linalg.norm(stretched)
    ra = float(np.degrees(np.arctan2(stretched[1], stretched[0])) % 360.0)
    dec = float(np.degrees(np.arcsin(stretched[2])))
    _, east, north = _triad(ra, dec)
    return AlignedChip(
        chip.extver,
        (ra, dec),
        (
            (float(along_x @ east), float(along_y @ east)),
            (float(along_x @ north), float(along_y @ north)),
        ),
    )
