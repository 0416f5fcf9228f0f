"""What parameter files hold: HAP's complete form, and only what differs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from svmcore.errors import ParameterError
from svmcore.model.decisions import ParameterChange
from svmcore.model.product import FilterProduct, Product, ProductTree
from svmcore.model.verdict import Role
from svmcore.parameters.defaults import read_table
from svmcore.parameters.listing import parameter_products
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.schema import STEPS, declaration
from svmcore.parameters.scopes import Scopes
from svmcore.parameters.section import Section, thawed
from svmcore.parameters.selection import (
    ParameterSet,
    select_all,
    select_parameters,
)

__all__ = [
    "COMPACT_FORMAT",
    "COMPACT_VERSION",
    "compact_document",
    "custom_document",
    "effective_changes",
]

JsonValue = Any
COMPACT_FORMAT = "svm parameters"
COMPACT_VERSION = 1


def _nested(section: Section) -> dict[str, JsonValue]:
    table: dict[str, JsonValue] = {}
    for key, value in section.as_json().items():
        *parts, name = key.split(".")
        inner = table
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[name] = value
    return table


def _astrodrizzle(found: ParameterSet, slug: str) -> dict[str, JsonValue]:
    values = found.section("astrodrizzle").as_json()
    orders = read_table("key_orders.json")
    order = orders.get(slug) or orders.get(f"{slug} {found.conditions[0]}") or values
    return {key: values[key] for key in order}


def _steps(found: ParameterSet, slug: str) -> dict[str, JsonValue]:
    return {
        step: _astrodrizzle(found, slug)
        if step == "astrodrizzle"
        else _nested(found.section(step))
        for step in STEPS
    }


def custom_document(
    tree: ProductTree, sets: Mapping[str, ParameterSet]
) -> dict[str, JsonValue]:
    """Return the content of a parameter file that HAP's own reader takes.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.
    sets : Mapping of str to ParameterSet
        Parameters by basename.

    Returns
    -------
    dict
        For each product complete and equal sections ``parameters`` and
        ``default_values``: HAP reads the second, people edit the first.

    Raises
    ------
    ParameterError
        If a product has no parameters in `sets`.
    """
    document = {}
    for product, total in parameter_products(tree):
        found = sets.get(product.basename)
        if found is None and _is_ramp(product):
            found = select_parameters(product, total=total)
        if found is None:
            raise ParameterError(
                product.basename,
                "has no parameters, but a complete file needs them",
                "Select the parameters of every product of the visit.",
            )
        slug = product.detector_key.slug
        document[product.basename] = {
            "parameters": _steps(found, slug),
            "default_values": _steps(found, slug),
        }
    return document


def _is_ramp(product: Product) -> bool:
    return isinstance(product, FilterProduct) and product.members[0].role is Role.RAMP


def effective_changes(
    tree: ProductTree, changes: Iterable[ParameterChange]
) -> tuple[ParameterChange, ...]:
    """Return the changes without those that change nothing.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.
    changes : iterable of ParameterChange
        Values set by hand, in order.

    Returns
    -------
    tuple of ParameterChange
        Changes that give some product another value than the shipped one, or
        that take back part of an earlier change.
    """
    shipped = select_all(tree)
    scopes = Scopes(tree)
    kept: list[ParameterChange] = []
    touched: set[tuple[str, str, str]] = set()
    for change in changes:
        place = (change.step, change.key)
        names = [product.basename for product in scopes.products(change.product)]
        if any(
            (name, *place) in touched
            or not is_same_value(shipped[name].value(*place), change.value)
            for name in names
            if change.key in shipped[name].section(change.step)
        ):
            kept.append(change)
            touched.update((name, *place) for name in names)
    return tuple(kept)


def compact_document(
    tree: ProductTree, changes: Sequence[ParameterChange], *, written: str = ""
) -> dict[str, JsonValue]:
    """Return the content of a file that holds only what differs.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.
    changes : sequence of ParameterChange
        Values set by hand, in order.
    written : str, optional
        Date and time to be noted in the file.

    Returns
    -------
    dict
        Format, version, and the changes with their origins.
    """
    shipped = select_all(tree)
    scopes = Scopes(tree)
    rows = []
    for change in effective_changes(tree, changes):
        row: dict[str, JsonValue] = {
            "product": change.product,
            "step": change.step,
            "key": change.key,
            "value": thawed(
                declaration(change.step, change.key).canonical(change.value)
            ),
        }
        defaults = [
            shipped[product.basename].value(change.step, change.key)
            for product in scopes.products(change.product)
        ]
        if all(is_same_value(defaults[0], other) for other in defaults):
            row["default"] = thawed(defaults[0])
        row["origin"] = {
            "who": change.origin,
            "when": change.when,
            "why": change.reason,
        }
        rows.append(row)
    header = {"format": COMPACT_FORMAT, "version": COMPACT_VERSION}
    return {**header, **({"written": written} if written else {}), "changes": rows}
