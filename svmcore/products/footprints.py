"""Where exposures lie on the sky, and how they overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from svmcore.model.exposure import Exposure

__all__ = ["Footprints", "footprints", "mean_exposures_per_pixel"]

Ring = tuple[tuple[float, float], ...]

# Overlaps smaller than this part of a footprint are left to rounding.
_NO_OVERLAP = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Footprints:
    """Sky coverage of a group of exposures.

    Parameters
    ----------
    rootnames : tuple of str
        Exposures, in the order given.
    outlines : tuple of tuple of Ring
        For each exposure, the outline of each of its chips: ICRS (ra, dec)
        of the corners [deg]. Empty for an exposure without a usable WCS.
    union : tuple of Ring
        Outer outlines of what all cover together: ICRS (ra, dec) [deg].
    holes : tuple of Ring
        Outlines of what the union leaves out within, such as chip gaps.
    areas_arcsec2 : ndarray of float, shape (n,)
        Area of each exposure [arcsec2].
    union_area_arcsec2 : float
        Area of the union [arcsec2].
    overlap : ndarray of float, shape (n, n)
        Common area of two exposures as a part of the smaller one, 0 to 1.
    isolated : tuple of str
        Rootnames that share no sky, directly or through others, with the
        largest connected group; or whose position is unknown.
    """

    rootnames: tuple[str, ...]
    outlines: tuple[tuple[Ring, ...], ...]
    union: tuple[Ring, ...]
    holes: tuple[Ring, ...]
    areas_arcsec2: NDArray[np.float64]
    union_area_arcsec2: float
    overlap: NDArray[np.float64]
    isolated: tuple[str, ...]


def footprints(exposures: Sequence[Exposure]) -> Footprints:
    """Return the sky coverage of some exposures.

    Parameters
    ----------
    exposures : sequence of Exposure
        Any exposures; those of one product for the product's footprint.

    Returns
    -------
    Footprints
        Outlines, union, overlap matrix and isolated exposures.

    Notes
    -----
    Polygons are handled in Lambert's zenithal equal-area projection about the
    mean position: areas are exact, and what is far from the centre (a
    mispointed exposure) does no harm. The edges of a chip are taken as
    straight, which distortion bends by less than one per cent of its size.
    """
    frame = _Frame.around(exposures)
    shapes = [_shape(exposure, frame) for exposure in exposures]
    areas = np.array([shape.area for shape in shapes], dtype=float)
    union = shapely.union_all(shapes)
    overlap = _overlap(shapes, areas)
    outer, inner = _rings(union, frame)
    rootnames = tuple(exposure.rootname for exposure in exposures)
    connected = _largest_group(overlap > _NO_OVERLAP)
    return Footprints(
        rootnames=rootnames,
        outlines=tuple(
            tuple(chip.corners_deg for chip in exposure.chips if chip.corners_deg)
            for exposure in exposures
        ),
        union=outer,
        holes=inner,
        areas_arcsec2=_frozen(areas),
        union_area_arcsec2=float(union.area),
        overlap=_frozen(overlap),
        isolated=tuple(
            name
            for name, is_connected in zip(rootnames, connected, strict=True)
            if not is_connected
        ),
    )


def mean_exposures_per_pixel(exposures: Sequence[Exposure]) -> float:
    """Return how many exposures cover a pixel on average, where any does.

    Parameters
    ----------
    exposures : sequence of Exposure
        Inputs of a product (``product.exposures``).

    Returns
    -------
    float
        Sum of the footprints' areas over the area of their union; 0 if no
        position is known. Bad pixels and cosmic rays are not considered: the
        drizzled product's own MEANNEXP knows them.
    """
    coverage = footprints(exposures)
    if coverage.union_area_arcsec2 == 0:
        return 0.0
    return float(coverage.areas_arcsec2.sum() / coverage.union_area_arcsec2)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Zenithal equal-area projection: rows are east, north and outward."""

    axes: NDArray[np.float64]

    @classmethod
    def around(cls, exposures: Sequence[Exposure]) -> "_Frame":
        corners = [
            corner
            for exposure in exposures
            for chip in exposure.chips
            for corner in chip.corners_deg
        ]
        if not corners:
            return cls(np.eye(3))
        outward = _unit_vectors(corners).mean(axis=0)
        length = float(np.linalg.norm(outward))
        outward = outward / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])
        east = np.array([-outward[1], outward[0], 0.0])
        east_length = float(np.linalg.norm(east))
        east = east / east_length if east_length > 1e-12 else np.array([1.0, 0, 0])
        return cls(np.array([east, np.cross(outward, east), outward]))

    def to_plane(self, ring: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """Positions in the plane [arcsec], from ICRS positions [deg]."""
        east, north, outward = self.axes @ _unit_vectors(ring).T
        scale = np.sqrt(2.0 / np.maximum(1.0 + outward, 1e-12))
        plane = np.stack([east * scale, north * scale], axis=1)
        return np.asarray(np.degrees(plane) * 3600.0, dtype=float)

    def to_sky(self, plane: NDArray[np.float64]) -> Ring:
        """ICRS positions [deg], from positions in the plane [arcsec]."""
        x, y = np.radians(plane.T / 3600.0)
        squared = np.minimum((x**2 + y**2) / 4.0, 1.0)
        stretch = np.sqrt(1.0 - squared)
        vectors = self.axes.T @ np.stack([x * stretch, y * stretch, 1 - 2 * squared])
        ra = np.degrees(np.arctan2(vectors[1], vectors[0])) % 360.0
        dec = np.degrees(np.arctan2(vectors[2], np.hypot(vectors[0], vectors[1])))
        return tuple(zip(ra.tolist(), dec.tolist(), strict=True))


def _unit_vectors(positions: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    ra, dec = np.radians(np.asarray(positions, dtype=float)).T
    return np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1
    )


def _shape(exposure: Exposure, frame: _Frame) -> shapely.Geometry:
    chips = [
        shapely.make_valid(shapely.Polygon(frame.to_plane(chip.corners_deg)))
        for chip in exposure.chips
        if chip.corners_deg
    ]
    return shapely.union_all(chips)


def _overlap(
    shapes: Sequence[shapely.Geometry], areas: NDArray[np.float64]
) -> NDArray[np.float64]:
    array = np.array(shapes, dtype=object)
    common = shapely.area(shapely.intersection(array[:, None], array[None, :]))
    smaller = np.minimum(areas[:, None], areas[None, :])
    overlap = np.zeros_like(common)
    np.divide(common, smaller, out=overlap, where=smaller > 0)
    # The two orders of a pair differ by rounding.
    return np.asarray(np.clip((overlap + overlap.T) / 2.0, 0.0, 1.0), dtype=float)


def _rings(
    union: shapely.Geometry, frame: _Frame
) -> tuple[tuple[Ring, ...], tuple[Ring, ...]]:
    polygons = [
        part for part in shapely.get_parts(union) if part.geom_type == "Polygon"
    ]
    outer = [frame.to_sky(shapely.get_coordinates(p.exterior)) for p in polygons]
    inner = [
        frame.to_sky(shapely.get_coordinates(hole))
        for polygon in polygons
        for hole in polygon.interiors
    ]
    return tuple(outer), tuple(inner)


def _largest_group(touches: NDArray[np.bool_]) -> list[bool]:
    """Whether each exposure belongs to the largest connected group."""
    count = len(touches)
    groups: list[set[int]] = []
    for start in range(count):
        if not touches[start, start] or any(start in group for group in groups):
            continue
        group, fresh = {start}, [start]
        while fresh:
            found = set(np.flatnonzero(touches[fresh.pop()]).tolist()) - group
            group |= found
            fresh.extend(found)
        groups.append(group)
    largest = max(groups, key=len, default=set())
    return [index in largest for index in range(count)]


def _frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.flags.writeable = False
    return array
