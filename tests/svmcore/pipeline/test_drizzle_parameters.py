"""Each astrodrizzle parameter, changed alone, changes something, or is inert."""

import numpy as np
import pytest
from astropy.io import fits
from drizzled_visits import drizzle_visit

from svmcore.errors import ParameterError
from svmcore.io.drizzle_results import read_cosmic_rays, read_skies
from svmcore.model.decisions import ParameterChange
from svmcore.parameters import DECLARATIONS
from svmcore.pipeline.plan import make_plan
from svmcore.pipeline.prepare import decide, prepare_visit
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

CONFIG = VisitConfig(
    instrument="wfc3/uvis",
    filters=("F606W",),
    chip_shape=(51, 62),
    exposures=3,
    has_rejected=False,
    density=900.0,
    dither_arcsec=0.4,
    seed=5,
)
FRAME = {"driz_sep_wcs": True}
LOW = {"driz_cr_snr": "1.5 1.0"}  # many pixels near the limits of a hit
PLACE = "place of the visit"  # filled in once the visit exists


def _pair(stem, first, second, value):
    return {stem + first: value, stem + second: value}


# A new value for each parameter, and the parameters that must be set for it to
# matter: one of a pair, or one that chooses the method it belongs to.
CHANGES = {
    "coeffs": (False, {}),
    "context": (False, {}),
    "group": ("2", {}),
    "crbit": (8192, {}),
    "resetbits": ("0", {"final_bits": "336"}),
    "static": (False, {"static_sig": 1.0}),
    "static_sig": (1.0, {}),
    "skysub": (False, {}),
    "skymethod": ("localmin", {}),
    "skystat": ("mean", {}),
    "skywidth": (0.5, {"skystat": "mode"}),
    "skylower": (36.0, {}),
    "skyupper": (40.0, {}),
    "skyclip": (0, {"skystat": "mean"}),
    "skylsigma": (0.5, {}),
    "skyusigma": (0.5, {}),
    "skymask_cat": ("masks.txt", {}),
    "use_static": (False, {"static_sig": 1.0}),
    "sky_bits": ("65535", {}),
    "skyfile": ("sky.txt", {}),
    "skyuser": ("CRPIX1", {}),
    "driz_sep_kernel": ("gaussian", LOW),
    "driz_sep_wt_scl": ("expsq", {"combine_maskpt": 0.9}),
    "driz_sep_pixfrac": (0.6, {}),
    "driz_sep_fillval": (1000.0, {"median_newmasks": False}),
    "driz_sep_bits": ("0", {}),
    "driz_sep_wcs": (True, {"driz_sep_scale": 0.08}),
    "driz_sep_refimage": ("reference.fits", FRAME),
    "driz_sep_rot": (25.0, FRAME),
    "driz_sep_scale": (0.08, FRAME),
    "driz_sep_outnx": (60, {**FRAME, **_pair("driz_sep_out", "nx", "ny", 75)}),
    "driz_sep_outny": (60, {**FRAME, **_pair("driz_sep_out", "nx", "ny", 75)}),
    "driz_sep_ra": (PLACE, {**FRAME, **_pair("driz_sep_out", "nx", "ny", 90)}),
    "driz_sep_dec": (PLACE, {**FRAME, **_pair("driz_sep_out", "nx", "ny", 90)}),
    "driz_sep_crpix1": (20.5, {**FRAME, **_pair("driz_sep_crpix", "1", "2", 30.5)}),
    "driz_sep_crpix2": (20.5, {**FRAME, **_pair("driz_sep_crpix", "1", "2", 30.5)}),
    "median_newmasks": (False, {}),
    "combine_maskpt": (0.95, {}),
    "combine_type": ("mean", {}),
    "combine_nsigma": ("0.2 0.1", {}),
    "combine_nlow": (1, {"combine_type": "median"}),
    "combine_nhigh": (0, {"combine_type": "median"}),
    "combine_lthresh": (1000.0, {"combine_type": "median"}),
    "combine_hthresh": (-1000.0, {"combine_type": "median"}),
    "combine_grow": (9, {"combine_nsigma": "1.5 0.1"}),
    "blot_interp": ("nearest", {}),
    "blot_sinscl": (0.3, {"blot_interp": "sinc"}),
    "blot_addsky": (False, {"skymethod": "localmin"}),
    "blot_skyval": (50.0, {"blot_addsky": False}),
    "driz_cr": (False, {}),
    "driz_cr_snr": ("12.0 9.0", {}),
    "driz_cr_grow": (3, {}),
    "driz_cr_ctegrow": (4, {}),
    "driz_cr_scale": ("0.2 0.1", {}),
    "driz_combine": (False, {}),
    "final_wht_type": ("ERR", {}),
    "final_kernel": ("turbo", {}),
    "final_wt_scl": ("expsq", {}),
    "final_pixfrac": (0.7, {}),
    "final_fillval": (-1.0, {}),
    "final_maskval": (-2.0, {}),
    "final_bits": ("0", {}),
    "final_units": ("counts", {}),
    "final_wcs": (False, {}),
    "final_refimage": ("reference.fits", {}),
    "final_rot": (25.0, {}),
    "final_scale": (0.07, {}),
    "final_outnx": (60, {**_pair("final_out", "nx", "ny", 75)}),
    "final_outny": (60, {**_pair("final_out", "nx", "ny", 75)}),
    "final_ra": (PLACE, {**_pair("final_out", "nx", "ny", 90)}),
    "final_dec": (PLACE, {**_pair("final_out", "nx", "ny", 90)}),
    "final_crpix1": (20.5, {**_pair("final_crpix", "1", "2", 30.5)}),
    "final_crpix2": (20.5, {**_pair("final_crpix", "1", "2", 30.5)}),
    "gain": ("3.0", {}),
    "rdnoise": ("300.0", {}),
    "rnkeyword": ("EXPTIME", {}),
    "exptime": ("17.0", {}),
    "expkeyword": ("EXPSTART", {}),
}
ROWS = {row.key: row for row in DECLARATIONS if row.step == "astrodrizzle"}


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("visit"), CONFIG)


