"""Scratch files: round trips, and disks without room."""

from pathlib import Path

import numpy as np
import pytest

from svmcore.errors import StoreError
from svmcore.io.arrays import read_npz, write_npz
from svmcore.io.raw import RawPlane, read_json, write_json, write_raw
from svmcore.model.grid import GridWindow

IMAGE = np.arange(12.0, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def full(tmp_path):
    """A file on a disk without room."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    path = tmp_path / "image.npz"
    path.symlink_to("/dev/full")
    return path


def test_a_part_is_read_back(tmp_path):
    path, window = tmp_path / "image.raw", GridWindow(10, 20, 3, 4)
    write_raw(path, IMAGE)
    part = RawPlane(path, window).read(GridWindow(11, 21, 2, 3))
    assert np.array_equal(part, IMAGE[1:, 1:])


def test_other_orders_and_types_are_converted(tmp_path):
    path, window = tmp_path / "image.raw", GridWindow(0, 0, 4, 3)
    write_raw(path, IMAGE.astype(">f8").T)
    assert np.array_equal(RawPlane(path, window).read(window), IMAGE.T)


def test_an_empty_image_is_an_empty_file(tmp_path):
    write_raw(tmp_path / "image.raw", np.zeros((0, 4), np.float32))
    assert (tmp_path / "image.raw").stat().st_size == 0


def test_a_short_file_is_named(tmp_path):
    path, window = tmp_path / "image.raw", GridWindow(0, 0, 3, 4)
    write_raw(path, IMAGE[:2])
    with pytest.raises(StoreError, match=r"image\.raw.*cut short"):
        RawPlane(path, window).read(window)
    with pytest.raises(StoreError, match=r"other\.raw.*cannot be read"):
        RawPlane(tmp_path / "other.raw", window).read(window)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_raw(path, np.zeros((300, 400), np.float32)),
        lambda path: write_json(path, {"key": "value"}),
        lambda path: write_npz(path, {"zeros": np.zeros((300, 400))}),
    ],
    ids=["raw", "json", "npz"],
)
def test_a_full_disk_is_named(full, write):
    with pytest.raises(StoreError, match=r"image\.npz.*No space left.*make room"):
        write(full)


def test_facts_are_read_back_or_named(tmp_path):
    path = tmp_path / "facts.json"
    write_json(path, {"b": 1, "a": [2.5]})
    assert read_json(path) == {"a": [2.5], "b": 1}
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"facts\.json.*cannot be read"):
        read_json(path)


def test_arrays_are_the_same_bytes_and_damage_is_named(tmp_path):
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    write_npz(first, {"b": IMAGE, "a": IMAGE > 3})
    write_npz(second, {"a": IMAGE > 3, "b": IMAGE})
    assert first.read_bytes() == second.read_bytes()
    assert np.array_equal(read_npz(first)["b"], IMAGE)
    first.write_bytes(first.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"first\.npz.*cannot be read"):
        read_npz(first)
