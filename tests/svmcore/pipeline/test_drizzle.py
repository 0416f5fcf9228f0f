"""All drizzling tasks on small simulated visits with known truth."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from drizzled_visits import drizzle_visit

from svmcore.errors import InputError, ParameterError
from svmcore.io.drizzle_results import read_cosmic_rays, read_grids, read_sky
from svmcore.io.images import read_calibration
from svmcore.model.decisions import ParameterChange
from svmcore.pipeline.drizzle_choices import (
    total_filters,
)
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

KEYWORDS = ("NPIXFRAC", "MEANEXPT", "MEDEXPT", "MEANNEXP", "MEDNEXP")
IR = VisitConfig(chip_shape=(120, 130), exposures=3, has_rejected=False, density=2500.0)
UVIS = replace(
    IR,
    instrument="wfc3/uvis",
    chip_shape=(150, 180),
    density=600.0,
    dither_arcsec=0.7,
    seed=7,
)


@pytest.fixture(scope="module")
def ir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ir")
    return write_visit(folder, IR)


@pytest.fixture(scope="module")
def uvis(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uvis")
    return write_visit(folder, UVIS)


@pytest.fixture(scope="module")
def one_filter(tmp_path_factory):
    config = replace(IR, filters=("F160W",), chip_shape=(80, 90))
    visit = write_visit(tmp_path_factory.mktemp("one"), config)
    folder = tmp_path_factory.mktemp("out") / "one"
    return visit, drizzle_visit(visit.exposure_list, folder)


@pytest.fixture(scope="module")
def drizzled_ir(ir, tmp_path_factory):
    return drizzle_visit(ir.exposure_list, tmp_path_factory.mktemp("out") / "ir")


@pytest.fixture(scope="module")
def drizzled_uvis(uvis, tmp_path_factory):
    return drizzle_visit(uvis.exposure_list, tmp_path_factory.mktemp("out") / "uvis")


def _set(key, value, product="*"):
    return ParameterChange(product, "astrodrizzle", key, value)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_product_has_the_same_grid_and_valid_extensions(drizzled_uvis):
    total = drizzled_uvis.total
    shapes = set()
    for product in (total, *total.filters, *total.members):
        with fits.open(drizzled_uvis.file(product)) as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus[1:]] == ["SCI", "WHT", "CTX", "HDRTAB"]
            chips = 2 * len(product.exposures)
            assert len(hdus["HDRTAB"].data) == chips
            assert hdus[0].header["NDRIZIM"] == chips
            assert hdus[0].header["NEXTEND"] == 4
            assert hdus["SCI"].header["BUNIT"] == "ELECTRONS/S"
            assert "A_ORDER" not in hdus["SCI"].header
            covered = hdus["WHT"].data > 0
            assert np.array_equal(hdus["CTX"].data != 0, covered)
            shapes.add(hdus["SCI"].data.shape)
    assert len(shapes) == 1


def test_filter_product_equals_its_exposures_drizzled_together(drizzled_ir):
    """Σ w (d − c) / Σ w over exposures drizzled each on its own."""
    product = drizzled_ir.total.filters[0]
    grid = read_grids(
        drizzled_ir.result("build grids", drizzled_ir.total.basename)
    ).products[product.basename]
    direct, weight = _drizzle_directly(drizzled_ir, product, grid)
    with fits.open(drizzled_ir.file(product)) as hdus:
        science, stacked = hdus["SCI"].data, hdus["WHT"].data
    covered = weight > 0
    assert np.array_equal(stacked > 0, covered)
    assert np.allclose(stacked, weight, rtol=1e-5, atol=1e-3)
    scale = np.maximum(np.abs(direct[covered]), 0.1)
    assert (np.abs(science[covered] - direct[covered]) / scale).max() < 1e-5


def _drizzle_directly(visit, product, grid):
    """Drizzle a filter's exposures into one image, with drizzle itself."""
    from drizzle.resample import Drizzle  # noqa: PLC0415

    from svmcore.drizzling.pixmap import fit_pixel_map  # noqa: PLC0415
    from svmcore.io.drizzle_results import read_masks  # noqa: PLC0415
    from svmcore.io.wcs import read_chip_wcs  # noqa: PLC0415

    margin = 6
    shape = tuple(size + 2 * margin for size in grid.shape)
    image = Drizzle(out_shape=shape, disable_ctx=True)
    static = read_masks(
        visit.result("find static pixels", product.basename) / "static.npz"
    )
    for exposure in product.exposures:
        flags = visit.result("flag cosmic rays", exposure.rootname)
        (chip,) = read_calibration(exposure.path)
        with fits.open(exposure.path) as hdus:
            science = hdus["SCI"].data.astype(np.float32)
            quality = hdus["DQ"].data & ~np.int16(4096)
        good = (quality & ~np.int16(528)) == 0
        good &= ~static[chip.number] & ~read_cosmic_rays(flags).hits[1]
        places = fit_pixel_map(read_chip_wcs(exposure.path)[1], grid).block(slice(None))
        image.add_image(
            science - np.float32(read_sky(flags)[1]),
            exposure.exptime_s,
            places + margin,
            weight_map=good * np.float32(exposure.exptime_s),
        )
    inner = (slice(margin, -margin), slice(margin, -margin))
    return image.out_img[inner], image.out_wht[inner]


