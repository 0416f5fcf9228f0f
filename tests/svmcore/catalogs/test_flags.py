import numpy as np
import pytest

from svmcore.catalogs.flags import (
    SourceFlag,
    count_exposures,
    flag_sources,
    least_exposures,
    near_saturation,
)
from svmcore.catalogs.settings import ClassLimits

LIMITS = ClassLimits(signal_to_noise=5.0, lower=0.9, upper=1.2)


def _source(**changes):
    values = {
        "CI": 1.0,
        "MagErrAp1": 0.01,
        "MagErrAp2": 0.01,
        "FluxAp2": 100.0,
        "FluxErrAp2": 1.0,
        **changes,
    }
    return {name: np.array([value]) for name, value in values.items()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0),
        ({"CI": 1.3}, SourceFlag.EXTENDED),
        ({"CI": 0.8}, SourceFlag.TOO_SHARP),
        ({"CI": 0.8, "MagErrAp1": 0.2}, 0),
        ({"FluxAp2": 4.0}, SourceFlag.FAINT),
        ({"CI": np.nan}, SourceFlag.EXTENDED | SourceFlag.TOO_SHARP),
        ({"MagErrAp2": np.nan}, SourceFlag.TOO_SHARP),
        ({"FluxErrAp2": np.nan}, SourceFlag.FAINT),
    ],
    ids=[
        "star",
        "extended",
        "too sharp",
        "sharp within its error",
        "faint",
        "no index",
        "no error",
        "no flux error",
    ],
)
def test_flags(changes, expected):
    no = np.array([False])
    flags = flag_sources(
        _source(**changes), limits=LIMITS, is_saturated=no, has_few_exposures=no
    )
    assert flags.tolist() == [int(expected)]


def test_surroundings_add_their_bits():
    yes = np.array([True])
    flags = flag_sources(
        _source(), limits=LIMITS, is_saturated=yes, has_few_exposures=yes
    )
    assert flags.tolist() == [4 + 64]


def test_saturation_reaches_as_far_as_the_radius():
    x, y = np.array([10.0, 17.9, 18.1]), np.full(3, 10.0)
    near = near_saturation(x, y, np.array([[10.0, 10.0]]), radius=8.0)
    assert near.tolist() == [True, True, False]


def test_no_saturated_pixel_flags_nothing():
    assert not near_saturation(np.ones(2), np.ones(2), np.zeros((0, 2)), radius=8).any()


def test_counts_bits_of_all_planes_away_from_edges():
    ctx = np.zeros((2, 60, 60), dtype=np.int32)
    ctx[0, 10:50, 10:50] = -1  # all 32 chips of the first plane
    ctx[1, 10:50, 10:50] = 1
    count = count_exposures(ctx, ctx[0] != 0)
    assert count[30, 30] == 33
    assert count[11, 30] == 0
    assert count[13, 30] == 33


@pytest.mark.parametrize(
    ("most", "is_single_enough", "least"),
    [(1, False, 0.5), (4, True, 0.5), (4, False, 1.5), (6, False, 2.5)],
)
def test_least_exposures(most, is_single_enough, least):
    assert least_exposures(most, is_single_enough=is_single_enough) == least
