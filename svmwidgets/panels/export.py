"""Export: parameter files, script, command, report, products."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import Table, badge, column
from svmwidgets.models.export import KINDS, ExportModel
from svmwidgets.panels.comparison import ComparisonCard
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    set_text,
    switch,
    text,
    toolbar,
)

__all__ = ["ExportPanel"]


class ExportPanel(widgets.VBox):
    """View of `ExportModel`.

    Parameters
    ----------
    model : ExportModel
        State.
    session : object
        Gives ``guard``, ``script()``, ``command_line()``, ``export_text``.
    """

    def __init__(self, model: ExportModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.folder = field("Folder", placeholder="Folder for the files")
        self.folder.observe(
            guard(lambda c: model.set_trait("folder", c["new"].strip())), "value"
        )
        self.kinds = {
            kind: switch(f"{name} — {what}", value=kind in ("custom", "script"))
            for kind, name, what in KINDS
        }
        self.write = act("Write files", guard(self._write), kind="primary")
        self.result = text()
        self.question = text(css="svm-warning")
        self.overwrite = act("Overwrite", guard(self._overwrite), kind="danger")
        self.leave = act("Leave them", guard(self._leave))
        self.confirm = toolbar(self.question, self.overwrite, self.leave)
        self.confirm.add_class("svm-confirm")
        self._pending: Any = None
        self.script = widgets.Textarea(
            disabled=True, rows=22, layout=widgets.Layout(width="100%")
        )
        self.script.add_class("svm-script")
        self.command = widgets.Textarea(
            disabled=True, rows=3, layout=widgets.Layout(width="100%")
        )
        self.command.add_class("svm-script")
        self.command.add_class("svm-wrapped")
        self.products = Table(
            [
                column("name", "File", "code"),
                column("size", "Size", "number", digits=1, unit="MB"),
                column("state", "State", "badge"),
            ],
            is_multiple=True,
            height="330px",
            label="Products",
            empty_text="No product yet: run the visit first.",
        )
        self.target = field("Folder", placeholder="Folder for copies of products")
        self.copy = act("Copy selected", guard(self._copy))
        self.report = widgets.HTML()
        self.report.add_class("svm-note")
        self.run = act("Run everything", guard(self._run), kind="primary")
        self.stale = text()
        self.comparison = ComparisonCard(session.comparison, session)
        super().__init__(
            [
                columns(
                    [
                        card(
                            [
                                label("Folder", self.folder),
                                *self.kinds.values(),
                                toolbar(self.write),
                                self.confirm,
                                self.result,
                            ],
                            heading="Files",
                        ),
                        card(
                            [
                                toolbar(self.run, self.stale),
                                self.products,
                                label("Copy to", self.target),
                                toolbar(self.copy),
                                self.report,
                            ],
                            heading="Products",
                        ),
                    ],
                    [
                        card([self.script], heading="The session as Python"),
                        card([self.command], heading="The session as a command"),
                    ],
                    split="even",
                ),
                card([self.comparison], heading="Compare two runs"),
            ]
        )
        self.add_class("svm-panel")
        model.observe(guard(lambda _: self._show_folder()), "folder")
        model.observe(guard(lambda _: self._show_question()), "in_the_way")
        model.observe(guard(lambda _: self._show_products()), ["ready", "stale"])
        session.observe(guard(lambda _: self.refresh()), ["lines", "step"])
        session.run_model.observe(guard(lambda _: self._show_run()), "is_running")
        self._show_folder()
        self._show_question()
        self._show_products()
        self.refresh()

    def refresh(self) -> None:
        """Show script and command, if this step is looked at."""
        if self.session.step != "export" or self.session.prepared is None:
            return
        self.script.value = self.session.script()
        path = self.model.target("decisions")
        self.command.value = self.session.command_line(str(path))

    def _show_folder(self) -> None:
        if self.folder.value != self.model.folder:
            self.folder.value = self.model.folder
        self.refresh()

    def _show_question(self) -> None:
        files = self.model.in_the_way
        names = ", ".join(Path(name).name for name in files)
        verb = "exists" if len(files) == 1 else "exist"
        question = f"{names} {verb} already. Overwrite?" if files else ""
        set_text(self.question, question)
        self.confirm.layout.display = None if files else "none"

    def _show_products(self) -> None:
        output = self.session.output
        rows = []
        for name in self.model.ready:
            path = output / name
            if path.is_file():
                size = path.stat().st_size / 1e6
                rows.append({"id": name, "name": name, "size": size})
        for row in rows:
            row["state"] = badge("ok", "there")
        self.products.rows = rows
        todo = self.model.stale
        set_text(self.stale, f"{todo} tasks to do" if todo else "All is up to date.")
        pages = sorted(output.glob("*report*.html")) if rows else []
        links = "".join(f"<p>Report: <code>{page}</code></p>" for page in pages)
        self.report.value = links
        self._show_run()

    def _show_run(self) -> None:
        self.run.disabled = self.session.run_model.is_running

    def _run(self) -> None:
        self.session.run(label="Run everything")

    def _chosen(self) -> list[str]:
        return [kind for kind, box in self.kinds.items() if box.value]

    def _write(self, *, overwrite: bool = False) -> None:
        kinds = self._chosen()
        if not kinds:
            set_text(self.result, "Choose at least one kind of file.")
            return
        texts = self.session.export_text
        if self.model.write(kinds, texts, overwrite=overwrite):
            names = ", ".join(self.model.target(kind).name for kind in kinds)
            set_text(self.result, f"Written to {self.model.folder}: {names}")
        else:
            self._pending = self._write
            set_text(self.result, "")

    def _copy(self, *, overwrite: bool = False) -> None:
        names = list(self.products.selected)
        folder = self.target.value.strip()
        if not names or not folder:
            self.session.warn(
                "Copy products", "nothing is chosen", "Select products and a folder."
            )
            return
        if self.model.copy(names, Path(folder), overwrite=overwrite):
            set_text(self.result, f"{len(names)} products copied to {folder}")
        else:
            self._pending = self._copy

    def _overwrite(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending(overwrite=True)

    def _leave(self) -> None:
        self._pending = None
        self.model.in_the_way = ()
        set_text(self.result, "Nothing was written.")
