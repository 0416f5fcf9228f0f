"""Trials on cutouts equal runs with their parameters, and cost what they change."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from cutout_checks import assert_equal, decide_with, place_in, set_parameter

from svmcore.pipeline import cutout_compare, cutout_numbers, cutout_pieces
from svmcore.pipeline.cutout import drizzle_cutout
from svmcore.pipeline.cutout_source import open_cutouts
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit
from tests.support.drizzled_visits import drizzle_visit

IR = VisitConfig(
    chip_shape=(80, 90), exposures=4, has_rejected=False, density=2500.0, seed=14
)
UVIS = replace(
    IR,
    instrument="wfc3/uvis",
    filters=("F814W",),
    chip_shape=(84, 100),
    exposures=3,
    density=600.0,
    dither_arcsec=0.7,
)
# Ramps tell cosmic rays, so that HAP does not compare exposures of the IR.
COMPARED = [("driz_cr", True), ("skymethod", "match")]
REJECTION = {
    "limits": [("driz_cr_snr", "6.0 4.5"), ("driz_cr_scale", "1.5 0.9")],
    "growth": [("driz_cr_grow", 3), ("driz_cr_ctegrow", 7)],
    "median": [
        ("combine_type", "minmed"),
        ("combine_nsigma", "1.0 0.5"),
        ("combine_grow", 3),
    ],
    "masks": [("combine_type", "mean"), ("combine_maskpt", 0.9)],
    "blot": [("blot_interp", "sinc"), ("blot_addsky", False)],
    "final": [
        ("driz_cr_snr", "8.0 6.0"),
        ("final_kernel", "gaussian"),
        ("final_pixfrac", 0.6),
    ],
}


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("visits")
    return {
        "ir": write_visit(folder / "ir", IR),
        "uvis": write_visit(folder / "uvis", UVIS),
    }


@pytest.fixture(scope="module")
def runs(visits, tmp_path_factory):
    """Return a function that drizzles a visit with some changes, once."""
    made = {}

    def get(detector, *changes, has_errors=False):
        key = (detector, changes, has_errors)
        if key not in made:
            usual = COMPARED if detector == "ir" else []
            made[key] = drizzle_visit(
                visits[detector].exposure_list,
                tmp_path_factory.mktemp("run") / "out",
                [set_parameter(*one) for one in (*usual, *changes)],
                known=made.get((detector, (), False)),
                has_errors=has_errors,
                only_filters=not has_errors,
            )
        return made[key]

    return get


@pytest.fixture(scope="module")
def sources(runs):
    """Return a function that opens the usual run of a detector."""
    made = {}

    def get(detector):
        if detector not in made:
            usual = runs(detector)
            made[detector] = open_cutouts(usual.total, results=usual.folders)
        return made[detector]

    return get


@pytest.mark.parametrize("name", [None, *REJECTION])
@pytest.mark.parametrize("detector", ["ir", "uvis"])
def test_trial_of_rejection_is_what_a_run_gives(runs, sources, detector, name):
    """The source knows the run with usual values only."""
    made = runs(detector, *REJECTION.get(name, ()))
    product = made.total.filters[0]
    cutout = drizzle_cutout(
        sources(detector),
        product,
        center_deg=place_in(made.file(product), up=0.65),
        size=(40, 50),
        parameters=made.parameters,
    )
    assert cutout.notes == ()
    assert_equal(cutout, made.file(product))
    if name is not None:
        usual = fits.getdata(runs(detector).file(product), "SCI")
        assert not np.array_equal(
            usual, fits.getdata(made.file(product), "SCI"), equal_nan=True
        )


def test_trial_makes_only_what_changes(runs, sources, visits, monkeypatch):
    usual = runs("uvis")
    product = usual.total.filters[0]
    source = sources("uvis")
    where = {"center_deg": place_in(usual.file(product)), "size": 40}
    counts = {}

    def count(module, name):
        function = getattr(module, name)

        def counted(*args, **options):
            counts[name] = counts.get(name, 0) + 1
            return function(*args, **options)

        monkeypatch.setattr(module, name, counted)

    for module, name in (
        (cutout_pieces, "find_section"),
        (cutout_compare, "drizzle_section"),
        (cutout_compare, "combine_rows"),
        (cutout_compare, "blot_rows"),
        (cutout_numbers, "find_skies"),
        (cutout_numbers, "static_pixels"),
    ):
        count(module, name)

    def needed(*changes):
        counts.clear()
        parameters = decide_with(visits["uvis"], *changes)
        drizzle_cutout(source, product, **where, parameters=parameters)
        return set(counts)

    needed()
    assert needed() == set()
    assert needed(("final_pixfrac", 0.8)) == set()
    assert needed(("final_wht_type", "IVM")) == set()
    assert needed(("driz_cr_snr", "5.0 4.0")) == {"blot_rows"}
    assert needed(("blot_interp", "linear")) == {"blot_rows"}
    assert needed(("combine_type", "mean")) == {"combine_rows", "blot_rows"}
    separate = {"drizzle_section", "combine_rows", "blot_rows"}
    assert needed(("driz_sep_pixfrac", 0.9)) == separate
    assert needed(("skystat", "mean")) == {"find_skies", *separate}
    assert needed(("static_sig", 3.0)) == {"static_pixels", "find_skies", *separate}
    # what was left a moment ago is still there
    assert needed(("skystat", "mean")) == set()


@pytest.mark.parametrize("detector", ["ir", "uvis"])
def test_errors_are_those_of_the_extension(runs, detector):
    made = runs(detector, has_errors=True)
    for product in (made.total, made.total.filters[0], made.total.members[1]):
        source = open_cutouts(made.total, results=made.folders)
        where = {"center_deg": place_in(made.file(product)), "size": 40}
        options = {**where, "parameters": made.parameters}
        assert drizzle_cutout(source, product, **options).error is None
        cutout = drizzle_cutout(source, product, **options, with_error=True)
        here = cutout.window.slices_within(cutout.grid.window)
        expected = fits.getdata(made.file(product), "ERR")[here]
        assert np.isfinite(expected).mean() > 0.5
        # as for the values: sums of single-precision numbers in another order
        np.testing.assert_allclose(cutout.error, expected, rtol=1e-4)


def test_large_chips_are_judged_by_some_of_their_pixels(
    runs, sources, visits, monkeypatch
):
    """The sky of a trial is then near that of a run, and the notes say so."""
    changes = [("skymethod", "globalmin+match"), ("static_sig", 2.5)]
    made = runs("uvis", *changes)
    product = made.total.filters[0]
    monkeypatch.setattr(cutout_numbers, "SAMPLED_PIXELS", 1000)
    source = open_cutouts(made.total, results=runs("uvis").folders)
    cutout = drizzle_cutout(
        source,
        product,
        center_deg=place_in(made.file(product)),
        size=40,
        parameters=decide_with(visits["uvis"], *changes),
    )
    assert sum("every 3th pixel" in note for note in cutout.notes) == 2
    with fits.open(made.file(product)) as hdus:
        here = cutout.window.slices_within(cutout.grid.window)
        science = hdus["SCI"].data[here]
    off = cutout.science - science
    noise = 1.48 * np.nanmedian(np.abs(science - np.nanmedian(science)))
    # 1000 pixels of 8400: the sky of a chip is good to 0.04 of the noise, the
    # lowest of six to some more
    assert abs(np.nanmedian(off)) < 0.2 * noise
    usual = drizzle_cutout(
        source,
        product,
        center_deg=place_in(made.file(product)),
        size=40,
        parameters=runs("uvis").parameters,
    )
    assert usual.notes == ()
    assert abs(np.nanmedian(off)) < abs(np.nanmedian(usual.science - science))
