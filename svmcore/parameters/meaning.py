"""What a parameter file means for a visit: the values that it changes."""

from collections.abc import Iterable

from svmcore.model.decisions import ParameterChange
from svmcore.model.product import ProductTree
from svmcore.parameters.defaults import default_section
from svmcore.parameters.documents import effective_changes
from svmcore.parameters.forms import Entry
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.scopes import Scopes
from svmcore.parameters.section import thawed

__all__ = ["changes_of"]

_LOOKUP = "lookup_ci_limits_from_table"
_LIMITS = ("ci_lower_limit", "ci_upper_limit")


def changes_of(
    entries: Iterable[Entry], tree: ProductTree, *, origin: str
) -> tuple[ParameterChange, ...]:
    """Return the changes that the values of a file amount to.

    Parameters
    ----------
    entries : iterable of Entry
        Values in the order of the file.
    tree : ProductTree
        Products of the visit.
    origin : str
        Name of the file.

    Returns
    -------
    tuple of ParameterChange
        Values that differ from the shipped ones.

    Notes
    -----
    Files made by HAP ask for the look-up of concentration limits and also
    hold limits. A limit that equals the detector's general value there is not
    an edit: the table replaces it. What a file says about one product by name
    wins over what it says about several, in whatever order.
    """
    scopes = Scopes(tree)
    rows = sorted(entries, key=lambda entry: scopes.is_product(entry.product))
    looked_up = {
        (entry.product, entry.key.rpartition(".")[0])
        for entry in rows
        if entry.key.endswith(_LOOKUP) and entry.value is True
    }
    kept = [entry for entry in rows if not _is_general_limit(entry, looked_up, scopes)]
    changes = [
        ParameterChange(e.product, e.step, e.key, thawed(e.value), origin) for e in kept
    ]
    return effective_changes(tree, changes)


def _is_general_limit(
    entry: Entry, looked_up: set[tuple[str, str]], scopes: Scopes
) -> bool:
    section, _, name = entry.key.rpartition(".")
    if name not in _LIMITS or (entry.product, section) not in looked_up:
        return False
    general = [
        default_section(product.detector_key, entry.step, ())[entry.key]
        for product in scopes.products(entry.product)
    ]
    return any(is_same_value(value, entry.value) for value in general)
