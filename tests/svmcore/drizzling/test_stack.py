import numpy as np
import pytest

from svmcore.drizzling import changes as drizzled_changes
from svmcore.drizzling import statistics
from svmcore.drizzling.changes import find_change
from svmcore.drizzling.grid import join_chips
from svmcore.drizzling.pixmap import fit_pixel_map, footprint_window
from svmcore.drizzling.resample import Drop, drizzle_chip
from svmcore.drizzling.stack import Layer, Sum
from svmcore.drizzling.statistics import CoverageCount, context_bits
from svmcore.model.grid import GridWindow
from svmcore.model.image import DrizzledChip

DROP = Drop("square", 1.0, 1.0, 1.0, 50.0)


@pytest.fixture
def exposures(distorted_chip):
    """Three dithered chips on one grid."""
    chips = [distorted_chip(3.3 * n, -2.1 * n) for n in range(3)]
    grid = join_chips(chips)
    random = np.random.default_rng(5)
    found = []
    for chip in chips:
        pixel_map = fit_pixel_map(chip, grid)
        science = random.normal(80, 9, pixel_map.shape).astype(np.float32)
        weight = np.where(random.random(science.shape) < 0.03, 0, 50).astype(np.float32)
        found.append((science, weight, pixel_map))
    return grid, found


def _stacked(grid, found, skies):
    total = Sum(grid.window, len(found))
    for number, ((science, weight, pixel_map), sky) in enumerate(
        zip(found, skies, strict=True)
    ):
        window = footprint_window(pixel_map, grid)
        chip = drizzle_chip(science, weight, pixel_map, window, drop=DROP)
        part = window.intersect(grid.window)
        here = part.slices_within(window)
        total.add(Layer(part, chip.science[here], chip.weight[here], sky, number))
    return total.finish()


def _direct(grid, found, skies):
    window = grid.window.grown(4)
    target = DrizzledChip(
        window, np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
    )
    for (science, weight, pixel_map), sky in zip(found, skies, strict=True):
        counts = science - np.float32(sky * DROP.exptime_s)
        drizzle_chip(counts, weight, pixel_map, window, drop=DROP, target=target)
    inner = grid.window.slices_within(window)
    return target.science[inner], target.weight[inner]


def test_stack_equals_what_is_drizzled_directly(exposures):
    grid, found = exposures
    skies = [0.05, 0.0, 0.3]
    band = _stacked(grid, found, skies)
    science, weight = _direct(grid, found, skies)
    covered = weight > 0
    assert np.array_equal(np.isfinite(band.science), covered)
    assert np.allclose(band.weight, weight, rtol=1e-5, atol=1e-4)
    assert np.allclose(band.science[covered], science[covered], rtol=1e-5, atol=1e-5)


def test_context_says_which_chips_contribute(exposures):
    grid, found = exposures
    band = _stacked(grid, found, [0.0, 0.0, 0.0])
    for number in range(3):
        alone = _stacked(grid, [found[number]], [0.0])
        bits = context_bits(band.context, [number])
        assert np.array_equal(bits, alone.weight > 0)
    assert np.array_equal(context_bits(band.context, [0, 1, 2]), band.weight > 0)


def test_products_add_up_to_the_stack_of_their_exposures(exposures):
    grid, found = exposures
    first, second = _stacked(grid, found[:1], [0.1]), _stacked(grid, found[1:], [0, 0])
    total = Sum(grid.window, 3)
    for band, chip in ((first, 0), (second, 1)):
        science = np.nan_to_num(band.science)
        total.add(Layer(grid.window, science, band.weight, 0.0, chip, band.context))
    both, direct = total.finish(), _stacked(grid, found, [0.1, 0, 0])
    assert np.array_equal(both.context, direct.context)
    assert np.allclose(both.weight, direct.weight, rtol=1e-6)
    assert np.allclose(
        both.science, direct.science, rtol=1e-5, atol=1e-5, equal_nan=True
    )


def test_context_has_planes_of_32_chips():
    window = GridWindow(0, 0, 2, 2)
    one = np.ones((2, 2), np.float32)
    total = Sum(window, 70)
    for chip in (0, 31, 32, 69):
        total.add(Layer(window, one, one, 0.0, chip))
    band = total.finish()
    assert band.context.shape == (3, 2, 2)
    words = band.context[:, 0, 0].view(np.uint32)
    assert list(words) == [(1 << 31) | 1, 1, 1 << 5]
    shifted = Sum(window, 75)
    shifted.add(Layer(window, one, one, 0.0, 5, band.context))
    moved = shifted.finish().context[:, 0, 0].view(np.uint32)
    bits = {32 * p + b for p in range(3) for b in range(32) if int(moved[p]) >> b & 1}
    assert bits == {5, 36, 37, 74}


