"""Parameters of the selected product: values, defaults, changes, differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.errors import ParameterError
from svmcore.io.parameters import read_parameter_file
from svmcore.model.decisions import Decisions, ParameterChange
from svmcore.model.product import ProductTree, TotalProduct
from svmcore.parameters import (
    DECLARATIONS,
    STEPS,
    Declaration,
    ParameterSet,
    declaration,
    parameter_products,
    search_declarations,
    select_all,
)
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.section import thawed
from svmwidgets.models.fields import (
    Field,
    field_of,
    origin_words,
    text_of,
    value_of,
)
from svmwidgets.models.step import StepModel

__all__ = ["SCOPES", "Difference", "ParametersModel"]

_SHOWN_BY = ["product", "step", "search", "only_changed", "only_working"]
SCOPES = ("this product", "all filters", "visit")


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter whose value is not the same everywhere.

    Parameters
    ----------
    product, step, key : str
        The parameter.
    default, tuned, other : str
        Its default, its present value, and that of the file compared with
        (empty without a file).
    reason : str
        Who or what changed it, and why.
    """

    product: str
    step: str
    key: str
    default: str
    tuned: str
    other: str
    reason: str


class ParametersModel(StepModel):
    """The form's content, and the rules by which it changes anything."""

    name = "parameters"
    title = "Parameters"

    product = T.Unicode("", help="Basename of the product whose parameters are shown")
    step = T.Enum(STEPS, "astrodrizzle", help="Step whose parameters are shown")
    search = T.Unicode("", help="Words looked for in all steps; empty for none")
    only_changed = T.Bool(
        default_value=False, help="Whether only changed parameters are shown"
    )
    only_working = T.Bool(
        default_value=False, help="Whether parameters without effect are left out"
    )
    scope = T.Enum(SCOPES, "this product", help="What a change applies to")
    fields = T.Tuple(help="Fields that the form shows")
    errors = T.Dict(help="Refused texts and why, by step and key")
    stale = T.Tuple(help="Step and number of tasks that a run would do again")
    compared = T.Unicode("", help="Name of the parameter file compared with")

    def __init__(self, door: Any, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._tree = ProductTree(())
        self._sets: Mapping[str, ParameterSet] = {}
        self._other: Mapping[str, ParameterSet] = {}
        self.observe(self._refresh, _SHOWN_BY)

    def show(self, tree: ProductTree, sets: Mapping[str, ParameterSet]) -> None:
        """Take the products and their parameters as they are now."""
        self._tree, self._sets = tree, sets
        if self.product not in sets:
            names = [total.basename for total in tree.totals if total.filters]
            self.product = names[0] if names else ""
        changes = len(self.door.decisions.parameters)
        told = f"{changes} changed" if changes else "all defaults"
        self.settle("ok" if sets else "todo", told if sets else "")
        self._refresh()

    @property
    def products(self) -> tuple[str, ...]:
        """Basenames of all products that have parameters."""
        pairs = parameter_products(self._tree)
        names = (product.basename for product, _ in pairs)
        return tuple(name for name in names if name in self._sets)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What selected the default set of the shown product."""
        chosen = self._sets.get(self.product)
        return tuple(chosen.conditions) if chosen is not None else ()

    def change(self, step: str, key: str, raw: str, *, reason: str = "") -> bool:
        """Set a parameter from its text, within the present scope.

        Parameters
        ----------
        step, key : str
            The parameter.
        raw : str
            What was typed.
        reason : str
            Why; may be empty.

        Returns
        -------
        bool
            False if the text was refused; `errors` then says why.
        """
        try:
            value = value_of(declaration(step, key), raw)
        except ParameterError as error:
            self.errors = {**self.errors, (step, key): error.problem}
            return False
        self._forget_error(step, key)
        if self.scope == "this product" and is_same_value(
            value, self._value(step, key)
        ):
            return True
        decisions = self.door.decisions
        if self.scope == "visit":
            decisions = _without_key(decisions, step, key)
        change = ParameterChange(self._scope_word(), step, key, value, "user", reason)
        label = f"{key} = {text_of(value)} ({self.scope})"
        return self.door.decide(label, decisions.with_parameter(change))

    def revert(self, step: str, key: str) -> bool:
        """Return a parameter to its default, within the present scope."""
        self._forget_error(step, key)
        decisions = self.door.decisions
        if self.scope == "visit":
            decisions = _without_key(decisions, step, key)
            return self.door.decide(f"Default {key} (visit)", decisions)
        for name in self._in_scope():
            decisions = self._reverted(decisions, name, step, key)
        return self.door.decide(f"Default {key} ({self.scope})", decisions)

    def _reverted(
        self, decisions: Decisions, product: str, step: str, key: str
    ) -> Decisions:
        """Return decisions in which one product has its default again."""
        decisions = decisions.without_parameter(product, step, key)
        sets = select_all(self._tree, decisions.parameters)
        default = sets[product].default(step, key)
        if sets[product].value(step, key) == default:
            return decisions
        change = ParameterChange(product, step, key, thawed(default))
        return decisions.with_parameter(change)

    def revert_all(self) -> bool:
        """Return every parameter of every product to its default."""
        decisions = self.door.decisions
        for change in decisions.parameters:
            decisions = _without_key(decisions, change.step, change.key)
        self.errors = {}
        return self.door.decide("Default parameters", decisions)

    def open_file(self, path: Path) -> bool:
        """Adopt the values of a parameter file, as one action.

        Raises
        ------
        ParameterError
            If the file holds something that cannot be used.
        """
        changes = read_parameter_file(path, self._tree)
        decisions = self.door.decisions
        for change in changes:
            decisions = decisions.with_parameter(change)
        return self.door.decide(f"Parameters of {path.name}", decisions)

    def compare_with(self, path: Path | None) -> None:
        """Show the values of a parameter file beside default and tuned ones.

        Raises
        ------
        ParameterError
            If the file holds something that cannot be used.
        """
        changes = read_parameter_file(path, self._tree) if path else ()
        self._other = select_all(self._tree, changes) if path else {}
        self.compared = path.name if path else ""

    def differences(self) -> tuple[Difference, ...]:
        """Return every parameter that is not the same in all columns."""
        found: list[Difference] = []
        for product in self.products:
            tuned, other = self._sets[product], self._other.get(product)
            found.extend(
                _difference(tuned, other, step, key)
                for step, key in _changed_places(tuned, other)
                if _differs(tuned, other, step, key)
            )
        return tuple(found)

    def _refresh(self, _: object = None) -> None:
        chosen = self._sets.get(self.product)
        if chosen is None:
            self.fields = ()
            return
        declared = search_declarations(self.search) if self.search else DECLARATIONS
        fields = [
            _field(one, chosen)
            for one in declared
            if (self.search or one.step == self.step)
            and one.key in chosen.section(one.step)
        ]
        self.fields = tuple(
            field
            for field in fields
            if (field.is_changed or not self.only_changed)
            and not (field.inert_why and self.only_working)
        )

    def _value(self, step: str, key: str) -> Any:
        return thawed(self._sets[self.product].section(step)[key])

    def _total(self) -> TotalProduct:
        return next(total for total in self._tree.totals if self._belongs(total))

    def _scope_word(self) -> str:
        match self.scope:
            case "visit":
                return "*"
            case "all filters":
                return f"{self._total().detector_key.slug} filter"
            case _:
                return self.product

    def _in_scope(self) -> tuple[str, ...]:
        if self.scope == "all filters":
            return tuple(product.basename for product in self._total().filters)
        return (self.product,)

    def _belongs(self, total: TotalProduct) -> bool:
        pairs = parameter_products(ProductTree((total,)))
        return any(product.basename == self.product for product, _ in pairs)

    def _forget_error(self, step: str, key: str) -> None:
        self.errors = {k: v for k, v in self.errors.items() if k != (step, key)}


def _field(declared: Declaration, chosen: ParameterSet) -> Field:
    step, key = declared.step, declared.key
    value, default = chosen.value(step, key), chosen.default(step, key)
    changed = any((o.step, o.key) == (step, key) for o in chosen.overrides)
    return field_of(declared, value, default, _told(chosen, step, key), changed=changed)


def _told(chosen: ParameterSet, step: str, key: str) -> str:
    """Return where a value comes from: file and set, or who changed it."""
    origin = chosen.origin(step, key)
    if origin.kind == "default":
        return f"{step.replace(' ', '_')}.json, {origin.source}"
    return origin_words(origin)


def _without_key(decisions: Decisions, step: str, key: str) -> Decisions:
    for change in decisions.parameters:
        if (change.step, change.key) == (step, key):
            decisions = decisions.without_parameter(change.product, step, key)
    return decisions


def _changed_places(
    tuned: ParameterSet, other: ParameterSet | None
) -> list[tuple[str, str]]:
    """Return step and key of all that is not the default somewhere, in order."""
    overrides = (*tuned.overrides, *(other.overrides if other else ()))
    places = {(change.step, change.key) for change in overrides}
    return [
        (step, key)
        for step in STEPS
        if any(step == changed for changed, _ in places)
        for key in tuned.section(step)
        if (step, key) in places
    ]


def _differs(
    tuned: ParameterSet, other: ParameterSet | None, step: str, key: str
) -> bool:
    values = [tuned.default(step, key), tuned.value(step, key)]
    if other is not None:
        values.append(other.value(step, key))
    return any(value != values[0] for value in values)


def _difference(
    tuned: ParameterSet, other: ParameterSet | None, step: str, key: str
) -> Difference:
    return Difference(
        product=tuned.product,
        step=step,
        key=key,
        default=text_of(tuned.default(step, key)),
        tuned=text_of(tuned.value(step, key)),
        other="" if other is None else text_of(other.value(step, key)),
        reason=origin_words(tuned.origin(step, key)),
    )
