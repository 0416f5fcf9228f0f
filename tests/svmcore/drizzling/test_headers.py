"""Blended headers: what is kept, summed, moved into the table or explained."""

import numpy as np
import pytest
from astropy.io import fits

from svmcore.drizzling.header_columns import TABLE_COLUMNS, TABLE_ONLY
from svmcore.drizzling.header_table import ExposureHeaders, header_table
from svmcore.drizzling.headers import blend_headers
from svmcore.model.grid import MosaicGrid

GRID = MosaicGrid((10.0, 20.0), (5.0, 6.0), ((-1e-5, 0.0), (0.0, 1e-5)), (11, 9), "IDC")


def _exposure(number, instrument="WFC3", **changes):
    primary = fits.Header()
    primary["ROOTNAME"], primary["INSTRUME"] = f"iaaa01a{number}q", instrument
    primary["EXPTIME"], primary["SUN_ALT"] = 100.0 + number, 12.0
    primary["FILTER"], primary["OPUS_VER"] = "F160W", "HSTDP 1"
    primary["SUNANGLE"], primary["LINENUM"] = 80.0, "01.001"
    primary["PATTERN1"], primary["IDCTAB"] = f"BOX{number}", "iref$real_idc.fits"
    primary["SUBARRAY"], primary["IRAF-TLM"] = False, "x"
    for key, value in changes.items():
        primary[key] = value
    chip = fits.Header()
    chip["EXTNAME"], chip["EXTVER"], chip["NAXIS1"] = "SCI", 1, 30
    chip["INHERIT"], chip["EXPNAME"] = True, primary["ROOTNAME"]
    chip["ROOTNAME"], chip["GOODMEAN"], chip["MEANDARK"] = primary["ROOTNAME"], 1.0, 2.0
    chip["PHOTFLAM"], chip["IDCTAB"], chip["CRVAL1"] = 2e-20, "N/A", 10.5
    chip["A_ORDER"], chip["WCSNAMEO"], chip["WCSNAME"] = 4, "OPUS", "IDC"
    return ExposureHeaders(f"hst_iaaa01a{number}", primary, (chip,))


def _blended(*exposures, **options):
    return blend_headers(
        exposures, GRID, unit="ELECTRONS/S", weight_unit="S", **options
    )


def test_what_belongs_to_one_exposure_goes_into_the_table_only():
    made = _blended(_exposure(0), _exposure(1))
    for keyword in ("SUN_ALT", "IRAF-TLM", "SUNANGLE", "LINENUM"):
        assert keyword not in made.primary
        assert keyword in made.table.rows.dtype.names
    for keyword in ("GOODMEAN", "MEANDARK", "A_ORDER", "WCSNAMEO"):
        assert keyword not in made.science
        assert keyword in made.table.rows.dtype.names
    alone = _blended(_exposure(0))
    assert alone.primary["SUNANGLE"] == 80.0
    assert alone.primary["LINENUM"] == "01.001"
    assert "SUN_ALT" not in alone.primary


def test_acs_products_keep_the_statistics_of_their_chips():
    made = _blended(_exposure(0, "ACS"), _exposure(1, "ACS"))
    assert made.science["GOODMEAN"] == 1.0
    assert "OPUS_VER" not in made.primary
    assert _blended(_exposure(0)).primary["OPUS_VER"] == "HSTDP 1"


def test_values_are_blended():
    made = _blended(_exposure(0), _exposure(1))
    assert made.primary["EXPTIME"] == 201.0
    assert made.primary["PATTERN1"] == "MULTIPLE"
    assert made.primary["FILTER"] == "F160W"
    assert made.science["ROOTNAME"] == made.science["EXPNAME"] == "iaaa01a0q"
    for header in (made.science, made.weight, made.context):
        assert header["INHERIT"] is True
        assert (header["LTV1"], header["LTM1_1"]) == (0.0, 1.0)
        assert header["CRVAL1"] == 10.0
    assert made.science["PHOTFLAM"] == 2e-20


