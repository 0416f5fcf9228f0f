"""What a form shows of a parameter, and what its raw text means."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from svmcore.parameters import Declaration, Origin
from svmcore.parameters.section import thawed

__all__ = ["Field", "field_of", "origin_words", "text_of", "value_of"]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of one product, ready for a form.

    Parameters
    ----------
    step, key, title, name : str
        Step, dotted key, heading of its section, and its own name.
    kind : str
        ``switch``, ``choice``, ``number`` or ``text``.
    text, default_text : str
        Value and default as they are typed.
    unit, rule, meaning : str
        Unit, allowed values in words, what it does.
    origin : str
        What gave the value: a default set and its condition, or the user.
    choices : tuple of str
        Allowed words.
    is_changed : bool
        Whether the value differs from the default.
    inert_why : str
        Why it changes nothing; empty for a parameter that works.
    """

    step: str
    key: str
    title: str
    name: str
    kind: str
    text: str
    default_text: str
    unit: str
    rule: str
    meaning: str
    origin: str
    choices: tuple[str, ...]
    is_changed: bool
    inert_why: str

    def matches(self, search: str) -> bool:
        """Whether every word of a search is found in name, section or meaning."""
        text = f"{self.key} {self.title} {self.meaning} {self.step}".lower()
        return all(word in text for word in search.lower().split())


def origin_words(origin: Origin) -> str:
    """Return what set a value, and why.

    Examples
    --------
    >>> origin_words(Origin("change", "user", "crowded field"))
    'set by hand: crowded field'
    """
    kinds = {"change": "set", "consequence": "follows from", "table": "table"}
    text = f"{kinds.get(origin.kind, origin.kind)} {origin.source}"
    if (origin.kind, origin.source) == ("change", "user"):
        text = "set by hand"
    return f"{text}: {origin.reason}" if origin.reason else text


def text_of(value: Any) -> str:
    """Return a value as it is typed into a field.

    Examples
    --------
    >>> text_of(True), text_of(None), text_of((1.5, 2.0)), text_of(["a", "b"])
    ('true', 'null', '1.5, 2.0', 'a, b')
    """
    value = thawed(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(text_of(element) for element in value)
        case dict():
            return json.dumps(value)
        case _:
            return str(value)


def value_of(declaration: Declaration, raw: str) -> Any:
    """Return the value that a text stands for, checked.

    Parameters
    ----------
    declaration : Declaration
        The parameter.
    raw : str
        What was typed.

    Returns
    -------
    str, int, float, bool, list, dict or None
        The value as a JSON file would hold it.

    Raises
    ------
    ParameterError
        If the text is no allowed value.
    """
    text = raw.strip()
    if declaration.is_nullable and text.lower() in ("", "null", "none"):
        return None
    return thawed(declaration.canonical(_parsed(declaration, text)))


def _parsed(declaration: Declaration, text: str) -> Any:
    reader = _READERS.get(declaration.type, str)
    try:
        return reader(text)
    except ValueError:
        return text  # the declaration refuses it and says what is expected


def _number(text: str) -> float:
    return float(text) if "." in text or "e" in text.lower() else int(text)


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


def _elements(text: str) -> list[str]:
    parts = (part.strip(" '\"") for part in text.strip("[]()").split(","))
    return [part for part in parts if part]


def _numbers(text: str) -> list[float]:
    return [float(element) for element in _elements(text)]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "bool": _switch,
    "int": _number,
    "float": _number,
    "names": _elements,
    "numbers": _numbers,
    "integers": _numbers,
    "counts": json.loads,
}


def field_of(
    declaration: Declaration, value: Any, default: Any, origin: str, *, changed: bool
) -> Field:
    """Return the form field of a parameter with its present value."""
    return Field(
        step=declaration.step,
        key=declaration.key,
        title=declaration.title,
        name=declaration.name,
        kind=_kind(declaration),
        text=text_of(value),
        default_text=text_of(default),
        unit=declaration.unit,
        rule=declaration.rule,
        meaning=declaration.meaning,
        origin=origin,
        choices=declaration.choices if declaration.type == "str" else (),
        is_changed=changed,
        inert_why=declaration.inert_why,
    )


def _kind(declaration: Declaration) -> str:
    match declaration.type:
        case "bool":
            return "text" if declaration.is_nullable else "switch"
        case "int" | "float":
            return "number"
        case "str" if declaration.choices:
            return "choice"
        case _:
            return "text"
