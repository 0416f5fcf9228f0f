import numpy as np
import pytest
from PIL import Image

from svmcore.errors import StoreError
from svmcore.io.export_previews import THUMBNAIL_PIXELS, write_preview


def _gradient(ny=400, nx=600):
    return np.repeat(np.linspace(0, 255, ny).astype(np.uint8)[:, None], nx, axis=1)


def test_first_row_is_at_the_bottom(tmp_path):
    write_preview(_gradient(), tmp_path / "a.jpg")
    picture = np.asarray(Image.open(tmp_path / "a.jpg"))
    assert picture.shape == (400, 600)
    assert picture[0, 0] > 250
    assert picture[-1, 0] < 5


def test_thumbnail_holds_the_whole_picture(tmp_path):
    small = tmp_path / "a_thumb.jpg"
    written = write_preview(_gradient(), tmp_path / "a.jpg", thumbnail=small)
    assert written == (tmp_path / "a.jpg", small)
    picture = Image.open(small)
    assert picture.size == (THUMBNAIL_PIXELS, round(THUMBNAIL_PIXELS * 400 / 600))
    assert np.asarray(picture)[0, 0] > 245


def test_small_pictures_are_not_enlarged(tmp_path):
    small = tmp_path / "a_thumb.jpg"
    write_preview(_gradient(50, 60), tmp_path / "a.jpg", thumbnail=small)
    assert Image.open(small).size == (60, 50)


def test_colour_pictures_keep_their_channels(tmp_path):
    pixels = np.zeros((30, 30, 3), dtype=np.uint8)
    pixels[..., 0] = 250
    write_preview(pixels, tmp_path / "a.jpg")
    red, green, _ = np.asarray(Image.open(tmp_path / "a.jpg"))[15, 15]
    assert red > 240
    assert green < 10


def test_equal_pixels_give_equal_bytes(tmp_path):
    write_preview(_gradient(), tmp_path / "a.jpg")
    write_preview(_gradient(), tmp_path / "b.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_says_where_it_cannot_write(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        write_preview(_gradient(), tmp_path / "missing" / "a.jpg")
    assert list(tmp_path.iterdir()) == []
