"""Results of the drizzling tasks on disk: grids, masks, sky, drizzled chips."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.io.arrays import read_npz, write_npz
from svmcore.io.raw import RawPlane, read_json, write_json, write_raw
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import DrizzledChip, SparseChange
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = [
    "CosmicRayMasks",
    "Grids",
    "StoredChip",
    "read_changes",
    "read_cosmic_rays",
    "read_drizzled_chips",
    "read_grids",
    "read_made_with",
    "read_masks",
    "read_mean_weights",
    "read_offsets",
    "read_skies",
    "read_sky",
    "read_sky_remarks",
    "write_changes",
    "write_cosmic_rays",
    "write_drizzled_chip",
    "write_drizzled_index",
    "write_grids",
    "write_made_with",
    "write_masks",
    "write_mean_weights",
    "write_offsets",
    "write_skies",
    "write_sky",
]

BoolImage = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grids:
    """All grids of one detector, and the solutions that they follow.

    Parameters
    ----------
    products : Mapping of str to MosaicGrid
        By basename of the product.
    separate : Mapping of str to MosaicGrid
        Grid of the separate images, by basename of the filter product.
    solutions : Mapping of str to AlignedWcs
        By rootname.
    scales_arcsec : Mapping of str to Mapping of int to float
        Size of an undistorted pixel, by rootname and EXTVER [arcsec].
    """

    products: Mapping[str, MosaicGrid]
    separate: Mapping[str, MosaicGrid]
    solutions: Mapping[str, AlignedWcs]
    scales_arcsec: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class StoredChip:
    """One drizzled chip on disk.

    Parameters
    ----------
    extver : int
        EXTVER of the chip.
    science, weight : RawPlane
        Its images.
    variance : RawPlane or None
        Variance of the values, where it was propagated.
    """

    extver: int
    science: RawPlane
    weight: RawPlane
    variance: RawPlane | None = None

    @property
    def window(self) -> GridWindow:
        """Part of the grid that the chip covers."""
        return self.science.window

    def opened(self) -> DrizzledChip:
        """Return the chip with images that are read where they are used."""
        science, weight = (
            np.memmap(plane.path, np.float32, "r", shape=self.window.shape)
            for plane in (self.science, self.weight)
        )
        variance = None
        if self.variance is not None:
            path, shape = self.variance.path, self.window.shape
            variance = np.memmap(path, np.float32, "r", shape=shape)
        return DrizzledChip(self.window, science, weight, variance)

    def read(self) -> DrizzledChip:
        """Return the whole chip."""
        return DrizzledChip(
            self.window,
            self.science.read(self.window),
            self.weight.read(self.window),
            None if self.variance is None else self.variance.read(self.window),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CosmicRayMasks:
    """Cosmic rays found in one exposure.

    Parameters
    ----------
    hits : Mapping of int to ndarray of bool
        True where a pixel was hit, by EXTVER.
    reset_bits : int
        DQ bits that are cleared before the hits are flagged.
    bit : int
        DQ bit for the hits, usually 4096.
    """

    hits: Mapping[int, BoolImage]
    reset_bits: int
    bit: int


def write_grids(folder: Path, grids: Grids) -> None:
    """Write the grids of a detector as ``grids.json``."""
    write_json(
        folder / "grids.json",
        {
            "products": {name: asdict(grid) for name, grid in grids.products.items()},
            "separate": {name: asdict(grid) for name, grid in grids.separate.items()},
            "solutions": {name: asdict(wcs) for name, wcs in grids.solutions.items()},
            "scales_arcsec": {
                name: {str(extver): scale for extver, scale in scales.items()}
                for name, scales in grids.scales_arcsec.items()
            },
        },
    )


def read_grids(folder: Path) -> Grids:
    """Read what `write_grids` wrote."""
    content = read_json(folder / "grids.json")
    return Grids(
        {name: _grid(facts) for name, facts in content["products"].items()},
        {name: _grid(facts) for name, facts in content["separate"].items()},
        {name: _solution(facts) for name, facts in content["solutions"].items()},
        {
            name: {int(extver): float(scale) for extver, scale in scales.items()}
            for name, scales in content["scales_arcsec"].items()
        },
    )


def write_masks(path: Path, masks: Mapping[int, BoolImage], **extra: int) -> None:
    """Write masks by EXTVER, eight pixels to a byte."""
    arrays: dict[str, NDArray[Any]] = {
        name: np.array(value) for name, value in extra.items()
    }
    for extver, mask in masks.items():
        arrays[f"mask{extver}"] = np.packbits(mask)
        arrays[f"shape{extver}"] = np.array(mask.shape)
    write_npz(path, arrays)


def read_masks(path: Path) -> dict[int, BoolImage]:
    """Read masks that `write_masks` wrote."""
    return _unpacked(read_npz(path))


def write_cosmic_rays(folder: Path, found: CosmicRayMasks) -> None:
    """Write cosmic-ray masks as ``cosmic_rays.npz``."""
    write_masks(
        folder / "cosmic_rays.npz",
        found.hits,
        reset_bits=found.reset_bits,
        bit=found.bit,
    )


def read_cosmic_rays(folder: Path) -> CosmicRayMasks:
    """Read the masks of a "flag cosmic rays" result.

    Examples
    --------
    The DQ array of the renamed exposure is
    ``(dq & ~found.reset_bits) | found.bit * found.hits[extver]``.
    """
    arrays = read_npz(folder / "cosmic_rays.npz")
    return CosmicRayMasks(
        _unpacked(arrays), int(arrays["reset_bits"]), int(arrays["bit"])
    )


def write_skies(
    folder: Path,
    skies: Mapping[str, Mapping[int, float]],
    *,
    method: str,
    remarks: tuple[str, ...],
) -> None:
    """Write the sky of every chip of some exposures as ``skies.json``."""
    write_json(
        folder / "skies.json",
        {
            "skies": {
                rootname: {str(extver): value for extver, value in chips.items()}
                for rootname, chips in skies.items()
            },
            "method": method,
            "remarks": list(remarks),
        },
    )


def read_skies(folder: Path) -> dict[str, dict[int, float]]:
    """Return the sky by rootname and EXTVER, in the unit of the files."""
    content = read_json(folder / "skies.json")
    return {
        rootname: {int(extver): float(value) for extver, value in chips.items()}
        for rootname, chips in content["skies"].items()
    }


def read_sky_remarks(folder: Path) -> tuple[str, ...]:
    """Return what is to be said about the sky, each starting with a rootname."""
    return tuple(str(one) for one in read_json(folder / "skies.json")["remarks"])


def write_made_with(folder: Path, text: str) -> None:
    """Write the parameters that a result was made with as ``made_with.json``."""
    write_json(folder / "made_with.json", {"made_with": text})


def read_made_with(folder: Path) -> str:
    """Return what `write_made_with` wrote; empty if nothing was written."""
    path = folder / "made_with.json"
    return str(read_json(path)["made_with"]) if path.is_file() else ""


def write_mean_weights(
    folder: Path, weights: Mapping[str, float], made_with: str
) -> None:
    """Write the mean weight of separate images as ``mean_weights.json``."""
    write_json(
        folder / "mean_weights.json",
        {"mean_weights": dict(weights), "made_with": made_with},
    )


def read_mean_weights(folder: Path) -> tuple[dict[str, float], str]:
    """Return mean weights by rootname and what they were made with; none if absent."""
    path = folder / "mean_weights.json"
    if not path.is_file():
        return {}, ""
    content = read_json(path)
    found = {name: float(value) for name, value in content["mean_weights"].items()}
    return found, str(content["made_with"])


def write_offsets(folder: Path, offsets: Mapping[str, float]) -> None:
    """Write what a total product subtracts from each filter [1 / s]."""
    write_json(folder / "offsets.json", dict(offsets))


def read_offsets(folder: Path) -> dict[str, float] | None:
    """Return what `write_offsets` wrote; None if nothing was written."""
    path = folder / "offsets.json"
    if not path.is_file():
        return None
    return {name: float(value) for name, value in read_json(path).items()}


def write_sky(folder: Path, sky: Mapping[int, float]) -> None:
    """Write the sky of one exposure's chips as ``sky.json``."""
    write_json(
        folder / "sky.json", {str(extver): value for extver, value in sky.items()}
    )


