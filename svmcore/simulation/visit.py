"""A whole simulated visit, written to a folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from svmcore.errors import StoreError
from svmcore.io.atomic import write_atomically, write_text
from svmcore.simulation.blemishes import Blemishes, make_blemishes
from svmcore.simulation.chips import ChipImage, expose_chip
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.distortion import make_distortion_error
from svmcore.simulation.geometry import (
    ChipGeometry,
    DetectorGeometry,
    attitude,
    place_chip,
    read_geometry,
)
from svmcore.simulation.headers import (
    plane_header,
    primary_header,
    science_header,
    solution_names,
)
from svmcore.simulation.instruments import INSTRUMENTS
from svmcore.simulation.light import Light
from svmcore.simulation.pointings import PlannedExposure, plan_exposures
from svmcore.simulation.psf import build_psf
from svmcore.simulation.random_numbers import generator
from svmcore.simulation.sky import make_galaxies, make_reference, make_stars
from svmcore.simulation.truth_tables import (
    write_galaxies,
    write_reference,
    write_stars,
    write_truth,
)
from svmcore.simulation.wcs_headers import (
    ChipSolutions,
    chip_wcs,
    headerlet_bytes,
    lookup_tables,
)

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
    planned = plan_exposures(config)
    paths = tuple(_write_exposures(where, config, planned))
    solutions = {e.rootname: visit_solutions(config, e) for e in planned}
    radius = _field_radius(config)
    stars, galaxies = make_stars(config, radius), make_galaxies(config, radius)
    reference = make_reference(stars, config)
    poller = where / _poller_name(config)
    write_text(poller, _poller_text(config, planned, paths))
    catalog, truth, star_table = (
        where / name for name in ("gaia.ecsv", "truth.ecsv", "stars.ecsv")
    )
    write_reference(catalog, reference)
    write_truth(truth, planned, solutions)
    known = INSTRUMENTS[config.instrument].filters
    bands = {name: known[name] for name in config.filter_names}
    write_stars(star_table, stars.moved_to(planned[0].epoch), reference, bands)
    write_galaxies(where / "galaxies.ecsv", galaxies)
    listing = where / "visit.lst"  # last: where it is, the visit is complete
    write_text(listing, "".join(f"{path.name}\n" for path in paths))
    return SimulatedVisit(where, poller, listing, paths, catalog, truth, star_table)


def _poller_name(config: VisitConfig) -> str:
    instrument = config.instrument.split("/")[0]
    return f"{instrument}_{config.program}_{config.visit}_input.out".lower()


def _poller_text(
    config: VisitConfig, planned: Sequence[PlannedExposure], paths: Sequence[Path]
) -> str:
    detector = config.instrument.split("/")[1].upper()
    lines = []
    for exposure, path in zip(planned, paths, strict=True):
        header = fits.getheader(path)
        names = [header[k] for k in ("FILTER", "FILTER1", "FILTER2") if k in header]
        row = (
            path.name,
            str(config.proposal_id),
            config.program.upper(),
            config.visit.upper(),
            f"{exposure.exptime_s:g}",
            ";".join(names),
            detector,
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
    east = (sky[:, 0] - config.ra_deg) * np.cos(np.radians(config.dec_deg))
    return float(np.hypot(east, sky[:, 1] - config.dec_deg).max()) + 8.0 / 3600.0


def _window(
    geometry: DetectorGeometry, chip: ChipGeometry, config: VisitConfig
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the corner (x, y) and shape of the stored part of a chip."""
    full = geometry.chip_shape
    if config.chip_shape is None:
        return (0, 0), full
    height, width = (min(a, b) for a, b in zip(config.chip_shape, full, strict=True))
    x = (full[1] - width) // 2
    if len(geometry.chips) == 1:
        return (x, (full[0] - height) // 2), (height, width)
    # Two chips: next to the gap between them, so that both see one field.
    return (x, full[0] - height if chip.extver == 1 else 0), (height, width)


def visit_solutions(
    config: VisitConfig, exposure: PlannedExposure
) -> tuple[ChipSolutions, ...]:
    """Return true and given world coordinates of all chips of an exposure.

    Parameters
    ----------
    config : VisitConfig
        The visit.
    exposure : PlannedExposure
        The exposure.
    """
    name = INSTRUMENTS[config.instrument].name
    geometry = read_geometry(name, exposure.filter_name)
    rng = generator(config.seed, "guide stars")
    east, north = rng.normal(0.0, 0.25, 2)
    ra, dec = exposure.pointing_deg
    # Without the guide-star correction the whole visit is off by some 0.3".
    raw = attitude(
        ra + east / 3600.0 / float(np.cos(np.radians(dec))),
        dec + north / 3600.0,
        config.pa_v3_deg,
    )
    found = []
    for chip in geometry.chips:
        corner, shape = _window(geometry, chip, config)
        start = geometry.pointing
        found.append(
            ChipSolutions(
                chip=chip,
                corner=corner,
                shape=shape,
                apriori=place_chip(chip.linear, start, exposure.given),
                distortion_only=place_chip(chip.linear, start, raw),
                uncalibrated=place_chip(chip.uncalibrated, start, raw),
                true=place_chip(
                    chip.linear, start, exposure.true, scale=exposure.scale
                ),
            )
        )
    return tuple(found)


def _write_exposures(
    folder: Path, config: VisitConfig, planned: Sequence[PlannedExposure]
) -> Iterator[Path]:
    instrument = INSTRUMENTS[config.instrument]
    radius = _field_radius(config)
    stars, galaxies = make_stars(config, radius), make_galaxies(config, radius)
    blemishes: dict[int, Blemishes] = {}
    for exposure in planned:
        geometry = read_geometry(instrument.name, exposure.filter_name)
        band = instrument.filters[exposure.filter_name]
        psf = build_psf(instrument, band, breathing=exposure.breathing)
        chips = visit_solutions(config, exposure)
        distortion = make_distortion_error(
            chips, config.pointing.distortion_error_pix, config.seed
        )
        light = Light(
            stars.moved_to(exposure.epoch), galaxies, psf, band, exposure, distortion
        )
        images = []
        for chip in chips:
            extver = chip.chip.extver
            if extver not in blemishes:
                blemishes[extver] = make_blemishes(
                    instrument, extver, chip.shape, config.seed
                )
            wcs: WCS = chip_wcs(chip.true, chip, geometry)
            rate = light.on_chip(wcs, chip, geometry.chip_shape)
            rng = generator(config.seed, "noise", exposure.rootname, extver)
            images.append(
                expose_chip(
                    rate, blemishes[extver], instrument, exposure.exptime_s, rng
                )
            )
        path = folder / f"{exposure.rootname}_{instrument.suffix}.fits"
        _write_exposure(path, config, exposure, chips, images)
        yield path


def _write_exposure(
    path: Path,
    config: VisitConfig,
    exposure: PlannedExposure,
    chips: Sequence[ChipSolutions],
    images: Sequence[ChipImage],
) -> None:
    instrument = INSTRUMENTS[config.instrument]
    geometry = read_geometry(instrument.name, exposure.filter_name)
    names = solution_names(exposure, geometry, instrument.suffix)
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for chip, image in zip(chips, images, strict=True):
        header = science_header(config, exposure, geometry, chip, image)
        extver = chip.chip.extver
        hdus.append(fits.ImageHDU(image.science, header, name="SCI", ver=extver))
        for plane, pixels in _planes(image):
            header = plane_header(config, exposure, geometry, chip, plane)
            hdu = fits.ImageHDU(pixels, header, name=plane.upper(), ver=extver)
            hdus.append(hdu)
    hdus.extend(lookup_tables(chips))
    count = len(hdus) - 1 + len(names)
    primary = primary_header(config, exposure, geometry, count)
    hdus[0] = fits.PrimaryHDU(header=primary)
    hdus[0].header.set("EXTEND", True, after="NAXIS")  # noqa: FBT003
    headerlets = [
        headerlet_bytes(
            chips, geometry, primary, wcsname=name, hdrname=hdrname, extver=number
        )
        for number, (name, hdrname) in enumerate(names.items(), start=1)
    ]
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        hdus.writeto(stream)
        for block in headerlets:
            stream.write(block)
    if images[0].cosmic_rays is not None:
        _write_cosmic_rays(
            path.with_name(f"truth_cosmic_rays_{exposure.rootname}.npz"), chips, images
        )


def _planes(image: ChipImage) -> Iterator[tuple[str, NDArray[np.generic]]]:
    yield "err", image.error
    yield "dq", image.flags
    if image.reads is not None and image.seconds is not None:
        yield "samp", image.reads
        yield "time", image.seconds


def _write_cosmic_rays(
    path: Path, chips: Sequence[ChipSolutions], images: Sequence[ChipImage]
) -> None:
    """Write the pixels hit by cosmic rays, packed to bits along each row."""
    packed: dict[str, Any] = {}
    for chip, image in zip(chips, images, strict=True):
        if image.cosmic_rays is not None:
            packed[f"sci{chip.chip.extver}"] = np.packbits(image.cosmic_rays, axis=1)
            packed[f"shape{chip.chip.extver}"] = np.array(chip.shape)
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **packed)
