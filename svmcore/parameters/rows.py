"""Short notation for the tables of declarations."""

from collections.abc import Callable
from typing import Any

from svmcore.parameters.declaration import Declaration

__all__ = ["Declare", "section_rows"]

Declare = Callable[..., Declaration]


def section_rows(
    step: str, title: str, step_used: str, *, prefix: str | None = None
) -> Declare:
    """Return a function that declares one parameter of a section.

    Parameters
    ----------
    step : str
        Step of the section.
    title : str
        Heading of the section.
    step_used : str
        Heavy step that reads its parameters, unless a row says otherwise.
    prefix : str, optional
        Dotted start of the keys; the title and a dot unless given.

    Returns
    -------
    callable
        ``declare(name, type, meaning, **facts)``, where the facts are fields
        of `Declaration`.
    """
    start = f"{title}." if prefix is None else prefix

    def declare(name: str, kind: str, meaning: str, **facts: Any) -> Declaration:
        if facts.get("inert_why"):
            facts.setdefault("step_used", "none")
        facts.setdefault("step_used", step_used)
        return Declaration(step, start + name, title, kind, meaning, **facts)

    return declare
