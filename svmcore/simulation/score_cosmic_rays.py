"""How well cosmic rays were found in a simulated visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray
from scipy import ndimage
from stwcs.wcsutil import HSTWCS

from svmcore.io.wcs import read_chip_wcs
from svmcore.simulation.blemishes import BAD, BIAS
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.truth import exposure_path, read_true_wcs, read_truth_table
from svmcore.simulation.truth_pixels import (
    TrueHits,
    defects_path,
    hits_path,
    read_defects,
    read_hits,
)

__all__ = ["CosmicRayScore", "score_cosmic_rays"]

BoolImage = NDArray[np.bool_]
FloatImage = NDArray[np.float64]

FOUND_BIT = 4096
STRONG = 5.0  # a hit counts if one of its pixels is that far above the noise
_CORE_SIGNIFICANCE = 10.0
_CORE_RADIUS_PIX = 2.0
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class CosmicRayScore:
    """Counts of what was flagged in one exposure, or in several.

    Parameters
    ----------
    rootname : str
        Exposure.
    hits, hits_found : int
        Hits (connected pixels) with a pixel that received 5 times its noise or
        more and that another exposure of the filter sees too; those whose
        most significant pixel is flagged.
    lone_hits, lone_hits_found : int
        The same for hits on sky that no other exposure sees: nothing can tell
        them from stars.
    pixels, pixels_found : int
        Pixels that received 5 times their noise or more and that another
        exposure sees; those that are flagged.
    cores, cores_flagged : int
        Star-core pixels and how many are flagged: within 2 pixels of a star,
        10 times the noise above the sky, neither hit nor saturated nor with a
        defect.
    defects, defects_flagged : int
        Star-core pixels that are hot, warm or dull, and how many are flagged.
    others, others_flagged : int
        Pixels of neither kind, without hit and defect.
    """

    rootname: str
    hits: int
    hits_found: int
    lone_hits: int
    lone_hits_found: int
    pixels: int
    pixels_found: int
    cores: int
    cores_flagged: int
    defects: int
    defects_flagged: int
    others: int
    others_flagged: int

    def share(self, kind: str) -> float:
        """Return which part of a kind was flagged, nan if there is none.

        Parameters
        ----------
        kind : {'hits', 'lone_hits', 'pixels', 'cores', 'defects', 'others'}
            Name of the count.
        """
        ending = "found" if kind.endswith(("hits", "pixels")) else "flagged"
        total = getattr(self, kind)
        return float(getattr(self, f"{kind}_{ending}") / total) if total else np.nan

    def plus(self, other: "CosmicRayScore", rootname: str) -> "CosmicRayScore":
        """Return the sums of two scores under a name."""
        names = CosmicRayScore.__slots__[1:]
        sums = (getattr(self, name) + getattr(other, name) for name in names)
        return CosmicRayScore(rootname, *sums)


@dataclass(frozen=True, slots=True, eq=False)
class _Chip:
    """What is known of one chip of an exposure."""

    struck: BoolImage
    significance: FloatImage  # charge of hits over the noise without them
    flagged: BoolImage
    usable: BoolImage
    clean: BoolImage
    core: BoolImage
    dull: BoolImage


def score_cosmic_rays(
    folder: Path | str, files: Sequence[Path | str]
) -> tuple[CosmicRayScore, ...]:
    """Return how many true hits are flagged, and how many star cores.

    Parameters
    ----------
    folder : Path or str
        Folder of the simulated visit, with its exposures and truth.
    files : sequence of Path or str
        FLT or FLC files with cosmic rays flagged (DQ bit 4096) and aligned
        headers, under whatever name: their ROOTNAME says what they are. Of
        several of one exposure the first counts.

    Returns
    -------
    tuple of CosmicRayScore
        One per file of the visit whose true cosmic rays are known: none for
        infrared detectors, whose ramps tell cosmic rays.

    Notes
    -----
    The noise of a pixel is that of its light without the hit, from SCI, ERR
    and the true charge.
    """
    where = Path(folder)
    filters = {
        str(row["rootname"]): (str(row["detector"]), str(row["filter"]))
        for row in read_truth_table(where)
    }
    found: dict[str, Path] = {}
    for file in files:
        rootname = str(fits.getheader(file).get("ROOTNAME", "")).strip()
        if rootname in filters and hits_path(where, rootname).is_file():
            found.setdefault(rootname, Path(file))
    solutions = {name: read_chip_wcs(path) for name, path in found.items()}
    scores = []
    for rootname, path in found.items():
        others = [
            solutions[name]
            for name in found
            if name != rootname and filters[name] == filters[rootname]
        ]
        scores.append(_score(where, path, rootname, (solutions[rootname], others)))
    return tuple(scores)


def _score(
    folder: Path,
    path: Path,
    rootname: str,
    solutions: tuple[Mapping[int, HSTWCS], Sequence[Mapping[int, HSTWCS]]],
) -> CosmicRayScore:
    own, others = solutions
    total = CosmicRayScore(rootname, *([0] * 12))
    for extver, chip in _read_chips(folder, path, rootname).items():
        strong = chip.struck & chip.usable & (chip.significance > STRONG)
        labels, count = ndimage.label(chip.struck, _EIGHT)
        peaks = _peaks(labels, count, np.where(strong, chip.significance, 0.0))
        seen = np.zeros(chip.struck.shape, bool)
        seen[strong] = _seen(own[extver], others, strong)
        at_peak = seen.ravel()[peaks], chip.flagged.ravel()[peaks]
        plain = chip.clean & ~chip.core
        counts = [
            _pair(at_peak[0], at_peak[1]),
            _pair(~at_peak[0], at_peak[1]),
            _pair(seen, chip.flagged),
            _pair(chip.core & chip.clean, chip.flagged),
            _pair(chip.core & chip.dull, chip.flagged),
            _pair(plain, chip.flagged),
        ]
        numbers = [number for pair in counts for number in pair]
        total = total.plus(CosmicRayScore(rootname, *numbers), rootname)
    return total


def _pair(wanted: BoolImage, flagged: BoolImage) -> tuple[int, int]:
    return int(wanted.sum()), int((wanted & flagged).sum())


def _peaks(
    labels: NDArray[np.signedinteger], count: int, significance: FloatImage
) -> NDArray[np.int64]:
    """Return the flat index of each hit's most significant pixel, if any is."""
    if not count:
        return np.zeros(0, np.int64)
    found = ndimage.maximum_position(significance, labels, np.arange(1, count + 1))
    y, x = np.array(found, np.int64).T
    index = y * labels.shape[1] + x
    return np.asarray(index[significance[y, x] > 0])


