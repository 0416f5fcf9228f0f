"""Aligned copies of real exposures: both chips, lookup tables, archives."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from stwcs.wcsutil.headerlet import Headerlet, apply_headerlet_as_primary

from svmcore.errors import InputError, StoreError
from svmcore.io.export_wcs import AlignedExposure, write_aligned_exposure
from svmcore.io.headerlets import HeaderletFacts, build_headerlet
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.fit import ExposureFit, FitQuality, FitTerms
from svmcore.model.wcs import AlignedChip, AlignedWcs

pytestmark = pytest.mark.data

TERMS = FitTerms("rscale", 100.0, -50.0, 0.2, 0.001, 1e-4, 0.0, 0.0)
FIT = ExposureFit(
    "ib4606c5q",
    "fitted",
    300,
    40,
    250,
    TERMS,
    1.5,
    1.7,
    0.8,
    0.9,
    FitQuality(1, "Good."),
)


def moved(path, name="IDC_2731450pi-FIT_SVM_GAIAeDR3"):
    """Return the solution of a file, a tenth of an arcsecond further north."""
    present = as_aligned("ib4606c5q", name, read_chip_wcs(path))
    return AlignedWcs(
        present.rootname,
        name,
        tuple(
            AlignedChip(c.extver, (c.crval_deg[0], c.crval_deg[1] + 2.8e-5), c.cd_deg)
            for c in present.chips
        ),
    )


def exposure(path, **kwargs):
    values = {
        "source": path,
        "calibrated_name": "hst_x_flc.fits",
        "headerlet_name": "hst_x_hlet.fits",
        "aligned": moved(path),
        "fit": FIT,
        "catalog": "GAIAeDR3",
        "reference_rootname": "ib4606c5q",
        **kwargs,
    }
    return AlignedExposure(**values)


@pytest.fixture
def flc(shared_data):
    return shared_data / "headers" / "sample_ipppssoot_flc.fits"


def test_both_chips_move_and_tables_stay(flc, tmp_path):
    write_aligned_exposure(tmp_path, exposure(flc))
    before, after = read_chip_wcs(flc), read_chip_wcs(tmp_path / "hst_x_flc.fits")
    for extver, wcs in after.items():
        assert wcs.wcs.name == "IDC_2731450pi-FIT_SVM_GAIAeDR3"
        assert wcs.cpdis1 is not None
        assert wcs.det2im1 is not None
        pixels = np.array([[1.0, 2.0], [8.0, 9.0]])
        shift = wcs.all_pix2world(pixels, 0) - before[extver].all_pix2world(pixels, 0)
        assert shift[:, 1] == pytest.approx(2.8e-5, rel=1e-3)


def test_a_real_exposure_takes_the_headerlet(flc, tmp_path):
    write_aligned_exposure(tmp_path, exposure(flc))
    original = tmp_path / "ib4606c5q_flc.fits"
    shutil.copy(flc, original)
    original.chmod(0o644)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apply_headerlet_as_primary(str(original), str(tmp_path / "hst_x_hlet.fits"))
    Path("headerlet.log").unlink(missing_ok=True)  # stwcs leaves it
    ours, theirs = (
        read_chip_wcs(tmp_path / name) for name in ("hst_x_flc.fits", original.name)
    )
    pixels = np.array([[0.0, 0.0], [9.0, 9.0]])
    for extver, wcs in ours.items():
        delta = wcs.all_pix2world(pixels, 0) - theirs[extver].all_pix2world(pixels, 0)
        assert np.abs(delta).max() * 3.6e6 < 0.01


def test_the_headerlet_says_what_the_fit_was(flc, tmp_path):
    write_aligned_exposure(tmp_path, exposure(flc, history=("one line",)))
    with fits.open(tmp_path / "hst_x_hlet.fits") as hdus:
        header = hdus[0].header
        assert [h.name for h in hdus].count("SIPWCS") == 2
        assert header["DESTIM"] == "ib4606c5q"
        assert header["CATALOG"] == "GAIAeDR3"
        assert header["NMATCH"] == 40
        assert header["RMS_RA"] == 1.5
        assert header["FITMETH"] == "global"
        assert "one line" in str(header["HISTORY"])


def test_a_solution_is_archived_once(flc, tmp_path):
    write_aligned_exposure(tmp_path, exposure(flc))
    with fits.open(flc) as given, fits.open(tmp_path / "hst_x_flc.fits") as copy:
        old = given["SCI", 1].header["WCSNAME"]
        count = [sum(h.name == "HDRLET" for h in hdus) for hdus in (given, copy)]
        names = [h.header["WCSNAME"] for h in copy if h.name == "HDRLET"]
        header = copy["SCI", 2].header
        assert count[1] == count[0] + 1  # the old one was archived already
        assert names.count(old) == 1
        assert old in [header[k] for k in header["WCSNAME?"]]
        assert copy[0].header["NEXTEND"] == len(copy) - 1


def test_relative_numbers_are_those_of_the_relative_fit(flc, tmp_path):
    write_aligned_exposure(tmp_path, exposure(flc))
    header = fits.getheader(tmp_path / "hst_x_flc.fits", ("SCI", 1))
    assert (header["RMS_RA"], header["RMS_DEC"], header["NMATCHES"]) == (1.5, 1.7, 40)
    assert (header["RELRMS_R"], header["RELRMS_D"], header["RELMATCH"]) == (
        0.8,
        0.9,
        250,
    )
    assert header["CRDER1"] == pytest.approx(1.5 / 3.6e6)
    assert header["FITGEOM"] == header["RELGEOM"] == "rscale"
    assert header["RELREFIM"] == "ib4606c5q"


def test_a_kept_solution_is_left_alone(flc, tmp_path):
    present = as_aligned("x", "IDC_2731450pi-FIT_REL_GAIAeDR3", read_chip_wcs(flc))
    write_aligned_exposure(tmp_path, exposure(flc, aligned=present, fit=None))
    old, new = (
        fits.getheader(path, ("SCI", 1)) for path in (flc, tmp_path / "hst_x_flc.fits")
    )
    for keyword in ("WCSNAME", "HDRNAME", "NMATCHES", "RMS_RA", "WCSTYPE"):
        assert new[keyword] == old[keyword]
    assert new["CRVAL1"] == pytest.approx(old["CRVAL1"], abs=1e-12)


def test_cosmic_rays_and_sky_are_written(flc, tmp_path):
    mask = np.zeros((10, 10), dtype=bool)
    mask[3, 4] = True
    found = exposure(flc, cosmic_rays={2: mask}, reset_bits=4096, sky={2: 12.5})
    write_aligned_exposure(tmp_path, found)
    with fits.open(tmp_path / "hst_x_flc.fits") as hdus, fits.open(flc) as given:
        flags = hdus["DQ", 2].data
        assert flags[3, 4] & 4096
        assert np.count_nonzero(flags & 4096) == 1
        others = ~mask
        np.testing.assert_array_equal(
            flags[others], given["DQ", 2].data[others] & ~np.int16(4096)
        )
        assert hdus["SCI", 2].header["MDRIZSKY"] == 12.5
        np.testing.assert_array_equal(hdus["DQ", 1].data, given["DQ", 1].data)


def test_a_gzipped_file_without_wcsname_history_can_be_written(shared_data, tmp_path):
    path = shared_data / "hrc_47tuc" / "j8bt06o6q_flt.fits.gz"
    aligned = moved(path, "IDC_n721640fj-VISIT_REL")
    write_aligned_exposure(tmp_path, exposure(path, aligned=aligned, catalog=""))
    with fits.open(tmp_path / "hst_x_flc.fits") as hdus:
        assert hdus["SCI", 1].header["WCSNAME"] == "IDC_n721640fj-VISIT_REL"
        assert "RMS_RA" not in hdus["SCI", 1].header
        names = [h.header["HDRNAME"] for h in hdus if h.name == "HDRLET"]
        assert names[0] == "j8bt06o6q_flt_IDC_n721640fj-hlet.fits"


def test_nothing_is_half_written(flc, tmp_path):
    absent = tmp_path / "absent"
    with pytest.raises(StoreError, match="cannot be written"):
        write_aligned_exposure(absent, exposure(flc))
    assert not list(tmp_path.iterdir())


def test_an_exposure_without_images_is_refused(flc, tmp_path):
    aligned = moved(flc)
    empty = tmp_path / "empty_flt.fits"
    fits.PrimaryHDU().writeto(empty)
    with pytest.raises(InputError, match="no SCI extension"):
        write_aligned_exposure(tmp_path, exposure(empty, aligned=aligned))


def test_a_headerlet_is_one_to_stwcs(flc):
    with fits.open(flc) as hdus:
        made = build_headerlet(hdus, HeaderletFacts("mine", "2020-01-01"))
    assert isinstance(made, Headerlet)
    assert made[0].header["DATE"] == "2020-01-01"


def test_a_chip_without_flags_gets_a_plane_for_them(flc, tmp_path):
    bare = tmp_path / "ib4606c5q_flc.fits"
    with fits.open(flc) as hdus:
        kept = [hdu for hdu in hdus if (hdu.name, hdu.ver) != ("DQ", 2)]
        kept[0].header["NEXTEND"] = len(kept) - 1
        fits.HDUList(kept).writeto(bare)
    mask = np.eye(10, dtype=bool)
    write_aligned_exposure(tmp_path, exposure(bare, cosmic_rays={2: mask}))
    with fits.open(tmp_path / "hst_x_flc.fits") as hdus:
        assert (hdus["DQ", 2].data == 4096 * mask).all()
        assert hdus.index_of(("DQ", 2)) == hdus.index_of(("ERR", 2)) + 1
        assert hdus[0].header["NEXTEND"] == len(hdus) - 1
