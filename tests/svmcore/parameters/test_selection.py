"""The parameters of a product, with changes and origins."""

import pickle

import pytest

from svmcore.errors import ParameterError
from svmcore.model.decisions import ParameterChange
from svmcore.parameters import (
    check_changes,
    compare_selections,
    compare_sets,
    parameter_products,
    select_all,
    select_parameters,
)
from svmcore.parameters.scopes import Scopes

UPPER = "ci filter.aperture.ci_upper_limit"
LOWER = "ci filter.aperture.ci_lower_limit"
LOOKUP = "ci filter.aperture.lookup_ci_limits_from_table"
QUALITY = "quality control"


def change(product, key, value, *, step="astrodrizzle", **facts):
    return ParameterChange(product, step, key, value, **facts)


@pytest.fixture(scope="module")
def tree(make_tree):
    return make_tree({"wfc3_ir": {"F110W": 1, "F160W": 2, "G141": 1}})


@pytest.fixture(scope="module")
def total(tree):
    return tree.totals[0]


@pytest.fixture
def select(total):
    """Select for the F160W filter product."""

    def select(*changes):
        return select_parameters(total.filters[1], total=total, changes=changes)

    return select


def test_shipped_values_and_their_origins(select):
    found = select()
    assert found.conditions == ("filter_basic", "wfc3_ir_any_n2")
    assert found.overrides == ()
    assert found.section("astrodrizzle")["final_bits"] == "528"
    assert str(found.origin("astrodrizzle", "final_bits")) == "default: wfc3_ir_any_n2"
    assert found.origin("alignment", "match_default_fit.searchrad").source == "detector"


def test_concentration_limits_come_from_the_table(select, total):
    found = select()
    assert found.value(QUALITY, UPPER) == 0.84
    assert found.origin(QUALITY, UPPER).kind == "table"
    whole = select_parameters(total, total=total)
    assert whole.value(QUALITY, UPPER) == 0.55
    assert whole.origin(QUALITY, UPPER).kind == "default"


def test_a_change_has_an_origin_and_keeps_the_default(select):
    found = select(change("*", "final_pixfrac", 0.5, origin="me", reason="sharper"))
    assert found.value("astrodrizzle", "final_pixfrac") == 0.5
    assert found.default("astrodrizzle", "final_pixfrac") == 1.0
    assert str(found.origin("astrodrizzle", "final_pixfrac")) == "change: me (sharper)"
    assert found.default("astrodrizzle", "final_bits") == "528"
    assert select().section("alignment") == found.section("alignment")


@pytest.mark.parametrize("value", [1, 1.0])
def test_the_shipped_value_is_no_change(select, value):
    assert select(change("*", "final_pixfrac", value)) == select()
    assert repr(select(change("*", "final_pixfrac", value))) == repr(select())


def test_a_later_change_wins_and_can_take_back(select):
    both = select(
        change("filter", "final_pixfrac", 0.5), change("*", "final_pixfrac", 0.6)
    )
    assert both.value("astrodrizzle", "final_pixfrac") == 0.6
    back = select(
        change("*", "final_pixfrac", 0.5), change("f160w", "final_pixfrac", 1.0)
    )
    assert back == select()


def test_a_changed_limit_stops_the_look_up_and_keeps_the_other_limit(select):
    found = select(change("*", UPPER, 2.5, step=QUALITY))
    assert found.value(QUALITY, LOOKUP) is False
    assert found.origin(QUALITY, LOOKUP).kind == "consequence"
    assert found.value(QUALITY, LOWER) == 0.5
    assert found.origin(QUALITY, LOWER).kind == "table"
    assert found.value(QUALITY, LOOKUP.replace("aperture", "segment")) is True


def test_asking_for_the_look_up_after_a_limit_brings_the_table_back(select):
    found = select(
        change("*", UPPER, 2.5, step=QUALITY),
        change("*", LOOKUP, value=True, step=QUALITY),
    )
    assert found == select()


def test_stopping_the_look_up_alone_keeps_the_limits(select):
    found = select(change("*", LOOKUP, value=False, step=QUALITY))
    assert found.value(QUALITY, UPPER) == 0.84
    assert [o.key for o in found.overrides] == [LOOKUP]


def test_the_order_of_fit_geometries_counts(select):
    key = "run_align.mosaic_fitgeom_list"
    turned = {"general": 25, "rscale": 12}
    found = select(change("*", key, turned, step="alignment"))
    assert list(found.value("alignment", key)) == ["general", "rscale"]
    assert len(found.overrides) == 1


