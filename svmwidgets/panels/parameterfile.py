"""Parameter files: open one, compare with one, save one, in either form."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.models.parameters import ParametersModel
from svmwidgets.panels.parts import act, card, field, label, set_text, text, toolbar

__all__ = ["ParameterFileCard"]


class ParameterFileCard(widgets.VBox):
    """A path and what can be done with the file there.

    Parameters
    ----------
    model : ParametersModel
        Opens and compares.
    session : object
        Gives ``guard(call)`` and ``export``, which saves.
    """

    def __init__(self, model: ParametersModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.file = field(placeholder="Parameter file (JSON)")
        self.result = text()
        self.open_button = act(
            "Adopt its values",
            guard(self._open),
            tooltip="As one action, which undo takes back; files of either form",
        )
        self.compare = act(
            "Compare with it",
            guard(self._compare),
            tooltip="Show its values beside the present ones",
        )
        self.stop_comparing = act("Stop comparing", guard(self._stop), kind="quiet")
        self.save_all = act(
            "Save all values",
            guard(lambda: self._save("custom")),
            tooltip="Every parameter of every product, as HAP's tools read them",
        )
        self.save_changes = act(
            "Save changed values",
            guard(lambda: self._save("compact")),
            tooltip="What was changed, by whom and why",
        )
        self.question = text(css="svm-warning")
        self.overwrite = act("Overwrite", guard(self._overwrite), kind="danger")
        self.leave = act("Leave it", guard(self._leave))
        self.confirm = toolbar(self.question, self.overwrite, self.leave)
        self.confirm.add_class("svm-confirm")
        self._pending = ""
        self._ask("")
        self.show()
        inside = [
            label("File", self.file),
            toolbar(self.open_button, self.compare, self.stop_comparing),
            toolbar(self.save_all, self.save_changes),
            self.confirm,
            self.result,
        ]
        super().__init__([card(inside, heading="Parameter file")])

    def show(self) -> None:
        """Offer to stop comparing while there is a comparison."""
        is_compared = bool(self.model.compared)
        self.stop_comparing.layout.display = None if is_compared else "none"

    @property
    def _path(self) -> Path | None:
        name = self.file.value.strip()
        if not name:
            set_text(self.result, "Write the path of a parameter file first.")
            return None
        return Path(name).expanduser()

    def _open(self) -> None:
        path = self._path
        if path is not None and self.model.open_file(path):
            set_text(self.result, f"The values of {path.name} are in force.")

    def _compare(self) -> None:
        path = self._path
        if path is not None:
            self.model.compare_with(path)
            set_text(self.result, f"{path.name} stands beside the present values.")

    def _stop(self) -> None:
        self.model.compare_with(None)
        set_text(self.result, "")

    def _save(self, kind: str, *, overwrite: bool = False) -> None:
        path = self._path
        if path is None:
            return
        export = self.session.export
        if export.save_parameters(kind, path, overwrite=overwrite):
            self._ask("")
            set_text(self.result, f"Saved {path}")
        else:
            self._pending = kind
            self._ask(f"{path.name} exists already. Overwrite?")

    def _overwrite(self) -> None:
        if self._pending:
            self._save(self._pending, overwrite=True)

    def _leave(self) -> None:
        self._ask("")
        set_text(self.result, "Nothing was written.")

    def _ask(self, question: str) -> None:
        if not question:
            self._pending = ""
        set_text(self.question, question)
        self.confirm.layout.display = None if question else "none"
