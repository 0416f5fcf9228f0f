"""Parameters: the form, the differences, what a run would do again, files."""

from typing import Any

import ipywidgets as widgets

from svmcore.parameters import STEPS
from svmwidgets.figures import Table, badge, column
from svmwidgets.forms import ParameterForm
from svmwidgets.models.parameters import SCOPES, ParametersModel
from svmwidgets.panels.parameterfile import ParameterFileCard
from svmwidgets.panels.parts import (
    act,
    card,
    choice,
    columns,
    field,
    label,
    menu,
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
            placeholder="Search all parameters", layout=widgets.Layout(width="100%")
        )
        self.search.add_class("svm-search")
        self.search.observe(
            guard(lambda c: model.set_trait("search", c["new"])), "value"
        )
        self.only_changed = switch("Changed only")
        self.only_changed.observe(
            guard(lambda c: model.set_trait("only_changed", c["new"])), "value"
        )
        self.scope = choice(list(SCOPES), value=model.scope)
        self.scope.observe(guard(lambda c: model.set_trait("scope", c["new"])), "value")
        self.reason = field(placeholder="Reason, kept with the change (optional)")
        self.form = ParameterForm(height="620px")
        self.form.on_change(guard(self._changed))
        self.form.on_revert(guard(model.revert))
        self.revert_all = act("All defaults", guard(model.revert_all), kind="quiet")
        self.origin = text()
        self.stale = Table(
            [
                column("step", "Task"),
                column("state", "State", "badge"),
                column("count", "To do", "number", digits=0),
                column("total", "Of", "number", digits=0),
            ],
            has_filter=False,
            height="260px",
            label="What a run would do again",
            empty_text="Looking up earlier results …",
        )
        self.differences = Table(
            [
                column("product", "Product", "code"),
                column("key", "Parameter", "code"),
                column("default", "Default", "code"),
                column("tuned", "Tuned", "code"),
                column("other", "File", "code"),
                column("reason", "Origin"),
            ],
            height="280px",
            label="Differences",
            empty_text="Every parameter has its default.",
        )
        self.compared = text()
        self.files = ParameterFileCard(model, session)
        form = card(
            [
                toolbar(self.step, self.only_changed),
                self.search,
                self.origin,
                self.form,
                toolbar(
                    label("Changes apply to", self.scope),
                    self.revert_all,
                ),
                label("Reason", self.reason),
            ],
            heading="Values",
        )
        super().__init__(
            [
                toolbar(label("Product", self.product)),
                columns(
                    [form],
                    [
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
        if self.session.step != model.name:
            self._is_old = True
            return
        self._is_old = False
        names = model.products
        if tuple(self.product.options) != names:
            self.product.options = names
        if names and self.product.value != model.product:
            self.product.value = model.product
        self.form.show(model.fields, model.errors, with_steps=bool(model.search))
        sets = " → ".join(model.conditions) or "detector"
        set_text(self.origin, f"Default set: {sets}" if model.product else "")
        found = model.differences()
        self.differences.rows = [
            {
                "id": f"{d.product}/{d.step}/{d.key}",
                "product": d.product,
                "key": d.key,
                "default": d.default,
                "tuned": d.tuned,
                "other": d.other,
                "reason": d.reason,
                "_tooltip": d.step,
            }
            for d in found
        ]
        set_text(
            self.compared,
            f"Third column: {model.compared}" if model.compared else "",
        )

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
        if change["new"]:
            self.model.product = change["new"]

    def _changed(self, step: str, key: str, raw: str) -> None:
        self.model.change(step, key, raw, reason=self.reason.value.strip())
        self.refresh()
