import numpy as np
import pytest

from svmcore.previews.gaps import GAP_REACH, fill_small_gaps


def _plane(shape=(60, 70)):
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    return (1.0 + 0.01 * xx + 0.02 * yy).astype("f4")


@pytest.mark.parametrize("side", [1, 3, 5])
def test_small_gaps_take_the_light_around_them(side):
    image = _plane()
    expected = image.copy()
    image[30 : 30 + side, 40 : 40 + side] = np.nan
    # a mean of neighbours follows a slope of 0.02 per pixel to a few pixels
    assert fill_small_gaps(image) == pytest.approx(expected, abs=0.06)


def test_wide_gaps_and_the_outside_stay_empty():
    image = _plane()
    image[:, :20] = np.nan
    image[30:50, 40:60] = np.nan
    filled = fill_small_gaps(image)
    assert np.isnan(filled[:, :20]).all()
    assert np.isnan(filled[36:44, 46:54]).all()


def test_what_has_data_is_not_touched():
    image = _plane()
    image[10, 10] = np.nan
    filled = fill_small_gaps(image)
    has_data = np.isfinite(image)
    assert np.array_equal(filled[has_data], image[has_data])


def test_blocks_with_their_surroundings_fit_together():
    image = _plane()
    image[27:32, 30:35] = np.nan
    whole = fill_small_gaps(image)
    upper = fill_small_gaps(image[: 30 + GAP_REACH])[:30]
    lower = fill_small_gaps(image[30 - GAP_REACH :])[GAP_REACH:]
    assert np.allclose(np.concatenate((upper, lower)), whole, atol=1e-5)
