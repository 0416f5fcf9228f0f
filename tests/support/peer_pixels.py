"""The same exposures through AstroDrizzle and through our tasks, compared."""

import contextlib
import json
import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from astropy.io import fits
from scipy import ndimage

from svmcore.drizzling.grid import undistorted_scale_arcsec
from svmcore.drizzling.pixmap import fit_peer_map, fit_pixel_map
from svmcore.drizzling.resample import drizzle_chip
from svmcore.drizzling.settings import FinalSettings
from svmcore.drizzling.weights import good_pixels
from svmcore.io.drizzle_results import read_grids, read_sky
from svmcore.io.images import read_calibration, read_chip_pixels
from svmcore.io.wcs import read_chip_wcs
from svmcore.pipeline.drizzle_chips import make_drop

SCRIPT = Path(__file__).with_name("peer_drizzle.py")
MAP_USERS = ("drizzle_chips", "drizzle_masks", "drizzle_sky")
# What the peer is not told: our plan decides it, or its reader forbids it.
NOT_SENT = ("runfile", "preserve", "clean", "build", "num_cores", "in_memory")


@contextlib.contextmanager
def peers_map():
    """Let all drizzling tasks use AstroDrizzle's coarse pixel map."""
    with contextlib.ExitStack() as stack:
        for module in MAP_USERS:
            stack.enter_context(
                mock.patch(f"svmcore.pipeline.{module}.fit_pixel_map", fit_peer_map)
            )
        yield


@dataclass(frozen=True)
class PeerRun:
    """What AstroDrizzle left in its folder."""

    folder: Path
    output: str

    def product(self):
        (path,) = [*self.folder.glob(f"{self.output}_dr?.fits")]
        return path

    def image(self, pattern, extension=0):
        (path,) = self.folder.glob(pattern)
        return fits.getdata(path, extension)


def peer_request(folder, files, parameters, *, output="peer"):
    """Copy the files and return what AstroDrizzle is asked for."""
    folder.mkdir(parents=True)
    copies = [shutil.copy(path, folder) for path in files]
    return {
        "folder": str(folder),
        "files": [Path(path).name for path in copies],
        "output": output,
        "parameters": parameters,
    }


def run_peer(python, requests, folder):
    """Run AstroDrizzle on some requests, one after the other."""
    asked = folder / "requests.json"
    asked.write_text(json.dumps(requests))
    # Without the reference files of the archive: a flat of one, as we take it.
    missing = dict.fromkeys(("iref", "jref", "uref"), f"{folder}{os.sep}")
    done = subprocess.run(
        [python, SCRIPT, asked],
        env={**os.environ, **missing},
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return [PeerRun(Path(one["folder"]), one["output"]) for one in requests]


def peer_parameters(section, reference, **changes):
    """Return AstroDrizzle's arguments for a product on the grid of a file."""
    values = {
        key: value
        for key, value in section.items()
        if key not in NOT_SENT and not key.startswith("_")
    }
    frame = {
        key: None
        for key in values
        if key.startswith("final_")
        and key[6:]
        in (
            "rot",
            "scale",
            "outnx",
            "outny",
            "ra",
            "dec",
            "crpix1",
            "crpix2",
        )
    }
    return {
        **values,
        **frame,
        "final_wcs": True,
        "final_refimage": f"{reference}[SCI,1]",
        **changes,
    }


def sky_file(folder, drizzled, product):
    """Write the sky that we subtract as AstroDrizzle reads it from a file."""
    lines = []
    for exposure in product.exposures:
        flags = drizzled.result("flag cosmic rays", exposure.rootname)
        values = [repr(float(sky)) for _, sky in sorted(read_sky(flags).items())]
        lines.append(" ".join([exposure.path.name, *values]))
    path = folder / "sky.txt"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def peer_hits(run, rootname, extver):
    """Return the pixels that AstroDrizzle flagged as cosmic rays."""
    return run.image(f"{rootname}*_sci{extver}_crmask.fits") == 0


def local_noise(drizzled, product):
    """Return the noise of every pixel of a product [its unit].

    The errors of the exposures, photon noise of sources included, are
    propagated through the same drops by drizzle: sqrt(sum(w² var)) / sum(w).
    """
    grid = read_grids(drizzled.result("build grids", drizzled.total.basename))
    grid = grid.products[product.basename]
    variance = np.zeros(grid.shape)
    weight = np.zeros(grid.shape)
    for exposure in product.exposures:
        wcs = read_chip_wcs(exposure.path)
        for chip in read_calibration(exposure.path):
            pixels = read_chip_pixels(exposure.path, chip.extver, with_error=True)
            good = good_pixels(pixels.quality, 0xEFFF)
            ratio = grid.scale_arcsec / undistorted_scale_arcsec(wcs[chip.extver])
            drop = make_drop(FinalSettings(), chip, ratio)
            one = drizzle_chip(
                pixels.science,
                good * np.float32(chip.exptime_s),
                fit_pixel_map(wcs[chip.extver], grid),
                grid.window,
                drop=drop,
                variance=pixels.error**2,
            )
            variance += np.float64(one.weight) ** 2 * one.variance
            weight += one.weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(variance) / weight


def touched_by(drizzled, product, masks):
    """Return the pixels of a product that some pixels of its chips reach.

    ``masks`` is by rootname and EXTVER.
    """
    grid = read_grids(drizzled.result("build grids", drizzled.total.basename))
    grid = grid.products[product.basename]
    near = np.zeros(grid.shape, bool)
    for exposure in product.exposures:
        wcs = read_chip_wcs(exposure.path)
        for extver, mask in masks[exposure.rootname].items():
            places = fit_pixel_map(wcs[extver], grid).block(slice(None))[mask]
            x, y = np.rint(places).astype(int).T
            inside = (x >= 0) & (x < grid.shape[1]) & (y >= 0) & (y < grid.shape[0])
            near[y[inside], x[inside]] = True
    reach = 2 + math.ceil(2.5 * wcs[extver].pscale / grid.scale_arcsec)
    return ndimage.binary_dilation(near, np.ones((2 * reach + 1,) * 2))


@dataclass(frozen=True)
class Difference:
    """How two products of the same exposures differ."""

    rms: float
    p999: float
    largest: float
    weights: float
    footprint: int
    context: int
    pixels: int


def compare_products(ours, theirs, noise, *, leave_out=False):
    """Return the differences of two drizzled files in units of the noise.

    Pixels of ``leave_out`` do not count.
    """
    with fits.open(ours) as mine, fits.open(theirs) as other:
        science = [hdus["SCI"].data.astype(float) for hdus in (mine, other)]
        weight = [hdus["WHT"].data.astype(float) for hdus in (mine, other)]
        context = [np.squeeze(hdus["CTX"].data) for hdus in (mine, other)]
    counts = np.broadcast_to(~np.asarray(leave_out), noise.shape)
    covered = [(one != 0) & counts for one in weight]
    both = covered[0] & covered[1]
    # drops of other kernels reach a little further than those of the noise
    noise = np.where(np.isfinite(noise), noise, np.nanmedian(noise))
    off = np.abs(science[0] - science[1])[both] / noise[both]
    spread = np.abs(weight[0] - weight[1])[both] / weight[1][both]
    return Difference(
        float(np.sqrt(np.mean(off**2))),
        float(np.quantile(off, 0.999)),
        float(off.max()),
        float(spread.max()),
        int((covered[0] != covered[1]).sum()),
        int((counts & (context[0] != context[1])).sum()),
        int(both.sum()),
    )
