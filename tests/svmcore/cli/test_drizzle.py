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


def test_several_products_are_named_with_or_without_suffix(visit, tmp_path, capsys):
    exposure = f"{FILTER_PRODUCT}a0"
    words = ["drizzle", str(visit.exposure_list), "-o", str(tmp_path / "out")]
    words += ["--product", f"{FILTER_PRODUCT}_drz.fits", "--product", exposure]
    words += ["--set", "final_pixfrac=0.6", "--error-extension", "--workers", "1"]
    assert main(words) == 0
    made = sorted((tmp_path / "out").glob("*.fits"))
    assert [path.name for path in made] == [
        f"{FILTER_PRODUCT}_drz.fits",
        f"{exposure}_drz.fits",
    ]
    for path in made:
        assert fits.getheader(path)["D001PIXF"] == 0.6
        assert fits.getheader(path, "ERR")["NAXIS"] == 2
    assert made[0].name in capsys.readouterr().out


def test_dry_run_prints_the_grid_that_drizzling_makes(visit, tmp_path, capsys):
    words = ["drizzle", str(visit.exposure_list), "--dry-run"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.count(FILTER_PRODUCT) == 3
    assert "0.12825" in said
    grid = ["--product", FILTER_PRODUCT, "--set", "final_rot=30"]
    grid += ["--set", "final_scale=0.08"]
    assert main([*words, *grid]) == 0
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if FILTER_PRODUCT in line
    ]
    made = ["-o", str(tmp_path / "out"), "--workers", "1", "--reference", "none"]
    assert main([*words[:2], *grid, *made]) == 0
    header = fits.getheader(tmp_path / "out" / f"{FILTER_PRODUCT}_drz.fits", 1)
    size = [int(word) for word in line.split()[1].split("×")]
    # Alignment of the exposures to each other may move an edge by a pixel.
    assert size == pytest.approx([header["NAXIS1"], header["NAXIS2"]], abs=2)
    assert line.split()[2:4] == ["0.08", "30.000"]
    assert header["ORIENTAT"] == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("final_pixfrc=1", "Did you mean final_pixfrac?"),
        ("final_pixfrac=abc", "found 'abc', expected a number"),
        ("final_pixfrac=7", "expected a number from 0.01 to 1.0"),
        ("final_kernel=round", "among square, point"),
        ("final_outnx=50", "only one of the two is given"),
        ("final_refimage=/nowhere.fits", "/nowhere.fits: cannot be read"),
        ("final_pixfrac", "not of the form NAME=VALUE"),
    ],
)
def test_wrong_values_end_in_one_line(visit, capsys, option, message):
    words = ["drizzle", str(visit.exposure_list), "--dry-run", "--set", option]
    assert main(words) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_output_is_needed_for_all_but_a_dry_run(visit, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["drizzle", str(visit.exposure_list)])
    assert ended.value.code == 2
    assert "-o/--output" in capsys.readouterr().err
