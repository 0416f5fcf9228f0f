"""Aligned world coordinate systems as values."""

from dataclasses import dataclass

__all__ = ["AlignedChip", "AlignedWcs"]


@dataclass(frozen=True, slots=True)
class AlignedChip:
    """The linear terms of one chip's WCS; distortion terms stay as they are.

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    crval_deg : tuple of float
        CRVAL1, CRVAL2 [deg].
    cd_deg : tuple of tuple of float
        CD matrix ((CD1_1, CD1_2), (CD2_1, CD2_2)) [deg / pixel].
    """

    extver: int
    crval_deg: tuple[float, float]
    cd_deg: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class AlignedWcs:
    """The solution that an exposure's products use.

    Parameters
    ----------
    rootname : str
        Exposure.
    name : str
        WCSNAME of the solution.
    chips : tuple of AlignedChip
        One per SCI extension, in file order.
    """

    rootname: str
    name: str
    chips: tuple[AlignedChip, ...]
