"""Reference catalogs from local files."""

import gzip

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, Table

from svmcore.errors import ReferenceCatalogError
from svmcore.io.reference import check_reference, read_reference_file
from svmcore.io.reference_table import catalog_from_table
from svmcore.model.reference import ReferenceChoice


def gaia_table():
    table = Table(
        {
            "source_id": np.array([11, 12, 13]),
            "ra": [10.0, 10.1, 10.2],
            "dec": [-5.0, -5.1, -5.2],
            "ra_error": [0.1, 0.2, 0.3],
            "dec_error": [0.1, 0.2, 0.3],
            "pmra": MaskedColumn([1.0, 2.0, 3.0], mask=[False, False, True]),
            "pmdec": MaskedColumn([1.0, 2.0, 3.0], mask=[False, False, True]),
            "pmra_error": [0.1, 0.1, 0.1],
            "pmdec_error": [0.1, 0.1, 0.1],
            "ref_epoch": [2016.0, 2016.0, 2016.0],
            "phot_g_mean_mag": [15.0, 16.0, 17.0],
            "ruwe": [1.0, 2.8, 1.0],
        }
    )
    for name in ("ra", "dec"):
        table[name].unit = u.deg
    for name in ("ra_error", "dec_error"):
        table[name].unit = u.mas
    for name in ("pmra", "pmdec", "pmra_error", "pmdec_error"):
        table[name].unit = u.mas / u.yr
    return table


@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".ecsv", "ascii.ecsv"),
        (".fits", "fits"),
        (".csv", "ascii.csv"),
        (".vot", "votable"),
        (".ecsv.gz", "ascii.ecsv"),
    ],
)
def test_every_format_gives_the_same_catalog(tmp_path, suffix, form):
    path = tmp_path / f"stars{suffix}"
    table = gaia_table()
    if suffix.endswith(".gz"):
        plain = tmp_path / "stars.ecsv"
        table.write(plain, format=form)
        path.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        table.write(path, format=form)
    found = read_reference_file(path)
    assert found.name == "GAIAeDR3"
    assert found.source == path.name
    assert found.ra_deg == pytest.approx([10.0, 10.1, 10.2])
    assert found.ra_error_mas == pytest.approx([0.1, 0.2, 0.3])
    assert np.isnan(found.pm_ra_mas_yr[2])
    assert found.epoch_yr == pytest.approx(2016.0)
    assert found.quality_factor == pytest.approx([1.0, 4.0, 1.0])
    assert found.identifier.tolist() == ["11", "12", "13"]


def test_units_are_converted():
    table = gaia_table()
    table["ra_error"] = np.array([1e-4, 2e-4, 3e-4]) * u.arcsec
    table["ra"] = np.radians([10.0, 10.1, 10.2]) * u.rad
    found = catalog_from_table(table, name="X", source="x")
    assert found.ra_error_mas == pytest.approx([0.1, 0.2, 0.3])
    assert found.ra_deg == pytest.approx([10.0, 10.1, 10.2])


def test_a_wrong_unit_is_refused():
    table = gaia_table()
    table["pmra"].unit = u.km / u.s
    with pytest.raises(ReferenceCatalogError, match=r"column pmra.*km / s"):
        catalog_from_table(table, name="X", source="x.ecsv")


@pytest.mark.parametrize("column", ["ra", "dec"])
def test_positions_must_be_there(column):
    table = gaia_table()
    table.remove_column(column)
    with pytest.raises(ReferenceCatalogError, match=f"no column for {column}"):
        catalog_from_table(table, name="X", source="x")


def test_an_epoch_must_be_there_or_known():
    table = gaia_table()
    table.remove_column("ref_epoch")
    with pytest.raises(ReferenceCatalogError, match="at which epoch"):
        catalog_from_table(table, name="MINE", source="x")
    found = catalog_from_table(table, name="GAIADR2", source="x")
    assert found.epoch_yr == pytest.approx(2015.5)
    table.meta["epoch"] = 1998.5
    found = catalog_from_table(table, name="MINE", source="x")
    assert found.epoch_yr == pytest.approx(1998.5)