def test_stars_have_their_true_flux(drizzled_ir, ir):
    """Aperture fluxes over truth, in exposure and filter products alike."""
    stars = Table.read(ir.stars)
    ratios = []
    for product in (drizzled_ir.total.filters[0], drizzled_ir.total.members[0]):
        with fits.open(drizzled_ir.file(product)) as hdus:
            image, wcs = hdus["SCI"].data, WCS(hdus["SCI"].header)
        fluxes = stars[f"flux_{product.filter_name}"]
        ratios.append(np.median(_aperture_ratios(image, wcs, stars, fluxes)))
    # 6 pixels hold most of the light; neighbours of crowded stars add some
    assert ratios[0] == pytest.approx(0.97, abs=0.08)
    assert ratios[0] == pytest.approx(ratios[1], rel=0.03)


def _aperture_ratios(image, wcs, stars, fluxes):
    x, y = wcs.world_to_pixel_values(stars["ra"], stars["dec"])
    ny, nx = image.shape
    grid_y, grid_x = np.mgrid[0:ny, 0:nx]
    inside_frame = (x > 12) & (x < nx - 12) & (y > 12) & (y < ny - 12)
    order = np.argsort(np.where(inside_frame, -fluxes, 0))
    ratios = []
    for star in order[: inside_frame.sum()]:
        distance = np.hypot(grid_x - x[star], grid_y - y[star])
        aperture, ring = distance < 6, (distance > 8) & (distance < 12)
        if np.isfinite(image[aperture | ring]).all():
            flux = (image[aperture] - np.median(image[ring])).sum()
            ratios.append(flux / fluxes[star])
        if len(ratios) == 8:
            return ratios
    raise AssertionError(len(ratios))


def test_cosmic_rays_are_masked_and_star_cores_are_not(drizzled_uvis, uvis):
    """Of hits five times above the noise at least 98 %; see the truth files.

    Hot pixels differ from the model as well, and are flagged rightly: they are
    in the DQ array, but are among the bits that the parameters let pass.
    """
    count = np.zeros((3, 2), int)  # flagged, all; of hits, of cores, of the rest
    for exposure in drizzled_uvis.total.exposures:
        flags = drizzled_uvis.result("flag cosmic rays", exposure.rootname)
        hits = read_cosmic_rays(flags).hits
        truth = np.load(uvis.folder / f"truth_cosmic_rays_{exposure.rootname}.npz")
        for extver, mask in hits.items():
            ny, nx = truth[f"shape{extver}"]
            struck = np.unpackbits(truth[f"sci{extver}"], axis=1)[:ny, :nx] > 0
            with fits.open(exposure.path) as hdus:
                science = hdus["SCI", extver].data
                quality = hdus["DQ", extver].data
                error = hdus["ERR", extver].data
            inner = np.zeros_like(struck)
            inner[20:-20, 20:-20] = True  # seen by all three exposures
            signal = science - np.median(science)
            usable = inner & ((quality & ~336 & ~4096) == 0)
            clean = inner & ~struck & ((quality & ~4096) == 0)
            strong = signal > 5 * np.sqrt(np.median(science) + error**2)
            for row, wanted in enumerate(
                (struck & usable & strong, clean & (signal > 10 * error), clean)
            ):
                count[row] += (mask & wanted).sum(), wanted.sum()
    found, cores, others = count[:, 0] / count[:, 1]
    assert count[0, 1] > 100
    assert count[1, 1] > 300
    assert found > 0.98
    assert cores < 0.002
    assert others < 0.0005


