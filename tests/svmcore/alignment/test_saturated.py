"""Stars whose cores are lost."""

import numpy as np
import pytest
from star_groups import DEC_DEG, RA_DEG, make_group

from svmcore.alignment.plane import TangentPlane
from svmcore.alignment.saturated import find_saturated_cores
from svmcore.alignment.selected import list_points, select_sources
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.sources import ChipPixels, detect_sources
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.detector import DetectorKey


def lost_core(x, y, radius, *, bleeding=0, shape=(90, 110)):
    """Return the saturated pixels of a star, with a streak along its column."""
    rows, columns = np.indices(shape)
    saturated = np.hypot(columns - x, rows - y) < radius
    column = round(x)
    saturated[round(y) : round(y) + bleeding, column] = True
    return saturated


@pytest.mark.parametrize("bleeding", [0, 25], ids=["round", "bleeding"])
def test_a_lost_core_tells_where_its_star_is(bleeding):
    saturated = lost_core(40.3, 30.6, 4.0, bleeding=bleeding)
    signal = np.where(saturated, 70000.0, 0.0).astype(np.float32)
    found = find_saturated_cores(saturated, signal)
    assert len(found.flux) == 1
    # Whole pixels tell the centre of a disk of this size to a fifth.
    assert found.xy[0] == pytest.approx([40.3, 30.6], abs=0.35)
    assert found.flux[0] == pytest.approx(70000.0 * saturated.sum())


def test_small_groups_and_a_flooded_chip_are_no_stars():
    few = lost_core(40.0, 30.0, 1.5)
    every = np.ones((400, 400), dtype=np.bool_)
    for saturated in (few, every, np.zeros_like(few)):
        signal = np.full(saturated.shape, 70000.0, dtype=np.float32)
        assert len(find_saturated_cores(saturated, signal).flux) == 0


def test_a_star_without_a_core_is_found_with_a_large_error():
    rows, columns = np.indices((120, 120))
    star = 4.0e5 * np.exp(-((columns - 60.2) ** 2 + (rows - 55.4) ** 2) / 8.0)
    saturated = star > 7.0e4
    science = np.minimum(star, 7.0e4) + 10.0
    noise = np.random.default_rng(1).normal(0.0, 3.0, star.shape)
    chip = ChipPixels(
        1,
        (science + noise).astype(np.float32),
        np.full(star.shape, 3.0, dtype=np.float32),
        np.where(saturated, 256, 0).astype(np.int16),
    )
    found = detect_sources(
        "x", (chip,), DetectorKey("wfc3", "uvis"), AlignmentSettings()
    ).sources
    row = int(np.argmax(found.flux))
    assert found.is_saturated[row]
    assert found.xy[row] == pytest.approx([60.2, 55.4], abs=0.5)
    assert found.xy_error[row] >= 0.2


def test_the_error_of_a_lost_core_does_not_average_out():
    group = make_group(1)
    member = group.members[0]
    sources = member.sources
    sources.is_saturated[:] = False
    sources.is_saturated[0], sources.xy_error[0] = True, 0.2
    plane = TangentPlane(RA_DEG, DEC_DEG)
    position = np.zeros((len(sources.flux), 2))
    chosen = select_sources(
        member, AlignmentDecisions(), plane, position, None, AlignmentSettings()
    )
    assert not chosen.usable[0]  # there are others enough
    chosen.usable[0] = True
    points = list_points(member, position, chosen, np.zeros(2))
    first = points.row == 0
    assert points.common[first] == points.sigma[first]
    assert not points.common[~first].any()