def _two_chips(number):
    one = _exposure(number)
    chips = []
    for extver, chip in ((1, 2), (2, 1)):
        header = one.chips[0].copy()
        header["EXTVER"], header["CCDCHIP"] = extver, chip
        header["NCOMBINE"], header["SOFTERRS"] = 1, 3
        header["D2IMERR1"], header["D2IMEXT"] = 0.05, "iref$x_d2i.fits"
        header.append(("D2IM1", "EXTVER: 1", "record-valued, of the distortion"))
        header.append(("D2IM1", "AXIS.1: 1"))
        chips.append(header)
    return ExposureHeaders(one.name, one.primary, tuple(chips))


def test_exposures_are_counted_not_chips():
    for exposures in ([_two_chips(0)], [_two_chips(0), _two_chips(1)]):
        science = _blended(*exposures).science
        assert science["NCOMBINE"] == len(exposures)
        assert science["SOFTERRS"] == 6 * len(exposures)
        assert science["CCDCHIP"] == -999  # no single one
    one = _two_chips(0)
    alone = ExposureHeaders(one.name, one.primary, one.chips[:1])
    assert _blended(alone).science["CCDCHIP"] == 2


def test_table_tells_the_number_of_extensions_of_the_inputs():
    made = _blended(_exposure(0, "ACS", NEXTEND=3), _exposure(1, "ACS", NEXTEND=6))
    assert made.table.rows["NEXTEND"].tolist() == [3, 6]
    assert "NEXTEND" not in made.primary  # set when the product is written


def test_nothing_is_left_of_the_distortion():
    keywords = list(_blended(_two_chips(0)).science)
    assert not [key for key in keywords if key.startswith(("D2IM", "A_", "DP"))]


def test_keywords_that_only_later_exposures_have_are_kept():
    """Files of one visit may come from several versions of the calibration."""
    later = (_exposure(1, SPOTTAB="N/A"), _exposure(2, SPOTTAB="N/A"))
    assert _blended(_exposure(0), *later).primary["SPOTTAB"] == "N/A"
    odd = (_exposure(1, SPOTTAB="a.fits"), _exposure(2, SPOTTAB="b.fits"))
    primary = _blended(_exposure(0), *odd).primary
    assert primary["SPOTTAB"] == "MULTIPLE"
    assert list(primary)[: len(primary) - 1] == list(
        _blended(_exposure(0), _exposure(1)).primary
    )


def test_total_has_no_photometry_and_says_why():
    science = _blended(_exposure(0), _exposure(1), has_photometry=False).science
    assert "PHOTFLAM" not in science
    assert "PHOTFLAM" in str(science["COMMENT"])


@pytest.mark.parametrize("instrument", list(TABLE_COLUMNS))
def test_table_has_the_usual_columns_of_the_instrument(instrument):
    table = header_table([_exposure(0, instrument), _exposure(1, instrument)])
    names = table.rows.dtype.names
    assert TABLE_COLUMNS[instrument] <= set(names)
    assert TABLE_ONLY[instrument] <= set(names)
    assert names[:3] == ("ROOTNAME", "EXTNAME", "EXTVER")
    last = [n for n in ("WCSNAME", "WCSTYPE", "HAPEXPNAME") if n in names]
    assert list(names[-len(last) :]) == last
    middle = [n for n in names[3:] if n not in ("WCSNAME", "WCSTYPE", "HAPEXPNAME")]
    assert middle == sorted(middle, key=lambda name: name.replace("_", " "))
    assert table.rows["IDCTAB"].tolist() == [b"iref$real_idc.fits"] * 2
    assert table.rows["NAXIS1"].tolist() == [30, 30]
    assert table.rows["SUBARRAY"].tolist() == [b"F", b"F"]
    # A column that no input fills
    assert table.formats[names.index("OCD1_1")] == "D"
    assert np.all(np.isnan(table.rows["OCD1_1"]))
