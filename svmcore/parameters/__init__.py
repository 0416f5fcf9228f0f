"""Parameters by HAP's names: declared, selected, changed, compared."""

from svmcore.parameters.compare import Difference, compare_selections, compare_sets
from svmcore.parameters.concentration import concentration_limits
from svmcore.parameters.declaration import Declaration
from svmcore.parameters.listing import listed_products, parameter_products
from svmcore.parameters.overrides import Origin, Override, check_changes
from svmcore.parameters.schema import (
    DECLARATIONS,
    STEPS,
    declaration,
    find_declaration,
    search_declarations,
)
from svmcore.parameters.section import Section
from svmcore.parameters.selection import (
    ParameterSet,
    select_all,
    select_parameters,
)

__all__ = [
    "DECLARATIONS",
    "STEPS",
    "Declaration",
    "Difference",
    "Origin",
    "Override",
    "ParameterSet",
    "Section",
    "check_changes",
    "compare_selections",
    "compare_sets",
    "concentration_limits",
    "declaration",
    "find_declaration",
    "listed_products",
    "parameter_products",
    "search_declarations",
    "select_all",
    "select_parameters",
]
