"""The tree of products, and how verdicts change it."""

import pytest


@pytest.fixture
def model(session):
    return session.products


def test_tree_has_total_filters_and_exposures_with_exact_names(model):
    kinds = [node.kind for node in model.nodes]
    assert kinds == [
        "total",
        "filter",
        *(["exposure"] * 2),
        "filter",
        *(["exposure"] * 2),
    ]
    names = dict(model.nodes[0].files)
    assert names["drizzled image"] == "hst_16001_01_wfc3_ir_total_idem01_drz.fits"


def test_rejecting_a_whole_filter_removes_its_product_and_says_so(session, model):
    product = session.prepared.tree.totals[0].filters[0]
    names = [exposure.rootname for exposure in product.exposures]
    session.filtering.override(names, accepted=False, reason="trailed")
    assert product.basename in model.removed
    assert product.basename not in {node.basename for node in model.nodes}
    session.undo()
    assert product.basename in {node.basename for node in model.nodes}


def test_rejecting_everything_leaves_no_product(session, model):
    kept = [v.rootname for v in session.prepared.verdicts if v.accepted]
    session.filtering.override(kept, accepted=False, reason="all bad")
    assert model.status == "failed"
    session.run(label="Run")
    assert "rejected" in session.banner.problem


def test_grid_and_depth_follow_the_selected_product(session, model):
    session.wait(60)
    model.ask_geometry()
    session.wait(60)
    assert model.grid.scale_arcsec == pytest.approx(0.12825, rel=1e-3)
    assert model.depth.counts.max() == 4
    assert 3.5 < model.mean_depth <= 4.0
    model.selected = model.nodes[2].basename
    model.ask_geometry()
    session.wait(60)
    assert model.depth.counts.max() == 1


def test_conditions_tell_why_a_set_was_chosen(model):
    name = model.nodes[1].basename
    assert "filter_basic" in model.conditions_of(name)


def test_products_get_errors_if_asked_for(session, model):
    assert model.add_errors(added=True)
    assert session.prepared.decisions.error_extension
    session.undo()
    assert not session.prepared.decisions.error_extension


def test_single_exposures_go_into_the_total_if_asked_for(session, model):
    assert not model.can_choose_singles
    total = session.prepared.tree.totals[0]
    lone = total.filters[0].exposures[0]
    session.filtering.override([lone.rootname], accepted=False, reason="trailed")
    (total,) = session.prepared.tree.totals
    assert model.can_choose_singles
    assert len(total.used_filters) == 1
    model.use_singles(used=True)
    (total,) = session.prepared.tree.totals
    assert len(total.used_filters) == 2
    assert model.can_choose_singles
    session.undo()
    assert len(session.prepared.tree.totals[0].used_filters) == 1
    session.undo()
