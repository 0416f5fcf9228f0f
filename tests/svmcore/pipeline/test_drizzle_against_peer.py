"""The pixels of AstroDrizzle, where a Python that has it is given.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
Both drizzle the same files with the same parameters, onto our grid, with our
sky: skies are compared on their own. ``--junitxml=FILE -o junit_family=xunit1``
writes the differences of every case to a file.
"""

import numpy as np
import pytest
from astropy.io import fits
from peer_pixels import compare_products, local_noise, peer_hits, touched_by
from peer_runs import PEER, drizzle_pairs

from svmcore.io.drizzle_results import read_cosmic_rays, read_masks
from svmcore.io.images import read_calibration

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
    ),
]

KERNELS = [
    {"final_kernel": kernel, "final_wht_type": weight}
    for kernel in ("square", "turbo", "point", "gaussian")
    for weight in ("EXP", "ERR", "IVM")
]
# Those that AstroDrizzle drizzles with a map at every pixel, too.
FINE = [case for case in KERNELS if {*case.values()} & {"EXP", "square"}]
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
# 99.9 % of the pixels with the exact map: AstroDrizzle's coarse map is off most
# where distortion bends most between its nodes. Larger frames have 0.22 (IR) and
# 0.005 (UVIS); these small ones are dense.
NEAR = {"wfc3_ir": 0.5, "wfc3_uvis": 0.02, "acs_wfc": 0.03, "acs_hrc": 0.1}


@pytest.fixture(scope="module")
def kernels(peer_visit, peer_pair):
    """Return the products of all kernels and weights, and the noise of each."""
    pairs = drizzle_pairs(
        peer_visit, KERNELS, "kernel", peer_pair, exact=KERNELS, fine=FINE
    )
    return pairs, local_noise(peer_pair.ours, peer_pair.product)


def _compared(pair, ours, theirs, noise, *, is_fine=False):
    odd = touched_by(pair.ours, pair.product, pair.odd_hits(is_fine=is_fine))
    return compare_products(pair.file(ours), theirs.product(), noise, leave_out=odd)


def test_same_map_gives_the_same_pixels(kernels, record_property):
    pairs, noise = kernels
    for pair in pairs:
        found = _compared(pair, pair.ours, pair.peer, noise)
        record_property(str(pair.case), str(found))
        assert found.rms < 1e-4, (pair.case, found)
        assert found.p999 < 1e-4, (pair.case, found)
        assert found.weights < 1e-5, (pair.case, found)
        assert (found.context, found.footprint) == (0, 0), (pair.case, found)


def test_exact_map_gives_the_pixels_of_a_map_computed_at_every_pixel(
    kernels, record_property
):
    """The coarse map is all that parts our products from AstroDrizzle's.

    Ours is right to 5e-6 pixel; star cores make some 1e-4 of the noise of that.
    """
    pairs, noise = kernels
    for pair in pairs:
        if pair.fine is None:
            continue
        found = _compared(pair, pair.exact, pair.fine, noise, is_fine=True)
        record_property(str(pair.case), str(found))
        if pair.case["final_kernel"] == "point":
            continue  # a pixel may fall on this side or on that
        assert found.rms < 1e-4, (pair.case, found)
        assert found.p999 < 5e-4, (pair.case, found)
        # at the very edge, where drops leave but a thousandth of their weight
        assert found.weights < 0.1, (pair.case, found)
        assert (found.context, found.footprint) == (0, 0), (pair.case, found)


def test_exact_map_is_near_the_coarse_one(peer_visit, kernels, record_property):
    pairs, noise = kernels
    for pair in pairs:
        found = _compared(pair, pair.exact, pair.peer, noise)
        record_property(str(pair.case), str(found))
        if pair.case["final_kernel"] != "point":  # whole pixels move to the next
            assert found.p999 < NEAR[peer_visit.slug], (pair.case, found)


def test_other_parameters_give_the_same_pixels(peer_visit, peer_pair, record_property):
    for pair in drizzle_pairs(peer_visit, OTHERS, "other", peer_pair):
        noise = local_noise(pair.ours, pair.product)
        if "final_units" in pair.case:
            noise = noise * fits.getheader(pair.file(pair.ours))["EXPTIME"]
        found = _compared(pair, pair.ours, pair.peer, noise)
        record_property(str(pair.case), str(found))
        assert found.rms < 1e-4, (pair.case, found)
        assert found.weights < 1e-5, (pair.case, found)
        assert (found.context, found.footprint) == (0, 0), (pair.case, found)


def test_static_masks_are_equal(peer_pair):
    pair = peer_pair
    name = f"find static pixels: {pair.product.basename}"
    if name not in pair.ours.folders:
        assert not list(pair.peer.folder.glob("*staticMask.fits"))
        return
    masks = read_masks(pair.ours.folders[name] / "static.npz")
    (exposure, *_) = pair.product.exposures
    for chip in read_calibration(exposure.path):
        theirs = pair.peer.image(f"*_{chip.extver}_staticMask.fits")
        assert np.array_equal(theirs == 0, masks[chip.number])


def test_cosmic_rays_are_equal_but_for_the_two_border_rows(peer_pair, record_property):
    pair = peer_pair
    inner = (slice(2, -2), slice(2, -2))
    for ours, peer in ((pair.ours, pair.peer), (pair.exact, pair.fine)):
        count = inside = border = 0
        for exposure in pair.product.exposures:
            flags = ours.result("flag cosmic rays", exposure.rootname)
            for extver, hits in read_cosmic_rays(flags).hits.items():
                odd = hits != peer_hits(peer, exposure.rootname, extver)
                count += int(hits.sum())
                inside += int(odd[inner].sum())
                border += int(odd.sum() - odd[inner].sum())
        record_property(
            "flagged, differing inside, in the border", [count, inside, border]
        )
        assert count > 50
        # whatever stepsize says, AstroDrizzle blots with its coarse map
        limit = 1e-4 * count if peer is pair.peer else max(2, 3e-4 * count)
        assert inside <= limit
