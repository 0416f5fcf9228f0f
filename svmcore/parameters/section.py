"""An immutable table of parameter values."""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

__all__ = ["Section", "thawed"]

JsonValue = Any


class Section(Mapping[str, JsonValue]):
    """The values of one step by parameter name; never changes.

    Lists are kept as tuples and tables as sections, so that nothing inside
    can change either. It can be pickled, compared with any mapping, and used
    as a key.

    Parameters
    ----------
    values : Mapping
        Values by name, in the order in which they are written to files.

    Examples
    --------
    >>> section = Section({"match_default_fit.searchrad": 250, "x": [1, 2]})
    >>> section["x"]
    (1, 2)
    >>> dict(section.part("match_default_fit"))
    {'searchrad': 250}
    """

    __slots__ = ("_values",)
    _values: dict[str, JsonValue]

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        frozen = {name: _frozen(value) for name, value in values.items()}
        object.__setattr__(self, "_values", frozen)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"a section cannot change: {name!r}"
        raise AttributeError(msg)

    def __getitem__(self, name: str) -> JsonValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return self._values == {k: _frozen(v) for k, v in other.items()}
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Section({self.as_json()!r})"

    def __reduce__(self) -> tuple[type["Section"], tuple[dict[str, JsonValue]]]:
        return (Section, (self._values,))

    def part(self, prefix: str) -> "Section":
        """Return the values below a dotted prefix, without the prefix."""
        start = f"{prefix}."
        return Section(
            {
                name.removeprefix(start): value
                for name, value in self._values.items()
                if name.startswith(start)
            }
        )

    def with_values(self, values: Mapping[str, JsonValue]) -> "Section":
        """Return a section with some values replaced, in the same order."""
        if not values:
            return self
        changed = {name: _frozen(value) for name, value in values.items()}
        made = object.__new__(Section)
        object.__setattr__(made, "_values", {**self._values, **changed})
        return made

    def as_json(self) -> dict[str, JsonValue]:
        """Return the values as plain lists and dictionaries."""
        return {name: thawed(value) for name, value in self._values.items()}


def _frozen(value: JsonValue) -> JsonValue:
    if isinstance(value, Section):
        return value
    if isinstance(value, Mapping):
        return Section(value)
    if isinstance(value, list | tuple):
        return tuple(_frozen(element) for element in value)
    return value


def thawed(value: JsonValue) -> JsonValue:
    """Return a frozen value as plain lists and dictionaries."""
    if isinstance(value, Section):
        return value.as_json()
    if isinstance(value, tuple):
        return [thawed(element) for element in value]
    return value
