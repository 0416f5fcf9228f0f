"""What the distortion model of the headers leaves, as on real detectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.simulation.random_numbers import generator
from svmcore.simulation.wcs_headers import ChipSolutions

__all__ = ["DistortionError", "make_distortion_error"]

_WAVES = 3  # of half a period per chip side, per axis


@dataclass(frozen=True, slots=True, eq=False)
class DistortionError:
    """A smooth field of small shifts, the same in all exposures.

    Parameters
    ----------
    amplitudes : Mapping of int to ndarray of float, shape (2, n, n)
        Amplitudes of cosines over the chip by EXTVER, for x and y [pixel].
    """

    amplitudes: dict[int, NDArray[np.float64]]

    def at(
        self,
        pixels: NDArray[np.float64],
        chip: ChipSolutions,
        chip_shape: tuple[int, int],
    ) -> NDArray[np.float64]:
        """Return the shifts (x, y) at positions of an image [pixel].

        Parameters
        ----------
        pixels : ndarray of float, shape (n, 2)
            Positions (x, y) in the image, 0-based [pixel].
        chip : ChipSolutions
            Place of the image on the chip.
        chip_shape : tuple of int
            Shape (ny, nx) of the full chip [pixel].
        """
        share = (pixels + chip.corner) / (chip_shape[1], chip_shape[0])
        order = np.pi * np.arange(_WAVES + 1)
        x, y = (np.cos(share[:, axis, None] * order) for axis in (0, 1))
        field = self.amplitudes[chip.chip.extver]
        return np.asarray(np.einsum("nx,ny,ayx->na", x, y, field))


def make_distortion_error(
    chips: tuple[ChipSolutions, ...], rms_pix: float, seed: int
) -> DistortionError:
    """Return the field of a detector.

    Parameters
    ----------
    chips : tuple of ChipSolutions
        Chips of an exposure.
    rms_pix : float
        Rms per axis [pixel].
    seed : int
        Seed of the visit.

    Notes
    -----
    The mean shift is zero over a chip: it would be a pointing error.
    """
    amplitudes = {}
    for chip in chips:
        rng = generator(seed, "distortion", chip.chip.extver)
        field = rng.normal(0.0, 1.0, (2, _WAVES + 1, _WAVES + 1))
        field[:, 0, 0] = 0.0
        weight = np.full((_WAVES + 1, _WAVES + 1), 0.25)  # mean square of a product
        weight[0, :] = weight[:, 0] = 0.5
        size = np.sqrt(np.sum(field**2 * weight, axis=(1, 2), keepdims=True))
        amplitudes[chip.chip.extver] = field / size * rms_pix
    return DistortionError(amplitudes)
