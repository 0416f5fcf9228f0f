import math
from types import SimpleNamespace

import pytest

from svmcore.pipeline import events as ev
from svmwidgets.models.running import RunModel


def tasks_of(**counts):
    return [
        SimpleNamespace(
            identifier=f"{step}: {k}", step=step.replace("_", " "), subject=str(k)
        )
        for step, count in counts.items()
        for k in range(count)
    ]


@pytest.fixture
def begun():
    model = RunModel()
    model.begin("Drizzle", tasks_of(resample=4, drizzle_product=2))
    return model


def finish(model, names, *, seconds=2.0, elapsed_s=8.0):
    step = names[0].partition(":")[0].replace("_", " ")
    events = [finished(name, step, seconds) for name in names]
    model.take(events, elapsed_s=elapsed_s)


def finished(identifier, step, seconds):
    return ev.TaskFinished(identifier, step, "", seconds=seconds, is_reused=False)


def test_nothing_is_said_of_the_time_left_before_a_task_is_over(begun):
    begun.tick(3.0)
    assert math.isnan(begun.remaining_s)
    assert begun.elapsed_s == 3.0


def test_the_time_left_counts_what_is_left_at_the_pace_of_this_run(begun):
    # Two workers: four tasks of 2 s each were over after 4 s.
    finish(begun, [f"resample: {k}" for k in range(4)], elapsed_s=4.0)
    # A product usually takes 1.5 s where resampling takes 1.8 s.
    assert begun.remaining_s == pytest.approx(2 * 1.5 * (2.0 / 1.8) * 0.5)
    assert begun.fraction == pytest.approx(8.0 / (8.0 + 2 * 1.5 * 2.0 / 1.8))


def test_the_clock_counts_down_between_events(begun):
    finish(begun, ["resample: 0"], elapsed_s=4.0)
    left = begun.remaining_s
    begun.tick(5.0)
    assert begun.remaining_s == pytest.approx(left - 1.0)
    begun.tick(500.0)
    assert begun.remaining_s == 1.0  # late, but never below nothing


def test_a_cancelled_run_is_not_complete(begun):
    finish(begun, ["resample: 0"])
    part = begun.fraction
    cancelled = [
        ev.TaskCancelled(row.identifier, row.step, row.subject)
        for row in begun.rows[1:]
    ]
    begun.take(cancelled, elapsed_s=9.0)
    begun.end("cancelled", "stopped")
    assert 0 < begun.fraction == part < 1
    assert begun.counts["cancelled"] == 5
