import numpy as np
import pytest
from drizzled_images import SCALE_ARCSEC, paint_stars, write_mosaic

from svmcore.errors import StoreError
from svmcore.io.mosaics import read_mosaic


def test_reads_planes_keywords_and_scale(tmp_path):
    sci = paint_stars((40, 50), [], [], [])
    path = write_mosaic(tmp_path / "a_drz.fits", sci, EXPTIME=500.0)
    mosaic = read_mosaic(path)
    assert mosaic.shape == (40, 50)
    assert np.array_equal(mosaic.rows(10, 20)[0], sci[10:20])
    assert mosaic.keyword("EXPTIME") == 500.0
    assert mosaic.keyword("BUNIT") == "ELECTRONS/S"
    assert mosaic.keyword("MISSING", 7) == 7
    assert mosaic.pixel_scale_arcsec == pytest.approx(SCALE_ARCSEC)
    assert mosaic.ctx.shape == (1, 40, 50)


@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_pixels_without_weight_hold_no_data(tmp_path, fill):
    sci = np.ones((20, 20), dtype="f4")
    sci[:5] = fill
    wht = np.where(np.arange(20)[:, None] < 5, 0, np.ones((20, 20)))
    mosaic = read_mosaic(write_mosaic(tmp_path / "a.fits", sci, wht=wht))
    rows, weight = mosaic.rows(0, 20)
    assert np.isnan(rows[:5]).all()
    assert np.isfinite(rows[5:]).all()
    assert weight[:5].max() == 0
    assert mosaic.sample().size == 15 * 20


@pytest.mark.parametrize("damage", ["missing", "cut", "no weight"])
def test_a_damaged_product_is_one_clear_error(tmp_path, damage):
    path = tmp_path / "a_drz.fits"
    if damage != "missing":
        write_mosaic(path, np.ones((30, 30)))
        content = path.read_bytes()
        if damage == "cut":
            path.write_bytes(content[:2880])
        else:
            path.write_bytes(content.replace(b"'WHT     '", b"'XXX     '"))
    with pytest.raises(StoreError, match=r"a_drz\.fits.*drizzled product"):
        read_mosaic(path)
