"""Export: parameter files, script, command, report, products."""

from typing import Any

import ipywidgets as widgets

from svmwidgets.models.export import KINDS, ExportModel
from svmwidgets.panels.comparison import ComparisonCard
from svmwidgets.panels.confirm import Confirm
from svmwidgets.panels.copies import CopiesCard
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    rows,
    set_text,
    switch,
    text,
    toolbar,
)

__all__ = ["ExportPanel"]

_MOST_LINES = 30  # of the script that are shown without scrolling


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
            kind: _kind_switch(name, what, is_on=kind in ("custom", "script"))
            for kind, name, what in KINDS
        }
        self.write = act("Write files", guard(self._write), kind="primary")
        self.result = text()
        self.confirm = Confirm(
            session, lambda: set_text(self.result, "Nothing was written.")
        )
        self.script = widgets.Textarea(
            disabled=True, rows=22, layout=widgets.Layout(width="100%")
        )
        self.script.add_class("svm-script")
        self.command = widgets.Textarea(
            disabled=True, rows=3, layout=widgets.Layout(width="100%")
        )
        self.command.add_class("svm-script")
        self.command.add_class("svm-wrapped")
        self.products = CopiesCard(model, session)
        self.comparison = ComparisonCard(session.comparison, session)
        kinds = rows(*self.kinds.values())
        kinds.add_class("svm-kinds")
        super().__init__(
            [
                columns(
                    [
                        card(
                            [
                                label("Folder", self.folder),
                                kinds,
                                toolbar(self.write),
                                self.confirm,
                                self.result,
                            ],
                            heading="Files",
                        ),
                        self.products,
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
        session.observe(guard(lambda _: self.refresh()), ["lines", "step"])
        self._show_folder()
        self.refresh()

    def refresh(self) -> None:
        """Show script and command, if this step is looked at."""
        if self.session.step != "export" or self.session.prepared is None:
            return
        self.script.value = script = self.session.script()
        self.script.rows = min(script.count("\n") + 1, _MOST_LINES)
        path = self.model.target("decisions")
        self.command.value = self.session.command_line(str(path))

    def _show_folder(self) -> None:
        if self.folder.value != self.model.folder:
            self.folder.value = self.model.folder
        self.refresh()

    def _chosen(self) -> list[str]:
        return [kind for kind, box in self.kinds.items() if box.value]

    def _write(self, *, overwrite: bool = False) -> None:
        kinds = self._chosen()
        if not kinds:
            set_text(self.result, "Choose at least one kind of file.")
            return
        texts = self.session.export_text
        if self.model.write(kinds, texts, overwrite=overwrite):
            self.confirm.forget()
            names = ", ".join(self.model.target(kind).name for kind in kinds)
            set_text(self.result, f"Written to {self.model.folder}: {names}")
        else:
            set_text(self.result, "")
            self.confirm.ask(self.model.in_the_way, lambda: self._write(overwrite=True))


def _kind_switch(name: str, what: str, *, is_on: bool) -> widgets.Checkbox:
    """Return a check box that names a file and says what it is."""
    made = switch(f"<code>{name}</code><span>{what}</span>", value=is_on)
    made.description_allow_html = True
    return made
