"""The mosaic grid that a parameter set gives, before anything is drizzled."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray
from stwcs.distortion.utils import make_orthogonal_cd, output_wcs

from svmcore.drizzling.settings import FrameSettings
from svmcore.errors import DrizzleError
from svmcore.model.grid import MosaicGrid

__all__ = [
    "adjust_grid",
    "build_grid",
    "grid_wcs",
    "join_chips",
    "undistorted_scale_arcsec",
]

# Relative difference of scales that counts as none.
SCALE_TOLERANCE = 1e-7
ANGLE_TOLERANCE_DEG = 1e-9


def build_grid(
    chips: Sequence[Any],
    frame: FrameSettings,
    *,
    reference: MosaicGrid | None = None,
) -> MosaicGrid:
    """Return the grid that a parameter set gives for these chips.

    Parameters
    ----------
    chips : sequence of stwcs.wcsutil.HSTWCS
        WCS of every chip of every exposure, the first exposure first: scale
        and orientation follow its first chip where `frame` leaves them open.
    frame : FrameSettings
        ``final_wcs`` and the parameters that go with it (or those of
        ``driz_sep_wcs``).
    reference : MosaicGrid, optional
        Grid to start from instead: that of ``final_refimage``.

    Raises
    ------
    DrizzleError
        If there is no chip, or the grid would be too large to be meant.
    """
    start = reference if reference is not None else join_chips(chips)
    if not frame.is_custom:
        return start
    # Two steps, as the peer does it: the sizes are rounded up in both.
    turned = adjust_grid(start, FrameSettings(is_custom=True, rot_deg=frame.rot_deg))
    return adjust_grid(turned, frame)


def join_chips(chips: Sequence[Any]) -> MosaicGrid:
    """Return the grid that holds all chips, oriented as the first one.

    Parameters
    ----------
    chips : sequence of stwcs.wcsutil.HSTWCS
        WCS of every chip.

    Raises
    ------
    DrizzleError
        If there is no chip.
    """
    if not chips:
        raise DrizzleError(
            "mosaic grid",
            "no chip was given; at least one is needed",
            "Accept at least one direct exposure.",
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IDCSCALE is missing", UserWarning)
        joined = output_wcs(list(chips), undistort=True)
    scale = joined.pscale / 3600.0
    angle = math.radians(joined.orientat)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    return MosaicGrid(
        crval_deg=(float(joined.wcs.crval[0]), float(joined.wcs.crval[1])),
        crpix=(float(joined.wcs.crpix[0]), float(joined.wcs.crpix[1])),
        cd_deg=((-cos, sin), (sin, cos)),
        shape=(int(joined.pixel_shape[1]), int(joined.pixel_shape[0])),
        wcs_name=str(joined.wcs.name or ""),
    )


def adjust_grid(grid: MosaicGrid, frame: FrameSettings) -> MosaicGrid:
    """Return a grid with rotation, scale, size and position as asked for.

    Parameters
    ----------
    grid : MosaicGrid
        Grid to start from.
    frame : FrameSettings
        What is to be different; None leaves a property as it is.

    Raises
    ------
    DrizzleError
        If the result has more pixels than 2**31.
    """
    ratio = _scale_ratio(grid, frame)
    turn_deg = _turn_deg(grid, frame)
    matrix = np.array(grid.cd_deg) @ _rotation(turn_deg).T / ratio
    shape, crpix = _size(grid, frame, ratio, turn_deg)
    if shape[0] * shape[1] > 2**31:
        raise DrizzleError(
            "mosaic grid",
            f"would have {shape[1]} × {shape[0]} pixels, more than 2^31",
            "Leave out exposures that are far from the others ('svm products' lists "
            "them), or choose a larger final_scale, or smaller final_outnx and "
            "final_outny.",
        )
    position = (frame.ra_deg, frame.dec_deg)
    return MosaicGrid(
        crval_deg=grid.crval_deg
        if position[0] is None or position[1] is None
        else (position[0], position[1]),
        crpix=crpix,
        cd_deg=(
            (float(matrix[0, 0]), float(matrix[0, 1])),
            (float(matrix[1, 0]), float(matrix[1, 1])),
        ),
        shape=shape,
        wcs_name=grid.wcs_name,
    )


def grid_wcs(grid: MosaicGrid) -> Any:
    """Return the grid as an `astropy.wcs.WCS`."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = grid.crval_deg
    wcs.wcs.crpix = grid.crpix
    wcs.wcs.cd = grid.cd_deg
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.name = grid.wcs_name
    wcs.pixel_shape = (grid.shape[1], grid.shape[0])
    wcs.wcs.set()
    return wcs


def undistorted_scale_arcsec(chip: Any) -> float:
    """Return the size of a chip's pixel after distortion is removed [arcsec].

    Notes
    -----
    It is IDCSCALE where the header has it; ``pscale`` of the distorted chip
    differs by up to 5 % for WFC3/IR.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IDCSCALE is missing", UserWarning)
        return float(make_orthogonal_cd(chip).pscale)


def _scale_ratio(grid: MosaicGrid, frame: FrameSettings) -> float:
    if frame.scale_arcsec is None:
        return 1.0
    ratio = grid.scale_arcsec / frame.scale_arcsec
    return 1.0 if abs(ratio - 1.0) < SCALE_TOLERANCE else ratio


def _turn_deg(grid: MosaicGrid, frame: FrameSettings) -> float:
    if frame.rot_deg is None:
        return 0.0
    turn_deg = (grid.orientation_deg - frame.rot_deg + 180.0) % 360.0 - 180.0
    return 0.0 if abs(turn_deg) < ANGLE_TOLERANCE_DEG else turn_deg


def _rotation(turn_deg: float) -> NDArray[np.float64]:
    angle = math.radians(turn_deg)
    return np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )


def _size(
    grid: MosaicGrid, frame: FrameSettings, ratio: float, turn_deg: float
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the shape and the reference pixel of an adjusted grid."""
    ny, nx = grid.shape
    given = (frame.crpix1, frame.crpix2)
    if frame.nx is not None and frame.ny is not None:
        shape = (frame.ny, frame.nx)
        crpix = ((frame.nx + 1) / 2, (frame.ny + 1) / 2)
    elif turn_deg == 0.0:
        shape = (max(1, math.ceil(ratio * ny)), max(1, math.ceil(ratio * nx)))
        crpix = (1 + ratio * (grid.crpix[0] - 1), 1 + ratio * (grid.crpix[1] - 1))
        if ratio == 1.0:
            shape, crpix = grid.shape, grid.crpix
    else:
        corners = np.array(
            [[0.5, 0.5], [nx + 0.5, 0.5], [0.5, ny + 0.5], [nx + 0.5, ny + 0.5]]
        )
        turned = ratio * (corners - grid.crpix) @ _rotation(turn_deg).T
        low, high = turned.min(axis=0), turned.max(axis=0)
        size = np.maximum(np.ceil(high - low), 1).astype(int)
        shape = (int(size[1]), int(size[0]))
        crpix = (float(0.5 - low[0]), float(0.5 - low[1]))
    if given[0] is not None and given[1] is not None:
        crpix = (given[0], given[1])
    return shape, crpix
