"""The pixels of AstroDrizzle, where a Python that has it is given.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
Both drizzle the same files with the same parameters, onto our grid, with our
sky: skies are compared on their own.
"""

import gzip
import os
import shutil
from dataclasses import dataclass, replace

import numpy as np
import pytest
from astropy.io import fits
from drizzled_visits import drizzle_visit
from peer_pixels import (
    compare_products,
    local_noise,
    peer_hits,
    peer_parameters,
    peer_request,
    peers_map,
    run_peer,
    sky_file,
    touched_by,
)

from svmcore.drizzling.combine import SeparateNoise, combine_rows
from svmcore.drizzling.settings import drizzle_settings
from svmcore.io.drizzle_results import read_cosmic_rays, read_masks, read_skies
from svmcore.io.images import read_calibration
from svmcore.model.decisions import ParameterChange
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

PEER = os.environ.get("SVM_PEER_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
)

SMALL = VisitConfig(
    filters=("F160W",), has_rejected=False, density=700.0, dither_arcsec=1.5, seed=11
)
CCD = replace(
    SMALL,
    instrument="wfc3/uvis",
    filters=("F606W",),
    chip_shape=(121, 143),
    exposures=3,
)
# No side is a multiple of ten: there the coarse map of AstroDrizzle ends on a
# node, and it extrapolates differently beyond the last pixel's centre.
VISITS = {
    "wfc3_ir": replace(SMALL, chip_shape=(151, 163), exposures=4),
    "wfc3_uvis": CCD,
    "acs_wfc": replace(CCD, instrument="acs/wfc"),
    "acs_hrc": None,  # real exposures
}
KERNELS = [
    {"final_kernel": kernel, "final_wht_type": weight}
    for kernel in ("square", "turbo", "point", "gaussian")
    for weight in ("EXP", "ERR", "IVM")
]
OTHERS = [
    {"final_pixfrac": 0.7, "final_scale": 0.035, "final_wht_type": "ERR"},
    {"final_pixfrac": 0.7, "final_scale": 0.035, "final_wht_type": "IVM"},
    {"final_units": "counts"},
    {"final_wt_scl": "2.5"},
    {"final_fillval": -3.0},
    {"final_bits": "~4096"},
    {"final_bits": "16,64"},
    {"driz_cr_grow": 3},
    {"blot_interp": "linear"},
    {"blot_interp": "poly3"},
]
COMBINATIONS = ("median", "mean", "sum", "minmed", "imedian", "imean", "iminmed")
ONLY_SKY = dict.fromkeys(
    ("driz_separate", "median", "blot", "driz_cr", "driz_combine"), False
) | {"final_wcs": False, "final_refimage": ""}


@dataclass(frozen=True)
class Pair:
    """One product as AstroDrizzle made it, and ours with both pixel maps."""

    peer: object
    ours: object
    exact: object

    @property
    def product(self):
        return self.ours.total.filters[0]

    def file(self, drizzled):
        return drizzled.file(self.product)

    def odd_hits(self):
        """Return where cosmic-ray masks differ, by rootname and EXTVER."""
        found = {}
        for exposure in self.product.exposures:
            masks = found.setdefault(exposure.rootname, {})
            for run in (self.ours, self.exact):
                flags = run.result("flag cosmic rays", exposure.rootname)
                for extver, hits in read_cosmic_rays(flags).hits.items():
                    theirs = peer_hits(self.peer, exposure.rootname, extver)
                    masks[extver] = masks.get(extver, False) | (hits != theirs)
        return found


def _set(key, value):
    return ParameterChange("*", "astrodrizzle", key, value)


