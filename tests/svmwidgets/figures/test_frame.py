"""Frames: what is sent of an image, and how much."""

import ipywidgets as widgets
import numpy as np
import pytest

from svmwidgets.figures import ImageFrame, block_average

TEN_MB = 10_000_000


@pytest.fixture
def wire(monkeypatch):
    """Messages that would go to the browser: (widget, bytes in buffers)."""
    sent = []

    def send(self, _message, buffers=None):
        sent.append((self, sum(memoryview(b).nbytes for b in buffers or [])))

    monkeypatch.setattr(widgets.Widget, "_send", send)
    return sent


def ramp(ny, nx):
    return np.arange(ny * nx, dtype=np.float32).reshape(ny, nx)


def pixels_of(frame):
    ny, nx = (-(-n // frame.block) for n in frame.shape)
    return np.frombuffer(frame.pixels, "<f4").reshape(ny, nx)


def test_a_small_image_is_sent_whole_and_exactly():
    image = ramp(30, 40)
    frame = ImageFrame.from_array(image, name="a")
    assert frame.block == 1
    np.testing.assert_array_equal(pixels_of(frame), image)


def test_a_mosaic_is_sent_as_an_overview_under_ten_megabytes():
    frame = ImageFrame.from_array(np.ones((4096, 4096), np.float32), name="mosaic")
    assert frame.block == 3
    assert len(frame.pixels) < TEN_MB
    assert pixels_of(frame).min() == 1.0  # incomplete edge blocks average too


def test_a_tile_has_full_resolution_and_stays_under_ten_megabytes(wire):
    image = np.arange(3000 * 3000, dtype=np.float32).reshape(3000, 3000)
    frame = ImageFrame.from_array(image, name="mosaic")
    frame.load_tile((1000, 1500, 2000, 2400))
    tile = frame.tile
    assert (tile["block"], tile["shape"]) == (1, [400, 500])
    values = np.frombuffer(tile["pixels"], "<f4").reshape(400, 500)
    np.testing.assert_array_equal(values, image[2000:2400, 1000:1500])
    assert [size for _, size in wire if size] == [values.nbytes]


def test_a_box_too_large_for_one_message_is_averaged_less_than_the_overview():
    frame = ImageFrame.from_reader(
        (9000, 9000),
        name="large",
        read_box=lambda box: np.ones((box[3] - box[2], box[1] - box[0]), "f4"),
    )
    frame.load_tile((0, 4000, 0, 4000))
    assert frame.block == 7
    assert frame.tile["block"] == 3
    assert len(frame.tile["pixels"]) < TEN_MB


@pytest.mark.parametrize(
    "box", [(0, 3000, 0, 3000), (5000, 6000, 0, 10), (100, 100, 0, 10)]
)
def test_nothing_is_sent_where_a_tile_would_not_help(box, wire):
    frame = ImageFrame.from_array(np.ones((3000, 3000), np.float32), name="mosaic")
    wire.clear()
    frame.load_tile(box)
    assert not wire


def test_a_covered_box_is_not_sent_again(wire):
    frame = ImageFrame.from_array(np.ones((3000, 3000), np.float32), name="mosaic")
    frame.load_tile((0, 1000, 0, 1000))
    wire.clear()
    frame.load_tile((100, 900, 100, 900))
    assert not wire


def test_block_averages_leave_nan_out():
    image = np.array([[1.0, 3.0, np.nan], [np.nan, 2.0, np.nan]])
    np.testing.assert_array_equal(block_average(image, 2), [[2.0, np.nan]])


def test_small_flags_stay_visible_in_the_overview():
    mask = np.zeros((3000, 3000), np.uint8)
    mask[1501, 733] = 3
    frame = ImageFrame.from_array(
        np.zeros((3000, 3000), np.float32), name="m", mask=mask
    )
    flags = np.frombuffer(frame.mask, np.uint8).reshape(
        1500 if frame.block == 2 else 1000, -1
    )
    assert flags[1501 // frame.block, 733 // frame.block] == 3
    assert np.count_nonzero(flags) == 1


def test_masked_pixels_do_not_set_the_limits():
    image = np.zeros((20, 20), np.float32)
    image[0, 0] = 1e6
    mask = (image > 0).astype(np.uint8)
    frame = ImageFrame.from_array(image, name="a", mask=mask)
    assert frame.presets["min–max"][1] < 1.0


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="mask must have the shape of pixels"):
        ImageFrame.from_array(ramp(3, 4), name="a", mask=np.zeros((4, 3), np.uint8))


def test_colour_images_keep_their_bytes():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    frame = ImageFrame.from_array(image, name="colour")
    assert frame.channels == 3
    assert frame.pixels == image.tobytes()
    assert frame.presets == {}


def test_another_array_replaces_pixels_and_shape_in_one_message(wire):
    frame = ImageFrame.from_array(ramp(3, 4), name="a")
    wire.clear()
    frame.set_array(ramp(5, 6), name="b")
    assert len(wire) == 1
    assert (frame.name, frame.shape) == ("b", [5, 6])
