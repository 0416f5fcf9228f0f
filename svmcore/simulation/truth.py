"""How close aligned world coordinates come to the truth of a visit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray
from stwcs.wcsutil import HSTWCS

from svmcore.errors import InputError
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = [
    "ExposureScore",
    "exposure_path",
    "read_true_wcs",
    "read_truth_table",
    "score_alignment",
    "score_files",
    "score_given",
]

FloatArray = NDArray[np.float64]
_NODES = 7  # grid positions per axis and chip


@dataclass(frozen=True, slots=True)
class ExposureScore:
    """Distance of one exposure's world coordinates from the truth.

    Parameters
    ----------
    rootname : str
        Exposure.
    absolute_mas, absolute_max_mas : float
        Median and largest distance over a grid of the detector [mas].
    relative_mas, relative_max_mas : float
        The same after the mean of all exposures of the detector is taken away
        at each grid position: how well the exposures agree [mas].
    east_mas, north_mas : float
        Mean error, solution minus truth [mas].
    """

    rootname: str
    absolute_mas: float
    absolute_max_mas: float
    relative_mas: float
    relative_max_mas: float
    east_mas: float
    north_mas: float


def read_true_wcs(folder: Path | str) -> Mapping[str, AlignedWcs]:
    """Return the true linear terms of a simulated visit by rootname.

    Parameters
    ----------
    folder : Path or str
        Folder that `svmcore.simulation.write_visit` filled.

    Raises
    ------
    InputError
        If the folder holds no truth.
    """
    chips: dict[str, list[AlignedChip]] = {}
    for row in read_truth_table(Path(folder)):
        chip = AlignedChip(
            int(row["extver"]),
            (float(row["crval1"]), float(row["crval2"])),
            (
                (float(row["cd1_1"]), float(row["cd1_2"])),
                (float(row["cd2_1"]), float(row["cd2_2"])),
            ),
        )
        chips.setdefault(str(row["rootname"]), []).append(chip)
    return {
        rootname: AlignedWcs(rootname, "truth", tuple(found))
        for rootname, found in chips.items()
    }


def read_truth_table(folder: Path) -> Table:
    """Return the table of true linear terms, a row per exposure and chip.

    Parameters
    ----------
    folder : Path
        Folder of the simulated visit.

    Raises
    ------
    InputError
        If the folder holds no truth.
    """
    path = folder / "truth.ecsv"
    if not path.is_file():
        raise InputError(
            str(path),
            "does not exist, so that there is nothing to score against",
            "Give the folder of a simulated visit ('svm demo FOLDER' makes one).",
        )
    return Table.read(path, format="ascii.ecsv")


def score_alignment(
    folder: Path | str, solutions: Iterable[AlignedWcs]
) -> tuple[ExposureScore, ...]:
    """Return how close aligned linear terms come to the truth.

    Parameters
    ----------
    folder : Path or str
        Folder of the simulated visit, with its exposures and truth.
    solutions : iterable of AlignedWcs
        Solutions of its exposures.

    Returns
    -------
    tuple of ExposureScore
        One per solution whose exposure belongs to the visit.
    """
    truth = read_true_wcs(folder)
    errors = {}
    for solution in solutions:
        if solution.rootname not in truth:
            continue
        path = exposure_path(Path(folder), solution.rootname)
        errors[solution.rootname] = _errors(
            read_chip_wcs(path, aligned=solution),
            read_chip_wcs(path, aligned=truth[solution.rootname]),
        )
    return _scores(Path(folder), errors)


def score_files(
    folder: Path | str, files: Sequence[Path | str]
) -> tuple[ExposureScore, ...]:
    """Return how close the headers of aligned files come to the truth.

    Parameters
    ----------
    folder : Path or str
        Folder of the simulated visit, with its exposures and truth.
    files : sequence of Path or str
        FLT or FLC files with aligned headers, under whatever name: their
        ROOTNAME says what they are. Those of other visits are passed over.

    Returns
    -------
    tuple of ExposureScore
        One per file of the visit.
    """
    truth = read_true_wcs(folder)
    errors = {}
    for file in files:
        rootname = str(fits.getheader(file).get("ROOTNAME", "")).strip()
        if rootname not in truth:
            continue
        path = exposure_path(Path(folder), rootname)
        errors[rootname] = _errors(
            read_chip_wcs(Path(file)), read_chip_wcs(path, aligned=truth[rootname])
        )
    return _scores(Path(folder), errors)


def score_given(folder: Path | str) -> tuple[ExposureScore, ...]:
    """Return how far the headers of direct exposures are from the truth.

    Parameters
    ----------
    folder : Path or str
        Folder of the simulated visit.
    """
    where, table = Path(folder), read_truth_table(Path(folder))
    names = dict.fromkeys(str(r["rootname"]) for r in table if r["kind"] == "direct")
    return score_files(where, [exposure_path(where, name) for name in names])


def exposure_path(folder: Path, rootname: str) -> Path:
    """Return the calibrated file of an exposure of a simulated visit.

    Parameters
    ----------
    folder : Path
        Folder of the visit.
    rootname : str
        Exposure.

    Raises
    ------
    InputError
        If there is none.
    """
    for suffix in ("flc", "flt"):
        path = folder / f"{rootname}_{suffix}.fits"
        if path.is_file():
            return path
    raise InputError(
        str(folder / f"{rootname}_flt.fits"),
        "is missing from the simulated visit",
        "Write the visit again with 'svm demo'.",
    )


def _errors(found: Mapping[int, HSTWCS], true: Mapping[int, HSTWCS]) -> FloatArray:
    """Return (east, north) errors at the grid positions of all chips [mas]."""
    parts = []
    for extver in sorted(true):
        width, height = true[extver].pixel_shape
        x, y = np.meshgrid(
            np.linspace(0, width - 1, _NODES), np.linspace(0, height - 1, _NODES)
        )
        grid = np.column_stack([x.ravel(), y.ravel()])
        sky = found[extver].all_pix2world(grid, 0)
        right = true[extver].all_pix2world(grid, 0)
        east = (sky[:, 0] - right[:, 0] + 180.0) % 360.0 - 180.0
        east *= np.cos(np.radians(right[:, 1]))
        parts.append(np.column_stack([east, sky[:, 1] - right[:, 1]]) * 3.6e6)
    return np.concatenate(parts)


def _scores(
    folder: Path, errors: Mapping[str, FloatArray]
) -> tuple[ExposureScore, ...]:
    detectors = {
        str(r["rootname"]): str(r["detector"]) for r in read_truth_table(folder)
    }
    groups: dict[str, list[FloatArray]] = {}
    for rootname, error in errors.items():
        groups.setdefault(detectors[rootname], []).append(error)
    common = {key: np.mean(group, axis=0) for key, group in groups.items()}
    scores = []
    for rootname, error in errors.items():
        absolute = np.hypot(*error.T)
        mean = common[detectors[rootname]]
        relative = np.hypot(*(error - mean).T)
        east, north = error.mean(axis=0)
        scores.append(
            ExposureScore(
                rootname,
                float(np.median(absolute)),
                float(absolute.max()),
                float(np.median(relative)),
                float(relative.max()),
                float(east),
                float(north),
            )
        )
    return tuple(scores)