@pytest.fixture(scope="module", params=VISITS)
def visit(request, tmp_path_factory):
    """Return a visit's list of exposures, and a folder for its runs."""
    folder = tmp_path_factory.mktemp(request.param)
    config = VISITS[request.param]
    if config is not None:
        return write_visit(folder / "visit", config).exposure_list, folder
    shared = request.getfixturevalue("shared_data") / "hrc_47tuc"
    for path in shared.glob("j8bt06*.fits.gz"):
        with gzip.open(path) as source, (folder / path.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
    return sorted(folder.glob("*.fits")), folder


def _pairs(visit, cases, name, known=None):
    """Drizzle a visit with each set of parameters, three times."""
    source, folder = visit
    ours, exact, requests = [], [], []
    first = (known.ours, known.exact) if known else (None, None)
    for number, case in enumerate(cases):
        changes = [_set(key, value) for key, value in case.items()]
        here = folder / f"{name}{number}"
        with peers_map():
            run = drizzle_visit(
                source, here / "ours", changes, known=first[0], only_filters=True
            )
        ours.append(run)
        exact.append(
            drizzle_visit(
                source, here / "exact", changes, known=first[1], only_filters=True
            )
        )
        product = run.total.filters[0]
        section = run.parameters[product.basename].section("astrodrizzle")
        requests.append(
            peer_request(
                here / "peer",
                [one.path for one in product.exposures],
                peer_parameters(
                    section,
                    run.file(product),
                    skyfile=sky_file(here, run, product),
                ),
            )
        )
    peers = run_peer(PEER, requests, folder)
    return [Pair(*runs) for runs in zip(peers, ours, exact, strict=True)]


@pytest.fixture(scope="module")
def default(visit):
    """Return the product with the parameters of its default set."""
    (pair,) = _pairs(visit, [{}], "default")
    return pair


def test_kernels_and_weights_give_astrodrizzles_pixels(visit, default):
    """Same arithmetic with the same map, and next to it with the exact one."""
    kernels = _pairs(visit, KERNELS, "kernel", default)
    # The coarse map is off most where distortion bends most between its nodes.
    # Larger frames have 0.22 (IR) and 0.005 (UVIS); these small ones are dense.
    slug = default.ours.total.detector_key.slug
    limits = {"wfc3_ir": 0.5, "wfc3_uvis": 0.02, "acs_wfc": 0.03, "acs_hrc": 0.1}
    limit = limits[slug]
    for pair, case in zip(kernels, KERNELS, strict=True):
        noise = local_noise(pair.ours, pair.product)
        odd = touched_by(pair.ours, pair.product, pair.odd_hits())
        theirs = pair.peer.product()
        same = compare_products(pair.file(pair.ours), theirs, noise, leave_out=odd)
        assert same.rms < 1e-4, (case, same)
        assert same.p999 < 1e-4, (case, same)
        assert same.weights < 1e-5, (case, same)
        assert (same.context, same.footprint) == (0, 0), (case, same)
        near = compare_products(pair.file(pair.exact), theirs, noise, leave_out=odd)
        if case["final_kernel"] != "point":  # whole pixels move to the next
            assert near.p999 < limit, (case, near)


def test_other_parameters_of_the_final_step_give_astrodrizzles_pixels(visit, default):
    pairs = _pairs(visit, OTHERS, "other", default)
    for pair, case in zip(pairs, OTHERS, strict=True):
        noise = local_noise(pair.ours, pair.product)
        scale = 1.0
        if "final_units" in case:
            scale = fits.getheader(pair.file(pair.ours))["EXPTIME"]
        odd = touched_by(pair.ours, pair.product, pair.odd_hits())
        found = compare_products(
            pair.file(pair.ours), pair.peer.product(), noise * scale, leave_out=odd
        )
        assert found.rms < 1e-4, (case, found)
        assert found.weights < 1e-5, (case, found)
        assert (found.context, found.footprint) == (0, 0), (case, found)


def test_static_masks_are_equal(default):
    pair = default
    name = f"find static pixels: {pair.product.basename}"
    if name not in pair.ours.folders:
        assert not list(pair.peer.folder.glob("*staticMask.fits"))
        return
    masks = read_masks(pair.ours.folders[name] / "static.npz")
    (exposure, *_) = pair.product.exposures
    for chip in read_calibration(exposure.path):
        theirs = pair.peer.image(f"*_{chip.extver}_staticMask.fits")
        assert np.array_equal(theirs == 0, masks[chip.number])


def test_cosmic_rays_are_equal_but_for_the_two_border_rows(default):
    pair = default
    count = 0
    for exposure in pair.product.exposures:
        flags = pair.ours.result("flag cosmic rays", exposure.rootname)
        for extver, hits in read_cosmic_rays(flags).hits.items():
            theirs = peer_hits(pair.peer, exposure.rootname, extver)
            count += theirs.sum()
            inner = (slice(2, -2), slice(2, -2))
            assert (hits[inner] != theirs[inner]).sum() <= 1e-4 * theirs.sum()
    assert count > 50


@pytest.fixture(scope="module")
def combined(visit, default):
    """Combinations of AstroDrizzle, each with its separate images."""
    pair = default
    section = pair.ours.parameters[pair.product.basename].section("astrodrizzle")
    _, folder = visit
    requests = []
    changes = [{"combine_type": kind} for kind in COMBINATIONS]
    changes += [
        {"combine_type": "median", "combine_nlow": 1, "combine_nhigh": 1},
        {"combine_type": "mean", "combine_nlow": 0, "combine_nhigh": 1},
        {"combine_type": "minmed", "combine_grow": 3, "combine_nsigma": "2 1"},
        {"combine_type": "minmed", "median_newmasks": False},
        {"combine_type": "minmed", "combine_maskpt": 0.7},
    ]
    if pair.ours.total.detector_key.slug != "wfc3_ir":
        # of rates, AstroDrizzle multiplies the limits by all exposure times
        limits = {"combine_lthresh": 0.05, "combine_hthresh": 0.5}
        changes.append({"combine_type": "median", **limits})
    for number, change in enumerate(changes):
        here = folder / f"combined{number}"
        requests.append(
            peer_request(
                here,
                [one.path for one in pair.product.exposures],
                peer_parameters(
                    section,
                    "none",
                    **{
                        **ONLY_SKY,
                        "driz_separate": True,
                        "median": True,
                        "skyfile": sky_file(here.parent, pair.ours, pair.product),
                        **change,
                    },
                ),
            )
        )
    runs = run_peer(PEER, requests, folder)
    return pair, [
        ({**section, **change}, run) for change, run in zip(changes, runs, strict=True)
    ]


def test_combinations_are_equal_bit_by_bit(combined):
    pair, cases = combined
    name = f"combine images: {pair.product.basename}"
    assert name in pair.ours.folders
    for section, run in cases:
        science, weight, noise = _separate_images(pair, run)
        settings = drizzle_settings(section, exposures=len(science)).median
        found = combine_rows(science, weight, settings, noise)
        theirs = run.image("peer_med.fits")
        if settings.kind in ("imedian", "imean"):
            # where no image is good, AstroDrizzle's library reads elsewhere
            limits = np.array(noise.mean_weights) * settings.maskpt
            none = (weight < limits[:, None, None]).all(axis=0)
            found, theirs = found[~none], theirs[~none]
        assert np.array_equal(found, theirs), settings


def _separate_images(pair, run):
    """Return AstroDrizzle's separate images and what it knows of their noise."""
    science, weight, rates, read_noises = [], [], [], []
    for exposure in pair.product.exposures:
        for images, kind in ((science, "sci"), (weight, "wht")):
            image = run.image(f"{exposure.rootname}*_single_{kind}.fits")
            images.append(np.ascontiguousarray(image, np.float32))
        chips = read_calibration(exposure.path)
        with fits.open(run.folder / exposure.path.name) as hdus:
            skies = [hdus["SCI", chip.extver].header["MDRIZSKY"] for chip in chips]
        rates.append(
            min(
                sky * chip.to_electrons / chip.exptime_s
                for sky, chip in zip(skies, chips, strict=True)
            )
        )
        read_noises.append(np.sqrt(np.mean([chip.read_noise**2 for chip in chips])))
    means = tuple(float(one[one > 1e-8].mean(dtype=np.float64)) for one in weight)
    noise = SeparateNoise(means, tuple(rates), tuple(map(float, read_noises)))
    return np.stack(science), np.stack(weight), noise


SKIES = [
    {"skymethod": method, "skystat": statistic, **clipping}
    for method in ("localmin", "globalmin", "match", "globalmin+match")
    for statistic in ("median", "mean", "mode")
    for clipping in ({}, {"skyclip": 3, "skylsigma": 2.5, "skyusigma": 2.0})
]


def test_skies_are_those_of_astrodrizzle(visit):
    """To single precision; matched ones to their errors."""
    source, folder = visit
    runs, requests = [], []
    for number, case in enumerate(SKIES):
        here = folder / f"sky{number}"
        changes = [_set(*item) for item in {**case, "driz_cr": False}.items()]
        run = drizzle_visit(source, here / "ours", changes, only_filters=True)
        product = run.total.filters[0]
        section = run.parameters[product.basename].section("astrodrizzle")
        files = [one.path for one in product.exposures]
        requests.append(
            peer_request(
                here / "peer", files, peer_parameters(section, "none", **ONLY_SKY)
            )
        )
        runs.append(run)
    for case, run, peer in zip(
        SKIES, runs, run_peer(PEER, requests, folder), strict=True
    ):
        product = run.total.filters[0]
        ours = read_skies(run.result("measure sky", product.basename))
        for exposure in product.exposures:
            with fits.open(peer.folder / exposure.path.name) as hdus:
                for extver, sky in ours[exposure.rootname].items():
                    theirs = hdus["SCI", extver].header["MDRIZSKY"]
                    if "match" not in case["skymethod"]:
                        assert sky == pytest.approx(theirs, rel=2e-7, abs=1e-7), case
                    elif case["skystat"] == "median":
                        noise = float(np.nanmedian(hdus["ERR", extver].data))
                        assert sky == pytest.approx(theirs, abs=0.1 * noise), case
