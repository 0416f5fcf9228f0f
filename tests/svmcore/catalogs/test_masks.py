import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from svmcore.catalogs.masks import close_mask, dilate_mask, erode_mask


@settings(max_examples=40, deadline=None)
@given(radius=st.integers(0, 9), seed=st.integers(0, 1000), share=st.floats(0.5, 1.0))
def test_erosion_equals_scipys(radius, seed, share):
    mask = np.random.default_rng(seed).random((23, 31)) < share
    square = np.ones((2 * radius + 1, 2 * radius + 1), dtype=bool)
    expected = ndimage.binary_erosion(mask, structure=square)
    assert np.array_equal(erode_mask(mask, radius), expected)


@pytest.mark.parametrize("radius", [1, 3, 12])
def test_dilation_equals_scipys(radius):
    mask = np.random.default_rng(3).random((40, 37)) < 0.01
    square = np.ones((2 * radius + 1, 2 * radius + 1), dtype=bool)
    expected = ndimage.binary_dilation(mask, structure=square)
    assert np.array_equal(dilate_mask(mask, radius), expected)


def test_closing_fills_holes_and_keeps_the_outline():
    mask = np.zeros((60, 60), dtype=bool)
    mask[10:50, 10:50] = True
    outline = mask.copy()
    mask[28:33, 28:33] = False
    assert np.array_equal(close_mask(mask, 4), outline)
