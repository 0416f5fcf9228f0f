"""Scores say how far solutions are from the truth."""

from dataclasses import replace

import pytest

from svmcore.errors import InputError
from svmcore.simulation.truth import (
    read_true_wcs,
    score_alignment,
    score_files,
    score_given,
)


def moved(solution, *, north_mas):
    chips = tuple(
        replace(c, crval_deg=(c.crval_deg[0], c.crval_deg[1] + north_mas / 3.6e6))
        for c in solution.chips
    )
    return replace(solution, chips=chips)


def test_the_truth_scores_zero(visit):
    scores = score_alignment(visit.folder, read_true_wcs(visit.folder).values())
    assert [s.rootname for s in scores] == [p.name[:9] for p in visit.exposures]
    # 1e-4 mas: rounding of positions near 360 degrees
    assert max(s.absolute_max_mas for s in scores) < 1e-4


def test_a_common_error_is_absolute_not_relative(visit):
    truth = read_true_wcs(visit.folder).values()
    scores = score_alignment(visit.folder, [moved(t, north_mas=7.0) for t in truth])
    for score in scores:
        assert score.absolute_mas == pytest.approx(7.0, abs=0.01)
        assert score.north_mas == pytest.approx(7.0, abs=0.01)
        assert score.relative_max_mas < 0.01


def test_an_error_of_one_exposure_is_relative(visits):
    visit = visits("wfc3/ir")
    first, *others = read_true_wcs(visit.folder).values()
    scores = score_alignment(visit.folder, [moved(first, north_mas=8.0), *others])
    share = 8.0 * (1 - 1 / len(scores))
    assert scores[0].relative_mas == pytest.approx(share, abs=0.01)
    assert scores[1].absolute_mas < 1e-4


def test_given_headers_score_their_offset(visit):
    scores = score_given(visit.folder)
    # offset (180, -90) mas, 12 mas of scatter per axis and exposure
    assert all(140 < s.absolute_mas < 260 for s in scores)


def test_files_of_other_visits_are_passed_over(visits):
    ir, hrc = visits("wfc3/ir"), visits("acs/hrc")
    assert score_files(ir.folder, hrc.exposures) == ()


def test_a_folder_without_truth_is_named(tmp_path):
    with pytest.raises(InputError, match=r"truth\.ecsv.*nothing to score"):
        read_true_wcs(tmp_path)


def test_a_missing_exposure_is_named(visits, tmp_path):
    ir = visits("wfc3/ir")
    (tmp_path / "truth.ecsv").write_bytes(ir.truth.read_bytes())
    with pytest.raises(InputError, match="missing from the simulated visit"):
        score_given(tmp_path)
