"""Where something stands in a file, for messages of one line."""

__all__ = ["place"]

_LONGEST = 80


def place(above: str, *names: object) -> str:
    """Return a path of names in one printable line.

    Parameters
    ----------
    above : str
        Path so far; may be empty.
    *names : object
        Names below it, as a file gives them: control characters are spelled
        out and long names cut.

    Returns
    -------
    str
        Path with arrows.

    Examples
    --------
    >>> place("mine.json", "astrodrizzle", "final_scale")
    'mine.json → astrodrizzle → final_scale'
    """
    parts = [above] if above else []
    return " → ".join([*parts, *(_printable(str(name)) for name in names)])


def _printable(name: str) -> str:
    text = name if name.isprintable() else ascii(name)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
