"""The parameters of one product: shipped values and what was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from svmcore.model.decisions import ParameterChange
from svmcore.model.product import Product, ProductTree, TotalProduct
from svmcore.parameters.concentration import concentration_limits
from svmcore.parameters.conditions import product_conditions
from svmcore.parameters.defaults import default_section, has_condition
from svmcore.parameters.listing import grism_products, parameter_products
from svmcore.parameters.overrides import Origin, Override, merge_changes
from svmcore.parameters.schema import STEPS, check_step, declaration
from svmcore.parameters.section import Section

__all__ = [
    "ParameterSet",
    "select_all",
    "select_parameters",
]

JsonValue = Any
_LIMITS = ("ci_lower_limit", "ci_upper_limit")


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """Every parameter of one product, with the origin of each value.

    Parameters
    ----------
    product : str
        Basename of the product.
    conditions : tuple of str
        What selected the shipped values.
    sections : tuple of Section
        Values of the four steps, in the order of `STEPS`.
    overrides : tuple of Override
        Values that differ from the shipped ones, in file order.
    table_keys : frozenset of tuple of str
        Step and key of values that come from the table of concentration
        indices.

    Notes
    -----
    Results must depend on sections, or parts of them, not on the whole set:
    a reason that is reworded changes the set, but no pixel.
    """

    product: str
    conditions: tuple[str, ...]
    sections: tuple[Section, ...]
    overrides: tuple[Override, ...] = ()
    table_keys: frozenset[tuple[str, str]] = field(default=frozenset())

    def section(self, step: str) -> Section:
        """Return the values of one step by dotted name.

        Raises
        ------
        ParameterError
            If there is no such step.
        """
        check_step(step)
        return self.sections[STEPS.index(step)]

    def value(self, step: str, key: str) -> JsonValue:
        """Return one value.

        Raises
        ------
        ParameterError
            If there is no such parameter.
        """
        section = self.section(step)
        if key not in section:
            declaration(step, key, subject=self.product)
        return section[key]

    def default(self, step: str, key: str) -> JsonValue:
        """Return the value that the parameter has without any change."""
        for override in self.overrides:
            if (override.step, override.key) == (step, key):
                return override.default
        return self.value(step, key)

    def origin(self, step: str, key: str) -> Origin:
        """Return where a value comes from."""
        self.value(step, key)
        for override in self.overrides:
            if (override.step, override.key) == (step, key):
                return override.origin
        if (step, key) in self.table_keys:
            return Origin("table", "table of concentration indices")
        if step == "astrodrizzle":
            return Origin("default", self.conditions[-1])
        return Origin("default", "detector")


def _filter_name(product: Product) -> str:
    return "total" if isinstance(product, TotalProduct) else product.filter_name


def _with_table(product: Product, quality: Section) -> Section:
    limits = concentration_limits(product.detector_key, _filter_name(product))
    if limits is None:
        return quality
    found = {
        f"ci filter.{kind}.{name}": value
        for kind in ("aperture", "segment")
        for name, value in zip(_LIMITS, (limits.lower, limits.upper), strict=True)
    }
    return quality.with_values(found)


def _defaults(product: Product) -> ParameterSet:
    conditions = product_conditions(product)
    sections = {
        step: default_section(product.detector_key, step, conditions) for step in STEPS
    }
    plain = sections["quality control"]
    sections["quality control"] = _with_table(product, plain)
    looked_up = sections["quality control"] is not plain
    keys = [key for key in plain if key.rpartition(".")[2] in _LIMITS]
    return ParameterSet(
        product.basename,
        tuple(c for c in conditions if has_condition(product.detector_key, c)),
        tuple(sections.values()),
        table_keys=frozenset(("quality control", key) for key in keys if looked_up),
    )


def select_parameters(
    product: Product,
    *,
    total: TotalProduct,
    changes: Sequence[ParameterChange] = (),
) -> ParameterSet:
    """Return the parameters of one product.

    Parameters
    ----------
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    total : TotalProduct
        The total product that it belongs to.
    changes : sequence of ParameterChange, optional
        Values set by hand, in the order in which they were made; a later one
        replaces an earlier one. Those for other products are passed over.

    Returns
    -------
    ParameterSet
        Complete and validated.

    Raises
    ------
    ParameterError
        If a change for this product names an unknown step or parameter, or
        its value is not allowed.

    Notes
    -----
    A changed limit of the concentration index also turns off its look-up in
    the table, as the table would win otherwise.
    """
    shipped = _defaults(product)
    sections, overrides = merge_changes(
        product, shipped.sections, changes, detector=total.detector_key
    )
    if not overrides:
        return shipped
    changed = {(override.step, override.key) for override in overrides}
    return ParameterSet(
        shipped.product,
        shipped.conditions,
        sections,
        overrides,
        shipped.table_keys - changed,
    )


def select_all(
    tree: ProductTree, changes: Sequence[ParameterChange] = ()
) -> Mapping[str, ParameterSet]:
    """Return the parameters of every product of a visit, by basename.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.
    changes : sequence of ParameterChange, optional
        Values set by hand.

    Returns
    -------
    Mapping of str to ParameterSet
        In the order of `parameter_products`, then the grism exposures.

    Raises
    ------
    ParameterError
        If a change cannot be used.
    """
    return {
        product.basename: select_parameters(product, total=total, changes=changes)
        for product, total in (*parameter_products(tree), *grism_products(tree))
    }
