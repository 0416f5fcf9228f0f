"""A whole simulated visit, written to a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from svmcore.errors import StoreError
from svmcore.io.atomic import write_text
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.exposures import visit_solutions, write_exposures
from svmcore.simulation.geometry import read_geometry
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.pointings import plan_exposures
from svmcore.simulation.sky import make_galaxies, make_reference, make_stars
from svmcore.simulation.truth_tables import (
    write_galaxies,
    write_reference,
    write_stars,
    write_truth,
)
from svmcore.simulation.wcs_headers import chip_wcs

__all__ = ["SimulatedVisit", "write_visit"]


@dataclass(frozen=True, slots=True)
class SimulatedVisit:
    """Files of a simulated visit.

    Parameters
    ----------
    folder : Path
        Where they are.
    poller : Path
        Poller file of eight columns.
    exposure_list : Path
        Plain list of file names.
    exposures : tuple of Path
        Calibrated files in order of observation, rejected ones included.
    reference : Path
        Reference catalog.
    truth : Path
        True world coordinates by exposure and chip.
    stars : Path
        True stars at the epoch of the visit.
    """

    folder: Path
    poller: Path
    exposure_list: Path
    exposures: tuple[Path, ...]
    reference: Path
    truth: Path
    stars: Path


def write_visit(folder: Path | str, config: VisitConfig) -> SimulatedVisit:
    """Write a visit as the archive would deliver it, and its truth beside it.

    Parameters
    ----------
    folder : Path or str
        Where to write; it is made if it does not exist.
    config : VisitConfig
        The visit.

    Returns
    -------
    SimulatedVisit
        Paths of all files.

    Raises
    ------
    StoreError
        If the folder cannot be written.

    Notes
    -----
    The same configuration gives the same files, byte for byte.
    """
    where = Path(folder)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            str(where),
            f"the folder cannot be made ({error.strerror})",
            "Choose a folder that may be written.",
        ) from error
    plans = {part: plan_exposures(part) for part in config.parts}
    radius = max(_field_radius(part) for part in plans)
    stars, galaxies = make_stars(config, radius), make_galaxies(config, radius)
    paths: list[Path] = []
    for part, planned in plans.items():
        paths += write_exposures(where, part, planned, stars, galaxies)
    exposures = [exposure for planned in plans.values() for exposure in planned]
    solutions = {
        exposure.rootname: visit_solutions(part, exposure)
        for part, planned in plans.items()
        for exposure in planned
    }
    reference = make_reference(stars, config)
    bands = {
        name: INSTRUMENTS[part.instrument].filters[name]
        for part in plans
        for name in part.filter_names
    }
    instrument = config.instrument.split("/")[0]
    poller = where / f"{instrument}_{config.program}_{config.visit}_input.out".lower()
    write_text(poller, _poller_text(config, paths))
    catalog, truth, star_table = (
        where / name for name in ("gaia.ecsv", "truth.ecsv", "stars.ecsv")
    )
    write_reference(catalog, reference)
    write_truth(truth, exposures, solutions)
    write_stars(star_table, stars.moved_to(exposures[0].epoch), reference, bands)
    write_galaxies(where / "galaxies.ecsv", galaxies)
    listing = where / "visit.lst"  # last: where it is, the visit is complete
    # WFPC2 headers do not name the aperture; the list does.
    aperture = ",WFALL" if instrument == "wfpc2" else ""
    write_text(listing, "".join(f"{path.name}{aperture}\n" for path in paths))
    return SimulatedVisit(
        where, poller, listing, tuple(paths), catalog, truth, star_table
    )


def _poller_text(config: VisitConfig, paths: Sequence[Path]) -> str:
    lines = []
    for path in paths:
        header = fits.getheader(path)
        keywords = ["FILTER", "FILTER1", "FILTER2"]
        if "FILTNAM1" in header:  # WFPC2, whose FILTER1 is a number
            keywords = ["FILTNAM1", "FILTNAM2"]
        names = [header[k] for k in keywords if header.get(k)]
        row = (
            path.name,
            str(config.proposal_id),
            config.program.upper(),
            config.visit.upper(),
            f"{header['EXPTIME']:g}",
            ";".join(names),
            header["DETECTOR"].strip(),
            path.name,
        )
        lines.append(",".join(row) + "\n")
    return "".join(lines)


def _field_radius(config: VisitConfig) -> float:
    """Return the radius that holds all chips of all exposures [deg]."""
    geometry = read_geometry(INSTRUMENTS[config.instrument].name, "")
    corners = []
    for exposure in plan_exposures(config):
        for solutions in visit_solutions(config, exposure):
            wcs = chip_wcs(solutions.true, solutions, geometry)
            height, width = solutions.shape
            box = [(0, 0), (0, height), (width, height), (width, 0)]
            corners.append(wcs.all_pix2world(np.array(box, float), 0))
    sky = np.concatenate(corners)
    east = (sky[:, 0] - config.ra_deg + 180.0) % 360.0 - 180.0
    east *= np.cos(np.radians(config.dec_deg))
    return float(np.hypot(east, sky[:, 1] - config.dec_deg).max()) + 8.0 / 3600.0
