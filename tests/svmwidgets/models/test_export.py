"""Products are copied whole, and never over others unasked."""

import pytest

from svmcore.errors import StoreError


@pytest.fixture
def product(session):
    session.output.mkdir()
    path = session.output / "hst_product_drz.fits"
    path.write_bytes(b"pixels")
    return path


def test_copies_go_where_they_are_sent(session, product, tmp_path):
    target = tmp_path / "away" / "deeper"
    assert session.export.copy([product.name], target, overwrite=False)
    assert (target / product.name).read_bytes() == b"pixels"


def test_existing_copies_are_in_the_way_until_confirmed(session, product, tmp_path):
    (tmp_path / product.name).write_bytes(b"precious")
    assert not session.export.copy([product.name], tmp_path, overwrite=False)
    assert session.export.in_the_way == (str(tmp_path / product.name),)
    assert (tmp_path / product.name).read_bytes() == b"precious"
    assert session.export.copy([product.name], tmp_path, overwrite=True)
    assert (tmp_path / product.name).read_bytes() == b"pixels"


def test_folder_that_cannot_be_made_says_so(session, product):
    with pytest.raises(StoreError, match="cannot be made"):
        session.export.copy([product.name], product / "folder", overwrite=False)


def test_a_later_decision_makes_the_export_stale(session):
    export = session.export
    export.write(["decisions"], session.export_text, overwrite=False)
    assert export.status == "ok"
    session.filtering.override(["idem01a0q"], accepted=False, reason="bad")
    assert export.status == "stale"