@pytest.mark.parametrize(
    ("scope", "concerned"),
    [
        ("*", "total filter exposure"),
        ("total", "total"),
        ("filter", "filter"),
        ("exposure", "exposure"),
        ("wfc3_ir", "total filter exposure"),
        ("wfc3_ir filter", "filter"),
        ("f160w", "filter exposure"),
        ("f160w exposure", "exposure"),
        ("f110w", ""),
        ("acs_wfc", ""),
        ("hst_11665_06_wfc3_ir_f160w_ib4606", "filter"),
        ("", ""),
    ],
)
def test_scopes(tree, total, scope, concerned):
    products = {
        "total": total,
        "filter": total.filters[1],
        "exposure": total.filters[1].members[0],
    }
    within = Scopes(tree).products(scope)
    found = [name for name, product in products.items() if product in within]
    assert " ".join(found) == concerned


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (change("*", "final_pixfrak", 1), "Did you mean final_pixfrac"),
        (change("*", "final_pixfrac", 7), "expected a number"),
        (change("*", "x", 7, step="drizzle"), "unknown step"),
        (
            change("*", "swarm filter.cuts_list", [1.0], step=QUALITY),
            "has no such parameter",
        ),
        (change("*", UPPER, 0.1, step=QUALITY), "does not lie below"),
    ],
    ids=["name", "range", "step", "detector", "order"],
)
def test_refuses_a_wrong_change(make_tree, wrong, words):
    (total,) = make_tree({"acs_wfc": {"F606W": 2}}).totals
    with pytest.raises(ParameterError, match=words):
        select_parameters(total, total=total, changes=[wrong])


def test_a_change_for_another_product_is_passed_over(select):
    assert select(change("f110w", "no_such_name", 1)) == select()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (change("f161w", "final_pixfrac", 0.5), "Did you mean f160w"),
        (change("acs_wfc", "final_pixfrac", 0.5), "no product of the visit"),
        (change("total f160w", "final_pixfrac", 0.5), "no product of the visit"),
        (change("", "final_pixfrac", 0.5), "no product of the visit"),
        (change("f160w", "final_pixfrak", 0.5), "unknown parameter"),
        (change("f160w", "final_pixfrac", "x"), "expected a number"),
    ],
)
def test_changes_are_checked_against_a_visit(tree, wrong, words):
    check_changes([change("f160w", "final_pixfrac", 0.5)], tree)
    with pytest.raises(ParameterError, match=words):
        check_changes([wrong], tree)


def test_unknown_steps_and_names_are_refused_when_asked_for(select):
    with pytest.raises(ParameterError, match="unknown step"):
        select().section("drizzle")
    with pytest.raises(ParameterError, match="Did you mean final_pixfrac"):
        select().value("astrodrizzle", "final_pixfrak")


def test_a_set_can_be_pickled_and_compared(select):
    found = select(change("*", "final_pixfrac", 0.5))
    assert pickle.loads(pickle.dumps(found)) == found
    assert found != select()


def test_all_products_are_selected_grism_exposures_included(tree):
    sets = select_all(tree)
    assert list(sets) == [
        "hst_11665_06_wfc3_ir_total_ib4606",
        "hst_11665_06_wfc3_ir_f110w_ib4606",
        "hst_11665_06_wfc3_ir_f160w_ib4606",
        "hst_11665_06_wfc3_ir_f110w_ib460600",
        "hst_11665_06_wfc3_ir_f160w_ib460601",
        "hst_11665_06_wfc3_ir_f160w_ib460602",
        "hst_11665_06_wfc3_ir_g141_ib460603",
    ]


def test_ramp_filters_are_listed_as_hap_lists_them(make_tree):
    tree = make_tree({"acs_wfc": {"F606W": 1, "FR647M": 2}})
    names = [product.basename for product, _ in parameter_products(tree)]
    assert "hst_11665_06_acs_wfc_fr647m_jb4606" in names
    assert names[-1] == "hst_11665_06_acs_wfc_fr647m_jb460602"


def test_comparison_of_sets(select, tree):
    first, second = select(), select(change("*", "final_pixfrac", 0.5))
    (row,) = compare_sets(first, second)
    assert (row.key, row.first, row.second) == ("final_pixfrac", 1.0, 0.5)
    changes = [change("exposure", "final_pixfrac", 0.5)]
    found = compare_selections(select_all(tree), select_all(tree, changes))
    assert len(found) == 4


def test_comparison_of_detectors_shows_what_one_lacks(make_tree):
    (ir,) = make_tree({"wfc3_ir": {"F160W": 2}}).totals
    (wfc,) = make_tree({"acs_wfc": {"F606W": 2}}).totals
    found = compare_sets(
        select_parameters(ir, total=ir), select_parameters(wfc, total=wfc)
    )
    row = next(row for row in found if row.key == "swarm filter.cuts_list")
    assert str(row.second) == "—"
    assert row.product == f"{ir.basename} | {wfc.basename}"
