"""The words, glyphs and wire form of states, shared by tables, trees and rails."""

from collections.abc import Mapping
from typing import Any

__all__ = ["STATUS_GLYPHS", "STATUS_WORDS", "badge", "cell"]

STATUS_GLYPHS: Mapping[str, str] = {
    "todo": "○",
    "ready": "◔",
    "waiting": "◌",
    "running": "◐",
    "ok": "✓",
    "reused": "↺",
    "warn": "!",
    "failed": "✕",
    "blocked": "⊘",
    "cancelled": "■",
    "stale": "↻",
    "changed": "●",
    "off": "–",
    "note": "i",
}
"""One glyph per status, so that no state is told by colour alone."""

STATUS_WORDS: Mapping[str, str] = {
    "todo": "to do",
    "ready": "ready",
    "waiting": "waiting",
    "running": "running",
    "ok": "done",
    "reused": "reused",
    "warn": "check",
    "failed": "failed",
    "blocked": "blocked",
    "cancelled": "cancelled",
    "stale": "stale",
    "changed": "changed",
    "off": "off",
    "note": "note",
}
"""The word beside the glyph where no better word is given."""


def badge(status: str, text: str = "", tooltip: str = "") -> dict[str, str]:
    """Return a badge: glyph, colour class and word.

    Parameters
    ----------
    status : str
        A key of `STATUS_GLYPHS`; it chooses glyph and colour.
    text : str, optional
        The word; by default that of `STATUS_WORDS`.
    tooltip : str, optional
        Text shown on hover and read by screen readers.

    Examples
    --------
    >>> badge("ok", "kept")
    {'status': 'ok', 'glyph': '✓', 'text': 'kept', 'tooltip': ''}
    """
    if status not in STATUS_GLYPHS:
        msg = f"status must be one of {', '.join(STATUS_GLYPHS)}, got {status!r}"
        raise ValueError(msg)
    return {
        "status": status,
        "glyph": STATUS_GLYPHS[status],
        "text": text or STATUS_WORDS[status],
        "tooltip": tooltip,
    }


def cell(
    text: str, *, sort: float | str | None = None, tooltip: str = "", **style: Any
) -> dict[str, Any]:
    """Return a table cell whose text differs from what it sorts by.

    Parameters
    ----------
    text : str
        What is shown.
    sort : float or str, optional
        What the column sorts by; the text if not given.
    tooltip : str, optional
        Shown on hover.
    **style
        ``status`` (a key of `STATUS_GLYPHS`, colours the text),
        ``is_muted``, ``is_strong`` (bool).
    """
    return {
        "text": text,
        "sort": text if sort is None else sort,
        "tooltip": tooltip,
    } | style
