"""A detector's exposures, opened once so that any part can be drizzled fast."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from svmcore.drizzling.grid import build_grid, undistorted_scale_arcsec
from svmcore.drizzling.pixmap import PixelMap, fit_pixel_map
from svmcore.drizzling.settings import DrizzleSettings, FrameSettings
from svmcore.io.drizzle_results import read_grids
from svmcore.io.images import read_calibration, read_reference_grid
from svmcore.io.sections import ChipPlanes, read_chip_planes, read_section
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.grid import MosaicGrid
from svmcore.model.image import ChipCalibration, ChipPixels
from svmcore.model.product import TotalProduct
from svmcore.pipeline.cutout_stored import StoredResults
from svmcore.pipeline.drizzle_chips import without_distortion
from svmcore.pipeline.drizzle_compare import members_of
from svmcore.pipeline.drizzle_payloads import Member

__all__ = ["CutoutSource", "SourceChip", "open_cutouts"]

# A section that was read is taken again if it is at most so much too large.
SPARE_AREA = 2.5
SPARE_PIXELS = 24  # read around what is wanted, for trials that need a little more
KEPT = 3  # present values, a trial, the one before
ChipKey = tuple[str, int]
Rectangle = tuple[slice, slice, ChipPixels]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, eq=False)
class SourceChip:
    """One chip of one exposure, as a parameter set sees it.

    Parameters
    ----------
    member : Member
        Exposure.
    owner : str
        Basename of its filter product.
    calibration : ChipCalibration
        Units and noise.
    wcs : stwcs.wcsutil.HSTWCS
        Aligned WCS.
    scale_arcsec : float
        Size of an undistorted pixel [arcsec].
    has_distortion : bool
        Whether the WCS has its distortion (``coeffs``).
    """

    member: Member
    owner: str
    calibration: ChipCalibration
    wcs: Any
    scale_arcsec: float
    has_distortion: bool

    @property
    def key(self) -> ChipKey:
        """Rootname and EXTVER."""
        return (self.member.rootname, self.calibration.extver)


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """One exposure: its WCS with and without distortion, where its pixels are."""

    member: Member
    owner: str
    wcs: Mapping[int, Any]
    linear: Mapping[int, Any]
    planes: Mapping[int, ChipPlanes]


@dataclass(slots=True, eq=False)
class CutoutSource:
    """The opened exposures of one detector, and what was computed from them.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    notes : tuple of str
        What is not known and therefore left out.
    stored : StoredResults
        Static pixels, sky and cosmic rays of the last run, each with the
        parameters that it was made with.
    exposures : tuple
        Opened exposures in the order of the total product.

    Notes
    -----
    Grids are kept, and of every other intermediate result the latest
    three, so that a trial costs what it changes. Not for use in two threads at
    once.
    """

    total: TotalProduct
    notes: tuple[str, ...]
    stored: StoredResults
    exposures: tuple[_Opened, ...]
    _chips: dict[Any, tuple[SourceChip, ...]] = field(default_factory=dict)
    _grids: dict[Any, MosaicGrid] = field(default_factory=dict)
    _latest: dict[Hashable, dict[Hashable, Any]] = field(default_factory=dict)
    _rectangles: dict[ChipKey, Rectangle] = field(default_factory=dict)

    def latest(self, slot: Hashable, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return a result that is kept, or make it.

        Parameters
        ----------
        slot : hashable
            What kind of result it is; the latest three of a kind are kept.
        key : hashable
            All that the result depends on.
        make : callable
            Makes the result.
        """
        known = self._latest.setdefault(slot, {})
        found: Made = known.pop(key) if key in known else make()
        known[key] = found
        while len(known) > KEPT:
            del known[next(iter(known))]
        return found

    def chips_of(
        self, rootnames: frozenset[str], settings: DrizzleSettings
    ) -> tuple[SourceChip, ...]:
        """Return the chips of some exposures as a parameter set sees them.

        Gain, read noise, exposure time, the chips in use and the distortion
        are those that the settings ask for.
        """
        key = (settings.instrument, settings.coeffs)
        if key not in self._chips:
            self._chips[key] = tuple(
                chip for opened in self.exposures for chip in _chips(opened, settings)
            )
        return tuple(
            chip for chip in self._chips[key] if chip.member.rootname in rootnames
        )

    def grid(
        self,
        rootnames: frozenset[str],
        frame: FrameSettings,
        reference: MosaicGrid | None = None,
        *,
        coeffs: bool = True,
    ) -> MosaicGrid:
        """Return the grid of some exposures under a frame's settings."""
        key = (rootnames, frame, reference, coeffs)
        if key not in self._grids:
            if frame.is_custom and frame.refimage:
                reference = read_reference_grid(Path(frame.refimage))
            wcs = [
                one
                for opened in self.exposures
                if opened.member.rootname in rootnames
                for one in (opened.wcs if coeffs else opened.linear).values()
            ]
            self._grids[key] = build_grid(wcs, frame, reference=reference)
        return self._grids[key]

    def pixel_map(self, chip: SourceChip, grid: MosaicGrid) -> PixelMap:
        """Return the map of a chip onto a grid."""
        return self.latest(
            ("map", chip.key),
            (chip.has_distortion, grid),
            lambda: fit_pixel_map(chip.wcs, grid),
        )

    def read(self, chip: SourceChip, rows: slice, columns: slice) -> ChipPixels:
        """Return a rectangle of a chip with errors and times.

        What was read last is taken if it holds all of it and not much more.
        """
        box = (rows, columns)
        known = self._rectangles.get(chip.key)
        if known is None or not _holds(known[:2], box):
            planes = self.planes(chip)
            all_rows, all_columns = (
                slice(
                    max(side.start - SPARE_PIXELS, 0),
                    min(side.stop + SPARE_PIXELS, length),
                )
                for side, length in zip(box, planes.shape, strict=True)
            )
            pixels = read_section(
                planes, all_rows, all_columns, with_error=True, with_time=True
            )
            known = (all_rows, all_columns, pixels)
            self._rectangles[chip.key] = known
        inner_rows, inner_columns = (
            slice(want.start - have.start, want.stop - have.start)
            for have, want in zip(known[:2], box, strict=True)
        )
        pixels = known[2]
        here = (inner_rows, inner_columns)
        return ChipPixels(
            pixels.science[here],
            pixels.quality[here],
            None if pixels.error is None else pixels.error[here],
            None if pixels.time_s is None else pixels.time_s[here],
        )

    def planes(self, chip: SourceChip) -> ChipPlanes:
        """Return where the images of a chip lie in its file."""
        return self._opened(chip.member.rootname).planes[chip.calibration.extver]

    def wcs_of(self, rootnames: frozenset[str]) -> dict[str, Mapping[int, Any]]:
        """Return the aligned WCS of some exposures by rootname and EXTVER."""
        return {
            one.member.rootname: one.wcs
            for one in self.exposures
            if one.member.rootname in rootnames
        }

    def _opened(self, rootname: str) -> _Opened:
        return next(one for one in self.exposures if one.member.rootname == rootname)