def test_dates_are_told_by_their_size():
    table = gaia_table()
    table["ref_epoch"] = [2016.0, 57388.5, 2457389.0]
    found = catalog_from_table(table, name="X", source="x")
    assert found.epoch_yr == pytest.approx([2016.0, 2016.0, 2016.0], abs=0.003)


def test_service_column_names_are_known():
    table = Table(
        {
            "objID": ["a", "b"],
            "RA": [1.0, 2.0],
            "DEC": [3.0, 4.0],
            "raErr": [5.0, 6.0],
            "decErr": [5.0, 6.0],
            "rapm": [7.0, 8.0],
            "decpm": [7.0, 8.0],
            "mag": [9.0, 10.0],
            "epoch": [2000.0, 2000.0],
        }
    )
    found = catalog_from_table(table, name="GSC242", source="x")
    assert found.pm_dec_mas_yr == pytest.approx([7.0, 8.0])
    assert np.isnan(found.pm_ra_error_mas_yr).all()


def test_an_empty_catalog_is_refused():
    with pytest.raises(ReferenceCatalogError, match="no usable star"):
        catalog_from_table(gaia_table()[:0], name="X", source="x")


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("stars.doc", "x", "suffix"),
        ("stars.ecsv", "nonsense\n\x00", "cannot be read"),
        ("stars.fits", "SIMPLE", "cannot be read"),
    ],
)
def test_a_file_that_is_no_catalog_is_refused(tmp_path, name, text, match):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ReferenceCatalogError, match=match):
        read_reference_file(path)


def test_a_choice_is_a_file_a_catalog_or_nothing(tmp_path):
    path = tmp_path / "gaia.ecsv"
    path.write_text("")
    assert ReferenceChoice.from_user(str(path)).file == path
    assert ReferenceChoice.from_user("none") == ReferenceChoice()
    assert ReferenceChoice.from_user(None) == ReferenceChoice()
    choice = ReferenceChoice.from_user("gsc,2MASS", service_url="http://here")
    assert choice.services == ("GSC242", "2MASS")
    assert choice.service_url == "http://here"
    assert ReferenceChoice.from_user(choice) is choice
    with pytest.raises(ReferenceCatalogError, match="neither a file nor"):
        ReferenceChoice.from_user("gaya")
    with pytest.raises(ReferenceCatalogError, match="no such reference"):
        ReferenceChoice.from_user(tmp_path / "absent.ecsv")


def stored_by_the_peer(count=4, *, asked=2021.363):
    """Return a table as drizzlepac stores it beside its fit."""
    rng = np.random.default_rng(3)
    table = Table(
        {
            "RA": 290.2 + 0.01 * np.arange(count),
            "RA_error": np.full(count, 0.05),
            "DEC": 37.77 + 0.01 * np.arange(count),
            "DEC_error": np.full(count, 0.06),
            "pmra": rng.normal(-0.4, 0.1, count),
            "pmra_error": np.full(count, 0.05),
            "pmdec": rng.normal(-2.3, 0.1, count),
            "pmdec_error": np.full(count, 0.05),
            "mag": np.linspace(20.5, 15.0, count),
            "objID": [f"N2HB{number:04d}" for number in range(count)],
            "epoch": np.full(count, 2016.0),
            "x": np.linspace(100.0, 3900.0, count),
            "y": np.linspace(50.0, 2000.0, count),
        }
    )
    table["pmra"][1] = np.nan
    table.meta.update(catalog="GAIAeDR3", gaia_only=False, epoch=asked, converted=True)
    return table


