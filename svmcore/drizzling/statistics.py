"""What went into a product, counted pixel by pixel while it is written."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.stack import Band

__all__ = ["CoverageCount", "CoverageStatistics", "context_bits"]

# Weights are counted in bins of this many leading bits of their float32 form:
# sign, exponent and 11 bits, which is 0.05 %.
WEIGHT_BITS = 20
COARSE = 4
# Up to so many chips, each set of them is counted by itself.
FEW_CHIPS = 14


@dataclass(frozen=True, slots=True)
class CoverageStatistics:
    """Coverage of a product.

    Parameters
    ----------
    covered_fraction : float
        Covered pixels over all pixels (NPIXFRAC).
    mean_exptime_s, median_exptime_s : float
        Summed exposure time per covered pixel (MEANEXPT, MEDEXPT) [s].
    mean_exposures, median_exposures : float
        Number of exposures per covered pixel (MEANNEXP, MEDNEXP).
    mean_weight, median_weight : float
        Weight of covered pixels (MEANWHT, MEDWHT); the median is good to
        0.05 %.
    """

    covered_fraction: float
    mean_exptime_s: float
    median_exptime_s: float
    mean_exposures: float
    median_exposures: float
    mean_weight: float
    median_weight: float


class CoverageCount:
    """Counts exposures, exposure time and weight of the bands of a product.

    Parameters
    ----------
    shape : tuple of int
        Shape of the product's grid.
    chip_exposures : sequence of int
        Number of the exposure of every chip of the product, 0-based.
    exptimes_s : sequence of float
        Exposure time of every exposure [s].

    Notes
    -----
    Exposures of equal exposure time are counted together; each pixel's counts
    make one number, so that medians over the whole product are exact.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        chip_exposures: Sequence[int],
        exptimes_s: Sequence[float],
    ) -> None:
        self._shape = shape
        self._bits = [
            [chip for chip, owner in enumerate(chip_exposures) if owner == exposure]
            for exposure in range(len(exptimes_s))
        ]
        self._times = sorted(set(exptimes_s))
        self._radix = [list(exptimes_s).count(time) + 1 for time in self._times]
        strides = list(accumulate([1, *self._radix], operator.mul))
        self._stride = [strides[self._times.index(time)] for time in exptimes_s]
        self._dtype = np.int32 if strides[-1] < 1 << 31 else np.int64
        self._chips = len(chip_exposures)
        self._codes: dict[int, int] = {}
        self._weights = np.zeros(1 << WEIGHT_BITS, np.int64)
        self._weight_sum = 0.0
        self.covered: list[NDArray[np.bool_]] = []

    def outline(self, band: Band) -> None:
        """Note which pixels of a band are covered, and count nothing."""
        sampled = band.context[:, -band.window.y0 % COARSE :: COARSE, ::COARSE] != 0
        self.covered.append(sampled.any(axis=0))

    def add(self, band: Band) -> None:
        """Count one band; bands come in the order of rows."""
        self.outline(band)
        if self._chips <= FEW_CHIPS:  # few enough sets of chips to count them
            counted = np.bincount(band.context.ravel())
            sets = np.flatnonzero(counted).astype(np.int32)
            code = self._coded(sets.reshape(1, 1, -1)).ravel()
            counts = counted[sets]
            covered = band.context[0] != 0
        else:
            every = self._coded(band.context)
            code, counts = _count(every)
            covered = every != 0
        for value, count in zip(code, counts, strict=True):
            self._codes[int(value)] = self._codes.get(int(value), 0) + int(count)
        weights = band.weight[covered]
        if not weights.size:
            return
        leading = weights.view(np.uint32) >> np.uint32(32 - WEIGHT_BITS)
        least = leading.min()
        found = np.bincount(leading - least)
        self._weights[least : least + len(found)] += found
        self._weight_sum += float(weights.sum(dtype=np.float64))

    def _coded(self, context: NDArray[np.int32]) -> NDArray[np.integer[Any]]:
        """Return one number for the exposures of each pixel of a context."""
        code = np.zeros(context.shape[1:], self._dtype)
        for chips, stride in zip(self._bits, self._stride, strict=True):
            here = context_bits(context, chips)
            np.add(code, self._dtype(stride), out=code, where=here)
        return code

    def finish(self) -> CoverageStatistics:
        """Return the statistics of all bands."""
        codes = {code: n for code, n in self._codes.items() if code}
        total = sum(codes.values())
        if not total:
            return CoverageStatistics(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        counts = np.array(list(codes.values()))
        numbers, times = self._decoded(np.array(list(codes)))
        bins = np.flatnonzero(self._weights)
        middle = (
            (bins.astype(np.uint32) << np.uint32(32 - WEIGHT_BITS))
            + np.uint32(1 << (31 - WEIGHT_BITS))
        ).view(np.float32)
        return CoverageStatistics(
            total / (self._shape[0] * self._shape[1]),
            float(np.average(times, weights=counts)),
            _median(times, counts),
            float(np.average(numbers, weights=counts)),
            _median(numbers, counts),
            self._weight_sum / total,
            _median(middle.astype(float), self._weights[bins]),
        )

    def _decoded(
        self, codes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return number of exposures and summed time of every code."""
        numbers, times = np.zeros(len(codes)), np.zeros(len(codes))
        for time, radix in zip(self._times, self._radix, strict=True):
            codes, here = codes // radix, codes % radix
            numbers += here
            times += here * time
        return numbers, times


def context_bits(context: NDArray[np.int32], chips: Sequence[int]) -> NDArray[np.bool_]:
    """Return where any of some chips contributes.

    Parameters
    ----------
    context : ndarray of int32, shape (planes, ny, nx)
        Context planes.
    chips : sequence of int
        Numbers of chips, 0-based.
    """
    found = np.zeros(context.shape[1:], bool)
    for plane, bits in enumerate(context):
        mask = sum(1 << (chip % 32) for chip in chips if chip // 32 == plane)
        if mask:
            found |= (bits & np.uint32(mask).astype(np.int32)) != 0
    return found


def _count(
    code: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if code.max(initial=0) < 1 << 20:
        counts = np.bincount(code.ravel())
        present = np.flatnonzero(counts)
        return present, counts[present]
    values, counts = np.unique(code, return_counts=True)
    return values.astype(np.int64), counts


def _median(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the median of values that occur so many times."""
    order = np.argsort(values)
    ends = np.cumsum(counts[order])
    total = int(ends[-1])
    low = values[order[np.searchsorted(ends, (total - 1) // 2, side="right")]]
    high = values[order[np.searchsorted(ends, total // 2, side="right")]]
    return float((low + high) / 2)
