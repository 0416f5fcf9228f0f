"""Every parameter that works changes what it says it does."""

from dataclasses import replace

import numpy as np
import pytest
from star_groups import make_group

from svmcore.alignment.group import fit_group
from svmcore.alignment.profile import GaussianProfile
from svmcore.alignment.settings import AlignmentSettings, alignment_settings
from svmcore.alignment.sources import ChipPixels, detect_sources
from svmcore.model.detector import DetectorKey

UVIS = DetectorKey("wfc3", "uvis")


def settings(name, value):
    return alignment_settings({name: value})


def fitted(group, name, value):
    return fit_group(group.problem(settings=settings(name, value)))


@pytest.fixture(scope="module")
def chip():
    """Sixteen stars and sixteen hot pixels on a chip."""
    rng = np.random.default_rng(5)
    image = np.full((150, 150), 40.0)
    for number in range(32):
        i, j = 20 + 36 * (number % 4), 14 + 17 * (number // 4)
        if number % 2:
            image[j, i] += 4000.0
            continue
        x, y = rng.uniform(-0.4, 0.4, 2)
        star = GaussianProfile(1.9).evaluate(np.array([x]), np.array([y]), 13)[0][0]
        image[j - 6 : j + 7, i - 6 : i + 7] += 1.5e4 * star
    error = np.sqrt(image)
    science = image + rng.normal(0.0, 1.0, image.shape) * error
    return ChipPixels(
        1,
        science.astype(np.float32),
        error.astype(np.float32),
        np.zeros(image.shape, dtype=np.int16),
    )


def found(chip, name, *, value):
    return detect_sources("iabc01a0q", [chip], UVIS, settings(name, value)).sources


def test_classify_leaves_out_what_is_sharper_than_a_star(chip, monkeypatch):
    # What the profile fit refuses is not what this is about.
    monkeypatch.setattr("svmcore.alignment.sources._MAX_ROUGHNESS", 9.0)
    name = "generate_source_catalogs.classify"
    assert len(found(chip, name, value=True).flux) == 16
    assert len(found(chip, name, value=False).flux) == 32


def test_places_are_those_of_the_star_or_of_its_light(chip):
    name = "generate_source_catalogs.centering_mode"
    star, light = (
        found(chip, name, value=mode) for mode in ("starfind", "segmentation")
    )
    assert len(star.flux) == len(light.flux) == 16
    apart = np.hypot(*(star.xy - light.xy).T)
    # The light of five pixels lies nearer to the middle than the star does.
    assert 0.01 < np.median(apart) < 0.2


def test_the_fainter_of_two_close_sources_is_left_out():
    group = make_group(3)
    member = group.members[0]
    sources = member.sources
    xy = sources.xy.copy()
    faint, bright = np.argsort(sources.flux)[[0, -1]]
    xy[faint] = xy[bright] + [3.0, 0.0]
    member = replace(member, sources=replace(sources, xy=xy))
    members = (member, *group.members[1:])
    name = "match_2dhist_fit.separation"
    counts = [
        fit_group(group.problem(members=members, settings=settings(name, value)))
        .exposures[0]
        .n_sources
        for value in (4.0, 3.5)
    ]
    assert counts[0] == len(xy)
    assert counts[1] < counts[0]


def test_the_tolerance_bounds_the_matches():
    # A sixth of the catalog lies 30 to 500 mas from its stars.
    group = make_group(4, wrong=0.2)
    name = "match_2dhist_fit.tolerance"
    narrow, wide = (fitted(group, name, value) for value in (0.7, 8.0))
    count = [int(fit.matches.is_reference.sum()) for fit in (narrow, wide)]
    assert count[0] < count[1]
    for fit in (narrow, wide):
        assert group.absolute_mas(fit).max() < 1.5


def test_exposures_with_few_sources_are_left_out_when_asked():
    group = make_group(6, stars=60)
    fewest = min(len(member.sources.flux) for member in group.members)
    name = "determine_fit_quality.MIN_OBSERVABLE_THRESHOLD"
    fit = fitted(group, name, fewest + 1)
    left = [each for each in fit.exposures if each.state != "fitted"]
    assert left
    assert all("MIN_OBSERVABLE_THRESHOLD" in each.quality.sentence for each in left)
    assert all(each.state == "fitted" for each in fit_group(group.problem()).exposures)


def test_terms_of_each_exposure_need_the_matches_that_are_asked_for():
    # Every exposure has a roll of its own, hundreds of sigma.
    group = make_group(9, roll_deg=0.02)
    name = "run_align.mosaic_relgeom_list"
    free = fitted(group, name, {"rscale": 12})
    bound = fitted(group, name, {"rshift": 9999, "rscale": 9999, "general": 9999})
    assert group.relative_mas(free).max() < 0.7
    assert group.relative_mas(bound).max() > group.relative_mas(free).max()


def test_gaia_only_leaves_the_catalogs_of_gaia():
    section = {"generate_astrometric_catalog.gaia_only": True}
    assert AlignmentSettings().catalogs[1:] == ("GSC242", "2MASS")
    assert alignment_settings(section).catalogs == ("GAIAeDR3",)
    section["run_align.mosaic_catalog_list"] = ["2MASS", "GAIADR2"]
    assert alignment_settings(section).catalogs == ("GAIADR2",)