def read_sky(folder: Path) -> dict[int, float]:
    """Return MDRIZSKY by EXTVER, in the unit of the file."""
    content = read_json(folder / "sky.json")
    return {int(extver): float(value) for extver, value in content.items()}


def write_drizzled_chip(folder: Path, extver: int, chip: DrizzledChip) -> None:
    """Write the images of one drizzled chip as raw numbers."""
    write_raw(folder / f"science{extver}.raw", chip.science)
    write_raw(folder / f"weight{extver}.raw", chip.weight)
    if chip.variance is not None:
        write_raw(folder / f"variance{extver}.raw", chip.variance)


def write_drizzled_index(folder: Path, chips: Mapping[int, GridWindow]) -> None:
    """Write which chips a folder holds, and what they cover."""
    write_json(
        folder / "chips.json",
        {str(extver): asdict(window) for extver, window in chips.items()},
    )


def read_drizzled_chips(folder: Path) -> tuple[StoredChip, ...]:
    """Return the drizzled chips of a folder; their pixels stay on disk."""
    windows = {
        int(extver): GridWindow(**facts)
        for extver, facts in read_json(folder / "chips.json").items()
    }
    return tuple(
        StoredChip(
            extver,
            RawPlane(folder / f"science{extver}.raw", window),
            RawPlane(folder / f"weight{extver}.raw", window),
            RawPlane(folder / f"variance{extver}.raw", window)
            if (folder / f"variance{extver}.raw").is_file()
            else None,
        )
        for extver, window in sorted(windows.items())
    )