@pytest.fixture(scope="module")
def drizzle(visit, tmp_path_factory):
    """Return a function that drizzles with changed parameters, each set once."""
    runs = {}

    def run(changes):
        key = tuple(sorted(changes.items()))
        if key not in runs:
            runs[key] = drizzle_visit(
                visit.exposure_list,
                tmp_path_factory.mktemp("out"),
                [_set(name, value) for name, value in changes.items()],
                known=runs.get(()),
                only_filters=True,
            )
        return runs[key]

    run({})
    return run


def _set(key, value):
    return ParameterChange("*", "astrodrizzle", key, value)


def _result(drizzled):
    """Return all that a parameter may change: arrays, flags, what is missing."""
    found = []
    path = drizzled.file(drizzled.total.filters[0])
    if path.exists():
        with fits.open(path) as hdus:
            found += [
                (hdu.name, hdu.data.copy())
                for hdu in hdus
                if hdu.name in ("SCI", "WHT", "CTX")
            ]
    for exposure in drizzled.total.exposures:
        name = f"flag cosmic rays: {exposure.rootname}"
        if name in drizzled.folders:
            flags = read_cosmic_rays(drizzled.folders[name])
            found += [(flags.bit, flags.reset_bits)]
            found += [(str(n), mask) for n, mask in flags.hits.items()]
    return found


def _same(first, second):
    def equal(one, other):
        if isinstance(one[1], np.ndarray) and isinstance(other[1], np.ndarray):
            return one[0] == other[0] and np.array_equal(
                one[1], other[1], equal_nan=one[1].dtype.kind == "f"
            )
        return one == other

    return len(first) == len(second) and all(map(equal, first, second))


def test_every_parameter_is_tested_or_inert():
    tested = {*CHANGES, "gnkeyword"}  # the latter below
    assert tested == {key for key, row in ROWS.items() if not row.is_inert}


@pytest.fixture(scope="module")
def files(visit, drizzle, tmp_path_factory):
    """Write the files that some parameters name, and return their paths."""
    folder = tmp_path_factory.mktemp("files")
    names = [path.name for path in visit.exposures]
    mask = np.zeros(CONFIG.chip_shape, np.uint8)
    mask[:, :40] = 1
    fits.PrimaryHDU(mask).writeto(folder / "mask.fits")
    (folder / "masks.txt").write_text("".join(f"{n},mask.fits\n" for n in names))
    (folder / "sky.txt").write_text("".join(f"{n} 7.5 8.5\n" for n in names))
    product = drizzle({"final_scale": 0.06}).total.filters[0]
    path = drizzle({"final_scale": 0.06}).file(product)
    (folder / "reference.fits").hardlink_to(path)
    header = fits.getheader(path, "SCI")
    places = {
        "ra": header["CRVAL1"] + 0.5 / 3600,
        "dec": header["CRVAL2"] + 0.5 / 3600,
    }
    return folder, places


def _with_files(key, value, files):
    """Return the values of a parameter before and after, if it names a place."""
    folder, places = files
    if value == PLACE:
        prefix, _, axis = key.rpartition("_")
        before = {f"{prefix}_{name}": degrees for name, degrees in places.items()}
        return before, {**before, key: places[axis] + 2.0 / 3600}
    if isinstance(value, str) and value.endswith((".txt", ".fits")):
        return {}, {key: str(folder / value)}
    return {}, {key: value}


@pytest.mark.parametrize("key", CHANGES)
def test_changed_alone_it_changes_what_comes_out(key, drizzle, files):
    value, setting = CHANGES[key]
    before, after = _with_files(key, value, files)
    old, new = drizzle({**setting, **before}), drizzle({**setting, **after})
    assert not _same(_result(old), _result(new))


