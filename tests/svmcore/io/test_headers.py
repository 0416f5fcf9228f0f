"""The fast header reader against astropy, and files cut short."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from svmcore.errors import InputError
from svmcore.io.headers import has_signal, open_fits_bytes, read_header_units


def units_of(path):
    with open_fits_bytes(path) as stream:
        return read_header_units(stream, path)


@pytest.mark.parametrize(
    "name",
    [
        "headers/sample_ipppssoot_flc.fits",
        "headers/sample_svm_flt.fits",
        "hrc_47tuc/j8bt06nyq_flt.fits.gz",
    ],
)
def test_real_headers_are_read_as_astropy_reads_them(shared_data, name):
    path = shared_data / name
    units = units_of(path)
    with fits.open(path) as expected:
        assert len(units) == len(expected)
        for unit, reference in zip(units, expected, strict=True):
            assert unit.name == reference.name.replace("PRIMARY", "")
            assert unit.extver == reference.ver
            assert unit.data_start == reference.fileinfo()["datLoc"]
            if unit.name not in {"", "SCI"}:
                continue
            header = reference.header
            for keyword in set(header) - {"COMMENT", "HISTORY", ""}:
                if "." in keyword:  # record-valued cards, kept as text
                    continue
                value = header[keyword]
                if isinstance(value, fits.card.Undefined):
                    value = None
                if isinstance(value, str):
                    value = value.rstrip()
                assert unit.values[keyword] == value, keyword


def test_shapes_are_those_of_arrays(write_exposure, tmp_path):
    units = units_of(write_exposure(tmp_path, "acs_wfc", shape=(7, 9)))
    assert [unit.shape for unit in units if unit.name == "SCI"] == [(7, 9), (7, 9)]


@pytest.mark.parametrize("kept", [1, 100, 2880, 3000, 5760, 8000, 20_000])
def test_a_file_cut_short_is_refused(write_exposure, tmp_path, kept):
    path = write_exposure(tmp_path)
    content = path.read_bytes()
    assert kept < len(content)
    path.write_bytes(content[:kept])
    with pytest.raises(InputError, match=r"cut short|not a FITS file"):
        units_of(path)


def test_every_cut_is_noticed_or_harmless(write_exposure, tmp_path):
    path = write_exposure(tmp_path, shape=(3, 4))
    content = path.read_bytes()
    whole = units_of(path)
    last = whole[-1].data_start + whole[-1].data_bytes
    for kept in range(0, len(content), 487):
        path.write_bytes(content[:kept])
        if kept >= last:  # only padding is lost
            assert units_of(path) == whole
        else:
            with pytest.raises(InputError):
                units_of(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "ib460601q_flt.fits"
    path.touch()
    with pytest.raises(InputError, match="is empty"):
        units_of(path)


def test_other_content_is_refused(tmp_path):
    path = tmp_path / "ib460601q_flt.fits"
    path.write_text("file not found\n" * 500)
    with pytest.raises(InputError, match="is not a FITS file"):
        units_of(path)


def test_an_endless_header_is_refused(tmp_path):
    path = tmp_path / "ib460601q_flt.fits"
    card = b"SIMPLE  =                    T".ljust(80)
    path.write_bytes(card + b" " * 2880 * 2100)
    with pytest.raises(InputError, match="has no END card"):
        units_of(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"BITPIX  =                  -32", b"BITPIX  =                  -33"),
        (b"NAXIS1  =                   60", b"NAXIS1  =                  -60"),
        (b"NAXIS1  =                   60", b"NAXIS1  =                 60.5"),
        (b"NAXIS   =                    2", b"NAXIS   =                    T"),
        (b"PCOUNT  =                    0", b"PCOUNT  =                   -1"),
    ],
)
def test_structure_that_makes_no_sense_is_refused(write_exposure, tmp_path, old, new):
    path = write_exposure(tmp_path)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(InputError, match=r"do not describe data|expected a whole"):
        units_of(path)


def test_a_cut_gzip_file_is_refused(write_exposure, tmp_path):
    path = write_exposure(tmp_path)
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes())[:-200])
    with pytest.raises(InputError, match="is not a whole gzip file"):
        units_of(packed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint16])
@pytest.mark.parametrize("where", [None, (0, 0), (299, 499)])
def test_a_single_pixel_is_signal(dtype, where):
    pixels = np.zeros((300, 500), dtype=dtype)
    if where is not None:
        pixels[where] = 1
    content = io.BytesIO()
    science = fits.ImageHDU(pixels, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), science]).writeto(content)
    units = read_header_units(content, "test")
    assert has_signal(content, units[1]) is (where is not None)


def test_pixels_that_are_not_finite_are_no_signal():
    content = io.BytesIO()
    pixels = np.full((5, 5), np.nan, dtype=np.float32)
    science = fits.ImageHDU(pixels, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), science]).writeto(content)
    assert not has_signal(content, read_header_units(content, "test")[1])


@pytest.mark.parametrize(("value", "expected"), [(0.0, False), (3.5, True)])
def test_a_constant_array_has_the_signal_of_its_value(value, expected):
    science = fits.ImageHDU(name="SCI")
    science.header.update({"NPIX1": 8, "NPIX2": 6, "PIXVALUE": value})
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), science]).writeto(content)
    unit = read_header_units(content, "test")[1]
    assert unit.shape == (6, 8)
    assert has_signal(content, unit) is expected
