"""The skies that AstroDrizzle subtracts, where a Python that has it is given.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
"""

import numpy as np
import pytest
from astropy.io import fits
from peer_pixels import peer_parameters, peer_request, run_peer
from peer_runs import ONLY_SKY, PEER

from svmcore.io.drizzle_results import read_skies

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
    ),
]

METHODS = ("localmin", "globalmin", "match", "globalmin+match")
CLIPPED = {"skyclip": 3, "skylsigma": 2.5, "skyusigma": 2.0}
SKIES = [
    *({"skymethod": method, "skystat": "median"} for method in METHODS),
    *({"skymethod": method, "skystat": "mean", **CLIPPED} for method in METHODS),
    *({"skymethod": method, "skystat": "mode"} for method in METHODS),
]
MASKED = [{"skymethod": method, "skystat": "median"} for method in METHODS[:3:2]]


def _write_masks(visit):
    """Write masks that leave a third of each chip, and the list that names them."""
    lines = []
    for path in sorted(visit.folder.glob("**/visit/*_fl?.fits")) or visit.source:
        names = []
        with fits.open(path) as hdus:
            for extver in range(1, 1 + sum(hdu.name == "SCI" for hdu in hdus)):
                shape = hdus["SCI", extver].shape
                good = np.zeros(shape, np.uint8)
                good[:, : shape[1] // 3] = 1
                mask = visit.folder / f"{path.stem}_{extver}_mask.fits"
                fits.PrimaryHDU(good).writeto(mask)
                names.append(str(mask))
        lines.append(",".join([path.name, *names]))
    listed = visit.folder / "masks.txt"
    listed.write_text("\n".join(lines) + "\n")
    return listed


def _skies(visit, cases):
    """Return our skies and AstroDrizzle's with the noise of a chip, by case."""
    runs, requests = [], []
    for number, case in enumerate(cases):
        run = visit.drizzle(f"sky{number}/ours", {**case, "driz_cr": False})
        product = run.total.filters[0]
        section = run.parameters[product.basename].section("astrodrizzle")
        here = visit.folder / f"sky{number}" / "peer"
        files = [one.path for one in product.exposures]
        parameters = peer_parameters(section, "none", **ONLY_SKY)
        requests.append(peer_request(here, files, parameters))
        runs.append(run)
    peers = run_peer(PEER, requests, visit.folder)
    return [_compared(*runs) for runs in zip(runs, peers, strict=True)]


def _compared(run, peer):
    product, found = run.total.filters[0], []
    ours = read_skies(run.result("measure sky", product.basename))
    for exposure in product.exposures:
        with fits.open(peer.folder / exposure.path.name) as hdus:
            for extver, sky in ours[exposure.rootname].items():
                noise = float(np.nanmedian(hdus["ERR", extver].data))
                found.append((sky, hdus["SCI", extver].header["MDRIZSKY"], noise))
    return found


def _check(slug, case, sky, theirs, noise):
    if "match" not in case["skymethod"]:
        assert sky == pytest.approx(theirs, rel=2e-7, abs=1e-7), case
    elif case["skystat"] == "median":
        # Masked, AstroDrizzle compares different parts of the sky; and the
        # centre of 47 Tuc, where stars are everywhere, has no sky.
        is_hard = "skymask_cat" in case or slug == "acs_hrc"
        assert sky == pytest.approx(theirs, abs=(0.4 if is_hard else 0.1) * noise), case


def test_skies_are_those_of_astrodrizzle(peer_visit, record_property):
    """To single precision; matched ones to their errors."""
    masks = str(_write_masks(peer_visit))
    cases = [*SKIES, *({**case, "skymask_cat": masks} for case in MASKED)]
    skies = _skies(peer_visit, cases)
    lowest = [theirs for _, theirs, _ in skies[0]]
    for case, found in zip(cases, skies, strict=True):
        record_property(str(case), found)
        given = [theirs for _, theirs, _ in found]
        if case["skymethod"] == "match" and given == pytest.approx(lowest, rel=1e-6):
            # What the masks leave does not overlap: AstroDrizzle falls back to
            # localmin, without the masks; ours has nothing to match.
            assert "skymask_cat" in case
            assert not any(sky for sky, _, _ in found)
            continue
        for sky, theirs, noise in found:
            _check(peer_visit.slug, case, sky, theirs, noise)
    for case, found in zip(MASKED, skies[len(SKIES) :], strict=True):
        plain = skies[SKIES.index(case)]
        assert [row[1] for row in found] != [row[1] for row in plain]  # masks count
