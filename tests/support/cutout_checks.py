"""Cutouts beside products."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from svmcore.model.decisions import ParameterChange
from svmcore.pipeline.prepare import decide, prepare_visit

__all__ = ["assert_equal", "decide_with", "place_in", "set_parameter"]


def set_parameter(key, value, product="*"):
    """Return a change of an AstroDrizzle parameter."""
    return ParameterChange(product, "astrodrizzle", key, value)


def decide_with(visit, *changes):
    """Return the parameters of a visit after changes (key, value)."""
    prepared = prepare_visit(visit.exposure_list)
    decisions = prepared.decisions
    for change in changes:
        decisions = decisions.with_parameter(set_parameter(*change))
    return decide(prepared.visit, decisions).parameters


def place_in(path, across=0.5, up=0.3):
    """Return the ICRS (ra, dec) of a place in a product [deg]."""
    with fits.open(path) as hdus:
        ny, nx = hdus["SCI"].data.shape
        wcs = WCS(hdus["SCI"].header)
    place = wcs.wcs_pix2world([[nx * across, ny * up]], 0)[0]
    return float(place[0]), float(place[1])


def assert_equal(cutout, path, *, some=1.0):
    """Compare a cutout with the product; `some` is the part that must agree."""
    with fits.open(path) as hdus:
        science, weight = hdus["SCI"].data, hdus["WHT"].data
    here = cutout.window.slices_within(cutout.grid.window)
    assert (weight[here] > 0).mean() > 0.5
    # 1e-5: sums of single-precision numbers, in another order
    top = float(weight.max())
    close = np.isclose(cutout.weight, weight[here], rtol=1e-5, atol=1e-6 * top)
    scale = np.nanmedian(np.abs(science[here])) + 1e-3
    close &= np.isclose(
        cutout.science, science[here], rtol=2e-5, atol=2e-5 * scale, equal_nan=True
    )
    assert close.mean() >= some
