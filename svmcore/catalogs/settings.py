"""Parameters of the catalogs, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CatalogSettings", "ClassLimits", "catalog_settings"]


@dataclass(frozen=True, slots=True)
class ClassLimits:
    """What tells stars, galaxies and artefacts apart.

    Parameters
    ----------
    signal_to_noise : float
        Below it a source counts as faint.
    lower, upper : float
        Limits of the concentration index of stars [mag].
    """

    signal_to_noise: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Parameters of one product, in the units of HAP's names.

    Parameters
    ----------
    generation : Mapping of str to object
        Section ``catalog generation`` by dotted name.
    point_limits, segment_limits : ClassLimits
        Section ``quality control``.
    """

    generation: Mapping[str, Any]
    point_limits: ClassLimits
    segment_limits: ClassLimits

    def number(self, key: str) -> float:
        """Return a numeric parameter."""
        return float(self.generation[key])

    def text(self, key: str) -> str:
        """Return a parameter that is a word."""
        return str(self.generation[key])

    def limits(self, kind: str) -> ClassLimits:
        """Return the limits for ``point`` or ``segment`` sources."""
        return self.point_limits if kind == "point" else self.segment_limits


def _limits(quality: Mapping[str, Any], kind: str) -> ClassLimits:
    return ClassLimits(
        float(quality[f"ci filter.{kind}.bthresh"]),
        float(quality[f"ci filter.{kind}.ci_lower_limit"]),
        float(quality[f"ci filter.{kind}.ci_upper_limit"]),
    )


def catalog_settings(
    generation: Mapping[str, Any], quality: Mapping[str, Any]
) -> CatalogSettings:
    """Return the typed parameters of one product.

    Parameters
    ----------
    generation, quality : Mapping of str to object
        Sections ``catalog generation`` and ``quality control``, by dotted
        names. Limits of the concentration index are looked up before.
    """
    return CatalogSettings(
        generation, _limits(quality, "aperture"), _limits(quality, "segment")
    )
