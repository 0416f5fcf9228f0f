import gzip

import numpy as np
import pytest
from astropy.io import fits

from svmcore.drizzling.header_table import ExposureHeaders
from svmcore.drizzling.headers import blend_headers
from svmcore.drizzling.settings import InstrumentSettings
from svmcore.errors import InputError, StoreError
from svmcore.io.export_images import ImageExtension, write_product
from svmcore.io.images import (
    read_calibration,
    read_chip_pixels,
    read_exposure_headers,
    read_keyword_sky,
    read_reference_grid,
    read_sky_file,
)
from svmcore.io.raw import RawPlane, write_raw
from svmcore.io.sections import read_chip_planes, read_section, sample_pixels
from svmcore.model.grid import GridWindow, MosaicGrid

GRID = MosaicGrid((10.0, 20.0), (5.0, 6.0), ((-1e-5, 0.0), (0.0, 1e-5)), (12, 10), "X")


def _write(path, *, primary=(), science=(), chips=1, error=True):
    hdus = [fits.PrimaryHDU(header=fits.Header([("EXPTIME", 50.0), *primary]))]
    for extver in range(1, chips + 1):
        image = np.arange(120, dtype=np.float32).reshape(12, 10) + extver
        facts = {"BUNIT": "ELECTRONS", "CCDCHIP": extver} | dict(science)
        header = fits.Header(facts.items())
        hdus.append(fits.ImageHDU(image, header, name="SCI", ver=extver))
        if error:
            hdus.append(fits.ImageHDU(image * 0 + 2, name="ERR", ver=extver))
        flags = np.zeros((12, 10), np.int16)
        flags[3, 4] = 16
        hdus.append(fits.ImageHDU(flags, name="DQ", ver=extver))
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.mark.parametrize(
    ("primary", "science", "expected"),
    [
        (
            [("INSTRUME", "ACS"), ("DETECTOR", "HRC"), ("READNSEC", 4.7)],
            [],
            {"to_electrons": 1.0, "read_noise": 4.7, "time_s": 50.0},
        ),
        (
            [("INSTRUME", "WFC3"), ("DETECTOR", "IR"), ("READNSEA", 20.0)],
            [("BUNIT", "ELECTRONS/S"), ("MEANDARK", 22.0)],
            {"to_electrons": 50.0, "time_s": 1.0, "dark": 22.0, "gain": 1.0},
        ),
        (
            [("INSTRUME", "ACS"), ("DETECTOR", "SBC"), ("READNSEA", 9.0)],
            [("BUNIT", "COUNTS")],
            {"to_electrons": 1.0, "read_noise": 0.0, "cte_direction": 0},
        ),
        (
            [("INSTRUME", "WFPC2"), ("ATODGAIN", 15.0)],
            [("BUNIT", "COUNTS"), ("CCDCHIP", 3)],
            {"to_electrons": 13.95, "read_noise": 6.99, "cte_direction": 1},
        ),
    ],
    ids=["electrons", "rates", "photon counts", "data numbers"],
)
def test_units_and_noise_of_each_kind_of_detector(tmp_path, primary, science, expected):
    path = _write(tmp_path / "jtest01aq_flt.fits", primary=primary, science=science)
    (chip,) = read_calibration(path)
    found = {name: getattr(chip, name) for name in expected}
    assert found == pytest.approx(expected)


def test_values_given_by_hand_replace_the_headers(tmp_path):
    path = _write(tmp_path / "jtest01aq_flt.fits", primary=[("READNSEA", 4.0)])
    settings = InstrumentSettings(gain=2.0, read_noise=7.0, exptime_s=10.0)
    (chip,) = read_calibration(path, settings)
    assert (chip.to_electrons, chip.read_noise, chip.exptime_s) == (2.0, 7.0, 10.0)


