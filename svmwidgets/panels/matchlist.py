"""Matches as rows: the selected ones, or those with the largest residuals."""

from typing import Any

import ipywidgets as widgets
import numpy as np

from svmwidgets.figures import badge, column
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.models.matches import ShownMatches
from svmwidgets.panels.fittables import close_table
from svmwidgets.panels.parts import set_text, text

__all__ = ["MatchList"]

_LONGEST = 100  # rows; more are better looked at in the plots
_WORST = 12
_COLUMNS = (
    column("name", "Match", "code"),
    column("mag", "Mag", "number", digits=2),
    column("dx", "dx", "number", digits=2, unit="mas"),
    column("dy", "dy", "number", digits=2, unit="mas"),
    column("ratio", "Size", "number", digits=1, unit="sigma"),
    column("state", "State", "badge"),
)
_REASONS = {"by hand": "failed", "": "ok"}


class MatchList(widgets.VBox):
    """A row for each selected match; a row that is chosen becomes the focus.

    Parameters
    ----------
    model : AlignmentModel
        State.
    guard : callable
        Wraps callbacks.
    """

    def __init__(self, model: AlignmentModel, guard: Any) -> None:
        self.model = model
        self.heading = text()
        self.table = close_table(
            _COLUMNS,
            height="216px",
            label="Matches as rows",
            on_pick=guard(self._picked),
        )
        super().__init__([self.heading, self.table])
        self.add_class("svm-rows")

    def show(self) -> None:
        """Show the selected matches, or the worst, and the focused one."""
        model, shown = self.model, self.model.shown()
        if shown is None or not len(shown):
            self.table.rows = []
            set_text(self.heading, "")
            return
        names = shown.identifiers
        ratio = np.abs(shown.residual).max(axis=1) / shown.table.sigma_mas[shown.rows]
        chosen = set(model.selected)
        places = [i for i, name in enumerate(names) if name in chosen]
        word = "selected"
        if not places:
            used = np.where(shown.is_rejected, -1.0, ratio)
            places = np.argsort(used)[::-1][:_WORST].tolist()
            word = "with the largest residuals"
        count = len(places)
        places = sorted(places, key=lambda i: -ratio[i])[:_LONGEST]
        if model.focused in names and names.index(model.focused) not in places:
            places.insert(0, names.index(model.focused))
        cut = f", the first {_LONGEST}" if count > _LONGEST else ""
        set_text(self.heading, f"{count} matches {word}{cut}. A row shows its star.")
        self.table.rows = [_row(shown, names, i, ratio) for i in places]
        self.show_focus()

    def show_focus(self) -> None:
        """Mark the focused match."""
        known = {row["id"] for row in self.table.rows}
        focused = self.model.focused
        if focused and focused not in known:
            self.show()
            return
        chosen = [focused] if focused in known else []
        if self.table.selected != chosen:
            self.table.selected = chosen

    def _picked(self, names: list[str]) -> None:
        if names:
            self.model.focused = names[0]


def _row(
    shown: ShownMatches, names: list[str], place: int, ratio: Any
) -> dict[str, Any]:
    row = int(shown.rows[place])
    why = str(shown.table.why_not[row])
    word = why or "used"
    return {
        "id": names[place],
        "name": names[place],
        "mag": shown.table.mag[row],
        "dx": shown.residual[place, 0],
        "dy": shown.residual[place, 1],
        "ratio": ratio[place],
        "state": badge(_REASONS.get(why, "off"), word),
    }
