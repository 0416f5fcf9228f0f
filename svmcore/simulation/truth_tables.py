"""Tables of what is true of a simulated visit."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.table import Table

from svmcore.io.atomic import write_atomically
from svmcore.simulation.instruments import Filter
from svmcore.simulation.pointings import PlannedExposure
from svmcore.simulation.sky import Galaxies, ReferenceTable, Stars
from svmcore.simulation.wcs_headers import ChipSolutions

__all__ = ["write_galaxies", "write_reference", "write_stars", "write_truth"]

_REFERENCE_UNITS = {
    "ra": u.deg,
    "dec": u.deg,
    "ra_error": u.mas,
    "dec_error": u.mas,
    "pmra": u.mas / u.yr,
    "pmdec": u.mas / u.yr,
    "pmra_error": u.mas / u.yr,
    "pmdec_error": u.mas / u.yr,
    "ref_epoch": u.yr,
    "phot_g_mean_mag": u.mag,
}


def _write_table(path: Path, table: Table) -> None:
    with write_atomically(path) as temporary:
        table.write(temporary, format="ascii.ecsv", overwrite=True)


def write_reference(path: Path, reference: ReferenceTable) -> None:
    """Write the reference catalog with the columns of the Gaia archive.

    Parameters
    ----------
    path : Path
        ECSV file.
    reference : ReferenceTable
        The catalog.
    """
    table = Table(reference.columns)
    for name, unit in _REFERENCE_UNITS.items():
        table[name].unit = unit
    _write_table(path, table)


def write_stars(
    path: Path,
    stars: Stars,
    reference: ReferenceTable,
    filters: Mapping[str, Filter],
) -> None:
    """Write the true stars at the epoch of the visit.

    Parameters
    ----------
    path : Path
        ECSV file.
    stars : Stars
        Stars at that epoch.
    reference : ReferenceTable
        Says which of them have wrong entries in the catalog.
    filters : Mapping of str to Filter
        Filters of the visit, for true magnitudes and fluxes.
    """
    table = Table(
        {
            "number": stars.number,
            "ra": stars.ra_deg * u.deg,
            "dec": stars.dec_deg * u.deg,
            "pm_east": stars.pm_east_masyr * u.mas / u.yr,
            "pm_north": stars.pm_north_masyr * u.mas / u.yr,
            "magnitude_ab": stars.magnitude * u.mag,
            "color": stars.color,
            "is_wrong_in_reference": np.isin(
                stars.number, reference.number[reference.is_wrong]
            ),
        }
    )
    for name, band in filters.items():
        magnitude = stars.magnitude_at(band.pivot_angstrom)
        table[f"magnitude_{name.lower()}"] = magnitude * u.mag
        flux = 10 ** (-0.4 * (magnitude - band.zero_point_ab))
        table[f"flux_{name.lower()}"] = flux * u.electron / u.s
    table.meta["epoch"] = stars.epoch
    _write_table(path, table)


def write_galaxies(path: Path, galaxies: Galaxies) -> None:
    """Write the true galaxies.

    Parameters
    ----------
    path : Path
        ECSV file.
    galaxies : Galaxies
        Galaxies of the field.
    """
    table = Table(
        {
            "ra": galaxies.ra_deg * u.deg,
            "dec": galaxies.dec_deg * u.deg,
            "magnitude_ab": galaxies.magnitude * u.mag,
            "half_light_radius": galaxies.radius_arcsec * u.arcsec,
            "sersic_index": galaxies.index,
            "axis_ratio": galaxies.axis_ratio,
        }
    )
    _write_table(path, table)


def write_truth(
    path: Path,
    exposures: Sequence[PlannedExposure],
    solutions: Mapping[str, Sequence[ChipSolutions]],
) -> None:
    """Write true linear terms and errors of the headers, a row per chip.

    Parameters
    ----------
    path : Path
        ECSV file.
    exposures : sequence of PlannedExposure
        Exposures in order of observation.
    solutions : Mapping of str to sequence of ChipSolutions
        Chips by rootname.
    """
    rows = []
    for exposure in exposures:
        for chip in solutions[exposure.rootname]:
            (cd11, cd12), (cd21, cd22) = chip.true.cd_deg
            ra, dec = chip.true.crval_deg
            east = (ra - chip.apriori.crval_deg[0] + 180.0) % 360.0 - 180.0
            east *= np.cos(np.radians(dec)) * 3.6e6
            north = (dec - chip.apriori.crval_deg[1]) * 3.6e6
            rows.append(
                {
                    "rootname": exposure.rootname,
                    "detector": exposure.detector,
                    "extver": chip.chip.extver,
                    "kind": exposure.kind,
                    "filter": exposure.filter_name,
                    "crval1": ra,
                    "crval2": dec,
                    "cd1_1": cd11,
                    "cd1_2": cd12,
                    "cd2_1": cd21,
                    "cd2_2": cd22,
                    "offset_east": float(east),
                    "offset_north": north,
                    "roll": exposure.roll_deg,
                    "scale": exposure.scale,
                    "breathing": exposure.breathing,
                    "sky": exposure.sky,
                }
            )
    table = Table(rows)
    for names, unit in (
        (("crval1", "crval2", "roll"), u.deg),
        (("cd1_1", "cd1_2", "cd2_1", "cd2_2"), u.deg / u.pix),
        (("offset_east", "offset_north"), u.mas),
        (("sky",), u.electron / u.s),
    ):
        for name in names:
            table[name].unit = unit
    table.meta["meaning"] = (
        "True linear terms of each chip, with the distortion of its file; "
        "offset and roll are true minus given."
    )
    _write_table(path, table)
