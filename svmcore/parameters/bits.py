"""Sums of DQ flags: read in all forms that HAP takes, and taken apart."""

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["bit_sum", "flags_of"]

_LIST = re.compile(r"\d+\s*(?:(?:,\s*\d+\s*)*|(?:\+\s*\d+\s*)*|(?:\|\s*\d+\s*)*)")


def bit_sum(value: Any) -> int | None:
    """Return the sum of DQ flags that a parameter stands for.

    Parameters
    ----------
    value : int, str, iterable of int or None
        A sum; or single flags, in a text joined by one of ``, + |``, there
        also in parentheses. A ``~`` before them turns all bits around.

    Returns
    -------
    int or None
        None, no use of the flags at all, for None and for the texts
        ``None``, ``INDEF`` and the empty one.

    Raises
    ------
    ValueError
        If it is none of these, or a flag in a list is no power of two.

    Examples
    --------
    >>> bit_sum("16, 64,256"), bit_sum(336), bit_sum("~4096"), bit_sum("None")
    (336, 336, -4097, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value is None:
        return None
    if isinstance(value, str):
        return _sum_of_text(value.strip())
    if isinstance(value, Iterable):
        return _sum_of_flags([_whole(flag) for flag in value])
    msg = f"value must be a sum or list of DQ flags, got {value!r}"
    raise ValueError(msg)


def _sum_of_text(text: str) -> int | None:
    if text.upper() in ("", "NONE", "INDEF"):
        return None
    is_turned = text.startswith("~")
    inner = text.removeprefix("~").strip()
    while inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1].strip()
    if not _LIST.fullmatch(inner):
        msg = f"value must be DQ flags joined by one of ', + |', got {text!r}"
        raise ValueError(msg)
    flags = [int(word) for word in re.findall(r"\d+", inner)]
    found = flags[0] if len(flags) == 1 else _sum_of_flags(flags)
    return ~found if is_turned else found


def _whole(flag: Any) -> int:
    if isinstance(flag, bool) or not isinstance(flag, int):
        msg = f"a list of DQ flags must hold whole numbers, got {flag!r}"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for all of them
    return flag


def _sum_of_flags(flags: list[int]) -> int:
    for flag in flags:
        if flag <= 0 or flag & (flag - 1):
            msg = f"every flag of a list must be a power of two, got {flag}"
            raise ValueError(msg)
    return sum(set(flags))


def flags_of(bits: str) -> tuple[int, ...]:
    """Return the flags that a bit sum consists of, smallest first.

    Parameters
    ----------
    bits : str
        Sum as in ``final_bits``.

    Returns
    -------
    tuple of int
        Powers of two; empty for ``0``.

    Examples
    --------
    >>> flags_of("336")
    (16, 64, 256)
    """
    total = int(bits)
    return tuple(1 << n for n in range(total.bit_length()) if total >> n & 1)
