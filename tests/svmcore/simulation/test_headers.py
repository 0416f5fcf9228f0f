"""Simulated headers hold what real ones do and what the readers need."""

import re

import pytest
from astropy.io import fits

# What filtering, products, alignment, drizzling and header blending look at.
PRIMARY = [
    "ROOTNAME",
    "TELESCOP",
    "INSTRUME",
    "DETECTOR",
    "PROPOSID",
    "TARGNAME",
    "RA_TARG",
    "DEC_TARG",
    "EXPTIME",
    "EXPSTART",
    "EXPEND",
    "EXPFLAG",
    "DATE-OBS",
    "TIME-OBS",
    "FGSLOCK",
    "PA_V3",
    "OBSTYPE",
    "DRIZCORR",
    "SUBARRAY",
    "IMAGETYP",
    "APERTURE",
    "CCDGAIN",
    "ATODGNA",
    "ATODGNB",
    "ATODGNC",
    "ATODGND",
    "READNSEA",
    "READNSEB",
    "READNSEC",
    "READNSED",
    "IDCTAB",
    "NPOLFILE",
    "D2IMFILE",
    "MDRIZTAB",
    "UPWCSVER",
    "PYWCSVER",
    "SIPNAME",
    "DISTNAME",
    "MTFLAG",
    "ASN_ID",
    "ASN_TAB",
    "LINENUM",
    "FILENAME",
    "NEXTEND",
    "POSTARG1",
    "POSTARG2",
    "PR_INV_L",
    "CAL_VER",
    "SCLAMP",
    "SUNANGLE",
    "MOONANGL",
    "SUN_ALT",
    "CCDAMP",
    "FLATCORR",
    "DARKCORR",
    "QUALITY",
]
PHOTOMETRY = ["PHOTMODE", "PHOTFLAM", "PHOTFNU", "PHOTZPT", "PHOTPLAM", "PHOTBW"]
SCIENCE = [
    "EXTNAME",
    "EXTVER",
    "BUNIT",
    "WCSAXES",
    "CRPIX1",
    "CRPIX2",
    "CRVAL1",
    "CRVAL2",
    "CTYPE1",
    "CTYPE2",
    "CD1_1",
    "CD1_2",
    "CD2_1",
    "CD2_2",
    "ORIENTAT",
    "A_ORDER",
    "B_ORDER",
    "A_2_0",
    "B_0_2",
    "OCX10",
    "OCX11",
    "OCY10",
    "OCY11",
    "IDCSCALE",
    "IDCTHETA",
    "IDCXREF",
    "IDCYREF",
    "IDCV2REF",
    "IDCV3REF",
    "WCSNAME",
    "WCSTYPE",
    "HDRNAME",
    "WCSNAMEA",
    "WCSNAMEO",
    "MDRIZSKY",
    "MEANDARK",
    "RA_APER",
    "DEC_APER",
    "PA_APER",
    "VAFACTOR",
    "LTV1",
    "LTV2",
    "LTM1_1",
    "LTM2_2",
    "NGOODPIX",
    "SDQFLAGS",
    "GOODMEAN",
    "SOFTERRS",
    "NCOMBINE",
    "S_REGION",
    "RADESYS",
    "BINAXIS1",
    "CENTERA1",
    "SIZAXIS1",
]

UNITS = {"IR": "ELECTRONS/S", "SBC": "COUNTS", "PC": "COUNTS"}

# Keywords of the real files' further solutions (a second catalog, a fit to Gaia).
FURTHER_SOLUTION = re.compile(
    r".*B$|CRDER\d|RMS_(RA|DEC)|NMATCHES|FITGEOM|WCSCORR|IRAF-TLM|ORIENTAT"
)


# What a counter of photons has not, and what WFPC2 has not or names otherwise.
CCD = {"CCDGAIN", "CCDAMP"} | {f"{n}{a}" for n in ("ATODGN", "READNSE") for a in "ABCD"}
NOT_WFPC2 = CCD | {
    "APERTURE",
    "BINAXIS1",
    "CENTERA1",
    "MDRIZTAB",
    "MEANDARK",
    "NCOMBINE",
    "OBSTYPE",
    "POSTARG1",
    "POSTARG2",
    "QUALITY",
    "SCLAMP",
    "SDQFLAGS",
    "SIZAXIS1",
    "SUBARRAY",
}


