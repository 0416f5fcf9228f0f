import pytest

from svmcore.drizzling.settings import drizzle_settings
from svmcore.errors import ParameterError


def test_one_exposure_has_nothing_to_compare_with():
    section = {"driz_cr": True, "driz_cr_grow": 3}
    assert drizzle_settings(section, exposures=3).cosmic_rays.is_on
    assert not drizzle_settings(section, exposures=1).cosmic_rays.is_on


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("336", 336),
        ("16,64,256", 336),
        ("16+64", 80),
        (528, 528),
        (None, None),
        ("", 0),
    ],
)
def test_bits_are_read_in_all_their_forms(value, expected):
    assert drizzle_settings({"final_bits": value}).final.bits == expected


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("final_kernel", "round", "one of square"),
        ("final_pixfrac", "much", "a number"),
        ("final_pixfrac", -1, "a number from 0"),
        ("driz_cr_snr", "3.5", "two numbers"),
        ("combine_nhigh", 1.5, "whole number"),
        ("skysub", "yes", "true or false"),
        ("final_bits", "bad", "DQ bits"),
        ("final_wt_scl", "heavy", "a number"),
        ("skymethod", "guess", "one of localmin"),
        ("final_scale", 0, "a number"),
    ],
)
def test_wrong_values_are_named(key, value, found):
    with pytest.raises(ParameterError, match=found) as raised:
        drizzle_settings({key: value})
    assert key in str(raised.value)


@pytest.mark.parametrize("key", ["final_outnx", "final_ra", "driz_sep_crpix1"])
def test_half_a_pair_is_refused(key):
    with pytest.raises(ParameterError, match="only one of the two"):
        drizzle_settings({key: 10})