def test_nothing_changed_changes_nothing(visit, drizzle, tmp_path):
    """What the test above finds is the parameter's doing."""
    again = drizzle_visit(visit.exposure_list, tmp_path / "out", only_filters=True)
    first = _result(drizzle({}))
    assert len(first) == 3 + 3 * (1 + 2)  # arrays; bits and masks of two chips
    assert sum(mask.sum() for name, mask in first if name in ("1", "2")) > 100
    assert _same(first, _result(again))


def test_global_minimum_is_that_of_the_matched_images(drizzle):
    skies = {}
    for method in ("localmin", "match", "globalmin+match"):
        run = drizzle({"skymethod": method})
        name = f"measure sky: {run.total.filters[0].basename}"
        found = read_skies(run.folders[name])
        skies[method] = np.array([found[root][2] for root in sorted(found)])
    matched = skies["localmin"] - skies["match"]
    assert skies["match"].min() == 0
    expected = skies["match"] + matched.min()
    # exposures have one time, and both chips nearly one pixel size
    assert skies["globalmin+match"] == pytest.approx(expected, rel=0.01)


def test_keyword_of_the_gain_counts_for_pixels_in_counts(tmp_path):
    visit = write_visit(tmp_path / "visit", CONFIG)
    for path in visit.exposures:
        with fits.open(path, mode="update") as hdus:
            for extver in (1, 2):
                hdus["SCI", extver].header["BUNIT"] = "COUNTS"
    results = []
    for n, changes in enumerate(([], [_set("gnkeyword", "CCDGAIN,EXPTIME")])):
        run = drizzle_visit(
            visit.exposure_list, tmp_path / f"{n}", changes, only_filters=True
        )
        results.append(_result(run))
    assert not _same(*results)


def test_flags_that_are_cleared_hide_no_sky(tmp_path):
    """Exposures of the archive come with cosmic rays flagged."""
    skies = []
    for n, flag in enumerate((0, 4096)):
        visit = write_visit(tmp_path / f"visit{n}", CONFIG)
        for path in visit.exposures:
            with fits.open(path, mode="update") as hdus:
                for extver in (1, 2):
                    hdus["DQ", extver].data[:30] |= flag
        for bits in ("4096", "0"):
            run = drizzle_visit(
                visit.exposure_list,
                tmp_path / f"out{n}_{bits}",
                [_set("skymethod", "localmin"), _set("resetbits", bits)],
                only_filters=True,
            )
            name = f"measure sky: {run.total.filters[0].basename}"
            skies.append(read_skies(run.folders[name]))
    plain, plain_kept, cleared, kept = skies
    assert plain == plain_kept == cleared
    assert kept != plain


WRONG = {
    "bool": "perhaps",
    "int": 1.5,
    "float": "wide",
    "scale": "heavy",
    "number text": "much",
    "bits": "bad",
    "pair": "3.5",
}


@pytest.mark.parametrize("key", [*CHANGES, "gnkeyword"])
def test_wrong_value_is_refused_before_anything_runs(key, visit):
    row = ROWS[key]
    wrong = WRONG.get(row.type, "round" if row.choices else 7)
    prepared = prepare_visit(visit.exposure_list)
    changed = prepared.decisions.with_parameter(_set(key, wrong))
    with pytest.raises(ParameterError, match=key):
        make_plan(decide(prepared.visit, changed), steps=("alignment", "drizzling"))


def test_product_that_is_switched_off_is_missing_and_said_so(visit):
    prepared = prepare_visit(visit.exposure_list)
    (total,) = prepared.tree.totals
    product = total.filters[0]
    off = ParameterChange(product.basename, "astrodrizzle", "driz_combine", value=False)
    plan = make_plan(decide(prepared.visit, prepared.decisions.with_parameter(off)))
    made = {name for task in plan.tasks for name in task.outputs}
    assert product.drizzle_name not in made
    assert {total.drizzle_name, *(one.drizzle_name for one in total.members)} <= made
    said = "\n".join(plan.left_out)
    assert f"{product.drizzle_name}: not made, as driz_combine is false" in said
    assert f"catalog: {total.basename}: not made without" in said
    assert not any(name.endswith("-cat.ecsv") for name in made)
    assert make_plan(prepared).left_out == ()


def test_total_does_without_a_filter_product(visit, tmp_path):
    first = drizzle_visit(visit.exposure_list, tmp_path / "first")
    product = first.total.filters[0]
    off = ParameterChange(product.basename, "astrodrizzle", "driz_combine", value=False)
    second = drizzle_visit(visit.exposure_list, tmp_path / "second", [off])
    assert not second.file(product).exists()
    with (
        fits.open(first.file(first.total)) as one,
        fits.open(second.file(second.total)) as other,
    ):
        for name in ("SCI", "WHT"):
            assert np.allclose(
                one[name].data, other[name].data, rtol=1e-4, atol=1e-4, equal_nan=True
            )
