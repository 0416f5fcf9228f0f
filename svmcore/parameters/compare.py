"""What differs between two sets of parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from svmcore.parameters.forms import Entry
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.schema import STEPS
from svmcore.parameters.selection import ParameterSet

__all__ = [
    "MISSING",
    "Difference",
    "compare_entries",
    "compare_selections",
    "compare_sets",
]

JsonValue = Any


@dataclass(frozen=True, slots=True)
class _Missing:
    """Stands for a value that one side does not have."""

    def __str__(self) -> str:
        return "—"


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter that has two values.

    Parameters
    ----------
    product : str
        Basename, or both basenames.
    step, key : str
        Parameter.
    first, second : object
        Its values; `MISSING` where one side has none.
    """

    product: str
    step: str
    key: str
    first: JsonValue
    second: JsonValue


def compare_sets(first: ParameterSet, second: ParameterSet) -> tuple[Difference, ...]:
    """Return the parameters that differ between two products or selections.

    Parameters
    ----------
    first, second : ParameterSet
        Two sets.

    Returns
    -------
    tuple of Difference
        In the order of files; values that mean the same are equal (10 and
        10.0, "4 3" and "4.0 3.0").
    """
    name = first.product
    if second.product != name:
        name = f"{first.product} | {second.product}"
    found = []
    for step in STEPS:
        ours, theirs = first.section(step), second.section(step)
        for key in dict.fromkeys((*ours, *theirs)):
            one, other = ours.get(key, MISSING), theirs.get(key, MISSING)
            if MISSING in (one, other) or not is_same_value(one, other):
                found.append(Difference(name, step, key, one, other))
    return tuple(found)


def compare_selections(
    first: Mapping[str, ParameterSet], second: Mapping[str, ParameterSet]
) -> tuple[Difference, ...]:
    """Return the parameters that differ between two selections of a visit.

    Parameters
    ----------
    first, second : Mapping of str to ParameterSet
        Sets by basename; products that only one has are passed over.

    Returns
    -------
    tuple of Difference
        Product by product.
    """
    return tuple(
        difference
        for name in first
        if name in second
        for difference in compare_sets(first[name], second[name])
    )


def compare_entries(
    first: Iterable[Entry], second: Iterable[Entry]
) -> tuple[Difference, ...]:
    """Return what differs between two files, taken as they are.

    Parameters
    ----------
    first, second : iterable of Entry
        Values of the files.

    Returns
    -------
    tuple of Difference
        Values that differ, or that only one file gives.
    """
    ours = {(e.product, e.step, e.key): e.value for e in first}
    theirs = {(e.product, e.step, e.key): e.value for e in second}
    found = []
    for place in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(place, MISSING), theirs.get(place, MISSING)
        if MISSING in (one, other) or not is_same_value(one, other):
            found.append(Difference(*place, one, other))
    return tuple(found)