def missing_by_nature(primary):
    if primary["INSTRUME"] == "WFPC2":
        return NOT_WFPC2
    return CCD if primary["DETECTOR"] == "SBC" else set()


def keywords(header):
    return {c.keyword for c in header.cards} - {"", "HISTORY", "COMMENT", "CONTINUE"}


def test_primary_header_has_what_the_readers_need(visit):
    header = fits.getheader(visit.exposures[0])
    wanted = set(PRIMARY) | (
        {"FILTER"} if header["INSTRUME"] == "WFC3" else {"FILTER1"}
    )
    if header["INSTRUME"] == "WFC3":
        wanted |= {"SCAN_TYP"}
    if header["DETECTOR"] == "UVIS":
        wanted |= {"CHINJECT"}
    if header["INSTRUME"] == "WFPC2":
        wanted |= {"FILTNAM1", "FILTNAM2", "ATODGAIN", "DARKTIME"}
    absent = missing_by_nature(header)
    assert wanted - absent <= keywords(header)
    assert not absent & keywords(header)


def test_science_headers_have_what_the_readers_need(visit):
    with fits.open(visit.exposures[0]) as hdus:
        rate = hdus[0].header["DETECTOR"] == "IR"
        place = hdus[0] if rate else hdus["SCI", 1]
        assert set(PHOTOMETRY) <= keywords(place.header)
        for hdu in hdus:
            if hdu.name == "SCI":
                wanted = set(SCIENCE) - missing_by_nature(hdus[0].header)
                assert wanted <= keywords(hdu.header)
                unit = UNITS.get(hdus[0].header["DETECTOR"], "ELECTRONS")
                assert hdu.header["BUNIT"] == unit
                assert hdu.header.get("MEANDARK", 0) >= 0


@pytest.mark.parametrize(
    ("instrument", "real"),
    [
        ("wfc3/ir", "headers/sample_ipppssoot_flt.fits"),
        ("wfc3/uvis", "headers/sample_ipppssoot_flc.fits"),
        ("acs/hrc", "hrc_47tuc/j8bt06nyq_flt.fits.gz"),
    ],
)
def test_no_keyword_of_the_real_files_is_missing(visits, shared_data, instrument, real):
    with (
        fits.open(visits(instrument).exposures[0]) as ours,
        fits.open(shared_data / real) as theirs,
    ):
        for hdu in theirs:
            if hdu.name not in ("PRIMARY", "SCI", "ERR", "DQ", "SAMP", "TIME"):
                continue
            place = (hdu.name, hdu.ver)
            missing = keywords(hdu.header) - keywords(ours[place].header)
            left = sorted(k for k in missing if not FURTHER_SOLUTION.fullmatch(k))
            assert left == [], place


def test_values_have_the_type_of_the_real_ones(visits, shared_data):
    real = fits.getheader(shared_data / "headers/sample_ipppssoot_flt.fits")
    ours = fits.getheader(visits("wfc3/ir").exposures[0])
    wrong = {
        k: (ours[k], real[k])
        for k in keywords(real) - {"SIMPLE"}
        if k in ours
        and isinstance(real[k], str) != isinstance(ours[k], str)
        and not isinstance(real[k], fits.card.Undefined)
    }
    assert wrong == {}


def test_extensions_are_those_of_the_archive(visits):
    expected = {
        "wfc3/ir": ["SCI", "ERR", "DQ", "SAMP", "TIME"] + ["HDRLET"] * 3,
        "acs/hrc": ["SCI", "ERR", "DQ"] + ["HDRLET"] * 3,
        "wfc3/uvis": ["SCI", "ERR", "DQ"] * 2
        + ["WCSDVARR", "WCSDVARR", "D2IMARR", "D2IMARR"] * 2
        + ["HDRLET"] * 3,
    }
    for instrument, names in expected.items():
        with fits.open(visits(instrument).exposures[0]) as hdus:
            assert [hdu.name for hdu in hdus[1:]] == names
            assert hdus[0].header["NEXTEND"] == len(names)


def test_files_meet_the_fits_standard(visit):
    with fits.open(visit.exposures[0]) as hdus:
        hdus.verify("exception")


def test_each_chip_states_its_own_number(visits):
    with fits.open(visits("wfc3/uvis").exposures[0]) as hdus:
        assert hdus["SCI", 1].header["CCDCHIP"] == 2
        assert hdus["SCI", 2].header["CCDCHIP"] == 1
        assert "UVIS2" in hdus["SCI", 1].header["PHOTMODE"]
