"""Products that are stacked from exposures equal those drizzled in one go."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from drizzle.resample import Drizzle
from drizzled_visits import drizzle_visit

from svmcore.drizzling.pixmap import fit_pixel_map
from svmcore.drizzling.weights import weight_map, weight_scale
from svmcore.io.drizzle_results import (
    read_cosmic_rays,
    read_grids,
    read_masks,
    read_offsets,
    read_sky,
)
from svmcore.io.images import read_calibration, read_chip_pixels
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.decisions import ParameterChange
from svmcore.pipeline.drizzle_choices import choose_masking, settings_of
from svmcore.simulation import VisitConfig, write_visit

IR = VisitConfig(chip_shape=(110, 120), exposures=3, has_rejected=False, density=1500.0)
# Both sides of the gap between two chips; dithers move it over the other chip.
UVIS = replace(
    IR,
    instrument="wfc3/uvis",
    chip_shape=(100, 130),
    density=600.0,
    dither_arcsec=1.3,
    seed=7,
)
CHOICES = [
    ("wfc3/ir", {}),
    ("wfc3/ir", {"final_wht_type": "IVM"}),
    ("wfc3/ir", {"final_wt_scl": "expsq", "final_units": "counts"}),
    ("wfc3/ir", {"final_kernel": "turbo", "final_scale": 0.06}),
    ("wfc3/uvis", {"final_wht_type": "ERR"}),
    (
        "wfc3/uvis",
        {"final_wht_type": "IVM", "final_units": "counts", "final_pixfrac": 0.7},
    ),
    ("wfc3/uvis", {"skymethod": "localmin"}),
]
MARGIN = 8  # drops over the border of the grid


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    return {
        config.instrument: write_visit(tmp_path_factory.mktemp("visit"), config)
        for config in (IR, UVIS)
    }


@pytest.mark.parametrize(("instrument", "changes"), CHOICES, ids=str)
def test_stacked_products_equal_direct_ones(visits, instrument, changes, tmp_path):
    rows = [ParameterChange("*", "astrodrizzle", *row) for row in changes.items()]
    visit = drizzle_visit(visits[instrument].exposure_list, tmp_path / "out", rows)
    total = visit.total
    for product in (total.filters[0], total.filters[0].members[0], total):
        direct = drizzle_directly(visit, product)
        with fits.open(visit.file(product)) as hdus:
            stacked = [hdus[name].data for name in ("SCI", "WHT", "CTX")]
            seconds = hdus[0].header["EXPTIME"]
        compare(stacked, direct, seconds if "final_units" in changes else 1.0)


def compare(stacked, direct, factor):
    science, weight, context = stacked
    expected, expected_weight, expected_context = direct
    covered = expected_weight > 0
    assert covered.sum() > 5000
    assert np.array_equal(weight > 0, covered)
    assert np.array_equal(context, expected_context)
    assert np.allclose(weight[covered], expected_weight[covered], rtol=1e-5, atol=0)
    # 1e-5 of the value, or of a value as small as the noise of the sky
    scale = np.maximum(np.abs(expected[covered]), 0.03)
    differences = np.abs(science[covered] / factor - expected[covered]) / scale
    assert differences.max() < 1e-5
    blank = science[~covered]
    assert np.isnan(blank).all() or (blank == 0).all()


def drizzle_directly(visit, product):
    """Return science, weight and context of all chips drizzled into one image."""
    total, parameters = visit.total, visit.parameters
    settings = settings_of(product, parameters)
    grid = read_grids(visit.result("build grids", total.basename)).products[
        product.basename
    ]
    offsets = read_offsets(visit.result("drizzle product", total.basename)) or {}
    image = Drizzle(
        kernel=settings.final.kernel,
        out_shape=tuple(size + 2 * MARGIN for size in grid.shape),
    )
    for exposure in product.exposures:
        (owner,) = (one for one in total.filters if exposure in one.exposures)
        masking = choose_masking(
            settings, settings_of(owner, parameters), owner, is_own=product is owner
        )
        offset = offsets.get(owner.drizzle_name, 0.0) if product is total else 0.0
        flags = visit.result("flag cosmic rays", exposure.rootname)
        static = read_masks(
            visit.result("find static pixels", owner.basename) / "static.npz"
        )
        all_wcs = read_chip_wcs(exposure.path)
        for chip in read_calibration(exposure.path):
            pixels = read_chip_pixels(
                exposure.path, chip.extver, with_error=True, with_time=True
            )
            good = mask(pixels.quality, masking)
            if masking.use_static:
                good &= ~static[chip.number]
            if masking.use_cosmic_rays:
                good &= ~read_cosmic_rays(flags).hits[chip.extver]
            wcs = all_wcs[chip.extver]
            ratio = grid.scale_arcsec / wcs.idcscale
            measured = read_sky(flags)[chip.extver]
            sky = measured * settings.sky.is_on + offset / ratio**2 * chip.time_s
            image.add_image(
                pixels.science - np.float32(sky),
                chip.time_s,
                fit_pixel_map(wcs, grid).block(slice(None)) + MARGIN,
                iscale=ratio**2,
                pixel_scale_ratio=ratio,
                weight_map=weight_map(settings.final, pixels, good, chip, sky=measured),
                wht_scale=weight_scale(settings.final, chip, ratio),
                pixfrac=settings.final.pixfrac,
                in_units="counts",
            )
    inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    (context,) = image.out_ctx
    return image.out_img[inner], image.out_wht[inner], context[inner]


def mask(quality, masking):
    if masking.bits is None:
        return np.ones(quality.shape, bool)
    kept = quality.astype(int) & ~masking.reset_bits
    return (kept & ~masking.bits) == 0
