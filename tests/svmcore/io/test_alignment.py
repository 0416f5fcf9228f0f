"""Source lists and fits on disk."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from star_groups import make_group

from svmcore.alignment.group import fit_group
from svmcore.alignment.sources import DetectedSources, StarStamps
from svmcore.errors import StoreError
from svmcore.io.alignment import (
    read_aligned_wcs,
    read_group_fit,
    read_reference_stars,
    read_source_list,
    read_source_lists,
    write_group_fit,
    write_reference_stars,
    write_source_lists,
)
from svmcore.io.detections import read_detected, write_detected
from svmcore.io.export_residuals import residual_text, write_residual_report


@pytest.fixture(scope="module")
def group():
    return make_group(1, exposures=2)


@pytest.fixture(scope="module")
def fit(group):
    return fit_group(group.problem())


def assert_same(first, second):
    for part in fields(first):
        one, other = getattr(first, part.name), getattr(second, part.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other


def test_sources_and_stamps_come_back(tmp_path, group):
    sources = group.members[0].sources
    count = len(sources.xy)
    stamps = StarStamps(
        np.arange(2 * count).reshape(-1, 2),
        np.ones((count, 11, 11), dtype=np.float32),
        np.full((count, 11, 11), np.inf, dtype=np.float32),
    )
    write_detected(tmp_path, DetectedSources(sources, stamps, ("a note",)))
    found = read_detected(tmp_path)
    assert_same(found.sources, sources)
    assert_same(found.stamps, stamps)
    assert found.notes == ("a note",)
    assert_same(read_source_list(tmp_path), sources)


def test_refined_lists_come_back_by_name(tmp_path, group):
    lists = tuple(member.sources for member in group.members)
    write_source_lists(tmp_path, lists)
    found = read_source_lists(tmp_path)
    assert sorted(found) == ["test00q", "test01q"]
    assert_same(found["test01q"], lists[1])


def test_reference_stars_come_back(tmp_path, group):
    assert read_reference_stars(tmp_path) is None
    write_reference_stars(tmp_path, group.catalog)
    assert_same(read_reference_stars(tmp_path), group.catalog)


def test_a_fit_comes_back(tmp_path, fit):
    fit = replace(fit, set_aside=fit.wcs, warnings=("careful",))
    write_group_fit(tmp_path, fit)
    found = read_group_fit(tmp_path)
    assert_same(found.matches, fit.matches)
    for part in ("wcs", "set_aside", "warnings", "history", "quality", "absolute"):
        assert getattr(found, part) == getattr(fit, part)
    assert found.exposures == fit.exposures
    assert read_aligned_wcs(tmp_path) == fit.wcs


def test_a_relative_fit_comes_back(tmp_path, group):
    fit = fit_group(group.problem(reference=None))
    write_group_fit(tmp_path, fit)
    found = read_group_fit(tmp_path)
    assert found.absolute is None
    assert np.isnan(found.catalog_epoch_yr)


def test_equal_fits_give_equal_bytes(tmp_path, fit):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_group_fit(tmp_path / name, fit)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_damaged_fit_is_refused(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_group_fit(tmp_path)
    (tmp_path / "wcs.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        read_aligned_wcs(tmp_path)


def report(folder, fit):
    names = {"figure": "a.png", "text": "a.txt", "table": "a.ecsv"}
    paths = {what: folder / name for what, name in names.items()}
    write_residual_report(fit, **paths)
    return tuple(paths.values())


def test_the_report_holds_every_number(tmp_path, fit):
    figure, text, table = report(tmp_path, fit)
    assert figure.read_bytes().startswith(b"\x89PNG")
    words = text.read_text()
    assert "test01q" in words
    assert "rotation" in words
    assert fit.quality.sentence in words
    assert len(
        [line for line in table.read_text().splitlines() if "test0" in line]
    ) == (len(fit.matches))
    assert words == residual_text(fit)


def test_a_fit_without_matches_can_be_reported(tmp_path, group):
    member = group.members[0]
    fit = fit_group(group.problem(reference=None, members=(member,)))
    assert fit.kind == "none"
    assert all(path.stat().st_size > 0 for path in report(tmp_path, fit))
    assert json.dumps(fit.quality.sentence)
