"""A detector's exposures, opened once so that any part can be drizzled fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.grid import build_grid, undistorted_scale_arcsec
from svmcore.drizzling.pixmap import PixelMap, fit_pixel_map
from svmcore.drizzling.settings import FrameSettings
from svmcore.io.drizzle_results import read_grids, read_masks, read_skies
from svmcore.io.images import read_calibration
from svmcore.io.sections import ChipPlanes, read_chip_planes, read_section
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import ChipCalibration, ChipPixels
from svmcore.model.product import TotalProduct
from svmcore.model.wcs import AlignedWcs
from svmcore.pipeline.drizzle_compare import members_of
from svmcore.pipeline.drizzle_payloads import Member

__all__ = ["CutoutSource", "Section", "SourceChip", "open_cutouts"]

COARSE_STEPS = (64, 8)


@dataclass(frozen=True, slots=True, eq=False)
class SourceChip:
    """One chip of one exposure.

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
    planes : ChipPlanes
        Where the pixels are.
    static : ndarray of bool or None
        Static pixels, if they are known.
    sky : float
        Sky in the unit of the file, if it is known, else 0.
    """

    member: Member
    owner: str
    calibration: ChipCalibration
    wcs: Any
    scale_arcsec: float
    planes: ChipPlanes
    static: NDArray[np.bool_] | None
    sky: float

    @property
    def key(self) -> tuple[str, int]:
        """Rootname and EXTVER."""
        return (self.member.rootname, self.calibration.extver)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A rectangle of a chip, read.

    Parameters
    ----------
    chip : SourceChip
        The chip.
    rows, columns : slice
        Rectangle on the chip.
    pixels : ChipPixels
        What the file holds there.
    """

    chip: SourceChip
    rows: slice
    columns: slice
    pixels: ChipPixels

    @property
    def static(self) -> NDArray[np.bool_] | None:
        """Static pixels of the rectangle."""
        whole = self.chip.static
        return None if whole is None else whole[self.rows, self.columns]


@dataclass(slots=True, eq=False)
class CutoutSource:
    """The opened exposures of one detector, and what was computed from them.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    chips : tuple of SourceChip
        All chips in the order of the total product.
    notes : tuple of str
        What is not known and therefore left out.
    compared : dict
        The latest comparison of the exposures of each filter product, with
        what it depends on.

    Notes
    -----
    Grids, maps and the sections last read are kept, so that a second cutout
    at the same place costs less. Not for use in two threads at once.
    """

    total: TotalProduct
    chips: tuple[SourceChip, ...]
    notes: tuple[str, ...]
    compared: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _grids: dict[Any, MosaicGrid] = field(default_factory=dict)
    _maps: dict[Any, PixelMap] = field(default_factory=dict)
    _sections: dict[tuple[str, int], Section] = field(default_factory=dict)

    def chips_of(
        self, rootnames: frozenset[str], extvers: tuple[int, ...] = ()
    ) -> tuple[SourceChip, ...]:
        """Return the chips of some exposures: all, or those of some EXTVER."""
        return tuple(
            chip
            for chip in self.chips
            if chip.member.rootname in rootnames
            and (not extvers or chip.calibration.extver in extvers)
        )

    def grid(
        self,
        rootnames: frozenset[str],
        frame: FrameSettings,
        reference: MosaicGrid | None = None,
    ) -> MosaicGrid:
        """Return the grid of some exposures under a frame's settings."""
        key = (rootnames, frame, reference)
        if key not in self._grids:
            wcs = [chip.wcs for chip in self.chips_of(rootnames)]
            self._grids[key] = build_grid(wcs, frame, reference=reference)
        return self._grids[key]

    def pixel_map(self, chip: SourceChip, grid: MosaicGrid) -> PixelMap:
        """Return the map of a chip onto a grid."""
        key = (chip.key, grid)
        if key not in self._maps:
            self._maps[key] = fit_pixel_map(chip.wcs, grid)
        return self._maps[key]

    def section(
        self,
        chip: SourceChip,
        grid: MosaicGrid,
        window: GridWindow,
    ) -> Section | None:
        """Return the part of a chip that falls on a window; None if none does."""
        box = find_section(self.pixel_map(chip, grid), window)
        if box is None:
            return None
        rows, columns = box
        known = self._sections.get(chip.key)
        if known is None or (known.rows, known.columns) != (rows, columns):
            pixels = read_section(chip.planes, rows, columns, with_error=True)
            known = Section(chip, rows, columns, pixels)
            self._sections[chip.key] = known
        return known

    def last_section(self, chip: SourceChip) -> Section | None:
        """Return the section of a chip that was read last."""
        return self._sections.get(chip.key)


