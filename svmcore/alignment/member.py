"""What a group fit needs to know of one exposure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from stwcs.wcsutil import HSTWCS

from svmcore.alignment.plane import TangentPlane
from svmcore.model.fit import SourceList

__all__ = ["GroupMember", "group_plane", "pixel_scale_mas", "source_positions"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupMember:
    """One exposure of a detector, ready to be fitted with the others.

    Parameters
    ----------
    rootname : str
        Exposure.
    filter_name : str
        Filter, for the grouping of profile corrections.
    epoch_yr : float
        Middle of the exposure, Julian year [yr].
    wcs_name : str
        WCSNAME that the exposure came with; empty if it has none.
    idctab : str
        Name of the distortion table, for the new WCSNAME.
    chips : Mapping of int to stwcs.wcsutil.HSTWCS
        WCS that the exposure came with, by EXTVER.
    sources : SourceList
        Its sources.
    """

    rootname: str
    filter_name: str
    epoch_yr: float
    wcs_name: str
    idctab: str
    chips: Mapping[int, HSTWCS]
    sources: SourceList


def group_plane(members: tuple[GroupMember, ...]) -> TangentPlane:
    """Return the tangent plane about the middle of all chips."""
    corners = []
    for member in members:
        for wcs in member.chips.values():
            nx, ny = wcs.pixel_shape
            centre = wcs.all_pix2world([[(nx - 1) / 2, (ny - 1) / 2]], 0)[0]
            corners.append((float(centre[0]), float(centre[1])))
    return TangentPlane.around(corners)


def source_positions(member: GroupMember, plane: TangentPlane) -> FloatArray:
    """Return plane positions of sources with the WCS as it came, (n, 2) [mas]."""
    positions = np.zeros((len(member.sources.xy), 2))
    for extver, wcs in member.chips.items():
        mine = member.sources.extver == extver
        if mine.any():
            sky = wcs.all_pix2world(member.sources.xy[mine], 0)
            positions[mine] = plane.project(sky[:, 0], sky[:, 1])
    return positions


def pixel_scale_mas(member: GroupMember) -> float:
    """Return the mean side of a pixel of an exposure [mas]."""
    scales = [
        np.sqrt(abs(np.linalg.det(wcs.wcs.cd))) * 3.6e6 for wcs in member.chips.values()
    ]
    return float(np.mean(scales))
