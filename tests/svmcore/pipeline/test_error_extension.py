"""The ERR extension: variances propagated, stacked, and true."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from svmcore.pipeline.drizzle_planner import ProductPlanner
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit
from tests.support.drizzled_visits import drizzle_visit

IR = VisitConfig(
    chip_shape=(100, 110),
    exposures=4,
    has_rejected=False,
    density=900.0,
    galaxy_density=0.0,
    filters=("F160W",),
    seed=12,
)
UVIS = VisitConfig(
    instrument="wfc3/uvis",
    chip_shape=(80, 90),
    exposures=2,
    has_rejected=False,
    density=900.0,
    seed=5,
)


@pytest.fixture(scope="module")
def uvis(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("uvis"), UVIS)


@pytest.fixture(scope="module")
def stacked(uvis, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stacked") / "out"
    return drizzle_visit(uvis.exposure_list, folder, has_errors=True)


def _products(visit):
    total = visit.total
    return (total, *total.filters, *total.members)


def test_errors_stand_beside_the_standard_extensions(stacked):
    for product in _products(stacked):
        with fits.open(stacked.file(product)) as hdus:
            hdus.verify("exception")
            names = [hdu.name for hdu in hdus[1:]]
            assert names == ["SCI", "WHT", "CTX", "ERR", "HDRTAB"]
            assert hdus[0].header["NEXTEND"] == 5
            error, weight = hdus["ERR"].data, hdus["WHT"].data
            assert hdus["ERR"].header["BUNIT"] == hdus["SCI"].header["BUNIT"]
            assert "correlated" in str(hdus["ERR"].header["COMMENT"])
            # Drops of the size of a pixel: 1 / (1 - 1/3)
            assert hdus["ERR"].header["NOISCORR"] == pytest.approx(1.5, abs=0.01)
        assert np.array_equal(np.isfinite(error), weight > 0)
        assert np.all(error[weight > 0] > 0)


def test_products_are_the_same_with_and_without_errors(stacked, uvis, tmp_path):
    plain = drizzle_visit(uvis.exposure_list, tmp_path / "out")
    for product in _products(stacked):
        with (
            fits.open(stacked.file(product)) as ours,
            fits.open(plain.file(product)) as usual,
        ):
            assert [hdu.name for hdu in usual[1:]] == ["SCI", "WHT", "CTX", "HDRTAB"]
            for name in ("SCI", "WHT", "CTX"):
                np.testing.assert_array_equal(ours[name].data, usual[name].data)


def test_stacking_propagates_as_drizzling_does(stacked, uvis, tmp_path, monkeypatch):
    """Products drizzled each on its own have the same errors."""
    monkeypatch.setattr(ProductPlanner, "_shares_drops", lambda *_: False)
    alone = drizzle_visit(uvis.exposure_list, tmp_path / "out", has_errors=True)
    steps = {name.split(":")[0] for name in alone.folders}
    assert {"resample alone", "resample for total"} <= steps
    for product in _products(stacked):
        with (
            fits.open(stacked.file(product)) as ours,
            fits.open(alone.file(product)) as theirs,
        ):
            first, second = ours["ERR"].data, theirs["ERR"].data
            full = ours["WHT"].data > 0.02 * np.max(ours["WHT"].data)
        # Where pixels are taken away, a thousandth of the weight may be left.
        both = full & np.isfinite(first) & np.isfinite(second)
        assert both.sum() > 0.99 * full.sum()
        np.testing.assert_allclose(first[both], second[both], rtol=2e-4)
        close = np.isclose(first[both], second[both], rtol=1e-5)
        assert close.mean() > 0.999


def test_filter_errors_equal_those_of_drizzle_itself(stacked):
    """All exposures of a filter in one image of the drizzle library."""
    from drizzle.resample import Drizzle  # noqa: PLC0415

    from svmcore.drizzling.pixmap import fit_pixel_map  # noqa: PLC0415
    from svmcore.io.drizzle_results import (  # noqa: PLC0415
        read_cosmic_rays,
        read_grids,
        read_masks,
    )
    from svmcore.io.images import read_calibration  # noqa: PLC0415
    from svmcore.io.wcs import read_chip_wcs  # noqa: PLC0415

    product = stacked.total.filters[0]
    grids = read_grids(stacked.result("build grids", stacked.total.basename))
    grid, margin = grids.products[product.basename], 6
    image = Drizzle(
        out_shape=tuple(size + 2 * margin for size in grid.shape), disable_ctx=True
    )
    static = read_masks(
        stacked.result("find static pixels", product.basename) / "static.npz"
    )
    for exposure in product.exposures:
        hits = read_cosmic_rays(stacked.result("flag cosmic rays", exposure.rootname))
        all_wcs = read_chip_wcs(exposure.path)
        for chip in read_calibration(exposure.path):
            with fits.open(exposure.path) as hdus:
                science = hdus["SCI", chip.extver].data.astype(np.float32)
                error = hdus["ERR", chip.extver].data.astype(np.float32)
                quality = hdus["DQ", chip.extver].data & ~np.int16(4096)
            good = (quality & ~np.int16(336)) == 0
            good &= ~static[chip.number] & ~hits.hits[chip.extver]
            wcs = all_wcs[chip.extver]
            ratio = (
                grid.scale_arcsec / grids.scales_arcsec[exposure.rootname][chip.extver]
            )
            image.add_image(
                science,
                exposure.exptime_s,
                fit_pixel_map(wcs, grid).block(slice(None)) + margin,
                data2=[error**2],
                weight_map=good * np.float32(exposure.exptime_s),
                in_units="counts",
                iscale=ratio**2,
                pixel_scale_ratio=ratio,
            )
    inner = (slice(margin, -margin), slice(margin, -margin))
    with fits.open(stacked.file(product)) as hdus:
        found, weight = hdus["ERR"].data, hdus["WHT"].data
    covered = weight > 0
    np.testing.assert_allclose(weight, image.out_wht[inner], rtol=1e-5, atol=1e-3)
    direct = np.sqrt(image.out_img2[0][inner])
    np.testing.assert_allclose(found[covered], direct[covered], rtol=1e-5)


@pytest.mark.parametrize("pixfrac", [1.0, 0.7])
def test_errors_agree_with_simulated_noise(tmp_path, pixfrac):
    """The same scene twice, with other noise: sky, and around stars."""
    from svmcore.model.decisions import ParameterChange  # noqa: PLC0415

    change = ParameterChange("*", "astrodrizzle", "final_pixfrac", pixfrac)
    planes = []
    for program in ("dem", "dez"):  # rootnames, and with them the noise, differ
        visit = write_visit(tmp_path / program, replace(IR, program=program))
        made = drizzle_visit(
            visit.exposure_list, tmp_path / f"{program}out", [change], has_errors=True
        )
        with fits.open(made.file(made.total.filters[0])) as hdus:
            planes.append([hdus[n].data.astype(float) for n in ("SCI", "ERR", "WHT")])
    (first, first_error, weight), (second, second_error, other) = planes
    full = (weight > 0.5 * weight.max()) & (other > 0.5 * other.max())
    pull = (first - second) / np.hypot(first_error, second_error)
    # The sum of two images says nothing about the noise of their difference.
    level = (first + second) / 2 - np.median(first[full])
    sky = full & (np.abs(level) < 2 * first_error)
    stars = full & (level > 15 * first_error)
    assert sky.sum() > 3000
    assert stars.sum() > 300
    for place, least in ((sky, 0.96), (stars, 0.9)):
        values = pull[place]
        spread = np.quantile(values, 0.8413) - np.quantile(values, 0.1587)
        # 1 / sqrt(2 n) with n a few hundred (stars) or thousand (sky) pixels.
        assert least < spread / 2 < 2 - least
    # Sums over many pixels scatter more than independent pixels would.
    blocks = _block_pulls(np.where(sky, first - second, np.nan), first_error, 6)
    drop = pixfrac
    factor = 1 / (1 - drop / 3)
    assert np.std(blocks) / np.sqrt(2) == pytest.approx(factor, rel=0.25)


def _block_pulls(difference, error, size):
    ny, nx = (side // size for side in difference.shape)
    parts = [
        image[: ny * size, : nx * size].reshape(ny, size, nx, size).swapaxes(1, 2)
        for image in (difference, error)
    ]
    sums = []
    for values, sigma in zip(
        *(part.reshape(ny * nx, -1) for part in parts), strict=True
    ):
        good = np.isfinite(values)
        if good.mean() > 0.8:
            sums.append(values[good].sum() / np.sqrt((sigma[good] ** 2).sum()))
    return np.array(sums)
