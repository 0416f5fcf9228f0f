import numpy as np
import pytest

from svmcore.drizzling.combine import (
    SeparateNoise,
    combine_rows,
    median_of_good,
    sort_images,
)
from svmcore.drizzling.settings import MedianSettings


def _noise(count, *, weight=100.0):
    return SeparateNoise((weight,) * count, (0.1,) * count, (3.0,) * count)


def _settings(kind, **changes):
    return MedianSettings(kind=kind, **changes)


# What IRAF's imcombine does with 1, 2, 3, 10: good values, dropped low, dropped
# high, result.
@pytest.mark.parametrize(
    ("good", "nlow", "nhigh", "expected"),
    [
        ("1111", 0, 0, 2.5),
        ("1111", 0, 1, 2.0),
        ("1111", 1, 1, 2.5),
        ("1101", 0, 0, 2.0),
        ("1101", 0, 2, 1.0),
        ("0010", 0, 2, 3.0),
        ("1001", 1, 1, 5.5),
        ("1001", 0, 2, 1.0),
        ("0000", 0, 1, 0.0),
    ],
)
def test_median_of_good_values(good, nlow, nhigh, expected):
    stack = np.array([1, 2, 3, 10], np.float32)[:, None, None]
    bad = np.array([letter == "0" for letter in good])[:, None, None]
    assert median_of_good(stack, bad, nlow, nhigh)[0, 0] == expected


@pytest.mark.parametrize("count", [2, 3, 4, 7, 12, 13])
def test_network_sorts_as_numpy_does(count):
    stack = np.random.default_rng(count).normal(size=(count, 20, 30)).astype("f4")
    assert np.array_equal(sort_images(stack), np.sort(stack, axis=0))


def test_cosmic_rays_in_one_and_two_of_three_do_not_reach_the_model():
    random = np.random.default_rng(3)
    science = random.normal(1.0, 0.05, (3, 50, 60)).astype(np.float32)
    science[0, 10, 10] += 100
    science[0, 20, 20] += 100
    science[1, 20, 20] += 80
    weight = np.full(science.shape, 100.0, np.float32)
    model = combine_rows(science, weight, _settings("minmed"), _noise(3))
    assert abs(model[10, 10] - 1.0) < 0.3
    assert abs(model[20, 20] - 1.0) < 0.3


def test_two_images_give_the_mean_unless_they_disagree():
    science = np.ones((2, 20, 20), np.float32)
    science[1] = 1.2
    science[1, 5, 5] = 50.0
    weight = np.full(science.shape, 100.0, np.float32)
    model = combine_rows(science, weight, _settings("minmed"), _noise(2))
    assert model[15, 15] == pytest.approx(1.1)
    assert model[5, 5] == pytest.approx(1.0)


def test_neighbours_of_a_rejected_pixel_meet_the_stricter_limit():
    science = np.ones((2, 11, 11), np.float32)
    weight = np.full(science.shape, 100.0, np.float32)
    # noise of the sum: sqrt(100·(median + 2·0.1) + 2·9) ≈ 14 electrons ≈ 0.07 / s
    science[1, 5, 5] = 40.0
    science[1, 5, 6] = 1.5
    science[1, 2, 2] = 1.5
    wide = combine_rows(science, weight, _settings("minmed", nsigma=(9, 1)), _noise(2))
    assert wide[2, 2] == pytest.approx(1.25)  # alone: the mean is kept
    assert wide[5, 6] == pytest.approx(1.0)  # beside a rejected one: the minimum
    none = combine_rows(
        science, weight, _settings("minmed", nsigma=(9, 1), grow=0), _noise(2)
    )
    assert none[5, 6] == pytest.approx(1.25)


def test_low_weight_is_masked_unless_new_masks_are_off():
    science = np.ones((3, 4, 4), np.float32)
    science[2] = 5.0
    weight = np.full(science.shape, 100.0, np.float32)
    weight[2] = 20.0
    masked = combine_rows(science, weight, _settings("mean"), _noise(3))
    assert masked[0, 0] == pytest.approx(1.0)
    plain = combine_rows(science, weight, _settings("mean", newmasks=False), _noise(3))
    assert plain[0, 0] == pytest.approx(7 / 3)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("mean", {}, 4.0),
        ("mean", {"nhigh": 1}, 2.0),
        ("sum", {}, 16.0),
        ("median", {}, 2.5),
        ("median", {"lthresh": 2.0, "hthresh": 10.0}, 2.5),
        ("imedian", {}, 2.5),
        ("imean", {}, 4.0),
    ],
)
def test_kinds_of_combination(kind, changes, expected):
    science = np.array([1, 2, 3, 10], np.float32)[:, None, None] * np.ones(
        (4, 3, 3), "f4"
    )
    weight = np.full(science.shape, 100.0, np.float32)
    model = combine_rows(science, weight, _settings(kind, **changes), _noise(4))
    assert model[1, 1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("median", 0.0), ("imedian", 7.0), ("minmed", 0.0), ("iminmed", 0.0)],
)
def test_where_nothing_is_good(kind, expected):
    science = np.full((3, 5, 5), 7.0, np.float32)
    weight = np.zeros(science.shape, np.float32)
    model = combine_rows(science, weight, _settings(kind), _noise(3))
    assert model[2, 2] == expected
