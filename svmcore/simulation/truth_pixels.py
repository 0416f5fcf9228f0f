"""Files of what is true of single pixels: cosmic rays, defects of a detector."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from svmcore.errors import InputError
from svmcore.io.atomic import write_atomically
from svmcore.simulation.blemishes import Blemishes

__all__ = [
    "LEAST_CHARGE",
    "TrueDefects",
    "TrueHits",
    "defects_path",
    "hits_path",
    "read_defects",
    "read_hits",
    "write_defects",
    "write_hits",
]

LEAST_CHARGE = 10.0  # less than this does not count as hit [electron]
_LEAST_LOSS = 0.02  # of the response; flat fields scatter by 0.003


@dataclass(frozen=True, slots=True, eq=False)
class TrueHits:
    """Cosmic rays on one chip of an exposure.

    Parameters
    ----------
    struck : ndarray of bool, shape (ny, nx)
        Pixels that received more than 10 electrons.
    charge : ndarray of float32, shape (ny, nx), or None
        What they received [electron]; None where the file does not say.
    """

    struck: NDArray[np.bool_]
    charge: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class TrueDefects:
    """Defects of one chip, the same in all exposures.

    Parameters
    ----------
    hot : ndarray of int
        Flat indices of hot and warm pixels.
    excess : ndarray of float32
        Their additional signal [electron / s].
    low : ndarray of int
        Flat indices of pixels that respond less than their neighbours.
    response : ndarray of float32
        Their response.
    """

    hot: NDArray[np.int32]
    excess: NDArray[np.float32]
    low: NDArray[np.int32]
    response: NDArray[np.float32]


def hits_path(folder: Path, rootname: str) -> Path:
    """Return where the true cosmic rays of an exposure are."""
    return folder / f"truth_cosmic_rays_{rootname}.npz"


def defects_path(folder: Path, detector: str) -> Path:
    """Return where the true defects of a detector are, by its slug."""
    return folder / f"truth_defects_{detector}.npz"


def write_hits(path: Path, charges: Mapping[int, NDArray[np.float32]]) -> None:
    """Write the pixels hit by cosmic rays.

    Parameters
    ----------
    path : Path
        File; see `hits_path`.
    charges : Mapping of int to ndarray of float32
        Charge by EXTVER [electron].

    Notes
    -----
    ``sci1`` holds which pixels were hit, packed to bits along each row,
    ``shape1`` the shape of the chip, ``where1`` and ``charge1`` their flat
    indices and charges; ``sci2`` and so on are those of the second chip.
    """
    packed: dict[str, Any] = {}
    for extver, charge in charges.items():
        struck = charge > LEAST_CHARGE
        packed[f"sci{extver}"] = np.packbits(struck, axis=1)
        packed[f"shape{extver}"] = np.array(charge.shape)
        packed[f"where{extver}"] = np.flatnonzero(struck).astype(np.int32)
        packed[f"charge{extver}"] = charge[struck]
    _write(path, packed)


def read_hits(path: Path) -> dict[int, TrueHits]:
    """Return the true cosmic rays of an exposure by EXTVER.

    Parameters
    ----------
    path : Path
        File; see `hits_path`.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    arrays = _read(path)
    found = {}
    for name in sorted(arrays):
        if not name.startswith("shape"):
            continue
        extver = name.removeprefix("shape")
        ny, nx = (int(size) for size in arrays[name])
        bits = np.unpackbits(arrays[f"sci{extver}"], axis=1, count=nx)
        charge = None
        if f"charge{extver}" in arrays:
            charge = np.zeros((ny, nx), np.float32)
            charge.ravel()[arrays[f"where{extver}"]] = arrays[f"charge{extver}"]
        found[int(extver)] = TrueHits(bits.view(bool), charge)
    return found


def write_defects(path: Path, blemishes: Mapping[int, Blemishes]) -> None:
    """Write the defects of a detector.

    Parameters
    ----------
    path : Path
        File; see `defects_path`.
    blemishes : Mapping of int to Blemishes
        Defects by EXTVER.

    Notes
    -----
    ``hot1`` and ``excess1`` hold flat indices and additional signals of the
    hot and warm pixels of the first chip, ``low1`` and ``response1`` those of
    pixels that respond less.
    """
    arrays: dict[str, Any] = {}
    for extver, one in blemishes.items():
        low = np.flatnonzero(one.response < 1 - _LEAST_LOSS).astype(np.int32)
        arrays[f"hot{extver}"] = one.where.astype(np.int32)
        arrays[f"excess{extver}"] = one.excess
        arrays[f"low{extver}"] = low
        arrays[f"response{extver}"] = one.response.ravel()[low]
    _write(path, arrays)


def read_defects(path: Path) -> dict[int, TrueDefects]:
    """Return the true defects of a detector by EXTVER.

    Parameters
    ----------
    path : Path
        File; see `defects_path`.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    arrays = _read(path)
    return {
        int(name.removeprefix("hot")): TrueDefects(
            *(
                arrays[name.replace("hot", kind)]
                for kind in ("hot", "excess", "low", "response")
            )
        )
        for name in sorted(arrays)
        if name.startswith("hot")
    }


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise InputError(
            str(path),
            f"cannot be read ({error})",
            "Write the visit again with 'svm demo'.",
        ) from error
