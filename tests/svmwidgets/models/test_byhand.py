"""Positions and numbers as people type them."""

import pytest

from svmcore.errors import ParameterError
from svmwidgets.models.byhand import read_circle, read_number


@pytest.mark.parametrize(
    "text",
    ["84.6666667 -69.1005556", "05h38m40s -69d06m02s", "05:38:40 -69:06:02"],
)
def test_centre_may_be_in_degrees_or_sexagesimal(text):
    circle = read_circle(text, "2.5")
    # Half a unit of the last decimal that the degrees are given with.
    assert circle.ra_deg == pytest.approx(84.6666667, abs=1e-7)
    assert circle.dec_deg == pytest.approx(-69.1005556, abs=1e-7)
    assert circle.radius_arcsec == 2.5


@pytest.mark.parametrize(
    ("center", "radius"), [("", "1"), ("here", "1"), ("10 20", "0"), ("10 20", "wide")]
)
def test_what_is_no_circle_is_refused(center, radius):
    with pytest.raises(ParameterError):
        read_circle(center, radius)


def test_nothing_typed_is_zero_and_infinity_is_refused():
    assert read_number("East", "", unit="mas") == 0.0
    with pytest.raises(ParameterError):
        read_number("East", "inf", unit="mas")