def open_cutouts(
    total: TotalProduct, *, results: Mapping[str, Path] | None = None
) -> CutoutSource:
    """Open the exposures of a detector for cutouts.

    Parameters
    ----------
    total : TotalProduct
        Products of the detector.
    results : Mapping of str to Path, optional
        Result folders of tasks by identifier. Of these "build grids", "find
        static pixels" and "measure sky" are used where they are there; without
        them the WCS of the headers is taken, and no static pixel and no sky.

    Raises
    ------
    InputError
        If an exposure cannot be read.
    """
    known = dict(results or {})
    folder = known.get(f"build grids: {total.basename}")
    solutions = {} if folder is None else dict(read_grids(folder).solutions)
    notes = []
    if folder is None:
        notes.append("The WCS is that of the headers: the visit is not aligned yet.")
    chips: list[SourceChip] = []
    for product in total.filters:
        static_folder = known.get(f"find static pixels: {product.basename}")
        sky_folder = known.get(f"measure sky: {product.basename}")
        static = (
            {} if static_folder is None else read_masks(static_folder / "static.npz")
        )
        skies = {} if sky_folder is None else read_skies(sky_folder)
        if sky_folder is None:
            notes.append(f"No sky is subtracted from {product.filter_name} yet.")
        for member in members_of(product):
            chips.extend(
                _open_exposure(
                    member,
                    product.basename,
                    solutions.get(member.rootname),
                    static,
                    skies.get(member.rootname, {}),
                )
            )
    return CutoutSource(total, tuple(chips), tuple(notes))


def find_section(pixel_map: PixelMap, window: GridWindow) -> tuple[slice, slice] | None:
    """Return the rectangle of a chip that covers a window of a grid.

    Parameters
    ----------
    pixel_map : SeparableMap or ExactMap
        Map of the chip.
    window : GridWindow
        Wanted part of the grid.

    Returns
    -------
    rows, columns : slice
        None if the chip does not reach the window.
    """
    ny, nx = pixel_map.shape
    rows, columns = slice(0, ny), slice(0, nx)
    for step in COARSE_STEPS:
        found = _reaching(pixel_map, window, rows, columns, step)
        if found is None:
            return None
        rows, columns = found
    return rows, columns


def _reaching(
    pixel_map: PixelMap, window: GridWindow, rows: slice, columns: slice, step: int
) -> tuple[slice, slice] | None:
    """Return what is left of a rectangle after a look at every step-th pixel."""
    y = np.unique(np.append(np.arange(rows.start, rows.stop, step), rows.stop - 1))
    x = np.unique(
        np.append(np.arange(columns.start, columns.stop, step), columns.stop - 1)
    )
    places = np.concatenate(
        [
            pixel_map.block(
                slice(rows.start, rows.stop, step),
                slice(columns.start, columns.stop, step),
            )
        ]
    )
    y, x = y[: places.shape[0]], x[: places.shape[1]]
    spread = np.abs(np.diff(places[:2, :2], axis=0)).max(initial=step) + np.abs(
        np.diff(places[:2, :2], axis=1)
    ).max(initial=step)
    grown = window.grown(int(np.ceil(spread)))
    near = (
        (places[..., 0] >= grown.x0)
        & (places[..., 0] < grown.x1)
        & (places[..., 1] >= grown.y0)
        & (places[..., 1] < grown.y1)
    )
    if not near.any():
        return None
    hit_y, hit_x = y[near.any(axis=1)], x[near.any(axis=0)]
    return (
        slice(
            max(int(hit_y[0]) - step, rows.start),
            min(int(hit_y[-1]) + step + 1, rows.stop),
        ),
        slice(
            max(int(hit_x[0]) - step, columns.start),
            min(int(hit_x[-1]) + step + 1, columns.stop),
        ),
    )


def _open_exposure(
    member: Member,
    owner: str,
    solution: AlignedWcs | None,
    static: Mapping[int, NDArray[np.bool_]],
    sky: Mapping[int, float],
) -> list[SourceChip]:
    all_wcs = read_chip_wcs(member.path, aligned=solution)
    planes = read_chip_planes(member.path)
    return [
        SourceChip(
            member,
            owner,
            calibration,
            all_wcs[calibration.extver],
            undistorted_scale_arcsec(all_wcs[calibration.extver]),
            planes[calibration.extver],
            static.get(calibration.number),
            sky.get(calibration.extver, 0.0),
        )
        for calibration in read_calibration(member.path)
    ]
