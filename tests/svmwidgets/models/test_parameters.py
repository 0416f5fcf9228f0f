"""The rules by which the form changes parameters."""

import json

import pytest

PIXFRAC = ("astrodrizzle", "final_pixfrac")


def pixfracs(session):
    sets = session.prepared.parameters
    return {name: chosen.value(*PIXFRAC) for name, chosen in sets.items()}


@pytest.fixture
def model(session):
    return session.parameters


def test_form_shows_the_step_with_origin_and_rule(model):
    field = next(f for f in model.fields if f.key == "final_pixfrac")
    assert (field.text, field.unit, field.is_changed) == ("1.0", "", False)
    assert "from 0.01 to 1.0" in field.rule
    assert field.meaning
    assert field.origin


def test_search_looks_through_all_steps(model):
    model.search = "final_pixfrac"
    assert [f.key for f in model.fields] == ["final_pixfrac"]
    model.search = "background"
    assert {f.step for f in model.fields} >= {"alignment", "catalog generation"}


def test_change_of_one_product_leaves_the_others(session, model):
    model.product = model.products[1]
    model.change(*PIXFRAC, "0.8")
    changed = {name for name, value in pixfracs(session).items() if value == 0.8}
    assert changed == {model.products[1]}
    assert next(f for f in model.fields if f.key == "final_pixfrac").is_changed


def test_change_of_all_filters_spares_total_and_exposures(session, model):
    model.scope = "all filters"
    model.change(*PIXFRAC, "0.8")
    changed = {name for name, value in pixfracs(session).items() if value == 0.8}
    filters = session.prepared.tree.totals[0].filters
    assert changed == {product.basename for product in filters}


def test_change_of_the_visit_replaces_narrower_ones(session, model):
    model.change(*PIXFRAC, "0.7")
    model.scope = "visit"
    model.change(*PIXFRAC, "0.8")
    assert set(pixfracs(session).values()) == {0.8}
    model.revert(*PIXFRAC)
    assert set(pixfracs(session).values()) == {1.0}
    assert session.decisions.parameters == ()


def test_revert_of_one_product_keeps_the_change_of_the_visit(session, model):
    model.scope = "visit"
    model.change(*PIXFRAC, "0.8")
    model.scope = "this product"
    model.revert(*PIXFRAC)
    values = pixfracs(session)
    assert values[model.product] == 1.0
    assert set(values.values()) == {0.8, 1.0}


def test_wrong_text_is_refused_at_the_field(session, model):
    assert not model.change(*PIXFRAC, "7")
    assert "expected a number from 0.01 to 1.0" in model.errors[PIXFRAC]
    assert session.decisions.parameters == ()
    model.change(*PIXFRAC, "0.8")
    assert model.errors == {}


def test_differences_list_default_tuned_and_file(session, model, tmp_path):
    model.change(*PIXFRAC, "0.8", reason="sharper")
    path = tmp_path / "other.json"
    step = {"astrodrizzle": {"final_pixfrac": 0.6}}
    path.write_text(json.dumps({model.product: {"default_values": step}}))
    model.compare_with(path)
    (found,) = (d for d in model.differences() if d.key == "final_pixfrac")
    assert (found.default, found.tuned, found.other) == ("1.0", "0.8", "0.6")
    assert "sharper" in found.reason
    model.compare_with(None)
    (found,) = model.differences()
    assert found.other == ""


def test_file_is_adopted_as_one_action(session, model, tmp_path):
    path = tmp_path / "tuned.json"
    step = {"astrodrizzle": {"final_pixfrac": 0.6, "driz_cr_grow": 2}}
    path.write_text(json.dumps({model.product: {"default_values": step}}))
    model.open_file(path)
    assert len(session.decisions.parameters) == 2
    session.undo()
    assert session.decisions.parameters == ()


def test_stale_tasks_are_told_before_anything_runs(session, model):
    stale = {step: (todo, total) for step, todo, total in model.stale}
    assert stale["fit alignment"] == (1, 1)
    assert stale["detect sources"] == (4, 4)
