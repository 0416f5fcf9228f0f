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

__all__ = [
    "DECLARATIONS",
    "STEPS",
    "check_step",
    "declaration",
    "declarations_of",
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


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question that names the most similar word; empty if none is.

    Examples
    --------
    >>> nearest("final_pixfrak", ["final_pixfrac", "final_scale"])
    'Did you mean final_pixfrac?'
    """
    names = list(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"Did you mean {by_lower[found[0]]}?" if found else ""


def check_step(step: str, *, subject: str = "") -> None:
    """Raise a `ParameterError` unless the name is one of the four steps."""
    if step not in STEPS:
        raise ParameterError(
            f"{subject or 'parameters'} → {step}",
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
        where = f"{subject} → {step}" if subject else step
        raise ParameterError(
            f"{where} → {key}", "unknown parameter", _advice(step, key)
        )
    return found


def _advice(step: str, key: str) -> str:
    elsewhere = [d.path for d in DECLARATIONS if key in (d.key, d.name)]
    if elsewhere:
        return f"There is {' and '.join(elsewhere[:3])}."
    own = _BY_STEP[step]
    if hint := nearest(key, own):
        return hint
    names = {d.name: d.key for d in reversed(list(own.values()))}
    if hint := nearest(key.rpartition(".")[2], names):
        name = hint.removeprefix("Did you mean ").removesuffix("?")
        return f"Did you mean {names[name]}?"
    return nearest(key, (d.key for d in DECLARATIONS)) or (
        f"svm params explain lists all {len(own)} parameters of {step}."
    )


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
