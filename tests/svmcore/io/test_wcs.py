"""The WCS of every chip of an exposure."""

import numpy as np
import pytest
from astropy.io import fits

from svmcore.errors import InputError
from svmcore.io.solutions import read_solutions
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.wcs import AlignedChip, AlignedWcs

PIXELS = np.array([[0.0, 0.0], [9.0, 3.0]])


def real(shared_data, name):
    return shared_data / "headers" / name


@pytest.mark.data
def test_both_chips_with_their_tables(shared_data):
    chips = read_chip_wcs(real(shared_data, "sample_ipppssoot_flc.fits"))
    assert sorted(chips) == [1, 2]
    assert all(wcs.cpdis1 is not None for wcs in chips.values())
    assert all(wcs.det2im1 is not None for wcs in chips.values())
    assert chips[1].wcs.name == "IDC_2731450pi-FIT_REL_GAIAeDR3"


@pytest.mark.data
def test_linear_terms_are_replaced_and_nothing_else(shared_data):
    path = real(shared_data, "sample_ipppssoot_flc.fits")
    chips = read_chip_wcs(path)
    same = read_chip_wcs(path, aligned=as_aligned("x", "n", chips))
    for extver, wcs in chips.items():
        first = wcs.all_pix2world(PIXELS, 0)
        assert same[extver].all_pix2world(PIXELS, 0) == pytest.approx(first, abs=1e-13)
    before = as_aligned("x", "n", chips).chips[0]
    moved = AlignedChip(
        1, (before.crval_deg[0], before.crval_deg[1] + 1e-4), before.cd_deg
    )
    found = read_chip_wcs(path, aligned=AlignedWcs("x", "n", (moved,)))
    shift = found[1].all_pix2world(PIXELS, 0) - chips[1].all_pix2world(PIXELS, 0)
    assert shift[:, 1] == pytest.approx(1e-4, rel=1e-3)
    unmoved = found[2].all_pix2world(PIXELS, 0)
    assert unmoved == pytest.approx(chips[2].all_pix2world(PIXELS, 0), abs=0)


@pytest.mark.data
def test_the_real_ccd_exposures_need_no_reference_files(shared_data):
    for path in sorted((shared_data / "hrc_47tuc").glob("*.gz")):
        wcs = read_chip_wcs(path)[1]
        # 29 x 26 arcsec: half a diagonal is below 0.006 degrees.
        centre = wcs.all_pix2world([[511.0, 511.0]], 0)[0]
        assert np.abs(centre - wcs.wcs.crval)[1] < 0.006
        assert wcs.wcs.name == "IDC_n721640fj"


@pytest.mark.data
def test_a_missing_chip_is_named(shared_data):
    path = real(shared_data, "sample_ipppssoot_flt.fits")
    chip = AlignedChip(2, (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)))
    with pytest.raises(InputError, match=r"SCI,2.*missing"):
        read_chip_wcs(path, aligned=AlignedWcs("x", "n", (chip,)))


def test_files_without_images_or_wcs_are_refused(tmp_path):
    text = tmp_path / "text_flt.fits"
    text.write_text("no FITS at all")
    with pytest.raises(InputError, match="not a FITS file"):
        read_chip_wcs(text)
    empty = tmp_path / "empty_flt.fits"
    fits.PrimaryHDU().writeto(empty)
    with pytest.raises(InputError, match="no SCI extension"):
        read_chip_wcs(empty)
    plain = tmp_path / "plain_flt.fits"
    fits.HDUList(
        [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((4, 4)), name="SCI", ver=1)]
    ).writeto(plain)
    with pytest.raises(InputError, match=r"SCI,1"):
        read_chip_wcs(plain)


@pytest.mark.data
def test_all_solutions_of_an_exposure_are_read(shared_data):
    found = read_solutions(real(shared_data, "sample_svm_flc.fits"))
    assert next(iter(found)) == "IDC_2731450pi-FIT_SVM_GAIAeDR3"
    assert "IDC_2731450pi-HSC30" in found  # an alternate WCS
    assert "IDC_2731450pi-GSC240" in found  # in a headerlet extension only
    assert "OPUS" not in found
    assert all(len(solution.chips) == 2 for solution in found.values())
    apriori = found["IDC_2731450pi-HSC30"].chips[0]
    assert apriori.crval_deg == pytest.approx((137.86451142884, -64.904102595754))
