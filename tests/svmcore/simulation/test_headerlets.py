"""Alternate solutions and headerlets work with the observatory's library."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from stwcs.wcsutil import HSTWCS, altwcs, headerlet


@pytest.fixture
def exposure(visit, tmp_path):
    path = tmp_path / visit.exposures[0].name
    shutil.copy(visit.exposures[0], path)
    yield path
    Path("headerlet.log").unlink(missing_ok=True)  # stwcs leaves one per process


def position(path, *, key=" "):
    with fits.open(path) as hdus:
        return HSTWCS(hdus, ext=("SCI", 1), wcskey=key).all_pix2world([[9.0, 30.0]], 0)


def test_three_solutions_are_stored_both_ways(exposure):
    header = fits.getheader(exposure, ("SCI", 1))
    base = header["WCSNAMEA"]
    assert altwcs.wcsnames(header) == {"O": "OPUS", "A": base, " ": f"{base}-GSC240"}
    names = headerlet.get_headerlet_kw_names(str(exposure), kw="WCSNAME")
    assert names == ["OPUS", base, f"{base}-GSC240"]


def test_a_headerlet_restores_the_alternate_solution(exposure):
    apriori, alternate = position(exposure), position(exposure, key="A")
    shift = np.hypot(*((alternate - apriori)[0] * 3.6e6))
    assert 5 < shift < 5000  # mas: the guide-star correction is visible
    base = fits.getheader(exposure, ("SCI", 1))["WCSNAMEA"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # stwcs speaks of OPUS keeping its SIP
        headerlet.restore_from_headerlet(
            str(exposure), hdrname=f"{exposure.stem}_{base}", force=True
        )
    assert fits.getheader(exposure, ("SCI", 1))["WCSNAME"] == base
    # 1e-10 deg: the same numbers, written twice
    np.testing.assert_allclose(position(exposure), alternate, atol=1e-10)
