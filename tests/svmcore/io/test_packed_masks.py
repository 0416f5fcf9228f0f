"""Packed masks give the same pixels in parts as whole."""

import numpy as np
import pytest

from svmcore.errors import StoreError
from svmcore.io.drizzle_results import (
    read_mean_weights,
    write_masks,
    write_mean_weights,
)
from svmcore.io.packed_masks import PackedMask, read_packed_masks


@pytest.fixture
def masks():
    random = np.random.default_rng(5)
    return {1: random.random((13, 21)) < 0.3, 2: random.random((9, 16)) < 0.3}


def test_parts_are_those_of_the_whole(masks, tmp_path):
    write_masks(tmp_path / "some.npz", masks, bit=4096)
    found = read_packed_masks(tmp_path / "some.npz")
    assert found.keys() == masks.keys()
    for extver, mask in masks.items():
        assert np.array_equal(found[extver].whole(), mask)
        for rows in (slice(0, 1), slice(3, 8), slice(8, 9)):
            for columns in (slice(0, 16), slice(5, 11)):
                part = found[extver].part(rows, columns)
                assert np.array_equal(part, mask[rows, columns])


def test_mask_is_packed_and_back(masks):
    packed = PackedMask.packed(masks[1])
    assert packed.bits.nbytes == -(-13 * 21 // 8)
    assert np.array_equal(packed.whole(), masks[1])


def test_missing_masks_are_named(tmp_path):
    with pytest.raises(StoreError, match=r"gone\.npz"):
        read_packed_masks(tmp_path / "gone.npz")


def test_mean_weights_come_back_with_what_they_were_made_with(tmp_path):
    assert read_mean_weights(tmp_path) == ({}, "")
    write_mean_weights(tmp_path, {"a": 400.25, "b": 0.0}, "settings")
    assert read_mean_weights(tmp_path) == ({"a": 400.25, "b": 0.0}, "settings")
