"""Whom a change concerns: one product, or all that some words describe."""

from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    ProductTree,
    TotalProduct,
)
from svmcore.parameters.listing import listed_products

__all__ = ["Scopes", "is_within", "words_of"]

_KINDS = {
    "total": TotalProduct,
    "filter": FilterProduct,
    "exposure": ExposureProduct,
}


def words_of(product: Product) -> frozenset[str]:
    """Return the words that a scope may use for a product."""
    kind = next(name for name, type_ in _KINDS.items() if isinstance(product, type_))
    words = {"*", product.basename, product.detector_key.slug, kind}
    if not isinstance(product, TotalProduct):
        words.add(product.filter_name)
    return frozenset(words)


def is_within(scope: str, words: frozenset[str]) -> bool:
    """Return whether a change with a scope applies to a product.

    Parameters
    ----------
    scope : str
        ``*``, a basename, or blank-separated words that must all hold: a
        detector (``wfc3_ir``), a kind (``total``, ``filter``, ``exposure``)
        or a filter (``f160w``).
    words : frozenset of str
        What `words_of` returns for the product.
    """
    wanted = scope.split()
    return bool(wanted) and words.issuperset(wanted)


class Scopes:
    """The products of a visit by scope; each scope is worked out once.

    Parameters
    ----------
    tree : ProductTree
        Products of the visit.
    """

    def __init__(self, tree: ProductTree) -> None:
        self._words = {p.basename: words_of(p) for p in listed_products(tree)}
        self._products = {p.basename: p for p in listed_products(tree)}
        self._found: dict[str, tuple[Product, ...]] = {}

    @property
    def words(self) -> frozenset[str]:
        """Every word that names products of the visit."""
        return frozenset().union(*self._words.values())

    def products(self, scope: str) -> tuple[Product, ...]:
        """Return the products that a scope includes."""
        if scope not in self._found:
            self._found[scope] = tuple(
                self._products[name]
                for name, words in self._words.items()
                if is_within(scope, words)
            )
        return self._found[scope]

    def is_product(self, scope: str) -> bool:
        """Return whether a scope is the name of one product."""
        return scope in self._products
