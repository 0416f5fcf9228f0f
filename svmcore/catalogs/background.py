"""Level and noise of the background of a drizzled image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.catalogs.mesh import measure_mesh
from svmcore.catalogs.settings import CatalogSettings

__all__ = ["Background", "estimate_background"]

FloatArray = NDArray[np.float64]
_SAMPLE = 1_000_000
_MAD_TO_SIGMA = 1.482602


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """A background, constant or on a mesh of boxes.

    Parameters
    ----------
    kind : {'zero', 'constant', 'mesh'}
        How it was found.
    level, rms : ndarray of float, shape (my, mx)
        Level and noise at the box centres, or one value [electron / s].
    box : int
        Side of the boxes [pixel].
    """

    kind: str
    level: FloatArray
    rms: FloatArray
    box: int

    def rows(
        self, start: int, stop: int, nx: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return level and noise of some rows.

        Parameters
        ----------
        start, stop : int
            Rows, `stop` excluded.
        nx : int
            Length of a row.

        Returns
        -------
        level, rms : ndarray of float32, shape (stop - start, nx)
            Bilinear between box centres, flat beyond the outermost.
        """
        y = np.arange(start, stop)
        x = np.arange(nx)
        return self._spread(self.level, y, x), self._spread(self.rms, y, x)

    def at(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return level and noise at positions, from the nearest box."""
        my, mx = self.level.shape
        row = np.clip((y + 0.5) // self.box, 0, my - 1).astype(np.int64)
        column = np.clip((x + 0.5) // self.box, 0, mx - 1).astype(np.int64)
        return self.level[row, column], self.rms[row, column]

    def _spread(
        self, mesh: FloatArray, y: NDArray[np.int64], x: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        low_y, high_y, part_y = self._between(y, mesh.shape[0])
        low_x, high_x, part_x = self._between(x, mesh.shape[1])
        blend = mesh[low_y] * (1 - part_y)[:, None] + mesh[high_y] * part_y[:, None]
        rows: NDArray[np.float32] = blend.astype(np.float32)
        near = np.float32(1) - part_x.astype(np.float32)
        spread: NDArray[np.float32] = rows[:, low_x] * near
        spread += rows[:, high_x] * (np.float32(1) - near)
        return spread

    def _between(
        self, pixel: NDArray[np.int64], n_boxes: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
        """Boxes on both sides of each pixel, and its place between them."""
        place = np.clip((pixel + 0.5) / self.box - 0.5, 0, n_boxes - 1)
        low = np.minimum(place.astype(np.int64), n_boxes - 1)
        return low, np.minimum(low + 1, n_boxes - 1), place - low


def _constant(kind: str, level: float, rms: float) -> Background:
    return Background(kind, np.full((1, 1), level), np.full((1, 1), rms), 1)


def _clip(sample: FloatArray, nsigma: float, rounds: int) -> FloatArray:
    """Keep what lies within some sigma of the median."""
    for _ in range(rounds):
        middle, spread = np.median(sample), np.std(sample)
        kept = sample[np.abs(sample - middle) <= nsigma * spread]
        if kept.size in (0, sample.size):
            break
        sample = kept
    return sample


def row_noise(sci: NDArray[np.floating]) -> float:
    """Return the noise from second differences along rows.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Image; nan where there is no data.

    Notes
    -----
    Pixels two apart are compared, as drizzling correlates neighbours
    (Stoehr et al. 2008, ASPC 394, 505).
    """
    step = max(1, sci.size // (4 * _SAMPLE))
    rows = sci[::step].astype(np.float64)
    second = 2 * rows[:, 2:-2] - rows[:, :-4] - rows[:, 4:]
    second = np.abs(second[np.isfinite(second) & (rows[:, 2:-2] != 0)])
    if second.size == 0:
        return 0.0
    return float(_MAD_TO_SIGMA / np.sqrt(6.0) * np.median(second))


def _sample(sci: NDArray[np.floating], mask: NDArray[np.bool_]) -> FloatArray:
    step = max(1, sci.size // (2 * _SAMPLE))
    rows = slice(None, None, max(1, int(np.sqrt(step))))
    sample = sci[rows, rows][mask[rows, rows]].astype(np.float64)
    return sample[np.isfinite(sample)]


def _skewness(sample: FloatArray) -> float:
    spread = float(np.std(sample))
    if spread == 0:
        return 0.0
    return abs(3.0 * float(np.mean(sample) - np.median(sample)) / spread)


def _exceeds_negative(
    sci: NDArray[np.floating],
    mask: NDArray[np.bool_],
    mesh: Background,
    settings: CatalogSettings,
) -> bool:
    """Whether a mesh lies so high that too many pixels fall below it."""
    step = max(1, sci.shape[0] // 400)
    below = total = 0
    for row in range(0, sci.shape[0], step):
        level, rms = mesh.rows(row, row + 1, sci.shape[1])
        used = mask[row] & np.isfinite(sci[row])
        below += int(np.count_nonzero((sci[row] - level[0] < -rms[0]) & used))
        total += int(np.count_nonzero(used))
    return below > settings.number("negative_percent") / 100.0 * max(total, 1)


def estimate_background(
    sci: NDArray[np.floating],
    mask: NDArray[np.bool_],
    *,
    settings: CatalogSettings,
    least_rms: float,
    may_be_zero: bool = False,
) -> Background:
    """Return the background of an image.

    Parameters
    ----------
    sci : ndarray of float, shape (ny, nx)
        Image [electron / s]; nan where there is no data.
    mask : ndarray of bool, shape (ny, nx)
        Pixels to use.
    settings : CatalogSettings
        Parameters of the product.
    least_rms : float
        Noise that the detector has at least [electron / s].
    may_be_zero : bool
        Whether most pixels may have counted nothing (SBC).

    Returns
    -------
    Background
        Zero if the share of exact zeros allows; a mesh if the sky is skewed
        by more than ``bkg_skew_threshold`` and the mesh passes the test for
        negative pixels; else one value.

    Notes
    -----
    The skewness test is applied to the clipped sample. The one value is the
    mode ``3 median - 2 mean`` of that sample, so that faint stars and wings
    do not lift it.
    """
    sample = _sample(sci, mask)
    if sample.size == 0:
        return _constant("constant", 0.0, least_rms)
    zeros = 100.0 * np.count_nonzero(sample == 0) / sample.size
    if may_be_zero and zeros > settings.number("zero_percent"):
        positive = sample[sample > 0]
        kept = np.sort(positive)[: max(int(0.9 * positive.size), 1)]
        spread = float(np.std(kept)) if positive.size else 0.0
        return _constant("zero", 0.0, max(spread, least_rms))
    nsigma, rounds = settings.number("nsigma_clip"), int(settings.number("maxiters"))
    clipped = _clip(sample, nsigma, rounds)
    constant = _plain_background(clipped, max(least_rms, row_noise(sci)))
    is_flat = _skewness(clipped) <= settings.number("bkg_skew_threshold")
    if settings.generation["simple_bkg"] or is_flat:
        return constant
    mesh = _mesh_background(sci, mask, settings, least_rms)
    if mesh is None or _exceeds_negative(sci, mask, mesh, settings):
        return constant
    return mesh


def _plain_background(clipped: FloatArray, least_rms: float) -> Background:
    middle, mean = float(np.median(clipped)), float(np.mean(clipped))
    below = clipped[clipped <= middle]
    spread = float(np.sqrt(np.mean((below - middle) ** 2)))
    return _constant("constant", 3.0 * middle - 2.0 * mean, max(spread, least_rms))


def _mesh_background(
    sci: NDArray[np.floating],
    mask: NDArray[np.bool_],
    settings: CatalogSettings,
    least_rms: float,
) -> Background | None:
    box = int(settings.number("bkg_box_size"))
    found = measure_mesh(
        sci, mask, box=box, filter_size=int(settings.number("bkg_filter_size"))
    )
    if found is None:
        return None
    level, rms = found
    return Background("mesh", level, np.maximum(rms, least_rms), box)
