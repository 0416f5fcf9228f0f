"""Immutable tables of values."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svmcore.parameters.section import Section

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)  # time depends on the machine
@given(st.dictionaries(st.text(), json_values))
def test_gives_back_what_it_was_given(values):
    section = Section(values)
    assert section.as_json() == values
    assert pickle.loads(pickle.dumps(section)) == section
    assert hash(Section(values)) == hash(section)
    assert list(section) == list(values)


def test_cannot_change():
    section = Section({"a": [1, {"b": 2}]})
    with pytest.raises(TypeError):
        section["a"] = 1
    with pytest.raises(AttributeError, match="cannot change"):
        section.other = 1
    section.as_json()["a"].append(3)
    assert section["a"] == (1, Section({"b": 2}))


def test_differs_from_what_is_no_mapping():
    assert Section({}) != ()
    assert Section({"a": (1,)}) == {"a": [1]}
    assert repr(Section({"a": (1,)})) == "Section({'a': [1]})"


def test_replaces_values_in_place():
    section = Section({"a": 1, "b": 2}).with_values({"a": 3})
    assert list(section.items()) == [("a", 3), ("b", 2)]
