"""The stars of a simulated visit on its detectors, without noise."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray
from stwcs.wcsutil import HSTWCS

from svmcore.io.wcs import read_chip_wcs
from svmcore.simulation.blemishes import BAD, SATURATED
from svmcore.simulation.geometry import read_geometry
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.light import flat_fielded, on_image
from svmcore.simulation.psf import FieldPsf, add_stars, build_psf
from svmcore.simulation.truth import exposure_path, read_true_wcs, read_truth_table
from svmcore.simulation.truth_pixels import (
    defects_path,
    hits_path,
    read_defects,
    read_hits,
)

__all__ = ["NoiselessChip", "read_noiseless_chips"]


@dataclass(frozen=True, slots=True, eq=False)
class NoiselessChip:
    """The light of the stars on one chip, and where its pixels are.

    Parameters
    ----------
    wcs : stwcs.wcsutil.HSTWCS
        True world coordinates.
    image : ndarray of float32, shape (ny, nx)
        Light of the stars as a calibrated file holds it [electron / s].
    spoilt : ndarray of float32, shape (ny, nx)
        What cosmic rays and defects change, without sign [electron / s].
    faulty : ndarray of bool, shape (ny, nx)
        Dead and saturated pixels.
    seconds : float
        Exposure time [s].
    """

    wcs: HSTWCS
    image: NDArray[np.float32]
    spoilt: NDArray[np.float32]
    faulty: NDArray[np.bool_]
    seconds: float


def read_noiseless_chips(folder: Path, rootname: str) -> tuple[NoiselessChip, ...]:
    """Return what the stars put onto the chips of an exposure.

    Parameters
    ----------
    folder : Path
        Folder of the simulated visit.
    rootname : str
        Exposure.
    """
    table = read_truth_table(folder)
    row = next(row for row in table if str(row["rootname"]) == rootname)
    instrument = INSTRUMENTS[str(row["detector"])]
    filter_name = str(row["filter"])
    # Visits from before the truth held the focus: the mean one.
    breathing = float(row["breathing"]) if "breathing" in table.colnames else 0.0
    band = instrument.filters[filter_name]
    # WFPC2 files hold data numbers, and flag saturated pixels with bit 8.
    spoiling = BAD | (8 if instrument.gains else SATURATED)
    full_shape = read_geometry(instrument.name, filter_name).chip_shape
    stars = Table.read(folder / "stars.ecsv", format="ascii.ecsv")
    path = exposure_path(folder, rootname)
    found = []
    with fits.open(path) as hdus:
        seconds = float(hdus[0].header["EXPTIME"])
        true = read_chip_wcs(path, aligned=read_true_wcs(folder)[rootname])
        for extver, wcs in true.items():
            header = hdus["SCI", extver].header
            corner = (-int(header.get("LTV1", 0)), -int(header.get("LTV2", 0)))
            sensor = instrument.on_chip(extver)
            psf = build_psf(sensor, band, breathing=breathing)
            image = _starlight(
                (wcs, full_shape, corner), stars, filter_name, psf, seconds
            )
            faulty = (hdus["DQ", extver].data & spoiling) > 0
            spoilt = _spoilt(folder, row, extver, image, seconds)
            if instrument.gains:
                gain = np.float32(instrument.gains[extver - 1])
                image, spoilt = image / gain, spoilt / gain
            found.append(NoiselessChip(wcs, image, spoilt, faulty, seconds))
    return tuple(found)


def _starlight(
    place: tuple[HSTWCS, tuple[int, int], tuple[int, int]],
    stars: Table,
    filter_name: str,
    psf: FieldPsf,
    seconds: float,
) -> NDArray[np.float32]:
    wcs, full_shape, corner = place
    ra, dec, flux = (
        np.asarray(stars[name], float)
        for name in ("ra", "dec", f"flux_{filter_name.lower()}")
    )
    pixels, inside = on_image(wcs, ra, dec)
    light = flux[inside] * flat_fielded(wcs, pixels, wcs.idcscale)
    image = np.zeros(wcs.pixel_shape[::-1], np.float32)
    add_stars(image, psf, pixels, light * seconds, chip_shape=full_shape, corner=corner)
    image /= np.float32(seconds)
    return image


def _spoilt(
    folder: Path,
    row: Table.Row,
    extver: int,
    image: NDArray[np.float32],
    seconds: float,
) -> NDArray[np.float32]:
    spoilt = np.zeros(image.shape, np.float32)
    hits = hits_path(folder, str(row["rootname"]))
    if hits.is_file():
        charge = read_hits(hits)[extver].charge
        if charge is not None:
            spoilt += charge / np.float32(seconds)
    defects = defects_path(folder, str(row["detector"]).replace("/", "_"))
    if defects.is_file():
        known = read_defects(defects)[extver]
        spoilt.ravel()[known.hot] += known.excess
        lost = (1 - known.response) * image.ravel()[known.low]
        spoilt.ravel()[known.low] += lost
    return spoilt