def test_flags_tell_what_to_clear_and_set(drizzled_uvis):
    root = drizzled_uvis.total.exposures[0].rootname
    flags = read_cosmic_rays(drizzled_uvis.result("flag cosmic rays", root))
    assert (flags.reset_bits, flags.bit) == (4096, 4096)
    assert sorted(flags.hits) == [1, 2]


def test_exposure_product_keeps_every_pixel(drizzled_uvis):
    """final_bits 65535: the weight of an exposure product has no holes."""
    member = drizzled_uvis.total.members[0]
    with fits.open(drizzled_uvis.file(member)) as hdus:
        weight = hdus["WHT"].data
    inside = weight > 0.9 * np.median(weight[weight > 0])
    from scipy.ndimage import binary_fill_holes  # noqa: PLC0415

    assert (binary_fill_holes(inside) & ~inside).sum() == 0


def test_sky_is_matched_down_to_the_lowest(drizzled_ir):
    """What is left is the same in all exposures of a filter."""
    for product in drizzled_ir.total.filters:
        skies, levels = [], []
        for one in product.exposures:
            flags = drizzled_ir.result("flag cosmic rays", one.rootname)
            skies.append(read_sky(flags)[1])
            levels.append(np.percentile(fits.getdata(one.path, "SCI"), 5) - skies[-1])
        assert min(skies) == 0.0
        assert max(skies) > 0.02
        # the faint end differs a little with the field that is seen
        assert np.ptp(levels) < 0.2 * max(skies)


def test_statistics_count_exposures_not_chips(drizzled_uvis):
    product = drizzled_uvis.total.filters[0]
    header = fits.getheader(drizzled_uvis.file(product))
    assert header["MEDNEXP"] <= len(product.exposures)
    assert header["MEANNEXP"] <= len(product.exposures)
    time = sum(one.exptime_s for one in product.exposures)
    assert 0 < header["MEANEXPT"] <= time
    assert 0 < header["NPIXFRAC"] <= 1
    assert header["EXPTIME"] == pytest.approx(time)
    alone = fits.getheader(drizzled_uvis.file(product.members[0]))
    assert not set(KEYWORDS) & set(alone)


def test_total_explains_why_it_has_no_photometry(drizzled_ir):
    total, product = drizzled_ir.total, drizzled_ir.total.filters[0]
    header = fits.getheader(drizzled_ir.file(total), "SCI")
    assert "PHOTFLAM" not in header
    assert any("photometric keywords are left out" in t for t in header["COMMENT"])
    header = fits.getheader(drizzled_ir.file(product), "SCI")
    assert header["PHOTFLAM"] == pytest.approx(product.exposures[0].photflam)
    primary = fits.getheader(drizzled_ir.file(total))
    assert primary["FILTER"] == "detection"
    assert primary["HAPLEVEL"] == 2


def test_products_hand_on_the_fit_of_their_first_exposure(drizzled_ir):
    first = drizzled_ir.total.members[0].exposure.rootname
    for product in (drizzled_ir.total, *drizzled_ir.total.filters):
        science = fits.getheader(drizzled_ir.file(product), "SCI")
        assert (science["RMS_RA"], science["RMS_DEC"]) == (3.0, 4.0)
        assert (science["RELRMS_R"], science["RELRMS_D"]) == (1.0, 2.0)
        assert (science["NMATCHES"], science["RELMATCH"]) == (40, 30)
        assert (science["FITGEOM"], science["RELREFIM"]) == ("rscale", first)


def test_exposures_without_overlap_are_told(tmp_path):
    config = replace(IR, filters=("F160W",), chip_shape=(60, 60), dither_arcsec=60.0)
    visit = write_visit(tmp_path / "visit", config)
    drizzled = drizzle_visit(visit.exposure_list, tmp_path / "out")
    for product in (drizzled.total, drizzled.total.filters[0]):
        history = " ".join(fits.getheader(drizzled.file(product))["HISTORY"])
        for exposure in product.exposures:
            assert f"Sky of {exposure.rootname}: overlaps no other" in history


