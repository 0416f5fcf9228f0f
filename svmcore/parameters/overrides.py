"""Changes of parameters: whom they concern, and how they are merged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from svmcore.errors import ParameterError
from svmcore.model.decisions import ParameterChange
from svmcore.model.detector import DetectorKey
from svmcore.model.product import Product, ProductTree, TotalProduct
from svmcore.parameters.concentration import concentration_limits
from svmcore.parameters.places import place
from svmcore.parameters.schema import STEPS, declaration, nearest
from svmcore.parameters.scopes import Scopes, is_within, words_of
from svmcore.parameters.section import Section, thawed

__all__ = [
    "Origin",
    "Override",
    "check_changes",
    "is_same_value",
    "merge_changes",
]

JsonValue = Any
# Parameters of which the first must lie below the second.
_ORDERED = (
    ("astrodrizzle", "skylower", "skyupper"),
    ("astrodrizzle", "combine_lthresh", "combine_hthresh"),
    ("catalog generation", "aperture_1", "aperture_2"),
    (
        "quality control",
        "ci filter.aperture.ci_lower_limit",
        "ci filter.aperture.ci_upper_limit",
    ),
    (
        "quality control",
        "ci filter.segment.ci_lower_limit",
        "ci filter.segment.ci_upper_limit",
    ),
)
_LOOKUP = "lookup_ci_limits_from_table"
_LIMITS = ("ci_lower_limit", "ci_upper_limit")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Parameters
    ----------
    kind : {'default', 'table', 'change', 'consequence'}
        Shipped value, look-up, set by hand, or following from something set
        by hand.
    source : str
        Condition, name of the table, or who or what set it.
    reason : str
        Why; may be empty.
    """

    kind: str
    source: str
    reason: str = ""

    def __str__(self) -> str:
        text = f"{self.kind}: {self.source}"
        return f"{text} ({self.reason})" if self.reason else text


@dataclass(frozen=True, slots=True)
class Override:
    """One value that differs from the shipped one.

    Parameters
    ----------
    step, key : str
        Parameter.
    default, value : object
        Shipped and present value.
    origin : Origin
        What set the present value.
    """

    step: str
    key: str
    default: JsonValue
    value: JsonValue
    origin: Origin


def is_same_value(first: JsonValue, second: JsonValue) -> bool:
    """Return whether two values mean the same, the order of names included.

    Examples
    --------
    >>> is_same_value(10, 10.0), is_same_value(True, 1), is_same_value("4 3", "4.0 3.0")
    (True, False, True)
    """
    if type(first) is type(second) and isinstance(first, bool | int | float | str):
        return bool(first == second) or _comparable(first) == _comparable(second)
    return _comparable(first) == _comparable(second)


def _comparable(value: JsonValue) -> str:
    return json.dumps(_normal(thawed(value)))


