"""What is a catalog at a glance is one for those who read it."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Table

from svmcore.io.reference import read_reference_file
from svmcore.io.reference_glance import is_plain_catalog

COLUMNS = {
    "source_id": ["1", "2", "3"],
    "ra": [10.0, 10.1, 10.2],
    "dec": [-5.0, -5.1, -5.2],
    "ra_error": [0.1, 0.2, 0.3],
    "pmra": [1.0, 2.0, np.nan],
    "ref_epoch": [2016.0, 2016.0, 2016.0],
}


def written(path, form, *, unit=u.mas):
    table = Table(COLUMNS)
    table["ra"].unit = table["dec"].unit = u.deg
    table["ra_error"].unit = unit
    table["pmra"].unit = u.mas / u.yr
    table.write(path, format=form)
    return path


@pytest.mark.parametrize(
    ("name", "form"), [("a.ecsv", "ascii.ecsv"), ("a.csv", "ascii.csv")]
)
def test_a_usual_catalog_is_known_at_a_glance(tmp_path, name, form):
    path = written(tmp_path / name, form)
    assert is_plain_catalog(path)
    assert len(read_reference_file(path)) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10.1", "abc"),
        ("10.1", ""),
        ("-5.1", "-95.1"),
        ("2016.0", "16.0"),
        ("dec", "declination"),
        ("10.1", "10.1,3"),
        ("10.1", '"10.1"'),
    ],
)
def test_whatever_is_unusual_is_left_to_a_reader(tmp_path, old, new):
    path = written(tmp_path / "a.csv", "ascii.csv")
    path.write_text(path.read_text().replace(old, new))
    assert not is_plain_catalog(path)


def test_other_units_and_other_files_are_left_to_a_reader(tmp_path):
    assert not is_plain_catalog(
        written(tmp_path / "a.ecsv", "ascii.ecsv", unit=u.arcsec)
    )
    assert not is_plain_catalog(written(tmp_path / "a.fits", "fits"))
    assert not is_plain_catalog(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    assert not is_plain_catalog(tmp_path / "empty.csv")
