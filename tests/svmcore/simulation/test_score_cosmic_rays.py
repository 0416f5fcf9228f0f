"""Cosmic-ray flags against the true hits."""

import numpy as np
import pytest
from astropy.io import fits
from drizzled_visits import drizzle_visit

from svmcore.cli.main import main
from svmcore.errors import InputError
from svmcore.io.drizzle_results import read_cosmic_rays
from svmcore.simulation import PointingErrors, VisitConfig, write_visit
from svmcore.simulation.score_cosmic_rays import score_cosmic_rays
from svmcore.simulation.truth_pixels import (
    defects_path,
    hits_path,
    read_defects,
    read_hits,
    write_hits,
)

# A star on the border of one exposure is taken for a cosmic ray in the others,
# with AstroDrizzle as well; chips so small have many: none in this field.
UVIS = VisitConfig(
    instrument="wfc3/uvis",
    filters=("F606W",),
    chip_shape=(300, 400),
    exposures=3,
    density=1500.0,
    has_rejected=False,
    seed=42,
    pointing=PointingErrors((0.0, 0.0), 0.0, 0.0, 0.0),
)


@pytest.fixture(scope="module")
def uvis(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("uvis"), UVIS)


@pytest.fixture(scope="module")
def flagged(uvis, tmp_path_factory):
    """Copies of the exposures with the flags that drizzling finds."""
    folder = tmp_path_factory.mktemp("flagged")
    drizzled = drizzle_visit(uvis.exposure_list, folder / "drizzled")
    for exposure in drizzled.total.exposures:
        task = drizzled.result("flag cosmic rays", exposure.rootname)
        hits = read_cosmic_rays(task).hits
        _write_flags(exposure.path, folder / exposure.path.name, hits)
    return folder


def _write_flags(source, path, hits):
    with fits.open(source) as hdus:
        for extver, mask in hits.items():
            hdus["DQ", extver].data[mask] |= 4096
        hdus.writeto(path, output_verify="ignore")


def _total(scores):
    total, *others = scores
    for one in others:
        total = total.plus(one, "all")
    return total


def test_hits_are_found_and_star_cores_are_kept(uvis, flagged):
    scores = score_cosmic_rays(uvis.folder, sorted(flagged.glob("*_flc.fits")))
    assert [one.rootname for one in scores] == [p.name[:9] for p in uvis.exposures]
    total = _total(scores)
    assert total.hits > 600
    assert total.share("hits") >= 0.98
    assert total.share("pixels") > 0.96
    assert total.cores > 1000
    assert total.share("cores") <= 0.002
    assert total.share("others") < 0.0005
    # nothing tells a hit on sky that is seen once from a star
    assert total.share("lone_hits") < 0.5


def test_without_flags_nothing_is_found(uvis):
    total = _total(score_cosmic_rays(uvis.folder, uvis.exposures))
    assert (total.hits_found, total.pixels_found, total.cores_flagged) == (0, 0, 0)


def test_true_flags_are_complete_and_pure(uvis, tmp_path):
    for path in uvis.exposures:
        truth = read_hits(hits_path(uvis.folder, path.name[:9]))
        masks = {extver: one.struck for extver, one in truth.items()}
        _write_flags(path, tmp_path / path.name, masks)
    total = _total(score_cosmic_rays(uvis.folder, sorted(tmp_path.iterdir())))
    assert total.share("hits") == total.share("pixels") == 1.0
    assert total.cores_flagged == total.others_flagged == 0


def test_the_charge_is_that_of_the_pixels_hit(uvis):
    path = uvis.exposures[0]
    truth = read_hits(hits_path(uvis.folder, path.name[:9]))
    assert sorted(truth) == [1, 2]
    for extver, one in truth.items():
        assert np.array_equal(one.charge > 10, one.struck)
        with fits.open(path) as hdus:
            science = hdus["SCI", extver].data
        strong = (one.charge > 2000) & (science < 60000)
        assert strong.sum() > 50
        # on sky and faint stars
        assert np.median(science[strong] / one.charge[strong]) == pytest.approx(
            1.0, abs=0.05
        )


def test_hits_without_charge_are_measured(uvis, tmp_path):
    for path in uvis.exposures:
        (tmp_path / path.name).symlink_to(path)
        name = hits_path(tmp_path, path.name[:9])
        with np.load(hits_path(uvis.folder, path.name[:9])) as archive:
            old = {k: archive[k] for k in archive.files if k.startswith("s")}
        np.savez(name, **old)
    for name in ("truth.ecsv", "stars.ecsv"):
        (tmp_path / name).symlink_to(uvis.folder / name)
    known = _total(score_cosmic_rays(uvis.folder, uvis.exposures))
    found = _total(score_cosmic_rays(tmp_path, uvis.exposures))
    # noise and the stars below hits decide near the limit
    assert found.hits == pytest.approx(known.hits, rel=0.05)


def test_defects_are_those_of_the_exposures(uvis):
    defects = read_defects(defects_path(uvis.folder, "wfc3_uvis"))
    with fits.open(uvis.exposures[0]) as hdus:
        for extver, one in defects.items():
            flags = hdus["DQ", extver].data.ravel()
            assert ((flags[one.hot] & (16 | 64)) > 0).all()
            assert ((flags[one.low] & 4) > 0).all()
            assert (one.response < 0.98).all()


def test_a_damaged_truth_is_named(tmp_path):
    path = hits_path(tmp_path, "idem01a0q")
    write_hits(path, {1: np.zeros((8, 9), np.float32)})
    assert not read_hits(path)[1].struck.any()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"truth_cosmic_rays_idem01a0q\.npz.*read"):
        read_hits(path)


def test_command_prints_all_parts(uvis, flagged, capsys):
    words = ["score", str(uvis.folder), str(flagged / "drizzled")]
    assert main([*words, "--parts", "flux", "--marks"]) == 0
    said = capsys.readouterr().out
    assert "measured over expected" in said
    assert "distance from the truth" not in said
    plain = ["score", str(uvis.folder), str(flagged), "--parts", "cosmic-rays"]
    assert main([*plain, "--marks"]) == 0
    said = capsys.readouterr().out
    assert "hits seen once" in said
    assert "idem01a2q" in said
    given = ["score", str(uvis.folder), str(uvis.folder), "--parts", "cosmic-rays"]
    assert main(given) == 0
    assert main([*given, "--marks"]) == 1
