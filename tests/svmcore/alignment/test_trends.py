"""Warnings about residuals that are more than scatter."""

from dataclasses import replace

import numpy as np
import pytest
from star_groups import make_group

from svmcore.alignment.group import fit_group
from svmcore.alignment.trends import trend_warnings


@pytest.fixture(scope="module")
def matches():
    return fit_group(make_group(21).problem()).matches


def test_mere_scatter_is_no_warning(matches):
    assert trend_warnings(matches, is_absolute=True) == ()
    assert trend_warnings(matches, is_absolute=False) == ()


@pytest.mark.parametrize(("axis", "word"), [(0, "range of x"), (1, "range of y")])
def test_a_trend_with_position_is_told(matches, axis, word):
    residual = matches.residual_mas.copy()
    residual[:, 0] += 5.0 * matches.xy[:, axis] / 1000.0
    changed = replace(matches, residual_mas=residual)
    found = trend_warnings(changed, is_absolute=True)
    assert len(found) == 1
    assert "Residuals east" in found[0]
    assert word in found[0]


def test_unequal_axes_are_told(matches):
    changed = replace(matches, residual_mas=matches.residual_mas * [1.0, 4.0])
    (found,) = trend_warnings(changed, is_absolute=True)
    assert "scatter" in found


def test_a_few_matches_are_not_judged(matches):
    few = replace(matches, is_used=np.arange(len(matches)) < 5)
    assert trend_warnings(few, is_absolute=True) == ()