def test_blank_pixels_follow_fillval(drizzled_ir):
    total, product = drizzled_ir.total, drizzled_ir.total.filters[0]
    assert np.isfinite(fits.getdata(drizzled_ir.file(total), "SCI")).all()
    assert np.isnan(fits.getdata(drizzled_ir.file(product), "SCI")).any()


def test_region_follows_the_covered_pixels(drizzled_ir):
    product = drizzled_ir.total.filters[0]
    with fits.open(drizzled_ir.file(product)) as hdus:
        region = hdus["SCI"].header["S_REGION"]
        wcs, weight = WCS(hdus["SCI"].header), hdus["WHT"].data
    assert region.startswith("POLYGON ICRS ")
    numbers = np.array(region.split()[2:], float).reshape(-1, 2)
    x, y = wcs.world_to_pixel_values(numbers[:, 0], numbers[:, 1])
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    # corners are followed to 10 pixels
    assert area == pytest.approx((weight > 0).sum(), rel=0.1)


def test_second_run_gives_identical_files(drizzled_ir, ir, tmp_path):
    again = drizzle_visit(ir.exposure_list, tmp_path / "again")
    for product in (again.total, *again.total.filters, *again.total.members):
        assert _digest(again.file(product)) == _digest(drizzled_ir.file(product))


def test_inputs_are_not_modified(ir, tmp_path):
    before = {path: _digest(path) for path in ir.exposures}
    drizzle_visit(ir.exposure_list, tmp_path / "out")
    assert {path: _digest(path) for path in ir.exposures} == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("final_pixfrac", 0.7),
        ("final_kernel", "turbo"),
        ("final_kernel", "point"),
        ("final_kernel", "gaussian"),
        ("final_kernel", "lanczos3"),
        ("final_wht_type", "ERR"),
        ("final_wht_type", "IVM"),
        ("final_wt_scl", "expsq"),
        ("final_bits", "0"),
        ("final_units", "counts"),
        ("final_fillval", -1.0),
        ("final_maskval", -5.0),
        ("final_scale", 0.09),
        ("final_rot", 30.0),
        ("static_sig", 0.5),
        ("skysub", False),
        ("skymethod", "localmin"),
        ("skymethod", "globalmin+match"),
        ("driz_cr", False),
        ("driz_cr_snr", "20 15"),
        ("driz_cr_scale", "0.1 0.1"),
        ("driz_cr_grow", 3),
        ("driz_sep_bits", "0"),
        ("driz_sep_pixfrac", 0.5),
        ("combine_type", "mean"),
        ("blot_interp", "nearest"),
        ("coeffs", False),
        ("rdnoise", 200.0),
    ],
)
def test_each_parameter_changes_the_product(one_filter, tmp_path, key, value):
    visit, drizzled = one_filter
    changed = drizzle_visit(visit.exposure_list, tmp_path / "out", [_set(key, value)])
    product = changed.total.filters[0]
    with (
        fits.open(changed.file(product)) as new,
        fits.open(drizzled.file(product)) as old,
    ):
        same = new["SCI"].data.shape == old["SCI"].data.shape and all(
            np.array_equal(new[name].data, old[name].data, equal_nan=True)
            for name in ("SCI", "WHT")
        )
    assert not same


def test_group_selects_chips(uvis, tmp_path):
    changed = drizzle_visit(uvis.exposure_list, tmp_path / "out", [_set("group", "2")])
    for product in (changed.total, changed.total.filters[0], changed.total.members[0]):
        with fits.open(changed.file(product)) as hdus:
            header = hdus[0].header
            used = [header[f"D{n:03d}DATA"] for n in range(1, header["NDRIZIM"] + 1)]
        assert len(used) == header["NUMEXP"]
        assert all(name.endswith("[sci,2]") for name in used)


def test_chip_that_no_exposure_has_is_refused(one_filter, tmp_path):
    visit, _ = one_filter
    with pytest.raises(InputError, match=r"extensions 3; it holds 1"):
        drizzle_visit(visit.exposure_list, tmp_path / "out", [_set("group", "3")])


