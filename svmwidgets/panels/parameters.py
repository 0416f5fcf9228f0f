"""Parameters: the form, the differences, what a run would do again, files."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from svmcore.parameters import STEPS
from svmwidgets.figures import Table, badge, column
from svmwidgets.forms import ParameterForm
from svmwidgets.models.parameters import SCOPES, Difference, ParametersModel
from svmwidgets.panels.conditions import selection_facts
from svmwidgets.panels.parameterfile import ParameterFileCard
from svmwidgets.panels.parts import (
    act,
    card,
    choice,
    columns,
    field,
    label,
    menu,
    rows_of_labels,
    set_facts,
    set_text,
    switch,
    text,
    toolbar,
)

__all__ = ["ParametersPanel"]


class ParametersPanel(widgets.VBox):
    """View of `ParametersModel`.

    Parameters
    ----------
    model : ParametersModel
        State.
    session : object
        Gives ``guard(call)``.
    """

    def __init__(self, model: ParametersModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.product = menu([], label="Product", width="100%")
        self.product.observe(guard(self._pick_product), "value")
        self.step = choice(list(STEPS), value=model.step)
        self.step.observe(guard(lambda c: model.set_trait("step", c["new"])), "value")
        self.search = widgets.Text(
            placeholder="Search all parameters", layout=widgets.Layout(width="auto")
        )
        self.search.add_class("svm-search")
        self.search.observe(
            guard(lambda c: model.set_trait("search", c["new"])), "value"
        )
        self.only_changed = switch("Changed only")
        self.only_changed.observe(
            guard(lambda c: model.set_trait("only_changed", c["new"])), "value"
        )
        self.only_working = switch(
            "Only those with an effect",
            tooltip="HAP's files hold parameters that change nothing here",
        )
        self.only_working.observe(
            guard(lambda c: model.set_trait("only_working", c["new"])), "value"
        )
        self.count = text()
        self.scope = choice(list(SCOPES), value=model.scope)
        self.scope.observe(guard(lambda c: model.set_trait("scope", c["new"])), "value")
        self.reason = field(placeholder="Optional; kept with the change")
        self.form = ParameterForm(height="620px")
        self.form.on_change(guard(self._changed))
        self.form.on_revert(guard(model.revert))
        self.revert_all = act(
            "Revert everything",
            guard(model.revert_all),
            kind="quiet",
            tooltip="Every parameter of every product to its default; undo brings back",
        )
        self.origin = text()
        self.stale = Table(
            [
                column("step", "Task"),
                column("state", "State", "badge"),
                column("count", "To do", "number", digits=0),
                column("total", "Of", "number", digits=0),
            ],
            has_filter=False,
            label="What a run would do again",
            empty_text="Looking up earlier results …",
        )
        self.differences = Table(
            _difference_columns(""),
            height="280px",
            label="Differences",
            empty_text="Every parameter has its default.",
        )
        self.compared = text()
        self.files = ParameterFileCard(model, session)
        form = card(
            [
                rows_of_labels(
                    label("Product", self.product),
                    label("Step", self.step),
                    label("Apply to", self.scope),
                    label("Reason", self.reason),
                ),
                toolbar(self.search, self.only_changed, self.only_working),
                self.form,
                toolbar(self.count, self.revert_all),
            ],
            heading="Values",
        )
        super().__init__(
            [
                columns(
                    [form],
                    [
                        card([self.origin], heading="Where the defaults come from"),
                        card([self.differences, self.compared], heading="Differences"),
                        card([self.stale], heading="What a run would do again"),
                        self.files,
                    ],
                ),
            ]
        )
        self.add_class("svm-panel")
        model.observe(
            guard(lambda _: self.refresh()), ["fields", "errors", "product", "compared"]
        )
        model.observe(guard(lambda _: self._show_stale()), "stale")
        session.observe(guard(lambda _: self._is_old and self.refresh()), "step")
        self.refresh()
        self._show_stale()

    def refresh(self) -> None:
        """Show values, errors and differences, if this step is looked at."""
        model = self.model
        self._list_products()
        if self.session.step != model.name:
            self._is_old = True
            return
        self._is_old = False
        self.form.show(model.fields, model.errors, with_steps=bool(model.search))
        many = len(model.fields)
        set_text(self.count, f"{many} parameter{'' if many == 1 else 's'} shown.")
        facts = selection_facts(model.conditions)
        set_facts(self.origin, facts, css="svm-words")
        found = model.differences()
        self.differences.columns = _difference_columns(model.compared)
        self.revert_all.disabled = not model.door.decisions.parameters
        self.differences.rows = _difference_rows(found)
        compared = f"The column File shows {model.compared}." if model.compared else ""
        set_text(self.compared, compared)
        self.files.show()

    def _list_products(self) -> None:
        """Offer the products of the visit, whether they are looked at or not."""
        model, names = self.model, self.model.products
        if tuple(self.product.options) != names:
            self.product.options = names
        if model.product in names and self.product.value != model.product:
            self.product.value = model.product

    def _show_stale(self) -> None:
        self.stale.rows = [
            {
                "id": step,
                "step": step,
                "state": badge("stale", "to do") if todo else badge("ok", "up to date"),
                "count": todo,
                "total": total,
            }
            for step, todo, total in self.model.stale
        ]

    def _pick_product(self, change: Any) -> None:
        if change["new"] and change["new"] in self.model.products:
            self.model.product = change["new"]

    def _changed(self, step: str, key: str, raw: str) -> None:
        self.model.change(step, key, raw, reason=self.reason.value.strip())
        self.refresh()


def _difference_columns(compared: str) -> list[dict[str, Any]]:
    """Return the columns of the differences; one more while a file is compared."""
    return [
        column("key", "Parameter", "code"),
        column("default", "Default", "code"),
        column("tuned", "Now", "code"),
        *([column("other", "File", "code")] if compared else []),
        column("products", "For"),
        column("reason", "Origin"),
    ]


def _difference_rows(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return one row for products of which a parameter differs in the same way."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in found:
        same = (one.step, one.key, one.default, one.tuned, one.other, one.reason)
        groups.setdefault(same, []).append(one.product)
    rows = []
    for same, products in groups.items():
        step, key, default, tuned, other, reason = same
        many = len(products)
        rows.append(
            {
                "id": "/".join((step, key, products[0])),
                "key": key,
                "default": default,
                "tuned": tuned,
                "other": other,
                "products": products[0] if many == 1 else f"{many} products",
                "reason": reason,
                "_tooltip": "\n".join((step, *products)),
            }
        )
    return rows
