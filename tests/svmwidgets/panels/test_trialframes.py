"""What is blinked with a trial: errors and single exposures at their place."""

import numpy as np
import pytest

from svmcore.model.cutout import Cutout, WeightStatistics
from svmcore.model.grid import GridWindow, MosaicGrid
from svmwidgets.models.trials import Trial
from svmwidgets.panels.trialframes import (
    present_frame,
    trial_facts,
    trial_frames,
    uneven_notice,
)

SIDE = 1.1e-5  # 0.04 arcsec
GRID = MosaicGrid((10.0, 20.0), (50.0, 50.0), ((-SIDE, 0.0), (0.0, SIDE)), (99, 99))
WINDOW = GridWindow(30, 40, 12, 14)


def cutout(*, error=None, value=1.0):
    """Return a cutout of two filters whose separate images have one shape."""
    image = np.full(WINDOW.shape, value, np.float32)
    windows = {"red": GridWindow(20, 30, 16, 18), "blue": GridWindow(24, 30, 16, 18)}
    alone = np.zeros((16, 18), np.float32)
    return Cutout(
        GRID,
        WINDOW,
        image,
        np.abs(image),
        np.zeros(WINDOW.shape, np.int16),
        WeightStatistics(1.0, 1.0, 0.0, 1.0),
        dict.fromkeys(windows, GRID),
        windows,
        {"a": alone, "b": alone},
        dict.fromkeys(windows, alone),
        error=error,
        separate_filter={"a": "red", "b": "blue"},
    )


def trial(**changes):
    return Trial("p", (), (10.0, 20.0), cutout(), cutout(**changes))


def names(frames):
    found = [frame.name for frame in frames]
    for frame in frames:
        frame.close()
    return found


def test_frames_of_a_trial():
    tried = trial()
    usual = ["trial", "present", "trial − present", "trial weight"]
    assert names(trial_frames(tried, None, "")) == usual
    assert names(trial_frames(tried, None, "a")) == [*usual, "a alone"]
    with_kept = names(trial_frames(tried, trial(), ""))
    assert with_kept[:3] == ["trial", "present", "kept trial"]
    assert names([present_frame(tried)]) == ["present"]


def test_error_is_one_more_frame():
    error = np.full(WINDOW.shape, 0.1, np.float32)
    shown = names(trial_frames(trial(error=error), None, "a"))
    assert shown[-2:] == ["trial error", "a alone"]


def test_single_exposure_lies_where_its_filter_was_compared():
    """Both filters' windows have one shape; only their places tell them apart."""
    origins = {}
    for rootname in ("a", "b"):
        frames = trial_frames(trial(), None, rootname)
        origins[rootname] = frames[-1].sky["origin"]
        names(frames)
    # where the reference point lies: the window of "b" begins four rows higher
    assert origins["a"][1] - origins["b"][1] == pytest.approx(4)
    assert origins["a"][0] == pytest.approx(origins["b"][0])


def test_cutout_without_any_pixel_is_described():
    tried = trial(value=np.nan)
    facts = dict(trial_facts(tried))
    assert facts["Noise (robust rms)"].endswith("nan")
    assert uneven_notice(tried) == ""
    assert names(trial_frames(tried, None, ""))[0] == "trial"
