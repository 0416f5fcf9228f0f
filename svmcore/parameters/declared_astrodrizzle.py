"""Parameters of AstroDrizzle, in the order of its steps."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.declared_astrodrizzle_final import FINAL
from svmcore.parameters.declared_astrodrizzle_rejection import REJECTION
from svmcore.parameters.declared_astrodrizzle_start import START

__all__ = ["ASTRODRIZZLE"]

ASTRODRIZZLE: tuple[Declaration, ...] = (*START, *REJECTION, *FINAL)