@pytest.mark.parametrize("kernel", ["square", "turbo", "point", "gaussian"])
def test_changed_pixels_give_what_other_masks_give(exposures, kernel):
    grid, found = exposures
    science, weight, pixel_map = found[0]
    drop = Drop(kernel, 1.0, 1.0, 1.0, 50.0)
    window = footprint_window(pixel_map, grid)
    random = np.random.default_rng(8)
    other = np.where(random.random(weight.shape) < 0.04, 0, 50).astype(np.float32)
    other[40:60, 50:70] = 0  # a hole that leaves pixels empty
    base = drizzle_chip(science, weight, pixel_map, window, drop=drop)
    wanted = drizzle_chip(science, other, pixel_map, window, drop=drop)
    change = find_change(
        base,
        science,
        np.where((other > 0) & (weight == 0), other, 0),
        np.where((other == 0) & (weight > 0), weight, 0),
        pixel_map,
        drop=drop,
        grid_shape=grid.shape,
    )
    total = Sum(grid.window, 1)
    part = window.intersect(grid.window)
    here = part.slices_within(window)
    total.add(Layer(part, base.science[here], base.weight[here], 0.2, 0))
    total.change(change, grid.shape[1], chip=0, sky=0.2)
    band = total.finish()
    expected = np.zeros(grid.shape, np.float32)
    expected[part.slices_within(grid.window)] = wanted.weight[here]
    # what is left of a removed pixel is rounding: below a thousandth it is empty
    assert np.allclose(band.weight, expected, rtol=1e-4, atol=0.05)
    solid = expected > 5
    values = np.zeros(grid.shape, np.float32)
    values[part.slices_within(grid.window)] = wanted.science[here] - np.float32(0.2)
    assert np.allclose(band.science[solid], values[solid], rtol=1e-4, atol=1e-4)
    assert np.isnan(band.science[expected == 0]).mean() > 0.99


@pytest.mark.parametrize("kernel", ["square", "turbo", "gaussian", "point"])
def test_few_pixels_one_by_one_change_what_all_at_once_change(
    exposures, kernel, monkeypatch
):
    grid, found = exposures
    science, weight, pixel_map = found[0]
    drop = Drop(kernel, 1.0, 1.0, 1.0, 50.0)
    window = footprint_window(pixel_map, grid)
    variance = np.abs(science) + 1
    base = drizzle_chip(
        science, weight, pixel_map, window, drop=drop, variance=variance
    )
    ny, nx = weight.shape
    added, removed = np.zeros_like(weight), np.zeros_like(weight)
    for y, x in (
        (0, 0),
        (0, 5),
        (ny - 1, nx - 1),
        (9, 0),
        (20, 20),
        (20, 21),
        (22, 20),
    ):
        added[y, x], removed[y, nx - 1 - x] = 50, 50
    changes = []
    for most in (1000, 0):
        monkeypatch.setattr(drizzled_changes, "FEW_PIXELS", most)
        changes.append(
            find_change(
                base,
                science,
                added,
                removed,
                pixel_map,
                drop=drop,
                grid_shape=grid.shape,
                variance=variance,
            )
        )
    few, many = changes
    assert len(few.index) > 10
    assert np.array_equal(few.index, many.index)
    assert np.array_equal(few.context, many.context)
    # float32 sums in another order
    assert np.allclose(few.weight, many.weight, rtol=1e-5, atol=1e-4)
    assert np.allclose(few.numerator, many.numerator, rtol=1e-5, atol=1e-3)
    assert np.allclose(few.square, many.square, rtol=1e-5, atol=1e-2)


def test_counting_sets_of_chips_equals_counting_exposures(exposures, monkeypatch):
    grid, found = exposures
    band = _stacked(grid, found, [0.0, 0.0, 0.0])
    statistics_of = []
    for most in (14, 0):
        monkeypatch.setattr(statistics, "FEW_CHIPS", most)
        count = CoverageCount(grid.shape, [0, 0, 1], [100.0, 30.0])
        count.add(band)
        statistics_of.append(count.finish())
    assert statistics_of[0] == statistics_of[1]


def test_counts_exposures_and_their_time_not_chips(exposures):
    grid, found = exposures
    band = _stacked(grid, found, [0.0, 0.0, 0.0])
    count = CoverageCount(grid.shape, [0, 0, 1], [100.0, 30.0])
    for y0 in range(0, grid.shape[0], 32):
        rows = slice(y0, min(y0 + 32, grid.shape[0]))
        window = GridWindow(y0, 0, rows.stop - y0, grid.shape[1])
        count.add(
            type(band)(
                window, band.science[rows], band.weight[rows], band.context[:, rows]
            )
        )
    found_statistics = count.finish()
    first = context_bits(band.context, [0, 1])
    second = context_bits(band.context, [2])
    number = first.astype(int) + second
    time = 100.0 * first + 30.0 * second
    covered = number > 0
    assert found_statistics.covered_fraction == pytest.approx(covered.mean())
    assert found_statistics.mean_exposures == pytest.approx(number[covered].mean())
    assert found_statistics.median_exposures == np.median(number[covered])
    assert found_statistics.mean_exptime_s == pytest.approx(time[covered].mean())
    assert found_statistics.median_exptime_s == np.median(time[covered])
    assert found_statistics.mean_weight == pytest.approx(band.weight[covered].mean())
    # weights are counted in bins of 0.05 %
    median = float(np.median(band.weight[covered]))
    assert found_statistics.median_weight == pytest.approx(median, rel=1e-3)


def test_many_different_exposure_times_are_counted():
    window = GridWindow(0, 0, 4, 4)
    times = [float(100 + n) for n in range(40)]
    total = Sum(window, 40)
    one = np.ones((4, 4), np.float32)
    for chip in range(40):
        total.add(Layer(window, one, one, 0.0, chip))
    count = CoverageCount((4, 4), range(40), times)
    count.add(total.finish())
    assert count.finish().mean_exptime_s == pytest.approx(sum(times))
    assert count.finish().median_exposures == 40


def test_nothing_covered_gives_zeros():
    count = CoverageCount((4, 4), [0], [10.0])
    count.add(Sum(GridWindow(0, 0, 4, 4), 1).finish())
    assert count.finish().covered_fraction == 0.0
