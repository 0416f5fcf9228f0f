"""Models of the sky bit by bit as AstroDrizzle's, from its separate images.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
"""

import numpy as np
import pytest
from astropy.io import fits
from peer_pixels import peer_parameters, peer_request, run_peer, sky_file
from peer_runs import ONLY_SKY, PEER

from svmcore.drizzling.combine import SeparateNoise, combine_rows
from svmcore.drizzling.settings import drizzle_settings
from svmcore.io.images import read_calibration

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
    ),
]

COMBINATIONS = [
    *(
        {"combine_type": kind}
        for kind in ("median", "mean", "sum", "minmed", "imedian", "imean", "iminmed")
    ),
    {"combine_type": "median", "combine_nlow": 1, "combine_nhigh": 1},
    {"combine_type": "mean", "combine_nlow": 0, "combine_nhigh": 1},
    {"combine_type": "minmed", "combine_grow": 3, "combine_nsigma": "2 1"},
    {"combine_type": "minmed", "median_newmasks": False},
    {"combine_type": "minmed", "combine_maskpt": 0.7},
]
LIMITS = {"combine_type": "median", "combine_lthresh": 0.05, "combine_hthresh": 0.5}


@pytest.fixture(scope="module")
def combined(peer_visit, peer_pair):
    """Combinations of AstroDrizzle, each with its separate images."""
    pair = peer_pair
    count = len(pair.product.exposures)
    changes = [
        change
        for change in COMBINATIONS
        # AstroDrizzle makes no model where it is told to drop all exposures
        if change.get("combine_nlow", 0) + change.get("combine_nhigh", 0) < count
    ]
    if peer_visit.slug != "wfc3_ir":
        # of rates, AstroDrizzle multiplies the limits by all exposure times
        changes.append(LIMITS)
    sky = sky_file(peer_visit.folder, pair.ours, pair.product)
    requests = [
        peer_request(
            peer_visit.folder / f"combined{number}",
            [one.path for one in pair.product.exposures],
            peer_parameters(
                pair.section,
                "none",
                **{**ONLY_SKY, "driz_separate": True, "median": True, "skyfile": sky},
                **change,
            ),
        )
        for number, change in enumerate(changes)
    ]
    runs = run_peer(PEER, requests, peer_visit.folder)
    return pair, list(zip(changes, runs, strict=True))


def test_combinations_are_equal_bit_by_bit(combined):
    pair, cases = combined
    assert f"combine images: {pair.product.basename}" in pair.ours.folders
    for change, run in cases:
        science, weight, noise = _separate_images(pair, run)
        section = {**pair.section, **change}
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