def test_no_exposure_time_is_refused(tmp_path):
    path = _write(tmp_path / "jtest01aq_flt.fits", primary=[("OTHER", 0.0)])
    with pytest.raises(InputError, match="exposure time is 0"):
        read_calibration(path, InstrumentSettings(exptime_keyword="OTHER"))


@pytest.mark.parametrize("kind", ["whole", "section"])
def test_pixels_come_in_native_order_and_bad_values_are_flagged(tmp_path, kind):
    path = _write(tmp_path / "jtest01aq_flt.fits", chips=2)
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 2].data[5, 5] = np.nan
    if kind == "whole":
        pixels = read_chip_pixels(path, 2, with_error=True)
        here = (slice(2, 8), slice(3, 9))
        science, flags = pixels.science[here], pixels.quality[here]
        error = pixels.error[here]
    else:
        pixels = read_section(
            read_chip_planes(path)[2], slice(2, 8), slice(3, 9), with_error=True
        )
        science, flags, error = pixels.science, pixels.quality, pixels.error
    assert science.dtype.isnative
    assert science[0, 0] == 2 * 10 + 3 + 2
    assert (science[3, 2], flags[3, 2]) == (0.0, 32768)
    assert flags[1, 1] == 16
    assert (error == 2).all()


@pytest.mark.parametrize("is_packed", [False, True])
def test_some_pixels_are_those_of_the_whole(tmp_path, is_packed):
    path = _write(tmp_path / "jtest01aq_flt.fits", chips=2)
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 2].data[5, 5] = np.nan
    if is_packed:
        packed = path.with_suffix(".fits.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path = packed
    whole = read_chip_pixels(path, 2)
    planes = read_chip_planes(path)[2]
    rows, columns = np.array([5, 0, 7]), np.array([5, 3, 1])
    for here in ((slice(None, None, 3), slice(1, None, 2)), (rows, columns)):
        found = sample_pixels(planes, *here)
        assert np.array_equal(found.science, whole.science[here])
        assert np.array_equal(found.quality, whole.quality[here])
        assert found.science.dtype.isnative
    assert sample_pixels(planes, rows, columns).quality[0] & 32768


def test_pixels_of_a_file_cut_short_are_refused(tmp_path):
    path = _write(tmp_path / "jtest01aq_flt.fits")
    planes = read_chip_planes(path)[1]
    path.write_bytes(path.read_bytes()[: planes.unit("SCI").data_start + 8])
    with pytest.raises(InputError, match="has become shorter"):
        sample_pixels(planes, slice(None), slice(None))
    with pytest.raises(InputError, match="has become shorter"):
        read_section(planes, slice(0, 3), slice(0, 3))


def test_missing_chip_is_named(tmp_path):
    path = _write(tmp_path / "jtest01aq_flt.fits")
    with pytest.raises(InputError, match=r"SCI,4.*missing"):
        read_chip_pixels(path, 4)


def test_sky_from_a_file_and_from_a_keyword(tmp_path):
    path = _write(tmp_path / "jtest01aq_flt.fits", science=[("MYSKY", 3.5)], chips=2)
    assert read_keyword_sky(path, "MYSKY") == {1: 3.5, 2: 3.5}
    with pytest.raises(InputError, match="skyuser names it"):
        read_keyword_sky(path, "OTHER")
    table = tmp_path / "sky.txt"
    table.write_text("a_flt.fits 1.5\n# note\nb_flt.fits 2, 3\n")
    assert read_sky_file(table) == {"a_flt.fits": (1.5,), "b_flt.fits": (2.0, 3.0)}
    table.write_text("a_flt.fits much\n")
    with pytest.raises(InputError, match="line 1"):
        read_sky_file(table)
    with pytest.raises(InputError, match="cannot be read"):
        read_sky_file(tmp_path / "none.txt")


def test_raw_image_is_read_by_parts(tmp_path):
    image = np.arange(60, dtype=np.float32).reshape(6, 10)
    write_raw(tmp_path / "x.raw", image)
    plane = RawPlane(tmp_path / "x.raw", GridWindow(-1, 100, 6, 10))
    assert np.array_equal(plane.read(GridWindow(1, 103, 2, 4)), image[2:4, 3:7])
    short = RawPlane(tmp_path / "x.raw", GridWindow(0, 0, 8, 10))
    with pytest.raises(StoreError, match="cut short"):
        short.read(GridWindow(4, 0, 4, 10))


def _product(path, inputs):
    headers = blend_headers(inputs, GRID, unit="ELECTRONS/S", weight_unit="S")
    extensions = (
        ImageExtension("SCI", (12, 10), is_integer=False, header_cards=120),
        ImageExtension("CTX", (2, 12, 10), is_integer=True, header_cards=120),
    )
    with write_product(path, extensions, primary_cards=50) as writer:
        for y0 in (6, 0):  # rows may come in any order
            rows = np.full((6, 10), y0 + 0.5, np.float32)
            writer.write_rows("SCI", y0, rows)
            writer.write_rows("CTX", y0, np.full((2, 6, 10), y0 + 1, np.int32))
        writer.write_headers(
            headers.primary, {"SCI": headers.science, "CTX": headers.context}
        )
        writer.write_table("HDRTAB", headers.table)
    return headers


@pytest.fixture
def inputs(tmp_path):
    found = []
    for number, exptime in enumerate((30.0, 50.0)):
        path = _write(
            tmp_path / f"jtest01{number}q_flt.fits",
            primary=[
                ("ROOTNAME", f"jtest01{number}q"),
                ("FILTER1", ("F606W", "F555W")[number]),
                ("FLAG", True),
            ],
            science=[("PHOTFLAM", (0.0, 4e-19)[number]), ("CRVAL1B", 1.0)],
        )
        with fits.open(path, mode="update") as hdus:
            hdus[0].header["EXPTIME"] = exptime
        primary, chips = read_exposure_headers(path)
        found.append(ExposureHeaders(path.stem, primary, chips))
    return found


def test_product_written_by_rows_is_valid_fits(tmp_path, inputs):
    _product(tmp_path / "product.fits", inputs)
    with fits.open(tmp_path / "product.fits") as hdus:
        hdus.verify("exception")
        assert (hdus["SCI"].data[:6] == 0.5).all()
        assert (hdus["SCI"].data[6:] == 6.5).all()
        assert hdus["CTX"].data.shape == (2, 12, 10)
        assert list(hdus["HDRTAB"].data["EXPTIME"]) == [30.0, 50.0]
        assert list(hdus["HDRTAB"].data["FLAG"]) == [True, True]
        assert hdus["HDRTAB"].data.columns.names[-1] == "HAPEXPNAME"
    assert read_reference_grid(tmp_path / "product.fits") == GRID


def test_headers_are_blended_by_the_table_of_rules(tmp_path, inputs):
    headers = _product(tmp_path / "product.fits", inputs)
    assert headers.primary["EXPTIME"] == 80.0
    assert headers.primary["FILTER1"] == "MULTIPLE"
    assert headers.science["PHOTFLAM"] == 4e-19  # 0 stands for unknown
    assert "CRVAL1B" not in headers.science
    plain = blend_headers(
        inputs, GRID, unit="E", weight_unit="S", has_photometry=False
    ).science
    assert "PHOTFLAM" not in plain
    assert "left out" in str(plain["COMMENT"])


def test_header_that_grew_too_long_leaves_no_file(tmp_path, inputs):
    headers = blend_headers(inputs, GRID, unit="E", weight_unit="S")
    extension = ImageExtension("SCI", (12, 10), is_integer=False, header_cards=1)
    for number in range(80):
        headers.science[f"KEY{number}"] = number
    with (
        pytest.raises(StoreError, match="were announced"),
        write_product(tmp_path / "p.fits", (extension,), primary_cards=50) as writer,
    ):
        writer.write_headers(headers.primary, {"SCI": headers.science})
    assert not list(tmp_path.glob("*p.fits"))
