"""Where the pixels of a chip fall on a mosaic grid: cheap, in any blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from svmcore.drizzling.grid import grid_wcs
from svmcore.model.grid import GridWindow, MosaicGrid

__all__ = [
    "ExactMap",
    "PixelMap",
    "SeparableMap",
    "fit_peer_map",
    "fit_pixel_map",
    "footprint_window",
]

FloatArray = NDArray[np.float64]
Transform = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

CHEBYSHEV_NODES = 11
CHEBYSHEV_DEGREES = (5, 7, 9)
TOLERANCE_PIX = 1e-3
CHECKED_PIXELS = 1500
BLOCK_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class SeparableMap:
    """A map that is a sum of products of functions of y and of x.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the chip [pixel].
    rows : ndarray of float, shape (ny, n)
        Basis functions of y at every row; the first is 1.
    columns : ndarray of float, shape (n, nx, 2)
        Coefficients times basis functions of x at every column, for the
        x and y coordinate on the grid.
    """

    shape: tuple[int, int]
    rows: FloatArray
    columns: FloatArray

    def block(
        self,
        rows: slice,
        columns: slice = slice(None),
        *,
        out: FloatArray | None = None,
    ) -> FloatArray:
        """Return grid positions of a block of pixels, shape (ny, nx, 2)."""
        basis, part = self.rows[rows], self.columns[:, columns]
        size = (len(basis), part.shape[1], 2)
        found = np.empty(size) if out is None else out
        flat = found.reshape(size[0], -1)
        for start in range(0, size[0], BLOCK_ROWS):
            here = slice(start, start + BLOCK_ROWS)
            used = basis[here].any(axis=0)  # of the nodes those near the rows
            np.matmul(
                basis[here][:, used],
                part[used].reshape(np.count_nonzero(used), -1),
                out=flat[here],
            )
        return found

    def moved(self, window: GridWindow) -> "SeparableMap":
        """Return the map with positions counted from a window's corner."""
        columns = self.columns.copy()
        columns[0] -= (window.x0, window.y0)
        return SeparableMap(self.shape, self.rows, columns)


