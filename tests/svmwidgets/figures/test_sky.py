"""Sky mappings: how well they follow a function, and how they say so."""

import numpy as np
import pytest

from svmwidgets.figures import fit_sky_mapping, tan_sky_mapping

TAN = tan_sky_mapping((50.0, 60.0), (0.001, 88.0), np.diag([-1e-5, 1e-5]))


def bent(x, y):
    """Return a sky position with a bend no low polynomial follows."""
    return TAN.pixel_to_sky(x + 0.2 * np.sin(x / 40.0) * np.cos(y / 50.0), y)


def test_the_reference_pixel_counts_from_one_as_in_fits():
    ra, dec = TAN.pixel_to_sky(np.array([49.0]), np.array([59.0]))
    assert (ra[0], dec[0]) == pytest.approx((0.001, 88.0), abs=1e-12)


def test_an_undistorted_mapping_needs_only_a_plane():
    mapping = fit_sky_mapping(TAN.pixel_to_sky, (1000, 1200))
    assert len(mapping.powers) == 3
    assert mapping.error_mas < 0.01


def test_a_table_takes_what_the_polynomial_leaves():
    mapping = fit_sky_mapping(bent, (1000, 1200))
    assert mapping.table.size
    assert mapping.error_mas < 0.3
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1199, 500), rng.uniform(0, 999, 500)
    found, wanted = mapping.pixel_to_sky(x, y), bent(x, y)
    away_ra = (found[0] - wanted[0] + 180.0) % 360.0 - 180.0
    error = np.hypot(away_ra * np.cos(np.radians(88.0)), found[1] - wanted[1])
    # The stated error holds at other points too, up to chance.
    assert error.max() * 3.6e6 < 2.0 * mapping.error_mas


def test_an_unreachable_tolerance_is_admitted():
    def rough(x, y):
        return TAN.pixel_to_sky(x + 0.5 * np.sin(x), y)

    mapping = fit_sky_mapping(rough, (200, 200), tolerance_mas=0.1)
    assert mapping.error_mas > 1.0


def test_the_wire_form_is_plain():
    wire = fit_sky_mapping(bent, (300, 300)).to_wire()
    assert isinstance(wire["table"], bytes)
    assert wire["table_shape"][0] * wire["table_shape"][1] * 16 == len(wire["table"])
