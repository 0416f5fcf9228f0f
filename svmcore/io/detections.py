"""What source detection reads of an exposure, and its results on disk."""

from pathlib import Path

import numpy as np

from svmcore.alignment.sources import ChipPixels, DetectedSources, StarStamps
from svmcore.io.alignment import read_source_list, write_source_list
from svmcore.io.arrays import read_npz, write_npz
from svmcore.io.images import read_chip_pixels
from svmcore.io.raw import read_json, write_json

__all__ = ["read_alignment_chips", "read_detected", "write_detected"]

_STAMPS, _NOTES = "stamps.npz", "sources.json"


def read_alignment_chips(path: Path, extvers: tuple[int, ...]) -> list[ChipPixels]:
    """Return pixels, errors and flags of the chips of an exposure."""
    found = []
    for extver in extvers:
        pixels = read_chip_pixels(path, extver, with_error=True)
        error = pixels.error
        if error is None:
            error = np.zeros_like(pixels.science)
        found.append(
            ChipPixels(extver, pixels.science, error, pixels.quality.view(np.int16))
        )
    return found


def write_detected(folder: Path, detected: DetectedSources) -> None:
    """Write the sources of an exposure and their stamps."""
    write_source_list(folder, detected.sources)
    stamps = detected.stamps
    write_npz(
        folder / _STAMPS,
        {"pixel": stamps.pixel, "values": stamps.values, "errors": stamps.errors},
    )
    write_json(
        folder / _NOTES,
        {"rootname": detected.sources.rootname, "notes": list(detected.notes)},
    )


def read_detected(folder: Path) -> DetectedSources:
    """Return what `write_detected` wrote."""
    stamps = read_npz(folder / _STAMPS)
    notes = read_json(folder / _NOTES)["notes"]
    return DetectedSources(
        read_source_list(folder),
        StarStamps(stamps["pixel"], stamps["values"], stamps["errors"]),
        tuple(notes),
    )
