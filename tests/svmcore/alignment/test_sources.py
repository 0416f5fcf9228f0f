"""Detection on small chips with known stars."""

import numpy as np
import pytest

from svmcore.alignment.profile import GaussianProfile
from svmcore.alignment.settings import AlignmentSettings
from svmcore.alignment.sources import ChipPixels, detect_sources, profile_width
from svmcore.model.detector import DetectorKey

UVIS, IR = DetectorKey("wfc3", "uvis"), DetectorKey("wfc3", "ir")


def chip(stars, *, fwhm=1.9, shape=(200, 220), sky=30.0, seed=1, extver=1):
    """Return a chip with Gaussian stars (x, y, flux)."""
    rng = np.random.default_rng(seed)
    image = np.full(shape, sky)
    for x, y, flux in stars:
        i, j = round(x), round(y)
        value = GaussianProfile(fwhm).evaluate(
            np.array([x - i]), np.array([y - j]), 15
        )[0][0]
        image[j - 7 : j + 8, i - 7 : i + 8] += flux * value
    error = np.sqrt(image + 9.0)
    science = image + rng.normal(0, 1, shape) * error
    return ChipPixels(
        extver,
        science.astype(np.float32),
        error.astype(np.float32),
        np.zeros(shape, dtype=np.int16),
    )


@pytest.fixture
def stars():
    rng = np.random.default_rng(2)
    grid = [(x, y) for x in range(20, 205, 24) for y in range(20, 185, 24)]
    return [
        (x + rng.uniform(-3, 3), y + rng.uniform(-3, 3), 10 ** rng.uniform(3.3, 5))
        for x, y in grid
    ]


def find(image, key=UVIS, **kwargs):
    return detect_sources("iabc01a0q", [image], key, AlignmentSettings(**kwargs))


def nearest(found, stars):
    at = np.array([(x, y) for x, y, _ in stars])
    distance = np.hypot(*(found.sources.xy[:, None] - at[None]).transpose(2, 0, 1))
    return distance.min(axis=1), distance.min(axis=0)


def test_finds_the_stars_and_nothing_else(stars):
    found = find(chip(stars))
    spurious, missed = nearest(found, stars)
    assert (missed < 0.3).mean() > 0.97
    assert (spurious < 0.3).mean() > 0.97


def test_errors_are_those_of_the_positions(stars):
    found = find(chip(stars))
    at = np.array([(x, y) for x, y, _ in stars])
    delta = found.sources.xy[:, None] - at[None]
    index = np.hypot(delta[..., 0], delta[..., 1]).argmin(axis=1)
    z = delta[np.arange(len(index)), index] / found.sources.xy_error[:, None]
    # Bright stars are limited by the floor of the weights: between 0.6 and 1.6.
    assert 0.6 < np.median(np.abs(z)) / 0.6745 < 1.6


def test_single_pixel_hits_are_no_sources(stars):
    image = chip(stars)
    rng = np.random.default_rng(3)
    science = image.science.copy()
    hits = rng.integers(10, 190, (60, 2))
    science[hits[:, 0], hits[:, 1]] += 3000.0
    found = find(ChipPixels(1, science, image.error, image.dq))
    at = [(x, y, 0) for y, x in hits]
    spurious, _ = nearest(found, at)
    assert (spurious < 0.5).sum() <= 2


def test_flagged_pixels_are_left_out(stars):
    image = chip(stars)
    dq = image.dq.copy()
    x, y, _ = stars[10]
    dq[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2] = 4
    found = find(ChipPixels(1, image.science, image.error, dq))
    _, missed = nearest(found, stars)
    assert missed[10] > 0.3


def test_saturated_stars_are_kept_and_marked(stars):
    image = chip(stars)
    dq = image.dq.copy()
    x, y, _ = stars[10]
    dq[round(y), round(x)] = 256
    found = find(ChipPixels(1, image.science, image.error, dq))
    row = np.hypot(*(found.sources.xy - [x, y]).T).argmin()
    assert found.sources.is_saturated[row]
    assert found.sources.xy_error[row] >= 0.05
    assert found.sources.is_saturated.sum() == 1
    dq[round(y) - 1 : round(y) + 2, round(x)] = 256
    worse = find(ChipPixels(1, image.science, image.error, dq)).sources
    assert worse.xy_error[worse.is_saturated][0] > found.sources.xy_error[row] + 0.015


def test_the_number_of_sources_is_limited(stars):
    found = find(chip(stars), max_sources_per_chip=10)
    assert len(found.sources.xy) == 20
    flux = found.sources.flux
    assert flux.min() > np.median([f for _, _, f in stars])


def test_both_chips_are_searched(stars):
    chips = [chip(stars, extver=1), chip(stars[:20], seed=4, extver=2)]
    found = detect_sources("iabc01a0q", chips, UVIS, AlignmentSettings())
    assert set(found.sources.extver) == {1, 2}
    assert (found.sources.extver == 2).sum() == pytest.approx(20, abs=2)
    assert len(found.notes) == 2


def test_an_empty_chip_has_no_sources():
    found = find(chip([]))
    assert len(found.sources.xy) <= 2


def test_nan_pixels_and_zero_errors_do_no_harm(stars):
    image = chip(stars)
    science = image.science.copy()
    science[50:60, 50:60] = np.nan
    found = find(ChipPixels(1, science, np.zeros_like(image.error), image.dq))
    assert np.isfinite(found.sources.xy).all()
    assert len(found.sources.xy) > 40


def test_the_shipped_width_stands_for_the_detectors_own():
    assert profile_width(IR, AlignmentSettings()) == 1.1
    assert profile_width(UVIS, AlignmentSettings()) == 1.9
    wide = AlignmentSettings(fwhm_arcsec=0.2)
    assert profile_width(IR, wide) == pytest.approx(0.2 / 0.12825)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_chip_without_any_signal_has_no_sources(value):
    empty = np.full((200, 220), value, dtype=np.float32)
    image = ChipPixels(1, empty, empty, np.zeros((200, 220), dtype=np.int16))
    assert len(find(image).sources.xy) == 0