def write_changes(folder: Path, changes: Mapping[int, SparseChange]) -> None:
    """Write sparse changes by EXTVER as ``changes.npz``."""
    arrays: dict[str, NDArray[Any]] = {"extvers": np.array(sorted(changes))}
    for extver, change in changes.items():
        arrays[f"index{extver}"] = change.index
        arrays[f"numerator{extver}"] = change.numerator
        arrays[f"weight{extver}"] = change.weight
        arrays[f"context{extver}"] = change.context
        if change.square is not None:
            arrays[f"square{extver}"] = change.square
    write_npz(folder / "changes.npz", arrays)


def read_changes(folder: Path) -> dict[int, SparseChange]:
    """Read what `write_changes` wrote."""
    arrays = read_npz(folder / "changes.npz")
    return {
        int(extver): SparseChange(
            arrays[f"index{extver}"],
            arrays[f"numerator{extver}"],
            arrays[f"weight{extver}"],
            arrays[f"context{extver}"],
            arrays.get(f"square{extver}"),
        )
        for extver in arrays["extvers"]
    }


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> dict[int, BoolImage]:
    masks = {}
    for name, packed in arrays.items():
        if name.startswith("mask"):
            extver = int(name.removeprefix("mask"))
            ny, nx = (int(size) for size in arrays[f"shape{extver}"])
            bits = np.unpackbits(packed, count=ny * nx)
            masks[extver] = bits.view(np.bool_).reshape(ny, nx)
    return masks


def _grid(facts: Mapping[str, Any]) -> MosaicGrid:
    first, second = facts["cd_deg"]
    return MosaicGrid(
        crval_deg=(facts["crval_deg"][0], facts["crval_deg"][1]),
        crpix=(facts["crpix"][0], facts["crpix"][1]),
        cd_deg=((first[0], first[1]), (second[0], second[1])),
        shape=(int(facts["shape"][0]), int(facts["shape"][1])),
        wcs_name=facts["wcs_name"],
    )


def _solution(facts: Mapping[str, Any]) -> AlignedWcs:
    return AlignedWcs(
        facts["rootname"],
        facts["name"],
        tuple(
            AlignedChip(
                int(chip["extver"]),
                (chip["crval_deg"][0], chip["crval_deg"][1]),
                (
                    (chip["cd_deg"][0][0], chip["cd_deg"][0][1]),
                    (chip["cd_deg"][1][0], chip["cd_deg"][1][1]),
                ),
            )
            for chip in facts["chips"]
        ),
    )
