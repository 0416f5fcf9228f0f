"""How values are checked and brought into one form."""

import pytest

from svmcore.errors import ParameterError
from svmcore.parameters import DECLARATIONS, STEPS, declaration
from svmcore.parameters.declaration import Declaration

STEPS_USED = {
    "detect sources",
    "fit",
    "static mask",
    "sky",
    "separate",
    "median",
    "blot",
    "cosmic rays",
    "final",
    "catalog",
    "none",
}


@pytest.mark.parametrize(
    ("step", "key", "given", "kept"),
    [
        ("astrodrizzle", "final_bits", 336, "336"),
        ("astrodrizzle", "final_bits", "336", "336"),
        ("astrodrizzle", "final_bits", " 16 + 64+256 ", "336"),
        ("astrodrizzle", "final_bits", "16,64,256", "336"),
        ("astrodrizzle", "driz_cr_snr", "3.5  3", "3.5 3.0"),
        ("astrodrizzle", "driz_cr_snr", "3.5, 3.0", "3.5 3.0"),
        ("astrodrizzle", "driz_cr_snr", [3.5, 3], "3.5 3.0"),
        ("astrodrizzle", "final_wt_scl", "expsq", "expsq"),
        ("astrodrizzle", "final_wt_scl", 2, "2.0"),
        ("astrodrizzle", "gain", "1.5", "1.5"),
        ("astrodrizzle", "gain", 2, "2.0"),
        ("astrodrizzle", "gain", "", ""),
        ("astrodrizzle", "final_scale", None, None),
        ("astrodrizzle", "final_scale", 1, 1.0),
        ("astrodrizzle", "final_bits", "~4096", "61439"),
        ("astrodrizzle", "final_bits", "~(64, 32)", "65439"),
        ("astrodrizzle", "crbit", 8192.0, 8192),
        ("astrodrizzle", "skysub", False, False),
        ("astrodrizzle", "final_wht_type", "IVM", "IVM"),
        ("alignment", "run_align.mosaic_catalog_list", ["2MASS"], ("2MASS",)),
        ("alignment", "run_align.mosaic_fitgeom_list", {"shift": 3}, {"shift": 3}),
        ("catalog generation", "block_size", [512, 512], (512, 512)),
    ],
)
def test_one_form(step, key, given, kept):
    found = declaration(step, key).canonical(given)
    assert found == kept
    assert type(found) is type(kept) or isinstance(kept, dict)


@pytest.mark.parametrize(
    ("step", "key", "given"),
    [
        ("astrodrizzle", "final_bits", "16+16"),
        ("astrodrizzle", "final_bits", "~x"),
        ("astrodrizzle", "final_bits", ""),
        ("astrodrizzle", "final_bits", 65536),
        ("astrodrizzle", "final_bits", -1),
        ("astrodrizzle", "final_bits", 1.5),
        ("astrodrizzle", "final_bits", True),
        ("astrodrizzle", "final_bits", None),
        ("astrodrizzle", "final_bits", "٣"),
        ("astrodrizzle", "driz_cr_snr", "3.5"),
        ("astrodrizzle", "driz_cr_snr", "3.5 x"),
        ("astrodrizzle", "driz_cr_snr", "3.5 nan"),
        ("astrodrizzle", "driz_cr_snr", 3.5),
        ("astrodrizzle", "driz_cr_snr", [3.5, True]),
        ("astrodrizzle", "driz_cr_snr", "3.5 -1"),
        ("astrodrizzle", "final_pixfrac", "0.8"),
        ("astrodrizzle", "final_pixfrac", 1.2),
        ("astrodrizzle", "final_pixfrac", 0.0),
        ("astrodrizzle", "final_pixfrac", True),
        ("astrodrizzle", "final_pixfrac", None),
        ("astrodrizzle", "final_fillval", float("nan")),
        ("astrodrizzle", "final_fillval", float("inf")),
        ("astrodrizzle", "crbit", 10**400),
        ("astrodrizzle", "crbit", 4096.5),
        ("astrodrizzle", "skysub", "true"),
        ("astrodrizzle", "skysub", 1),
        ("astrodrizzle", "final_kernel", "sqare"),
        ("astrodrizzle", "final_wt_scl", "exptimes"),
        ("astrodrizzle", "final_wt_scl", ""),
        ("astrodrizzle", "gain", "high"),
        ("astrodrizzle", "gain", -1),
        ("astrodrizzle", "gain", "inf"),
        ("astrodrizzle", "final_kernel", ["square"]),
        ("alignment", "run_align.mosaic_catalog_list", "2MASS"),
        ("alignment", "run_align.mosaic_catalog_list", ["GAIADR33"]),
        ("alignment", "run_align.mosaic_catalog_list", []),
        ("alignment", "run_align.mosaic_fitgeom_list", {"rscal": 12}),
        ("alignment", "run_align.mosaic_fitgeom_list", {"rscale": 0}),
        ("alignment", "run_align.mosaic_fitgeom_list", {"rscale": "12"}),
        ("alignment", "run_align.mosaic_fitgeom_list", {}),
        ("alignment", "run_align.mosaic_fitgeom_list", ["rscale"]),
        ("alignment", "determine_fit_quality.GOOD_FIT_QUALITY_VALUES", [1, 6]),
        ("catalog generation", "block_size", [512]),
        ("catalog generation", "block_size", [512, 512, 512]),
    ],
)
def test_refuses(step, key, given):
    with pytest.raises(ParameterError, match="expected") as caught:
        declaration(step, key).canonical(given)
    assert caught.value.subject == f"{step} → {key}"
    assert "\n" not in str(caught.value)


def test_a_message_names_place_value_rule_and_meaning():
    row = declaration("astrodrizzle", "final_pixfrac")
    with pytest.raises(ParameterError) as caught:
        row.canonical(3, subject="mine.json → final_pixfrac")
    assert str(caught.value) == (
        "mine.json → final_pixfrac: found 3, expected a number from 0.01 to 1.0. "
        "It means: Side of the drop over side of the input pixel"
    )


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(ParameterError) as caught:
        declaration("astrodrizzle", "skysub").canonical("x" * 10000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("row", DECLARATIONS, ids=lambda row: row.path)
def test_every_declaration_is_complete(row):
    assert row.step in STEPS
    assert row.title
    assert row.meaning
    assert row.meaning[0].isupper() or row.meaning.startswith("minmed")
    assert not row.meaning.endswith(".")
    assert len(row.meaning) <= 75
    assert row.step_used in STEPS_USED
    assert row.is_inert == (row.step_used == "none")
    assert isinstance(row.rule, str)


def test_names_are_declared_once():
    assert (
        len({(row.step, row.key) for row in DECLARATIONS}) == len(DECLARATIONS) == 211
    )


def test_a_rule_in_words():
    row = Declaration(
        "step", "key", "title", "int", "Any", unit="pixel", minimum=1, is_nullable=True
    )
    assert row.rule == "a whole number at least 1 [pixel] or null"
