"""Sky coverage: areas, unions, overlaps, isolated exposures."""

import math
from dataclasses import replace

import numpy as np
import pytest

from svmcore.io.visit import read_visit
from svmcore.products import footprints, mean_exposures_per_pixel

WIDTH, HEIGHT, SCALE = 60, 50, 0.12825  # the small WFC3/IR chip
AREA = WIDTH * HEIGHT * SCALE**2


def shifted(exposure_with, number, *, x_pix=0.0, y_pix=0.0, dec=-64.0):
    ra = 137.0 - x_pix * SCALE / 3600 / math.cos(math.radians(dec))
    return exposure_with(number=number, center=(ra, dec + y_pix * SCALE / 3600))


def test_area_of_a_chip(exposure_with):
    coverage = footprints([exposure_with()])
    # A tangent plane 8 arcsec wide differs from the sphere by parts in 1e9.
    assert coverage.areas_arcsec2[0] == pytest.approx(AREA, rel=1e-8)
    assert coverage.union_area_arcsec2 == pytest.approx(AREA, rel=1e-8)
    assert len(coverage.union) == 1
    assert coverage.holes == ()
    assert coverage.overlap == pytest.approx(np.ones((1, 1)))
    assert coverage.isolated == ()


@pytest.mark.parametrize("dec", [-89.9, -64.0, 0.0, 89.9])
def test_half_overlap(exposure_with, dec):
    pair = [
        shifted(exposure_with, 1, dec=dec),
        shifted(exposure_with, 2, y_pix=HEIGHT / 2, dec=dec),
    ]
    coverage = footprints(pair)
    # Rows run along the parallel, so that nothing but curvature disturbs.
    assert coverage.overlap[0, 1] == pytest.approx(0.5, abs=1e-5)
    assert coverage.overlap[1, 0] == coverage.overlap[0, 1]
    assert coverage.union_area_arcsec2 == pytest.approx(1.5 * AREA, rel=1e-5)
    assert mean_exposures_per_pixel(pair) == pytest.approx(2 / 1.5, rel=1e-5)
    assert coverage.isolated == ()


def test_union_lies_where_the_exposures_lie(exposure_with):
    coverage = footprints([exposure_with(center=(0.0, 10.0))])
    ra, dec = np.array(coverage.union[0]).T
    corners = np.array(exposure_with(center=(0.0, 10.0)).chips[0].corners_deg)
    assert set(np.round(ra % 360, 9)) == set(np.round(corners[:, 0] % 360, 9))
    assert set(np.round(dec, 9)) == set(np.round(corners[:, 1], 9))


def test_two_chips_have_one_outline_each(exposure_with):
    coverage = footprints([exposure_with("acs_wfc")])
    assert len(coverage.outlines[0]) == 2
    assert len(coverage.union) == 2  # the gap is not covered
    assert coverage.union_area_arcsec2 == pytest.approx(2 * 50 * 60 * 0.05**2, rel=1e-6)


def test_exposures_that_do_not_overlap_the_rest_are_flagged(exposure_with):
    trio = [
        shifted(exposure_with, 1),
        shifted(exposure_with, 2, x_pix=40),
        shifted(exposure_with, 3, x_pix=80),  # touches 2, not 1
        shifted(exposure_with, 4, x_pix=500),
        shifted(exposure_with, 5, dec=64.0),  # on the other side of the sky
    ]
    coverage = footprints(trio)
    assert coverage.isolated == ("ib460604q", "ib460605q")
    assert coverage.overlap[0, 2] == 0
    assert coverage.overlap[1, 2] > 0.3


def test_an_exposure_without_position_is_flagged(exposure_with):
    known = exposure_with(number=2)
    chips = (replace(known.chips[0], corners_deg=()),)
    unknown = replace(known, chips=chips)
    coverage = footprints([exposure_with(number=1), unknown])
    assert coverage.isolated == (unknown.rootname,)
    assert coverage.areas_arcsec2[1] == 0
    assert mean_exposures_per_pixel([unknown]) == 0


def test_no_exposures_cover_nothing():
    coverage = footprints([])
    assert coverage.union == ()
    assert coverage.overlap.shape == (0, 0)
    assert mean_exposures_per_pixel([]) == 0


def test_arrays_cannot_be_changed(exposure_with):
    coverage = footprints([exposure_with()])
    with pytest.raises(ValueError, match="read-only"):
        coverage.overlap[0, 0] = 2


def test_real_exposures_of_one_field_overlap(shared_data):
    visit = read_visit(shared_data / "hrc_47tuc" / "visit.lst")
    coverage = footprints(visit.exposures)
    assert coverage.isolated == ()
    assert (coverage.overlap > 0.1).all()
    # The HRC sees 29 x 25 arcsec (ACS Instrument Handbook), within its edges.
    assert coverage.areas_arcsec2 == pytest.approx([29 * 25.5] * 3, rel=0.02)