def _normal(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _normal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_normal(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and len(parts := value.split()) == 2:
        return _as_pair(parts) or value
    return value


def _as_pair(parts: Sequence[str]) -> str:
    try:
        return " ".join(repr(float(part)) for part in parts)
    except ValueError:
        return ""


def check_changes(changes: Sequence[ParameterChange], tree: ProductTree) -> None:
    """Raise an error for the first change that cannot apply to a visit.

    Parameters
    ----------
    changes : sequence of ParameterChange
        Values set by hand.
    tree : ProductTree
        Products of the visit.

    Raises
    ------
    ParameterError
        If a change names an unknown product, step or parameter, or its value
        is not allowed.
    """
    scopes = Scopes(tree)
    for change in changes:
        subject = _subject(change)
        row = declaration(change.step, change.key, subject=subject)
        row.canonical(change.value, subject=place(subject, row.path))
        if not scopes.products(change.product):
            words = [w for w in change.product.split() if w not in scopes.words]
            raise ParameterError(
                subject,
                "no product of the visit has that name",
                nearest((words or [change.product])[0], sorted(scopes.words))
                or "svm products lists the names.",
            )


def _subject(change: ParameterChange) -> str:
    names = (change.origin, change.product) if change.origin else (change.product,)
    return place("", *names)


def merge_changes(
    product: Product,
    sections: Sequence[Section],
    changes: Sequence[ParameterChange],
    *,
    detector: DetectorKey,
) -> tuple[tuple[Section, ...], tuple[Override, ...]]:
    """Return sections with the changes for a product, and what they changed.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    sections : sequence of Section
        Shipped values of the four steps.
    changes : sequence of ParameterChange
        Values set by hand, for any product, in order.
    detector : DetectorKey
        Instrument and detector.

    Returns
    -------
    sections : tuple of Section
        Present values.
    overrides : tuple of Override
        Values that differ from the shipped ones, in file order.

    Raises
    ------
    ParameterError
        If a change for this product cannot be used.
    """
    found: dict[tuple[str, str], Override] = {}
    words = words_of(product)
    for change in changes:
        if not is_within(change.product, words):
            continue
        shipped = sections[STEPS.index(change.step)] if change.step in STEPS else {}
        override = _override(change, shipped, detector)
        found.pop((change.step, change.key), None)
        if change.key.endswith(_LOOKUP) and override.value is True:
            _use_table(found, product, change.key)
        if not is_same_value(override.value, override.default):
            found[change.step, change.key] = override
    _stop_lookup(found, sections[STEPS.index("quality control")])
    merged = tuple(
        section.with_values(
            {key: o.value for (name, key), o in found.items() if name == step}
        )
        for step, section in zip(STEPS, sections, strict=True)
    )
    _check_order(product, merged, found)
    ordered = [
        found[step, key]
        for step, section in zip(STEPS, sections, strict=True)
        for key in section
        if (step, key) in found
    ]
    return merged, tuple(ordered)


def _check_order(
    product: Product,
    sections: Sequence[Section],
    found: Mapping[tuple[str, str], Override],
) -> None:
    """Raise an error where a changed limit lies beyond its counterpart."""
    for step, low, high in _ORDERED:
        section = sections[STEPS.index(step)]
        changed = [found[step, key] for key in (low, high) if (step, key) in found]
        lower, upper = section[low], section[high]
        if changed and None not in (lower, upper) and not lower < upper:
            raise ParameterError(
                place(changed[-1].origin.source, product.basename, step, low),
                f"found {lower}, which does not lie below {high}, {upper}",
                "Set both.",
            )


def _override(
    change: ParameterChange, shipped: Mapping[str, Any], detector: DetectorKey
) -> Override:
    subject = _subject(change)
    row = declaration(change.step, change.key, subject=subject)
    if change.key not in shipped:
        raise ParameterError(
            place(subject, row.path),
            f"{detector.label} has no such parameter",
            "Remove it.",
        )
    value = row.canonical(change.value, subject=place(subject, row.path))
    origin = Origin("change", change.origin or "user", change.reason)
    return Override(change.step, change.key, shipped[change.key], value, origin)


def _use_table(
    found: dict[tuple[str, str], Override], product: Product, key: str
) -> None:
    """Drop earlier limits where the look-up is asked for and has a row."""
    name = "total" if isinstance(product, TotalProduct) else product.filter_name
    if concentration_limits(product.detector_key, name) is not None:
        for limit in _LIMITS:
            found.pop(("quality control", key.replace(_LOOKUP, limit)), None)


def _stop_lookup(found: dict[tuple[str, str], Override], quality: Section) -> None:
    """Turn off the look-up of limits that were set by hand."""
    step = "quality control"
    for kind in ("aperture", "segment"):
        key = f"ci filter.{kind}.{_LOOKUP}"
        set_limits = [
            found[step, limit]
            for name in _LIMITS
            if (step, limit := f"ci filter.{kind}.{name}") in found
        ]
        if set_limits and (step, key) not in found and quality[key] is True:
            cause = set_limits[-1].origin
            origin = Origin("consequence", cause.source, "a limit was set by hand")
            found[step, key] = Override(step, key, quality[key], False, origin)  # noqa: FBT003
