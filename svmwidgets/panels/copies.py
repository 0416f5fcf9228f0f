"""Products that are there: run what is missing, copy what is wanted."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import Table, badge, column
from svmwidgets.models.export import ExportModel
from svmwidgets.panels.confirm import Confirm
from svmwidgets.panels.parts import act, card, field, label, set_text, text, toolbar

__all__ = ["CopiesCard"]

_COLUMNS = (
    column("name", "File", "code"),
    column("size", "Size", "number", digits=2, unit="MB", width="96px"),
    column("state", "State", "badge"),
)


class CopiesCard(widgets.VBox):
    """A table of the products, and what copies them to a folder.

    Parameters
    ----------
    model : ExportModel
        State.
    session : object
        Gives ``guard(call)``, ``run`` and ``output``.
    """

    def __init__(self, model: ExportModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.run = act("Run everything", guard(self._run))
        self.stale = text()
        self.table = Table(
            _COLUMNS,
            is_multiple=True,
            height="330px",
            label="Products",
            empty_text="No product is there yet: run the visit first.",
        )
        self.table.observe(guard(lambda _: self._offer()), "selected")
        self.target = field("Folder", placeholder="Folder for copies of products")
        self.target.observe(guard(lambda _: self._offer()), "value")
        self.copy = act("Copy selected", guard(self._copy))
        self.select_all = act("Select all", guard(self._select_all), kind="quiet")
        self.chosen = text()
        self.result = text()
        self.confirm = Confirm(
            session, lambda: set_text(self.result, "Nothing was copied.")
        )
        self.copying = widgets.VBox(
            [
                label("Copy to", self.target),
                toolbar(self.copy, self.select_all, self.chosen),
                self.confirm,
                self.result,
            ]
        )
        self.copying.add_class("svm-rows")
        inside = [toolbar(self.run, self.stale), self.table, self.copying]
        super().__init__([card(inside, heading="Products")])
        model.observe(guard(lambda _: self.show()), ["ready", "outdated", "stale"])
        session.run_model.observe(guard(lambda _: self._offer_run()), "is_running")
        self.show()

    def show(self) -> None:
        """Show the products that are there."""
        output, old = self.session.output, set(self.model.outdated)
        rows = []
        for name in self.model.ready:
            path = output / name
            if not path.is_file():
                continue
            state = (
                badge("stale", "stale") if name in old else badge("ok", "up to date")
            )
            size = path.stat().st_size / 1e6
            rows.append({"id": name, "name": name, "size": size, "state": state})
        self.table.rows = rows
        self.copying.layout.display = None if rows else "none"
        todo = self.model.stale
        tasks = f"{todo} task{'' if todo == 1 else 's'} to do."
        set_text(self.stale, tasks if todo else "All is up to date.")
        self._offer_run()
        self._offer()

    def _offer_run(self) -> None:
        self.run.disabled = self.session.run_model.is_running

    def _offer(self) -> None:
        """Say how many products would be copied, and how large they are."""
        names = set(self.table.selected)
        sizes = [row["size"] for row in self.table.rows if row["id"] in names]
        told = f"{len(sizes)} selected, {sum(sizes):.1f} MB." if sizes else ""
        set_text(self.chosen, told or "Select products in the table.")
        self.copy.disabled = not (sizes and self.target.value.strip())

    def _select_all(self) -> None:
        self.table.selected = [row["id"] for row in self.table.rows]

    def _run(self) -> None:
        self.session.run(label="Run everything")

    def _copy(self, *, overwrite: bool = False) -> None:
        there = {row["id"] for row in self.table.rows}
        names = [name for name in self.table.selected if name in there]
        folder = self.target.value.strip()
        if not names or not folder:
            self.session.warn(
                "Copy products", "nothing is chosen", "Select products and a folder."
            )
            return
        if self.model.copy(names, Path(folder), overwrite=overwrite):
            self.confirm.forget()
            set_text(self.result, f"{len(names)} products copied to {folder}")
        else:
            set_text(self.result, "")
            self.confirm.ask(self.model.in_the_way, lambda: self._copy(overwrite=True))
