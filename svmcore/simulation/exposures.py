"""The exposures of a simulated visit: solutions, pixels, files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from svmcore.io.atomic import write_atomically
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
from svmcore.simulation.pointings import PlannedExposure
from svmcore.simulation.psf import build_psf
from svmcore.simulation.random_numbers import generator
from svmcore.simulation.sky import Galaxies, Stars
from svmcore.simulation.truth_pixels import (
    defects_path,
    hits_path,
    write_defects,
    write_hits,
)
from svmcore.simulation.wcs_headers import (
    ChipSolutions,
    chip_wcs,
    headerlet_bytes,
    lookup_tables,
)

__all__ = ["visit_solutions", "write_exposures"]


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
    if len(geometry.chips) > 2:  # around the point where all of them meet
        return (0, 0), (height, width)
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


def write_exposures(
    folder: Path,
    config: VisitConfig,
    planned: Sequence[PlannedExposure],
    stars: Stars,
    galaxies: Galaxies,
) -> Iterator[Path]:
    """Write the files of one instrument, one by one.

    Parameters
    ----------
    folder : Path
        Where to write.
    config : VisitConfig
        The visit.
    planned : sequence of PlannedExposure
        Its exposures.
    stars : Stars
        Stars of the field, at any epoch.
    galaxies : Galaxies
        Galaxies of the field.

    Yields
    ------
    Path
        A calibrated file that is complete.
    """
    instrument = INSTRUMENTS[config.instrument]
    blemishes: dict[int, Blemishes] = {}
    for exposure in planned:
        geometry = read_geometry(instrument.name, exposure.filter_name)
        band = instrument.filters[exposure.filter_name]
        chips = visit_solutions(config, exposure)
        moved = stars.moved_to(exposure.epoch)
        distortion = make_distortion_error(
            chips, config.pointing.distortion_error_pix, config.seed
        )
        images = []
        for chip in chips:
            extver = chip.chip.extver
            sensor = instrument.on_chip(extver)
            area = (sensor.pixel_scale_arcsec / instrument.pixel_scale_arcsec) ** 2
            light = Light(
                moved,
                galaxies,
                build_psf(sensor, band, breathing=exposure.breathing),
                band,
                replace(exposure, sky=exposure.sky * area),
                distortion,
            )
            if extver not in blemishes:
                blemishes[extver] = make_blemishes(
                    instrument, extver, chip.shape, config.seed
                )
            wcs = chip_wcs(chip.true, chip, geometry)
            rate = light.on_chip(wcs, chip, geometry.chip_shape)
            rng = generator(config.seed, "noise", exposure.rootname, extver)
            images.append(
                expose_chip(
                    rate,
                    blemishes[extver],
                    instrument,
                    exposure.exptime_s,
                    rng,
                    extver=extver,
                )
            )
        path = folder / f"{exposure.rootname}_{instrument.suffix}.fits"
        _write_exposure(path, config, exposure, chips, images)
        yield path
    write_defects(defects_path(folder, instrument.name), blemishes)


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
    others: list[fits.ImageHDU] = []
    for chip, image in zip(chips, images, strict=True):
        header = science_header(config, exposure, geometry, chip, image)
        extver = chip.chip.extver
        hdus.append(fits.ImageHDU(image.science, header, name="SCI", ver=extver))
        for plane, pixels in _planes(image):
            header = plane_header(config, exposure, geometry, chip, plane)
            hdu = fits.ImageHDU(pixels, header, name=plane.upper(), ver=extver)
            # Files that were converted to FLT have all SCI extensions first.
            (others if instrument.gains else hdus).append(hdu)
    hdus.extend(others)
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
        hdus.writeto(stream, output_verify="ignore")  # verified by the tests
        for block in headerlets:
            stream.write(block)
    charges = {
        chip.chip.extver: image.cosmic_rays
        for chip, image in zip(chips, images, strict=True)
        if image.cosmic_rays is not None
    }
    if charges:
        write_hits(hits_path(path.parent, exposure.rootname), charges)


def _planes(image: ChipImage) -> Iterator[tuple[str, NDArray[np.generic]]]:
    yield "err", image.error
    yield "dq", image.flags
    if image.reads is not None and image.seconds is not None:
        yield "samp", image.reads
        yield "time", image.seconds
