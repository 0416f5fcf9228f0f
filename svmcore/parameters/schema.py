"""All declarations, by step and name, and the search in them."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from svmcore.errors import ParameterError
from svmcore.parameters.declaration import Declaration
from svmcore.parameters.declared_alignment import ALIGNMENT
from svmcore.parameters.declared_astrodrizzle import ASTRODRIZZLE
from svmcore.parameters.declared_catalog import CATALOG_GENERATION
from svmcore.parameters.declared_quality import QUALITY_CONTROL
from svmcore.parameters.places import place

__all__ = [
    "DECLARATIONS",
    "STEPS",
    "check_step",
    "declaration",
    "declarations_of",
    "find_declaration",
    "nearest",
    "search_declarations",
]

STEPS = ("alignment", "astrodrizzle", "catalog generation", "quality control")

DECLARATIONS: tuple[Declaration, ...] = (
    *ALIGNMENT,
    *ASTRODRIZZLE,
    *CATALOG_GENERATION,
    *QUALITY_CONTROL,
)

_BY_STEP: Mapping[str, Mapping[str, Declaration]] = MappingProxyType(
    {
        step: MappingProxyType({d.key: d for d in DECLARATIONS if d.step == step})
        for step in STEPS
    }
)


def nearest(
    word: str, known: Iterable[str], *, answers: Mapping[str, str] | None = None
) -> str:
    """Return a question that names the most similar word; empty if none is.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What may be meant.
    answers : Mapping of str to str, optional
        What to propose for each known word, if not the word itself.

    Examples
    --------
    >>> nearest("final_pixfrak", ["final_pixfrac", "final_scale"])
    'Did you mean final_pixfrac?'
    """
    names = list(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    if not found:
        return ""
    name = by_lower[found[0]]
    return f"Did you mean {(answers or {}).get(name, name)}?"


def check_step(step: str, *, subject: str = "") -> None:
    """Raise a `ParameterError` unless the name is one of the four steps."""
    if step not in STEPS:
        raise ParameterError(
            place(subject or "parameters", step),
            "unknown step",
            nearest(step, STEPS) or f"The steps are {', '.join(STEPS)}.",
        )


def declarations_of(step: str) -> Mapping[str, Declaration]:
    """Return the declarations of one step by dotted name, in file order.

    Raises
    ------
    ParameterError
        If there is no such step.
    """
    check_step(step)
    return _BY_STEP[step]


def declaration(step: str, key: str, *, subject: str = "") -> Declaration:
    """Return what is known about one parameter.

    Parameters
    ----------
    step : str
        Step.
    key : str
        Dotted name within the step.
    subject : str, optional
        Where the name comes from, for messages.

    Returns
    -------
    Declaration
        Its declaration.

    Raises
    ------
    ParameterError
        If there is no such parameter; it names the most similar one.

    Examples
    --------
    >>> declaration("astrodrizzle", "final_pixfrac").maximum
    1.0
    """
    check_step(step, subject=subject)
    found = _BY_STEP[step].get(key)
    if found is None:
        where = place(subject, step, key)
        raise ParameterError(where, "unknown parameter", _advice(step, key))
    return found


def find_declaration(
    name: str, *, step: str | None = None, subject: str = ""
) -> Declaration:
    """Return the parameter that a full or short name stands for.

    Parameters
    ----------
    name : str
        Dotted name, or its last part where only one parameter, or only one
        that works, has that.
    step : str, optional
        Step to look in; all steps by default.
    subject : str, optional
        Where the name comes from, for messages.

    Returns
    -------
    Declaration
        Its declaration.

    Raises
    ------
    ParameterError
        If no parameter has that name, or several have.

    Examples
    --------
    >>> find_declaration("nlevels").path
    'catalog generation → sourcex.nlevels'
    """
    if step:
        check_step(step, subject=subject)
    rows = [d for d in DECLARATIONS if d.step == (step or d.step)]
    found = [d for d in rows if d.key == name] or [d for d in rows if d.name == name]
    working = [d for d in found if not d.is_inert]
    for candidates in (found, working):
        if len(candidates) == 1:
            return candidates[0]
    where = place(subject, *((step, name) if step else (name,)))
    if found:
        raise ParameterError(
            where,
            f"the name stands for {len(found)} parameters",
            f"Write one of {', '.join(_spelled(d) for d in found)}.",
        )
    raise ParameterError(where, "unknown parameter", _advice(step or "", name))


def _spelled(row: Declaration) -> str:
    """Return the shortest way to write a parameter without doubt."""
    same = [d for d in DECLARATIONS if row.key in (d.key, d.name)]
    return f"{row.step}:{row.key}" if len(same) > 1 else row.key


def _advice(step: str, key: str) -> str:
    name = key.rpartition(".")[2]
    own = [d for d in DECLARATIONS if d.step == (step or d.step)]
    for rows in (own, DECLARATIONS):
        if same := [d for d in rows if key == d.key or name == d.name]:
            return f"There is {', '.join(_spelled(d) for d in same[:3])}."
    for rows in (own, DECLARATIONS):
        if hint := nearest(key, (d.key for d in rows)):
            return hint
        short = {d.name: d.key for d in reversed(rows)}
        if hint := nearest(name, short, answers=short):
            return hint
    return "svm params explain lists all parameters."


def search_declarations(words: str) -> tuple[Declaration, ...]:
    """Return the parameters that a few words describe, best matches first.

    Parameters
    ----------
    words : str
        A name, part of a name, or words of the meaning; empty for all.

    Returns
    -------
    tuple of Declaration
        Exact names first, then names that contain every word, then those
        whose step, section or meaning does.

    Examples
    --------
    >>> [d.key for d in search_declarations("final pixfrac")]
    ['final_pixfrac']
    """
    wanted = words.lower().split()
    if not wanted:
        return DECLARATIONS
    exact = [
        d for d in DECLARATIONS if words.lower() in (d.key.lower(), d.name.lower())
    ]
    if exact:
        return tuple(exact)
    named = [d for d in DECLARATIONS if all(w in d.key.lower() for w in wanted)]
    if len(wanted) == 1 and named:
        return tuple(named)
    meant = [
        d
        for d in DECLARATIONS
        if d not in named
        and all(
            word in f"{d.step} {d.title} {d.key} {d.meaning}".lower() for word in wanted
        )
    ]
    return (*named, *meant)
