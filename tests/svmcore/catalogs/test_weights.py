import numpy as np
import pytest

from svmcore.catalogs.weights import divide_by_depth, smooth_weight


def _steps():
    return np.repeat([1000.0, 500.0, 250.0], 40)[None, :] * np.ones((50, 1))


def test_noise_rises_where_weight_falls():
    weight = _steps()
    regions = divide_by_depth(weight, scale=1.5, sensitivity=0.95)
    factor = regions.factor(weight)[0]
    # weights are sorted into bins of 1/2000 of the largest
    assert factor[20] == pytest.approx(1.0, rel=1e-3)
    assert factor[60] == pytest.approx(np.sqrt(2), rel=2e-3)
    assert factor[100] == pytest.approx(2.0, rel=2e-3)


def test_a_large_scale_makes_one_region():
    weight = _steps()
    regions = divide_by_depth(weight, scale=100.0, sensitivity=0.95)
    assert regions.factor(weight).max() == regions.factor(weight).min()


def test_small_regions_join_others():
    weight = np.full((100, 100), 10.0)
    weight[:2, :2] = 1.0  # 0.04 % of the area
    regions = divide_by_depth(weight, scale=1.5, sensitivity=0.95)
    assert len(regions.lower) == 1


def test_an_image_without_weight_has_one_region():
    regions = divide_by_depth(np.zeros((5, 5)), scale=1.5, sensitivity=0.95)
    assert regions.noise_factor == (1.0,)


def test_smoothing_closes_holes():
    weight = np.full((30, 30), 7.0)
    weight[10:13, 10:13] = 0.0
    assert smooth_weight(weight, 11)[5:25, 5:25].min() == 7.0
