import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from svmcore.catalogs.columns import (
    FILTER_POINT_COLUMNS,
    FILTER_SEGMENT_COLUMNS,
    total_columns,
)
from svmcore.errors import StoreError
from svmcore.io.export_catalogs import MISSING, write_catalog
from svmcore.model.catalog import SourceCatalog


def _catalog(n_rows, columns=FILTER_POINT_COLUMNS):
    values = {
        column.name: np.arange(n_rows)
        if column.name.startswith(("ID", "Flags"))
        else np.linspace(1, 2, n_rows)
        for column in columns
    }
    return SourceCatalog("a_point-cat.ecsv", columns, values, {"h00": ["A note."]})


def test_filter_catalogs_have_the_columns_of_hap():
    names = [column.name for column in FILTER_POINT_COLUMNS]
    assert names == [
        "X-Center",
        "Y-Center",
        "RA",
        "DEC",
        "ID",
        "MagAp1",
        "MagErrAp1",
        "FluxAp1",
        "FluxErrAp1",
        "MagAp2",
        "MagErrAp2",
        "MSkyAp2",
        "StdevAp2",
        "FluxAp2",
        "FluxErrAp2",
        "CI",
        "Flags",
    ]
    assert len(FILTER_SEGMENT_COLUMNS) == 36


def test_total_catalogs_have_three_columns_per_filter():
    names = [column.name for column in total_columns("segment", ("f555w", "f814w"))]
    assert names == [
        "ID",
        "X-Centroid",
        "Y-Centroid",
        "RA",
        "DEC",
        "MagAP2_f555w",
        "CI_f555w",
        "Flags_f555w",
        "MagAP2_f814w",
        "CI_f814w",
        "Flags_f814w",
    ]


@pytest.mark.parametrize("n_rows", [0, 3])
def test_tables_read_back(tmp_path, n_rows):
    path = write_catalog(tmp_path, _catalog(n_rows))
    table = Table.read(path)
    assert len(table) == n_rows
    assert table.colnames == [column.name for column in FILTER_POINT_COLUMNS]
    assert table["FluxAp1"].unit == units.electron / units.s
    assert table["Flags"].dtype.kind == "i"
    assert table.meta["h00"] == ["A note."]


def test_missing_values_are_filled(tmp_path):
    catalog = _catalog(3)
    catalog.values["MagAp1"][1] = np.nan
    table = Table.read(write_catalog(tmp_path, catalog))
    assert table["MagAp1"][1] == MISSING


def test_positions_keep_their_digits(tmp_path):
    catalog = _catalog(3)
    catalog.values["RA"][:] = 150.123456789
    table = Table.read(write_catalog(tmp_path, catalog))
    # nine decimals: 4 microarcsec
    assert table["RA"][0] == pytest.approx(150.123456789, abs=1e-9)


def test_equal_catalogs_give_equal_bytes(tmp_path):
    (tmp_path / "other").mkdir()
    first = write_catalog(tmp_path, _catalog(5))
    second = write_catalog(tmp_path / "other", _catalog(5))
    assert first.read_bytes() == second.read_bytes()


def test_says_where_it_cannot_write(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        write_catalog(tmp_path / "missing", _catalog(1))
