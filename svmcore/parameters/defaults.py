"""The shipped values, by detector and condition."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from svmcore.model.detector import DETECTORS, DetectorKey
from svmcore.parameters.schema import STEPS, declarations_of
from svmcore.parameters.section import Section

__all__ = [
    "DefaultValue",
    "default_section",
    "default_values",
    "has_condition",
    "read_table",
]

_TABLES = {step: f"{step.replace(' ', '_')}.json" for step in STEPS}
_EVERY = "every detector"


@cache
def read_table(name: str) -> Mapping[str, Any]:
    """Return one of the JSON tables shipped with the package.

    Parameters
    ----------
    name : str
        File name in the folder of defaults.

    Returns
    -------
    Mapping
        Content; shared between calls, so it must not be changed.
    """
    folder = resources.files("svmcore.parameters").joinpath("defaults")
    table: Mapping[str, Any] = json.loads(
        folder.joinpath(name).read_text(encoding="utf-8")
    )
    return table


def _conditions(slug: str) -> Mapping[str, Mapping[str, Any]]:
    rows = read_table(_TABLES["astrodrizzle"])["conditions"]
    return {**rows[_EVERY], **rows[slug]}


def has_condition(detector_key: DetectorKey, condition: str) -> bool:
    """Return whether a detector has AstroDrizzle values for a condition."""
    return condition in _conditions(detector_key.slug)


@cache
def _section(slug: str, step: str, condition: str) -> Section:
    table = read_table(_TABLES[step])
    if step == "astrodrizzle":
        return Section({**table["common"], **_conditions(slug)[condition]})
    own = table["detectors"].get(slug, {})
    return Section(_in_file_order({**table["common"], **own}, step))


def _in_file_order(values: Mapping[str, Any], step: str) -> Mapping[str, Any]:
    return {key: values[key] for key in declarations_of(step) if key in values}


def default_section(
    detector_key: DetectorKey, step: str, conditions: Sequence[str]
) -> Section:
    """Return the shipped values of one step.

    Parameters
    ----------
    detector_key : DetectorKey
        Instrument and detector.
    step : str
        Step.
    conditions : sequence of str
        Conditions of the product, general ones first.

    Returns
    -------
    Section
        Values by dotted name.

    Notes
    -----
    Only AstroDrizzle's values depend on conditions. Each condition sets every
    parameter, so the last one that the detector knows decides.
    """
    last = ""
    if step == "astrodrizzle":
        known = [c for c in conditions if has_condition(detector_key, c)]
        last = known[-1]
    return _section(detector_key.slug, step, last)


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """A shipped value and where it holds.

    Parameters
    ----------
    detector : DetectorKey
        Instrument and detector.
    condition : str
        Condition; empty if the value depends on none.
    value : object
        Value.
    """

    detector: DetectorKey
    condition: str
    value: Any


def default_values(step: str, key: str) -> tuple[DefaultValue, ...]:
    """Return the shipped value of a parameter for every detector and condition.

    Parameters
    ----------
    step, key : str
        Parameter.

    Returns
    -------
    tuple of DefaultValue
        In the order of detectors; detectors without the parameter are not
        listed.
    """
    return tuple(
        DefaultValue(detector, condition, section[key])
        for detector in DETECTORS
        for condition in (
            _conditions(detector.slug) if step == "astrodrizzle" else ("",)
        )
        if key in (section := _section(detector.slug, step, condition))
    )
