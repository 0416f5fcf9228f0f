"""Which conditions select a product's parameters."""

import pytest

from svmcore.parameters.conditions import UVIS_POSTFLASH_MJD, product_conditions

BEFORE, AFTER = 56239.12, 56239.13

SEVERAL = [
    ("acs_hrc", "F606W", 2, "acs_hrc_any_n2"),
    ("acs_hrc", "F606W", 5, "acs_hrc_any_n2"),
    ("acs_hrc", "F606W", 6, "acs_hrc_any_n6"),
    ("acs_wfc", "F606W", 2, "acs_wfc_any_n2"),
    ("acs_wfc", "F606W", 5, "acs_wfc_any_n2"),
    ("acs_wfc", "F606W", 6, "acs_wfc_any_n6"),
    ("acs_sbc", "F115LP", 2, "acs_sbc_blue_n2"),
    ("acs_sbc", "F122M", 5, "acs_sbc_blue_n2"),
    ("acs_sbc", "F122M", 6, "acs_sbc_blue_n6"),
    ("acs_sbc", "F140LP", 2, "acs_sbc_any_any"),
    ("acs_sbc", "F140LP", 8, "acs_sbc_any_any"),
    ("wfc3_ir", "F160W", 2, "wfc3_ir_any_n2"),
    ("wfc3_ir", "F160W", 3, "wfc3_ir_any_n2"),
    ("wfc3_ir", "F160W", 4, "wfc3_ir_any_n4"),
    ("wfpc2_pc", "F555W", 2, "wfpc2_pc_any_n2"),
    ("wfpc2_pc", "F555W", 3, "wfpc2_pc_any_n3"),
    ("wfpc2_pc", "F555W", 4, "wfpc2_pc_any_n4"),
    ("wfpc2_pc", "F555W", 9, "wfpc2_pc_any_n4"),
]


@pytest.mark.parametrize(("slug", "name", "count", "condition"), SEVERAL)
def test_a_filter_of_several_exposures(make_tree, slug, name, count, condition):
    (total,) = make_tree({slug: {name: count}}).totals
    assert product_conditions(total.filters[0]) == ("filter_basic", condition)
    assert product_conditions(total) == ("total_basic",)
    assert product_conditions(total.members[0]) == ("single_basic",)


@pytest.mark.parametrize(
    ("mjd", "count", "condition"),
    [
        (BEFORE, 2, "wfc3_uvis_any_pre_n2"),
        (BEFORE, 5, "wfc3_uvis_any_pre_n2"),
        (BEFORE, 6, "wfc3_uvis_any_pre_n6"),
        (AFTER, 2, "wfc3_uvis_any_post_n2"),
        (AFTER, 5, "wfc3_uvis_any_post_n2"),
        (AFTER, 6, "wfc3_uvis_any_post_n6"),
    ],
)
def test_uvis_changes_with_the_first_exposures_date(make_tree, mjd, count, condition):
    (total,) = make_tree({"wfc3_uvis": {"F606W": count}}, mjd=mjd).totals
    assert product_conditions(total.filters[0]) == ("filter_basic", condition)
    era = "post" if mjd == AFTER else "pre"
    assert product_conditions(total) == (f"total_basic_{era}",)


def test_the_uvis_date_is_the_second_it_was_set(make_tree):
    second = 1 / 86400
    for mjd, era in (
        (UVIS_POSTFLASH_MJD, "post"),
        (UVIS_POSTFLASH_MJD - second, "pre"),
    ):
        (total,) = make_tree({"wfc3_uvis": {"F606W": 2}}, mjd=mjd).totals
        assert product_conditions(total) == (f"total_basic_{era}",)


@pytest.mark.parametrize(
    "slug", ["acs_hrc", "acs_sbc", "acs_wfc", "wfc3_ir", "wfpc2_pc"]
)
def test_one_exposure_alone(make_tree, slug):
    (total,) = make_tree({slug: {"F606W": 1}}).totals
    assert product_conditions(total) == ("total_basic", "any_n1")
    assert product_conditions(total.filters[0]) == ("filter_basic", "any_n1")
    assert product_conditions(total.members[0]) == ("single_basic", "any_n1")


def test_the_only_exposure_of_its_filter_in_a_total_of_several(make_tree):
    (total,) = make_tree({"acs_wfc": {"F606W": 1, "F814W": 2}}).totals
    first, second = total.filters
    assert product_conditions(total) == ("total_basic",)
    assert product_conditions(first) == ("filter_basic", "any_n1")
    assert product_conditions(first.members[0]) == ("single_basic", "any_n1")
    assert product_conditions(second.members[0]) == ("single_basic",)


def test_ramp_exposures_count_though_they_are_not_drizzled(make_tree):
    (total,) = make_tree({"acs_wfc": {"FR647M": 1, "F606W": 1}}).totals
    assert len(total.exposures) == 1
    assert product_conditions(total) == ("total_basic",)


def test_grism_exposures_do_not_count(make_tree):
    (total,) = make_tree({"wfc3_ir": {"G141": 4, "F160W": 1}}).totals
    assert product_conditions(total) == ("total_basic", "any_n1")


def test_the_date_of_a_uvis_total_is_that_of_its_shortest_exposure(make_tree):
    # The ramp-like quad exposure comes first in time and in exposure time.
    mjd = UVIS_POSTFLASH_MJD - 0.005
    (total,) = make_tree({"wfc3_uvis": {"FQ889N": 1, "F606W": 2}}, mjd=mjd).totals
    assert product_conditions(total) == ("total_basic_pre",)
    assert product_conditions(total.filters[0])[1] == "wfc3_uvis_any_post_n2"


def test_a_total_of_grism_exposures_alone_has_conditions(make_tree):
    (total,) = make_tree({"wfc3_uvis": {"G280": 2}}, mjd=AFTER).totals
    assert product_conditions(total) == ("total_basic_post",)
