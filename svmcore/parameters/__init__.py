"""Parameters by HAP's names: declared, selected, changed, compared."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.overrides import Origin, Override, check_changes, concerns
from svmcore.parameters.schema import (
    DECLARATIONS,
    STEPS,
    declaration,
    search_declarations,
)
from svmcore.parameters.section import Section
from svmcore.parameters.selection import (
    ParameterSet,
    parameter_products,
    select_all,
    select_parameters,
)

__all__ = [
    "DECLARATIONS",
    "STEPS",
    "Declaration",
    "Origin",
    "Override",
    "ParameterSet",
    "Section",
    "check_changes",
    "concerns",
    "declaration",
    "parameter_products",
    "search_declarations",
    "select_all",
    "select_parameters",
]