@dataclass(frozen=True, slots=True, eq=False)
class ExactMap:
    """The map through the full WCS of every pixel: slow, always right.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the chip [pixel].
    transform : callable
        Chip (x, y) to grid (x, y), all 0-based.
    """

    shape: tuple[int, int]
    transform: Transform

    def block(
        self,
        rows: slice,
        columns: slice = slice(None),
        *,
        out: FloatArray | None = None,
    ) -> FloatArray:
        """Return grid positions of a block of pixels, shape (ny, nx, 2)."""
        y, x = np.mgrid[
            slice(*rows.indices(self.shape[0])), slice(*columns.indices(self.shape[1]))
        ].astype(float)
        return np.stack(self.transform(x, y), axis=-1, out=out)

    def moved(self, window: GridWindow) -> "ExactMap":
        """Return the map with positions counted from a window's corner."""

        def transform(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
            there_x, there_y = self.transform(x, y)
            return there_x - window.x0, there_y - window.y0

        return ExactMap(self.shape, transform)


PixelMap = SeparableMap | ExactMap


def fit_pixel_map(chip: Any, grid: MosaicGrid) -> PixelMap:
    """Return the map of a chip onto a grid, good to 0.001 pixel.

    Parameters
    ----------
    chip : stwcs.wcsutil.HSTWCS
        WCS of the chip with all distortion terms.
    grid : MosaicGrid
        Target grid.

    Returns
    -------
    SeparableMap or ExactMap
        A Chebyshev polynomial of the smooth distortion plus bilinear
        residuals on the nodes of the lookup tables. If that misses the exact
        positions of a sample of pixels by more than 0.001 pixel, the exact
        map.
    """
    shape = (int(chip.pixel_shape[1]), int(chip.pixel_shape[0]))
    exact = _transform(chip, grid)
    smooth = _transform(_without_tables(chip), grid)
    nodes = _table_nodes(chip, shape)
    sample = _sample_pixels(shape)
    truth = np.stack(exact(*sample))
    for degree in CHEBYSHEV_DEGREES:
        fitted = _fit_separable(shape, smooth, exact, nodes, degree)
        if np.abs(_evaluate(fitted, sample) - truth).max() < TOLERANCE_PIX:
            return fitted
    return ExactMap(shape, exact)


def fit_peer_map(chip: Any, grid: MosaicGrid, *, step: int = 10) -> SeparableMap:
    """Return the coarse bilinear map that AstroDrizzle uses.

    Parameters
    ----------
    chip : stwcs.wcsutil.HSTWCS
        WCS of the chip.
    grid : MosaicGrid
        Target grid.
    step : int
        Distance of the nodes, which start at FITS pixel 0 [pixel].

    Notes
    -----
    For comparisons only: it is off by up to 0.003 pixel.
    """
    shape = (int(chip.pixel_shape[1]), int(chip.pixel_shape[0]))
    node_y, node_x = (
        np.arange(-1.0, size - 1 + step, step) for size in (shape[0], shape[1])
    )
    mesh_x, mesh_y = np.meshgrid(node_x, node_y)
    x, y = _transform(chip, grid)(mesh_x, mesh_y)
    hat_x = _hat(np.arange(shape[1]), node_x)
    rows = np.hstack([np.ones((shape[0], 1)), _hat(np.arange(shape[0]), node_y)])
    columns = np.stack([x @ hat_x.T, y @ hat_x.T], axis=-1)
    return SeparableMap(shape, rows, np.pad(columns, ((1, 0), (0, 0), (0, 0))))


def footprint_window(
    pixel_map: PixelMap, grid: MosaicGrid, *, margin: int = 4
) -> GridWindow:
    """Return the part of a grid that a chip covers, with a margin.

    Parameters
    ----------
    pixel_map : SeparableMap or ExactMap
        Map of the chip.
    grid : MosaicGrid
        Target grid.
    margin : int
        Pixels added on every side, for drops that reach beyond the centres
        of the outermost pixels.

    Notes
    -----
    The window reaches at most `margin` pixels beyond the grid: pixels at
    the edge of an output array lose weight in drizzle's C code.
    """
    edges = [
        pixel_map.block(slice(0, 1)),
        pixel_map.block(slice(-1, None)),
        pixel_map.block(slice(None), slice(0, 1)),
        pixel_map.block(slice(None), slice(-1, None)),
    ]
    outline = np.concatenate([edge.reshape(-1, 2) for edge in edges])
    x0, y0 = np.floor(outline.min(axis=0)).astype(int) - margin
    x1, y1 = np.ceil(outline.max(axis=0)).astype(int) + margin + 1
    covered = GridWindow(int(y0), int(x0), int(y1 - y0), int(x1 - x0))
    return covered.intersect(grid.window.grown(margin))


def _transform(chip: Any, grid: MosaicGrid) -> Transform:
    target = grid_wcs(grid)

    def transform(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        sky = chip.all_pix2world(np.column_stack([x.ravel(), y.ravel()]), 0)
        found = target.wcs_world2pix(sky, 0)
        return found[:, 0].reshape(x.shape), found[:, 1].reshape(x.shape)

    return transform


def _without_tables(chip: Any) -> Any:
    smooth = WCS(naxis=2)
    smooth.wcs.crpix, smooth.wcs.crval = chip.wcs.crpix, chip.wcs.crval
    smooth.wcs.cd, smooth.wcs.ctype = chip.wcs.cd, chip.wcs.ctype
    smooth.sip = chip.sip
    smooth.wcs.set()
    return smooth


def _table_nodes(
    chip: Any, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray] | None:
    """Return 0-based rows and columns of all lookup-table nodes."""
    tables = [
        table
        for table in (chip.cpdis1, chip.cpdis2, chip.det2im1, chip.det2im2)
        if table is not None
    ]
    if not tables:
        return None
    nodes = []
    for axis, size in ((1, shape[0]), (0, shape[1])):
        positions = [np.array([0.0, size - 1.0])]
        for table in tables:
            count = table.data.shape[1 - axis]
            index = np.arange(1, count + 1) - table.crpix[axis]
            position = table.crval[axis] + index * table.cdelt[axis] - 1.0
            positions.append(position[(position > 0) & (position < size - 1)])
        nodes.append(np.unique(np.round(np.concatenate(positions), 6)))
    return nodes[0], nodes[1]


def _fit_separable(
    shape: tuple[int, int],
    smooth: Transform,
    exact: Transform,
    nodes: tuple[FloatArray, FloatArray] | None,
    degree: int,
) -> SeparableMap:
    count = max(CHEBYSHEV_NODES, degree + 2)
    unit = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    inverse = np.linalg.pinv(chebyshev.chebvander(unit, degree))
    node_y, node_x = ((unit + 1) * (size - 1) / 2 for size in shape)
    mesh_x, mesh_y = np.meshgrid(node_x, node_y)
    x, y = smooth(mesh_x, mesh_y)
    basis_y, basis_x = (_chebyshev_basis(size, degree) for size in shape)
    columns: FloatArray = np.stack(
        [inverse @ values @ inverse.T @ basis_x.T for values in (x, y)], axis=-1
    )
    if nodes is None:
        return SeparableMap(shape, basis_y, columns)
    mesh_x, mesh_y = np.meshgrid(nodes[1], nodes[0])
    with_x, with_y = exact(mesh_x, mesh_y)
    plain_x, plain_y = smooth(mesh_x, mesh_y)
    hat_x = _hat(np.arange(shape[1]), nodes[1])
    residual_x = (with_x - plain_x) @ hat_x.T
    residual_y = (with_y - plain_y) @ hat_x.T
    return SeparableMap(
        shape,
        np.concatenate([basis_y, _hat(np.arange(shape[0]), nodes[0])], axis=1),
        np.concatenate([columns, np.stack([residual_x, residual_y], axis=-1)]),
    )


def _chebyshev_basis(size: int, degree: int) -> FloatArray:
    """Return the polynomials at every pixel of an axis, shape (size, degree + 1)."""
    places = 2 * np.arange(size) / max(size - 1, 1) - 1
    return np.asarray(chebyshev.chebvander(places, degree), np.float64)


def _hat(positions: NDArray[Any], nodes: FloatArray) -> FloatArray:
    """Return linear-interpolation weights, shape (positions, nodes)."""
    upper = np.clip(np.searchsorted(nodes, positions, side="right"), 1, len(nodes) - 1)
    fraction = (positions - nodes[upper - 1]) / (nodes[upper] - nodes[upper - 1])
    weights: FloatArray = np.zeros((len(positions), len(nodes)))
    row = np.arange(len(positions))
    weights[row, upper - 1] = 1 - fraction
    weights[row, upper] = fraction
    return weights


def _sample_pixels(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(20210)
    y = random.integers(0, shape[0], CHECKED_PIXELS).astype(float)
    x = random.integers(0, shape[1], CHECKED_PIXELS).astype(float)
    return x, y


def _evaluate(
    fitted: SeparableMap, sample: tuple[FloatArray, FloatArray]
) -> FloatArray:
    x, y = sample[0].astype(int), sample[1].astype(int)
    basis = fitted.rows[y]
    return np.asarray(np.einsum("ij,jik->ki", basis, fitted.columns[:, x]))
