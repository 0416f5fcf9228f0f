"""``svm drizzle`` on a small simulated visit."""

import pytest
from astropy.io import fits

from svmcore.cli.main import main
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

FILTER_PRODUCT = "hst_16001_01_wfc3_ir_f160w_idem01"


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    config = VisitConfig(
        filters=("F160W",),
        exposures=2,
        chip_shape=(150, 150),
        has_rejected=False,
        density=2000.0,
    )
    return write_visit(tmp_path_factory.mktemp("visit"), config)


def test_makes_one_product_with_parameters_of_its_own(visit, tmp_path, capsys):
    words = ["drizzle", str(visit.exposure_list), "-o", str(tmp_path / "out")]
    words += ["--product", FILTER_PRODUCT, "--set", "final_pixfrac=0.7"]
    assert main([*words, "--workers", "1"]) == 0
    made = [path.name for path in (tmp_path / "out").glob("*.fits")]
    assert made == [f"{FILTER_PRODUCT}_drz.fits"]
    assert fits.getheader(tmp_path / "out" / made[0])["D001PIXF"] == 0.7
    said = capsys.readouterr().out
    assert made[0] in said
    assert "time [s]" in said


def test_unknown_product_is_refused_with_the_names_of_all(visit, tmp_path, capsys):
    words = ["drizzle", str(visit.exposure_list), "-o", str(tmp_path / "out")]
    assert main([*words, "--product", "hst_total"]) == 1
    printed = " ".join(capsys.readouterr().err.split())
    assert "no such drizzled product" in printed
    assert FILTER_PRODUCT in printed
    assert not (tmp_path / "out").exists()