def test_catalogs_that_drizzlepac_stored_are_at_the_epoch_it_asked_for(tmp_path):
    path = tmp_path / "hst_12345_01_wfc3_uvis_GAIAeDR3_ref_cat.ecsv"
    stored_by_the_peer().write(path)
    found = read_reference_file(path)
    assert found.name == "GAIAeDR3"
    assert found.identifier[0] == "N2HB0000"
    assert found.dec_error_mas == pytest.approx(0.06)
    # The second star has no proper motion and was not moved.
    assert found.epoch_yr.tolist() == [2021.363, 2016.0, 2021.363, 2021.363]


def test_recorded_lists_with_positions_on_chips_are_read(tmp_path):
    path = tmp_path / "icau27_gaia_matches.csv"
    table = stored_by_the_peer()
    table.meta.clear()
    table.keep_columns(["RA", "DEC", "x", "y", "mag"])
    table.write(path, format="ascii.csv")
    found = read_reference_file(path)
    assert found.ra_deg == pytest.approx(table["RA"])
    assert found.epoch_yr.tolist() == [2016.0] * 4
    assert np.isnan(found.pm_ra_mas_yr).all()


def test_a_list_without_header_holds_positions_first(tmp_path):
    path = tmp_path / "gaia.cat"
    path.write_text("290.20 37.77 15.1\n290.21 37.78 16.2\n290.22 37.79 17.3\n")
    found = read_reference_file(path)
    assert found.dec_deg.tolist() == [37.77, 37.78, 37.79]
    assert found.name == "GAIAeDR3"


def test_an_epoch_in_words_is_refused_by_name(tmp_path):
    table = stored_by_the_peer()
    table["epoch"] = ["J2016"] * 4
    with pytest.raises(ReferenceCatalogError, match="column epoch"):
        catalog_from_table(table, name="X", source="made up")


def test_a_bad_file_is_noticed_before_anything_runs(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("alpha_wrong,delta_wrong\n1,2\n")
    with pytest.raises(ReferenceCatalogError, match="no column for ra"):
        check_reference(ReferenceChoice(file=bad))
    check_reference(ReferenceChoice(services=("GAIAeDR3",)))


@pytest.mark.parametrize(
    ("column", "value", "match"),
    [
        ("ra", "abc", "column ra, line 6: is not numeric: 'abc'"),
        ("pmra", "12h", "column pmra, line 6: is not numeric: '12h'"),
        ("ra", "5000.0", "column ra, line 6: is 5000, expected -360 to 360"),
        ("dec", "95.0", "column dec, line 6: is 95, expected -90 to 90"),
        ("ref_epoch", "16", "column ref_epoch, line 6: is 16, expected 1850 to 2150"),
    ],
)
def test_a_bad_value_is_refused_by_column_and_line(tmp_path, column, value, match):
    names = ["ra", "dec", "pmra", "ref_epoch"]
    rows = [["10.0", "-5.0", "1.0", "2016.0"] for _ in range(5)]
    rows[3][names.index(column)] = value
    path = tmp_path / "stars.csv"
    lines = ["", ",".join(names), *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ReferenceCatalogError, match=match):
        check_reference(ReferenceChoice(file=path))


def test_a_bad_value_in_a_binary_table_is_refused_by_its_row(tmp_path):
    table = gaia_table()
    table["dec"][1] = -123.0
    path = tmp_path / "stars.fits"
    table.write(path)
    with pytest.raises(ReferenceCatalogError, match="column dec, row 2"):
        check_reference(ReferenceChoice(file=path))


def test_what_a_service_does_not_know_is_passed_over():
    table = gaia_table()
    table["ref_epoch"][2] = 0.0
    found = catalog_from_table(table, name="GSC242", source="service")
    assert found.identifier.tolist() == ["11", "12"]


def test_comments_in_a_csv_file_are_passed_over(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "# my stars\n# of 2016\nra,dec,epoch\n10,20,2016\n# one\n11,95,2016\n"
    )
    with pytest.raises(ReferenceCatalogError, match="column dec, line 6: is 95"):
        read_reference_file(path)
    path.write_text(path.read_text().replace("95", "21"))
    assert len(read_reference_file(path)) == 2
