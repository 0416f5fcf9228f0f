"""Which products have parameters."""

from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    ProductTree,
    TotalProduct,
)
from svmcore.parameters.conditions import processing_key

__all__ = ["grism_products", "listed_products", "parameter_products"]


def _ramp_filters(total: TotalProduct) -> tuple[FilterProduct, ...]:
    groups: dict[str, list[ExposureProduct]] = {}
    for member in total.ramps:
        groups.setdefault(member.filter_name, []).append(member)
    return tuple(
        FilterProduct(total.visit, total.detector_key, name, tuple(members))
        for name, members in groups.items()
    )


def _all_filters(total: TotalProduct) -> tuple[FilterProduct, ...]:
    """Return direct and ramp filters by their first exposure."""
    found = (*total.filters, *_ramp_filters(total))
    return tuple(sorted(found, key=lambda f: processing_key(f.exposures[0])))


def parameter_products(tree: ProductTree) -> tuple[tuple[Product, TotalProduct], ...]:
    """Return every product that a parameter file lists, with its total.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.

    Returns
    -------
    tuple of (product, total)
        Of each detector the total, the filters, then the exposures. Ramp and
        quad filters are listed too, although they are never drizzled: HAP
        looks for them in the file. Grism exposures have no parameters there.
    """
    found: list[tuple[Product, TotalProduct]] = []
    for total in tree.totals:
        filters = _all_filters(total)
        listed: tuple[Product, ...] = (
            total,
            *filters,
            *(member for product in filters for member in product.members),
        )
        found.extend((product, total) for product in listed)
    return tuple(found)


def grism_products(
    tree: ProductTree,
) -> tuple[tuple[ExposureProduct, TotalProduct], ...]:
    """Return the grism and prism exposures, each with its total product."""
    return tuple((grism, total) for total in tree.totals for grism in total.grisms)


def listed_products(tree: ProductTree) -> tuple[Product, ...]:
    """Return every product that has parameters, grism exposures included."""
    pairs = (*parameter_products(tree), *grism_products(tree))
    return tuple(product for product, _ in pairs)