def test_wrong_value_is_refused_before_anything_runs(ir, tmp_path):
    with pytest.raises(ParameterError, match="final_kernel"):
        drizzle_visit(ir.exposure_list, tmp_path / "o", [_set("final_kernel", "round")])
    assert not list(tmp_path.iterdir())


def test_total_with_other_drops_is_drizzled_anew(drizzled_ir, ir, tmp_path):
    name = drizzled_ir.total.basename
    changed = drizzle_visit(
        ir.exposure_list, tmp_path / "out", [_set("final_pixfrac", 0.6, name)]
    )
    filters = [
        (changed.file(one), drizzled_ir.file(one)) for one in changed.total.filters
    ]
    assert all(_digest(new) == _digest(old) for new, old in filters)
    assert _digest(changed.file(changed.total)) != _digest(
        drizzled_ir.file(drizzled_ir.total)
    )


def test_filters_with_one_exposure_are_left_out_of_the_total(drizzled_ir):
    total = drizzled_ir.total
    short = replace(total.filters[0], members=total.filters[0].members[:1])
    mixed = replace(total, filters=(short, total.filters[1]))
    assert total_filters(mixed) == (total.filters[1],)
    assert total_filters(replace(total, filters=(short,))) == (short,)


def test_total_names_the_exposures_that_it_leaves_out(ir, tmp_path):
    drizzled = drizzle_visit(sorted(ir.exposures)[2:], tmp_path / "out")
    (short,) = [one for one in drizzled.total.filters if len(one.members) == 1]
    header = fits.getheader(drizzled.file(drizzled.total))
    rootname = short.members[0].exposure.rootname
    assert header["NUMEXP"] == 3
    history = " ".join(header["HISTORY"])
    assert f"{rootname} ({short.filter_name}): left out of the total" in history


def test_total_takes_single_exposures_by_choice_and_says_so(ir, tmp_path):
    drizzled = drizzle_visit(
        sorted(ir.exposures)[2:], tmp_path / "out", singles_in_total=True
    )
    (short,) = [one for one in drizzled.total.filters if len(one.members) == 1]
    with fits.open(drizzled.file(drizzled.total)) as hdus:
        header, weight = hdus[0].header, hdus["WHT"].data
    assert (header["NUMEXP"], header["NDRIZIM"]) == (4, 4)
    history = " ".join(header["HISTORY"])
    rootname = short.members[0].exposure.rootname
    assert (
        f"{rootname} ({short.filter_name}): in the total product by choice" in history
    )
    alone = [fits.getdata(drizzled.file(one), "WHT") for one in drizzled.total.filters]
    both = (alone[0] > 0) & (alone[1] > 0)
    # The total ignores a few more DQ flags than its filters.
    close = np.isclose(weight[both], (alone[0] + alone[1])[both], rtol=1e-4)
    assert close.mean() > 0.9


def test_more_than_32_chips_take_a_second_context_plane(tmp_path):
    config = replace(
        UVIS, filters=("F814W",), exposures=17, chip_shape=(40, 46), density=0.0
    )
    visit = write_visit(tmp_path / "visit", replace(config, dither_arcsec=0.1))
    made = drizzle_visit(visit.exposure_list, tmp_path / "out", only_filters=True)
    product = made.total.filters[0]
    with fits.open(made.file(product)) as hdus:
        hdus.verify("exception")
        context, weight = hdus["CTX"].data, hdus["WHT"].data
        assert hdus[0].header["NDRIZIM"] == 34
        assert hdus[0].header["D034DATA"].endswith("[sci,2]")
        assert hdus[0].header["NUMEXP"] == 17
        assert len(hdus["HDRTAB"].data) == 34
    assert context.shape == (2, *weight.shape)
    bits = context.astype(np.int32).view(np.uint32)
    chips = sum(np.bitwise_count(plane) for plane in bits)
    assert np.array_equal(chips > 0, weight > 0)
    # Chip 2 of an exposure has the odd bits; the last exposure those of plane 1.
    assert np.all(bits[1] < 4)
    assert {1, 2} <= set(np.unique(bits[1]).tolist())
    assert chips.max() == 17
