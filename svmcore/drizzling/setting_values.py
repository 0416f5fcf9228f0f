"""The values of a parameter section, read as what they should be."""

import math
import re
from collections.abc import Mapping
from typing import Any

from svmcore.errors import ParameterError
from svmcore.parameters.bits import bit_sum

__all__ = ["SettingValues"]


class SettingValues:
    """Typed look-ups in a section; each raises a named `ParameterError`."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._section = section

    def _get(self, key: str, default: Any) -> Any:
        value = self._section.get(key, default)
        return default if isinstance(value, str) and not value.strip() else value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise _wrong(key, value, "true or false")
        return value

    def text(self, key: str) -> str:
        """Return a text without blanks around it; empty for none."""
        value = self._get(key, "")
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _wrong(key, value, "a text")
        return value.strip()

    def keywords(self, key: str) -> tuple[str, ...]:
        """Return the words of a list with commas or blanks."""
        return tuple(name for name in re.split(r"[,\s]+", self.text(key)) if name)

    def extensions(self, key: str) -> tuple[int, ...]:
        """Return EXTVER numbers in ascending order; none for all."""
        text = self.text(key)
        words = [word for word in re.split(r"[,\s]+", text) if word]
        if not all(word.isdecimal() and int(word) > 0 for word in words):
            raise _wrong(key, text, 'numbers of SCI extensions, such as "1" or "1,2"')
        return tuple(sorted({int(word) for word in words}))

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Return one of some words, whatever its case."""
        value = self._get(key, default)
        for choice in choices:
            if isinstance(value, str) and value.lower() == choice.lower():
                return choice
        raise _wrong(key, value, "one of " + ", ".join(choices))

    def number(
        self,
        key: str,
        default: float,
        *,
        minimum: float = -math.inf,
        maximum: float = math.inf,
    ) -> float:
        """Return a number within its limits."""
        return _number(key, self._get(key, default), minimum, maximum)

    def optional(
        self, key: str, *, minimum: float = -math.inf, maximum: float = math.inf
    ) -> float | None:
        """Return a number within its limits, or None where none is given."""
        value = self._get(key, None)
        if value is None or value == "INDEF":
            return None
        return _number(key, value, minimum, maximum)

    def count(self, key: str, default: int) -> int:
        """Return a whole number, 0 or more."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _wrong(key, value, "a whole number, zero or more")
        return value

    def optional_count(self, key: str) -> int | None:
        """Return a whole number, 1 or more, or None where none is given."""
        value = self.optional(key, minimum=1)
        return None if value is None else math.floor(value + 0.5)

    def pair(self, key: str, default: tuple[float, float]) -> tuple[float, float]:
        """Return the two numbers of a text."""
        value = self._get(key, f"{default[0]} {default[1]}")
        words = re.split(r"[,;\s]+", str(value).strip()) if value is not None else []
        if len(words) != 2:
            raise _wrong(key, value, 'two numbers in one text, such as "3.5 3.0"')
        return (_number(key, words[0]), _number(key, words[1]))

    def weight_scale(self, key: str) -> str:
        """Return ``exptime``, ``expsq`` or a number as text."""
        value = str(self._get(key, "exptime"))
        if value not in ("exptime", "expsq"):
            _number(key, value, 0.0)
        return value

    def bits(self, key: str, default: int | None) -> int | None:
        """Return a sum of DQ flags; None takes every pixel."""
        value = self._get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            return bit_sum(value)
        except ValueError as error:
            raise _wrong(
                key, value, 'a sum or list of DQ bits, such as "336" or "16,64,256"'
            ) from error


def _number(
    key: str, value: Any, minimum: float = -math.inf, maximum: float = math.inf
) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number) or not minimum <= number <= maximum:
        limits = "" if math.isinf(minimum) else f" from {minimum:g}"
        limits += "" if math.isinf(maximum) else f" to {maximum:g}"
        raise _wrong(key, value, f"a number{limits}")
    return number


def _wrong(key: str, value: Any, expected: str) -> ParameterError:
    return ParameterError(
        f"astrodrizzle → {key}",
        f"{value!r} was found, {expected} is expected",
        "Correct the value or remove it to use the default.",
    )