def open_cutouts(
    total: TotalProduct, *, results: Mapping[str, Path] | None = None
) -> CutoutSource:
    """Open the exposures of a detector for cutouts.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    results : Mapping of str to Path, optional
        Result folders of tasks by identifier. Of these "build grids" is used
        for the alignment; "find static pixels", "measure sky" and "flag
        cosmic rays" are used where they were made with the parameters of the
        cutout. What is not there is made from the whole exposures when it is
        needed first; without "build grids" the WCS of the headers is taken.

    Raises
    ------
    InputError
        If an exposure cannot be read.
    """
    known = dict(results or {})
    folder = known.get(f"build grids: {total.basename}")
    if folder is not None and not folder.is_dir():
        folder = None  # deleted since
    solutions = {} if folder is None else dict(read_grids(folder).solutions)
    notes = []
    if folder is None:
        notes.append("The WCS is that of the headers: the visit is not aligned yet.")
    exposures = []
    for product in total.filters:
        for member in members_of(product):
            wcs = read_chip_wcs(member.path, aligned=solutions.get(member.rootname))
            exposures.append(
                _Opened(
                    member,
                    product.basename,
                    wcs,
                    {extver: without_distortion(one) for extver, one in wcs.items()},
                    read_chip_planes(member.path),
                )
            )
    return CutoutSource(total, tuple(notes), StoredResults(known), tuple(exposures))


def _chips(opened: _Opened, settings: DrizzleSettings) -> list[SourceChip]:
    all_wcs = opened.wcs if settings.coeffs else opened.linear
    return [
        SourceChip(
            opened.member,
            opened.owner,
            calibration,
            all_wcs[calibration.extver],
            undistorted_scale_arcsec(all_wcs[calibration.extver]),
            settings.coeffs,
        )
        for calibration in read_calibration(opened.member.path, settings.instrument)
    ]


def _holds(known: tuple[slice, slice], wanted: tuple[slice, slice]) -> bool:
    """Return whether one rectangle holds another and is not much larger."""
    inside = all(
        have.start <= want.start and want.stop <= have.stop
        for have, want in zip(known, wanted, strict=True)
    )
    areas = [
        np.prod([side.stop - side.start for side in box]) for box in (known, wanted)
    ]
    return inside and bool(areas[0] <= SPARE_AREA * areas[1])
