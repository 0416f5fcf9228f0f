import numpy as np
import pytest
from astropy.io import fits

from svmcore.errors import InputError
from svmcore.io.mask_images import read_mask
from svmcore.io.sky_masks import SkyMask, read_sky_masks


@pytest.fixture
def catalog(tmp_path):
    def write(text):
        path = tmp_path / "masks.txt"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("line", "masks"),
    [
        ("a_flc.fits,m1.fits,m2.fits", [(1, "m1.fits", 0), (2, "m2.fits", 0)]),
        ("a_flc.fits, , m2.fits[3]", [(2, "m2.fits", 3)]),
        ("a_flc.fits,None,m2.fits[mask,2]  # ours", [(2, "m2.fits", ("MASK", 2))]),
        ("a_flc.fits[sci,2],m.fits", [(2, "m.fits", 0)]),
        (
            "a_flc.fits{('sci',2),('sci',1)},m2.fits['dq'],m1.fits",
            [(2, "m2.fits", ("DQ", 1)), (1, "m1.fits", 0)],
        ),
        ("a_flc.fits{('sci',*)},m1.fits", [(1, "m1.fits", 0)]),
        ("a_flc.fits", []),
    ],
)
def test_masks_are_read_in_astrodrizzles_forms(catalog, line, masks):
    path = catalog(f"# exposure, masks\n\n{line}\n")
    found = read_sky_masks(path)
    expected = tuple(SkyMask(v, path.parent / name, ext) for v, name, ext in masks)
    assert found == {"a_flc.fits": expected}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a_flc.fits[sci,1],m1.fits,m2.fits", "more masks than the 1"),
        ("a_flc.fits[3],m1.fits", "one named SCI is expected"),
        (",m1.fits", "a file name is expected"),
    ],
)
def test_malformed_lines_are_named(catalog, line, problem):
    with pytest.raises(InputError, match=problem) as raised:
        read_sky_masks(catalog(f"\n{line}\n"))
    assert "line 2" in str(raised.value)


def test_missing_list_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_sky_masks(tmp_path / "none.txt")


def test_mask_keeps_what_is_not_zero(tmp_path):
    path = tmp_path / "mask.fits"
    fits.PrimaryHDU(np.array([[0, 1], [2, 0]], np.uint8)).writeto(path)
    mask = SkyMask(1, path)
    assert read_mask(mask, (2, 2)).tolist() == [[False, True], [True, False]]
    with pytest.raises(InputError, match="has the shape"):
        read_mask(mask, (3, 2))
    with pytest.raises(InputError, match="cannot be read"):
        read_mask(SkyMask(1, path, 4), (2, 2))