def _seen(
    own: HSTWCS, others: Sequence[Mapping[int, HSTWCS]], wanted: BoolImage
) -> BoolImage:
    """Return which pixels fall on a chip of another exposure."""
    y, x = np.nonzero(wanted)
    sky = own.all_pix2world(np.column_stack([x, y]).astype(float), 0)
    seen = np.zeros(len(x), bool)
    if not len(x):
        return seen
    for chips in others:
        for wcs in chips.values():
            width, height = wcs.pixel_shape
            at = wcs.all_world2pix(sky, 0, quiet=True)
            seen |= (
                (at[:, 0] > 1)
                & (at[:, 0] < width - 2)
                & (at[:, 1] > 1)
                & (at[:, 1] < height - 2)
            )
    return seen


def _read_chips(folder: Path, path: Path, rootname: str) -> dict[int, _Chip]:
    given = exposure_path(folder, rootname)
    solution = read_chip_wcs(given, aligned=read_true_wcs(folder)[rootname])
    stars = Table.read(folder / "stars.ecsv", format="ascii.ecsv")
    sky = np.column_stack([stars["ra"], stars["dec"]])
    detectors = {
        str(row["rootname"]): str(row["detector"]) for row in read_truth_table(folder)
    }
    instrument = INSTRUMENTS[detectors[rootname]]
    defects = defects_path(folder, instrument.name)
    faulty = read_defects(defects) if defects.is_file() else {}
    chips = {}
    with fits.open(given) as hdus, fits.open(path) as product:
        for extver, hits in read_hits(hits_path(folder, rootname)).items():
            gain = instrument.gains[extver - 1] if instrument.gains else 1.0
            planes = {
                name: hdus[name, extver].data.astype(np.float64) * gain
                for name in ("SCI", "ERR")
            }
            quality = hdus["DQ", extver].data & ~FOUND_BIT
            defect = np.zeros(hits.struck.shape, bool)
            if extver in faulty:
                defect.ravel()[faulty[extver].hot] = True
                defect.ravel()[faulty[extver].low] = True
            near = _near_stars(solution[extver], sky, hits.struck.shape)
            flags = product["DQ", extver].data & FOUND_BIT
            chips[extver] = _chip(hits, planes, quality, (flags > 0, defect, near))
    return chips


def _chip(
    hits: TrueHits,
    planes: Mapping[str, FloatImage],
    quality: NDArray[np.integer],
    masks: tuple[BoolImage, BoolImage, BoolImage],
) -> _Chip:
    flagged, defect, near = masks
    science, error = planes["SCI"], planes["ERR"]
    level = float(np.median(science))
    charge = hits.charge
    if charge is None:  # of an older visit
        charge = np.where(hits.struck, science - level, 0.0).astype(np.float32)
    still = error**2 - np.maximum(science, 0)
    light = science - charge
    noise = np.sqrt(np.maximum(light, 0) + np.maximum(still, 0.1))
    usable = (quality & (BAD | BIAS)) == 0
    free = usable & ~hits.struck
    core = near & (light - level > _CORE_SIGNIFICANCE * noise)
    return _Chip(
        hits.struck,
        charge / noise,
        flagged,
        usable,
        free & ~defect & (quality == 0),
        core,
        free & (defect | (quality != 0)),
    )


def _near_stars(wcs: HSTWCS, sky: FloatImage, shape: tuple[int, ...]) -> BoolImage:
    """Return the pixels within the radius of a core of any star."""
    rough = wcs.wcs_world2pix(sky, 0)
    reach = 0.08 * max(shape) + 20  # what distortion can add
    close = (rough > -reach).all(axis=1)
    close &= (rough < np.array(shape[::-1]) + reach).all(axis=1)
    centres = np.ones(shape, bool)
    if close.any():
        x, y = np.rint(wcs.all_world2pix(sky[close], 0, quiet=True)).astype(int).T
        inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
        centres[y[inside], x[inside]] = False
    if centres.all():
        return np.zeros(shape, bool)
    distance = ndimage.distance_transform_edt(centres)
    return np.asarray(distance <= _CORE_RADIUS_PIX)
