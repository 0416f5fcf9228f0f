"""What is known about one parameter, and how its values are checked."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from svmcore.errors import ParameterError
from svmcore.parameters.bits import bit_sum
from svmcore.parameters.section import Section

__all__ = ["Declaration"]

JsonValue = Any


@dataclass(frozen=True, slots=True)
class Declaration:
    """One parameter: everything that forms, files and messages say about it.

    Parameters
    ----------
    step : str
        ``alignment``, ``astrodrizzle``, ``catalog generation`` or
        ``quality control``.
    key : str
        Dotted name within the step; AstroDrizzle's names have no dots.
    title : str
        Heading of the section it belongs to.
    type : str
        ``bool``, ``int``, ``float``, ``str``, ``bits`` (a sum of DQ flags,
        written as a string), ``pair`` (two numbers in one string), ``number
        text`` (a number in a string, or an empty one), ``scale`` (the same,
        or a word),
        ``names``, ``numbers`` or ``integers`` (lists), or ``counts`` (whole
        numbers by name).
    meaning : str
        What it does, in one line.
    step_used : str
        Heavy step that reads it: ``detect sources``, ``fit``, ``static mask``,
        ``sky``, ``separate``, ``median``, ``blot``, ``cosmic rays``,
        ``final``, ``catalog`` or ``none``.
    unit : str
        Unit of the value; empty for counts, ratios and words.
    minimum, maximum : float or None
        Smallest and largest value; of every element for lists and pairs.
    choices : tuple
        Allowed words, or list elements; empty if any is allowed.
    is_nullable : bool
        Whether null is allowed; it means automatic or no limit.
    length : int or None
        Number of elements of a list; None for any number but none.
    inert_why : str
        Why the value changes nothing; empty for a parameter that works.
    """

    step: str
    key: str
    title: str
    type: str
    meaning: str
    step_used: str = "none"
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    is_nullable: bool = False
    length: int | None = None
    inert_why: str = ""

    @property
    def is_inert(self) -> bool:
        """Whether the value changes nothing."""
        return bool(self.inert_why)

    @property
    def path(self) -> str:
        """Step and key, as in messages."""
        return f"{self.step} → {self.key}"

    @property
    def name(self) -> str:
        """Last part of the key: the parameter's own name."""
        return self.key.rpartition(".")[2]

    @property
    def rule(self) -> str:
        """What values are allowed, in words."""
        text = _WORDS[self.type]
        if self.length:
            text += f", {self.length} of them,"
        if self.choices:
            text += f" among {', '.join(word or repr('') for word in self.choices)}"
        limits = {
            (False, True): f" at least {self.minimum}",
            (True, False): f" at most {self.maximum}",
            (False, False): f" from {self.minimum} to {self.maximum}",
        }
        text += limits.get((self.minimum is None, self.maximum is None), "")
        if self.unit:
            text += f" [{self.unit}]"
        return text + (" or null" if self.is_nullable else "")

    def canonical(self, value: JsonValue, *, subject: str = "") -> JsonValue:
        """Return a value in the one form in which it is kept.

        Parameters
        ----------
        value : str, int, float, bool, list, dict or None
            The value as given: bit sums may be numbers or strings, pairs may
            be lists or strings.
        subject : str, optional
            Where the value comes from, for messages; the parameter's path if
            nothing else is known.

        Returns
        -------
        str, int, float, bool, tuple, Section or None
            The same value, immutable.

        Raises
        ------
        ParameterError
            If the value has a wrong type, lies out of range or is no choice.
        """
        where = subject or self.path
        if value is None:
            if not self.is_nullable:
                raise self._refuse(where, value)
            return None
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refuse(where, value)
        try:
            kept = _READERS[self.type](value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._refuse(where, value) from error
        if not self._is_allowed(kept):
            raise self._refuse(where, value)
        return kept

    def _is_allowed(self, value: JsonValue) -> bool:
        elements = _elements(self.type, value)
        if not elements or len(elements) != (self.length or len(elements)):
            return False
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return all(
            (not self.choices or element in self.choices)
            if isinstance(element, str)
            else isinstance(element, bool) or low <= element <= high
            for element in elements
        ) and (not isinstance(value, Section) or self._are_allowed_names(value))

    def _are_allowed_names(self, value: Section) -> bool:
        return not self.choices or all(name in self.choices for name in value)

    def _refuse(self, subject: str, value: JsonValue) -> ParameterError:
        return ParameterError(
            subject,
            f"found {_shown(value)}, expected {self.rule}",
            f"It means: {self.meaning}",
        )


_SCALES = ("exptime", "expsq")

_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bits": "a sum of DQ flags",
    "pair": 'two numbers as in "3.5 3.0"',
    "scale": "a number or a word",
    "number text": "a number in quotes or an empty text",
    "names": "a list of names",
    "numbers": "a list of numbers",
    "integers": "a list of whole numbers",
    "counts": "whole numbers by name",
}


def _shown(value: JsonValue) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _read_bool(value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_int(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if value != int(value):
        raise ValueError
    return int(value)


def _read_float(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _read_str(value: JsonValue) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError
    return value


def _read_bits(value: JsonValue) -> str:
    if isinstance(value, str) and value.strip().startswith("~"):
        total = (bit_sum(value) or 0) & 0xFFFF  # all flags but these
    elif isinstance(value, str):
        terms = value.strip().strip("()").replace(",", "+").split("+")
        flags = [_read_digits(term) for term in terms]
        if len(flags) > 1 and len(set(flags)) != len(flags):
            raise ValueError
        total = sum(flags)
    else:
        total = _read_int(value)
    if not 0 <= total <= 65535:
        raise ValueError
    return str(total)


def _read_digits(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise ValueError
    return int(text)


def _read_pair(value: JsonValue) -> str:
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        raise TypeError
    numbers = [
        _read_float(float(part) if isinstance(part, str) else part) for part in parts
    ]
    return " ".join(repr(number) for number in numbers)


def _read_number_text(value: JsonValue) -> str:
    """Read a number that files hold as a text."""
    return repr(_read_float(float(value) if isinstance(value, str) else value))


def _read_list(
    value: JsonValue, read: Callable[[JsonValue], JsonValue]
) -> tuple[JsonValue, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(read(element) for element in value)


def _read_counts(value: JsonValue) -> Section:
    if not isinstance(value, Mapping) or not value:
        raise TypeError
    return Section({_read_str(k): _read_int(v) for k, v in value.items()})


_READERS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "bool": _read_bool,
    "int": _read_int,
    "float": _read_float,
    "str": _read_str,
    "bits": _read_bits,
    "pair": _read_pair,
    "scale": lambda value: value if value in _SCALES else _read_number_text(value),
    "number text": lambda value: "" if value == "" else _read_number_text(value),
    "names": lambda value: _read_list(value, _read_str),
    "numbers": lambda value: _read_list(value, _read_float),
    "integers": lambda value: _read_list(value, _read_int),
    "counts": _read_counts,
}


def _elements(kind: str, value: JsonValue) -> tuple[JsonValue, ...]:
    match kind:
        case "pair":
            return tuple(float(part) for part in value.split())
        case "scale" | "number text":
            is_number = value and value not in _SCALES
            return (float(value) if is_number else value,)
        case "bits":
            return (int(value),)
        case "counts":
            return tuple(value.values())
        case "names" | "numbers" | "integers":
            return tuple(value)
        case _:
            return (value,)
