"""Visits that AstroDrizzle and our tasks drizzle, shared by several modules."""

import pytest
from peer_runs import VISITS, drizzle_pairs, make_visit


@pytest.fixture(scope="session", params=VISITS)
def peer_visit(request, tmp_path_factory):
    """Return one of the visits that are compared with AstroDrizzle."""
    is_real = VISITS[request.param] is None
    shared = request.getfixturevalue("shared_data") if is_real else None
    return make_visit(request.param, tmp_path_factory.mktemp(request.param), shared)


@pytest.fixture(scope="session")
def peer_pair(peer_visit):
    """Return the product with the parameters of its default set."""
    (pair,) = drizzle_pairs(peer_visit, [{}], "default", exact=[{}], fine=[{}])
    return pair
