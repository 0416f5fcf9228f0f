"""Texts of fields and the values that they stand for."""

import pytest

from svmcore.errors import ParameterError
from svmcore.parameters import DECLARATIONS, declaration, select_all
from svmcore.parameters.overrides import is_same_value
from svmwidgets.models.fields import field_of, text_of, value_of


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("final_pixfrac", "0.8", 0.8),
        ("final_pixfrac", " 1 ", 1.0),
        ("final_kernel", "turbo", "turbo"),
        ("driz_cr", "false", False),
        ("final_scale", "null", None),
        ("final_scale", "", None),
        ("final_bits", "64, 32", "96"),
        ("driz_cr_snr", "5 4.5", "5.0 4.5"),
    ],
)
def test_text_becomes_a_value(key, text, value):
    assert value_of(declaration("astrodrizzle", key), text) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("final_pixfrac", "7"),
        ("final_pixfrac", "half"),
        ("final_pixfrac", "nan"),
        ("final_kernel", "round"),
        ("driz_cr", "maybe"),
        ("driz_cr_snr", "5"),
    ],
)
def test_wrong_text_is_refused_with_what_is_expected(key, text):
    with pytest.raises(ParameterError, match="expected"):
        value_of(declaration("astrodrizzle", key), text)


def test_every_default_survives_its_text(session):
    """What a field shows can be entered again unchanged, for all parameters."""
    sets = select_all(session.prepared.tree)
    for chosen in sets.values():
        for declared in DECLARATIONS:
            section = chosen.section(declared.step)
            if declared.key not in section:
                continue
            value = section[declared.key]
            again = value_of(declared, text_of(value))
            assert is_same_value(again, value), declared.path


def test_search_needs_every_word():
    declared = declaration("astrodrizzle", "final_pixfrac")
    field = field_of(declared, 1.0, 1.0, "default", changed=False)
    assert field.matches("pixfrac drop")
    assert not field.matches("pixfrac sky")
