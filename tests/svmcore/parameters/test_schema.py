"""Finding parameters by name and by words."""

import pytest

from svmcore.errors import ParameterError
from svmcore.parameters import declaration, find_declaration, search_declarations
from svmcore.parameters.bits import flags_of
from svmcore.parameters.schema import declarations_of


@pytest.mark.parametrize(
    ("step", "key", "hint"),
    [
        ("astrodrizzle", "final_pixfrak", "Did you mean final_pixfrac?"),
        ("astrodrizzle", "FINAL_PIXFRAC", "Did you mean final_pixfrac?"),
        ("alignment", "serachrad", "Did you mean match_relative_fit.searchrad?"),
        (
            "alignment",
            "match_relative_fit.serachrad",
            "Did you mean match_relative_fit.searchrad?",
        ),
        ("astrodrizzle", "nlevels", "There is sourcex.nlevels"),
        ("astrodrizzle", "qqqqqq", "svm params explain lists all parameters"),
    ],
)
def test_an_unknown_name_gets_advice(step, key, hint):
    with pytest.raises(ParameterError, match="unknown parameter") as caught:
        declaration(step, key, subject="mine.json")
    assert caught.value.subject == f"mine.json → {step} → {key}"
    assert caught.value.remedy.startswith(hint)


@pytest.mark.parametrize("ask", [declaration, lambda s, k: find_declaration(k, step=s)])
def test_an_unknown_step_gets_advice(ask):
    with pytest.raises(ParameterError, match="Did you mean astrodrizzle"):
        ask("astrodrizle", "final_pixfrac")
    with pytest.raises(ParameterError, match="The steps are alignment"):
        ask("xyz", "final_pixfrac")
    with pytest.raises(ParameterError, match="unknown step"):
        declarations_of("xyz")


@pytest.mark.parametrize(
    ("name", "step", "path"),
    [
        ("final_pixfrac", None, "astrodrizzle → final_pixfrac"),
        ("nlevels", None, "catalog generation → sourcex.nlevels"),
        ("nsigma", None, "catalog generation → nsigma"),
        # Three have this name, but one matching serves all fits.
        ("searchrad", None, "alignment → match_2dhist_fit.searchrad"),
        ("nsigma", "alignment", "alignment → generate_source_catalogs.nsigma"),
        (
            "match_default_fit.searchrad",
            None,
            "alignment → match_default_fit.searchrad",
        ),
    ],
)
def test_short_names(name, step, path):
    assert find_declaration(name, step=step).path == path


def test_a_short_name_of_several_parameters_is_refused():
    with pytest.raises(ParameterError, match="stands for 2 parameters") as caught:
        find_declaration("bthresh")
    assert "ci filter.segment.bthresh" in caught.value.remedy


def test_a_short_name_of_none_is_refused_with_a_suggestion():
    with pytest.raises(ParameterError, match="Did you mean final_pixfrac"):
        find_declaration("final_pix_frac")


def test_search_by_words_of_the_meaning():
    found = [row.key for row in search_declarations("sky annulus")]
    assert {"skyannulus_arcsec", "dskyannulus_arcsec", "salgorithm"} <= set(found)
    assert search_declarations("final_pixfrac")[0].key == "final_pixfrac"
    assert len(search_declarations("")) == 211
    assert search_declarations("no such words") == ()


@pytest.mark.parametrize(
    ("bits", "flags"), [("0", ()), ("65535", tuple(1 << n for n in range(16)))]
)
def test_flags_of_a_sum(bits, flags):
    assert flags_of(bits) == flags
