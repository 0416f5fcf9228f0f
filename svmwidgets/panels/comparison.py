"""Two finished runs: their numbers in two columns, their images side by side."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmwidgets.figures import ImageViewer, Table, badge, column
from svmwidgets.models.comparison import ComparisonModel
from svmwidgets.panels.frames import difference_frame, product_frame
from svmwidgets.panels.parts import act, label, menu, set_text, switch, text, toolbar

__all__ = ["ComparisonCard"]

_LINK = "svm runs"


class ComparisonCard(widgets.VBox):
    """View of `ComparisonModel`.

    Parameters
    ----------
    model : ComparisonModel
        State.
    session : object
        Gives ``guard(call)``, ``preview`` and ``step``.
    """

    def __init__(self, model: ComparisonModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self._is_filling = False
        self._shown: dict[int, tuple[str, int, str] | None] = {0: None, 1: None}
        self.first = menu([("none", "")], value="", label="First run")
        self.second = menu([("none", "")], value="", label="Second run")
        self.product = menu([], label="Product")
        for one, trait in ((self.first, "first"), (self.second, "second")):
            one.observe(guard(self._setter(trait)), "value")
        self.product.observe(guard(self._setter("product")), "value")
        self.only_different = switch("Differences only", value=True)
        self.only_different.observe(guard(self._setter("only_different")), "value")
        self.difference = switch(
            "Difference image", tooltip="Second run minus the first, to blink with it"
        )
        self.difference.observe(guard(self._setter("shows_difference")), "value")
        self.forget = act(
            "Forget first run",
            guard(lambda: model.forget(model.first)),
            kind="quiet",
            tooltip="Remove what was kept of the run on the left",
        )
        self.table = Table(
            [
                column("group", "Of"),
                column("name", "Quantity", "code"),
                column("first", "First run", "code"),
                column("second", "Second run", "code"),
                column("mark", "", "badge"),
            ],
            height="300px",
            label="Two runs compared",
            empty_text="The two runs agree in everything.",
        )
        self.viewers = {
            "first_image": ImageViewer(height=380, link=_LINK, label="First run"),
            "second_image": ImageViewer(height=380, link=_LINK, label="Second run"),
        }
        self.images = widgets.HBox(list(self.viewers.values()))
        self.images.add_class("svm-pair")
        self.hint = text()
        self.choices = toolbar(
            label("First", self.first),
            label("Second", self.second),
            label("Product", self.product),
            self.only_different,
            self.difference,
            self.forget,
        )
        super().__init__([self.hint, self.choices, self.table, self.images])
        self.add_class("svm-rows")
        model.observe(
            guard(lambda _: self.refresh()),
            [
                *("runs", "first", "second", "product"),
                *("only_different", "shows_difference"),
            ],
        )
        session.observe(guard(lambda _: self.refresh()), "step")
        self.refresh()

    def refresh(self) -> None:
        """Show the two runs, if this step is looked at."""
        if self.session.step != "export":
            return
        model = self.model
        runs = [(run.name, run.digest) for run in model.runs]
        products = [(one.label, one.basename) for one in model.products]
        self._is_filling = True
        try:
            _offer(self.first, [("none", ""), *runs], model.first)
            _offer(self.second, runs or [("none", "")], model.second)
            _offer(self.product, products or [("none", "")], model.product)
        finally:
            self._is_filling = False
        many = len(runs)
        for part in (self.choices, self.table):
            part.layout.display = None if many else "none"
        self.forget.disabled = not model.first
        self.difference.value = model.shows_difference
        self.difference.layout.display = None if all(model.images) else "none"
        set_text(self.hint, _HINTS.get(many, ""))
        different = model.first and model.second
        self.table.rows = [
            {
                "id": f"{row.group}/{row.name}",
                "group": row.group,
                "name": row.name,
                "first": row.first,
                "second": row.second,
                "mark": badge("changed", "differs")
                if different and row.is_different
                else None,
            }
            for row in model.rows
        ]
        for place, path in enumerate(model.images):
            self._load(place, path)

    def _load(self, place: int, path: Path | None) -> None:
        viewer = list(self.viewers.values())[place]
        viewer.layout.display = None if path is not None else "none"
        if path is None:
            self._shown[place] = None
            viewer.set_frames([])
            return
        other = self.model.subtracted if place else None
        key = (str(path), path.stat().st_mtime_ns, str(other or ""))
        if self._shown[place] == key:
            return
        self._shown[place] = key

        def read() -> list[Any]:
            frames = [product_frame(path, "SCI")]
            if other is not None:
                frames.append(difference_frame(path, other, name="second − first"))
            return frames

        def answer(frames: list[Any]) -> None:
            if self._shown[place] != key:
                return
            viewer.set_frames(frames, frame=len(frames) - 1)
            if other is not None:
                self.model.note_difference(path, other)

        topic = f"image of the {('first', 'second')[place]} run"
        self.session.preview(topic, read, answer, delay_s=0.01)

    def _setter(self, trait: str) -> Any:
        def take(change: Any) -> None:
            if change["new"] is not None and not self._is_filling:
                self.model.set_trait(trait, change["new"])

        return take


_HINTS = {
    0: "Every run that drizzles is kept here, so that two can be compared.",
    1: "One run is kept. Change something and run again to compare the two.",
}


def _offer(one: widgets.Dropdown, options: list[tuple[str, str]], value: str) -> None:
    if tuple(one.options) != tuple(options):
        one.options = options
    known = [option for _, option in options]
    one.value = value if value in known else None
