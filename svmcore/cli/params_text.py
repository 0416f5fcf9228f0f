"""Parameters as lines of text and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.text import Text

from svmcore.model.detector import DETECTORS
from svmcore.parameters import (
    STEPS,
    Declaration,
    Difference,
    ParameterSet,
    declaration,
)
from svmcore.parameters.bits import flags_of
from svmcore.parameters.compare import MISSING
from svmcore.parameters.defaults import default_values
from svmcore.parameters.section import thawed

__all__ = [
    "declaration_to_json",
    "described",
    "difference_lines",
    "difference_to_json",
    "explanation_lines",
    "markdown_lines",
    "parameter_lines",
    "set_to_json",
]

_LONGEST = 60


def _shown(value: Any) -> str:
    """Return a value as a file would hold it, shortened if it is long."""
    if value is MISSING:
        return str(value)
    text = json.dumps(thawed(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _with_unit(row: Declaration, value: Any) -> str:
    """Return a value with its unit, or with the flags that it sums up."""
    text = _shown(value)
    if row.type == "bits" and 1 < len(flags := flags_of(value)) < 9:
        return f"{text} = {'+'.join(map(str, flags))}"
    return f"{text} {row.unit}" if row.unit and value is not None else text


def described(sets: Mapping[str, ParameterSet]) -> Iterator[Text]:
    """Yield a line for each product: what selected its parameters."""
    width = max(map(len, sets), default=0)
    for name, found in sets.items():
        line = Text.assemble(
            (f"{name:{width}}", "bold"), f"  {', '.join(found.conditions)}"
        )
        if found.overrides:
            count = len(found.overrides)
            line.append(f"  {count} changed", style="yellow")
        yield line


def parameter_lines(
    found: ParameterSet, *, step: str | None, changed_only: bool
) -> Iterator[Text]:
    """Yield a line for each parameter: name, value, unit, origin."""
    yield Text.assemble((found.product, "bold"), f"  {', '.join(found.conditions)}")
    changed = {(o.step, o.key) for o in found.overrides}
    for name in STEPS if step is None else (step,):
        rows = [
            declaration(name, key)
            for key in found.section(name)
            if not changed_only or (name, key) in changed
        ]
        yield from _section_lines(found, rows, changed)


def _section_lines(
    found: ParameterSet, rows: Sequence[Declaration], changed: set[tuple[str, str]]
) -> Iterator[Text]:
    width = max((len(row.key) for row in rows), default=0)
    title = ""
    for row in rows:
        if f"{row.step} / {row.title}" != title:
            title = f"{row.step} / {row.title}"
            yield Text(f"  {title}", style="cyan")
        is_changed = (row.step, row.key) in changed
        value = found.value(row.step, row.key)
        line = Text(f"    {row.key:{width}}  {_with_unit(row, value)}")
        if is_changed:
            line.append(f"  was {_shown(found.default(row.step, row.key))}")
        line.append(
            f"  {found.origin(row.step, row.key)}",
            style="yellow" if is_changed else "dim",
        )
        if row.is_inert:
            line.append("  inert", style="dim italic")
        yield line


def set_to_json(found: ParameterSet) -> dict[str, Any]:
    """Return a product's parameters as JSON values, with their origins."""
    return {
        "product": found.product,
        "conditions": list(found.conditions),
        "steps": {
            step: {
                key: {
                    "value": thawed(value),
                    "default": thawed(found.default(step, key)),
                    "origin": str(found.origin(step, key)),
                    "unit": declaration(step, key).unit,
                    "is_inert": declaration(step, key).is_inert,
                }
                for key, value in found.section(step).items()
            }
            for step in STEPS
        },
    }


def difference_lines(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield a line for each difference, or say that there is none."""
    if not differences:
        yield "no differences"
    product = None
    for row in differences:
        if row.product != product:
            product = row.product
            yield product
        yield (f"  {row.step} → {row.key}: {_shown(row.first)} → {_shown(row.second)}")


def difference_to_json(row: Difference) -> dict[str, Any]:
    """Return a difference as JSON; a side that has no value is left out."""
    sides = {"first": row.first, "second": row.second}
    found = {name: value for name, value in sides.items() if value is not MISSING}
    return {"product": row.product, "step": row.step, "key": row.key, **found}


def explanation_lines(rows: Sequence[Declaration], *, in_full: bool) -> Iterator[Text]:
    """Yield what each parameter does, with its shipped values if in full."""
    for row in rows:
        head = Text.assemble((row.key, "bold"), f"  {row.meaning}")
        if not in_full:
            if row.is_inert:
                head.append("  inert", style="dim italic")
            yield head
            continue
        yield head
        yield Text(f"  step      {row.step}, section {row.title}")
        yield Text(f"  value     {row.rule}")
        if row.is_inert:
            yield Text(f"  inert     {row.inert_why}", style="yellow")
        else:
            yield Text(f"  used by   {row.step_used}")
        yield from _default_lines(row)


def _default_lines(row: Declaration) -> Iterator[Text]:
    """Yield each shipped value with the detectors and conditions it is for."""
    everywhere: dict[str, list[str]] = {}
    groups: dict[str, dict[str, list[str]]] = {}
    for found in default_values(row.step, row.key):
        label = found.detector.label
        everywhere.setdefault(label, []).append(found.condition)
        places = groups.setdefault(_with_unit(row, found.value), {})
        places.setdefault(label, []).append(found.condition)
    for value, places in groups.items():
        yield Text(f"  default   {value}")
        if len(groups) == 1 and len(everywhere) == len(DETECTORS):
            return
        for label, conditions in places.items():
            is_all = conditions == everywhere[label]
            where = "" if is_all else ", ".join(conditions)
            yield Text(f"              {label}  {where}".rstrip(), style="dim")


def declaration_to_json(row: Declaration) -> dict[str, Any]:
    """Return all that is known about a parameter as JSON values."""
    return {
        **asdict(row),
        "is_inert": row.is_inert,
        "defaults": [
            {
                "detector": found.detector.slug,
                "condition": found.condition,
                "value": thawed(found.value),
            }
            for found in default_values(row.step, row.key)
        ],
    }


def markdown_lines(rows: Sequence[Declaration]) -> Iterator[str]:
    """Yield tables of parameters in Markdown, one for each section."""
    title = ""
    for row in rows:
        if f"{row.step}: {row.title}" != title:
            title = f"{row.step}: {row.title}"
            yield from (
                f"\n### {title}\n",
                "| parameter | meaning | value | shipped | used by |",
                "|---|---|---|---|---|",
            )
        values = [_shown(found.value) for found in default_values(row.step, row.key)]
        shipped = ", ".join(dict.fromkeys(values))
        used = f"inert: {row.inert_why}" if row.is_inert else row.step_used
        cells = (f"`{row.key}`", row.meaning, row.rule, shipped, used)
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
