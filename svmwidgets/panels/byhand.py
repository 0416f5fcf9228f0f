"""First guesses of pointings and circles on the sky, entered by hand."""

from typing import Any

import ipywidgets as widgets

from svmcore.errors import ParameterError
from svmwidgets.figures import Table, column
from svmwidgets.models import byhand
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.panels.parts import act, field, label, menu, text, toolbar

__all__ = ["ByHand"]

_COLUMNS = (
    column("kind", "By hand"),
    column("subject", "Of", "code"),
    column("value", "Value", "code"),
    column("remove", "", "action"),
)
_NONE = (("choose exposure", ""),)


class ByHand(widgets.Accordion):
    """Folded away until somebody needs it: what the fit cannot find by itself.

    Parameters
    ----------
    session : object
        Gives ``guard`` and ``warn``.
    model : AlignmentModel
        State.
    """

    def __init__(self, session: Any, model: AlignmentModel) -> None:
        self.model, self._session = model, session
        guard = session.guard
        self.exposure = menu(_NONE, value="", label="Exposure to move")
        self.east = field("East [mas]", placeholder="0", width="100px")
        self.north = field("North [mas]", placeholder="0", width="100px")
        self.guess = act("Set first guess", guard(self._guess))
        self.center = field(
            "Centre", placeholder="RA Dec, degrees or h m s", width="240px"
        )
        self.radius = field("Radius [arcsec]", placeholder="1.0", width="80px")
        self.around = act("Around selected matches", guard(self._around), kind="quiet")
        self.leave_out = act("Leave out circle", guard(self._leave_out))
        self.table = Table(
            _COLUMNS, has_filter=False, height="200px", label="Entered by hand"
        )
        self.table.on_change(guard(self._remove))
        note = text(
            "A first guess moves an exposure before its stars are matched: positive "
            "values move it east and north. Sources inside a circle take no part."
        )
        box = widgets.VBox(
            [
                note,
                toolbar(
                    label("Move", self.exposure),
                    label("east [mas]", self.east),
                    label("north [mas]", self.north),
                    self.guess,
                ),
                toolbar(
                    label("Circle at", self.center),
                    label("radius [arcsec]", self.radius),
                    self.leave_out,
                    self.around,
                ),
                self.table,
            ]
        )
        box.add_class("svm-rows")
        super().__init__(
            [box], titles=["Pointings and sky by hand"], selected_index=None
        )
        self.add_class("svm-by-hand")

    def refresh(self) -> None:
        """Show what was entered, and the exposures that can be moved."""
        model = self.model
        names = [exposure.rootname for exposure in model.total_exposures]
        options = (*_NONE, *((name, name) for name in names))
        if tuple(self.exposure.options) != options:
            before = self.exposure.value
            self.exposure.options = options
            self.exposure.value = before if before in names else ""
        chosen = model.chosen if model.detector else None
        offsets = chosen.manual_offsets if chosen else ()
        regions = chosen.excluded_regions if chosen else ()
        guesses = [
            {
                "id": f"guess {one.rootname}",
                "kind": "first guess",
                "subject": one.rootname,
                "value": f"{one.east_mas:+.1f} east, {one.north_mas:+.1f} north, mas",
                "remove": "Remove",
            }
            for one in offsets
        ]
        circles = [
            {
                "id": f"circle {number}",
                "kind": "circle left out",
                "subject": f"{one.ra_deg:.6f} {one.dec_deg:+.6f}",
                "value": f"radius {one.radius_arcsec:.2f} arcsec",
                "remove": "Remove",
            }
            for number, one in enumerate(regions)
        ]
        self.table.rows = [*guesses, *circles]
        self.table.layout.display = None if self.table.rows else "none"
        many = len(self.table.rows)
        words = f": {many} in force" if many else ""
        self.set_title(0, f"Pointings and sky by hand{words}")

    def _guess(self) -> None:
        name = self.exposure.value
        if not name:
            return
        try:
            byhand.guess(self.model, name, self.east.value, self.north.value)
        except ParameterError as error:
            self._refuse(error)

    def _around(self) -> None:
        fit = self.model.fit
        circle = fit and byhand.enclosing_circle(fit.matches, self.model.selected)
        if circle:
            self.center.value = f"{circle.ra_deg:.6f} {circle.dec_deg:+.6f}"
            self.radius.value = f"{circle.radius_arcsec:.2f}"

    def _leave_out(self) -> None:
        try:
            circle = byhand.read_circle(self.center.value, self.radius.value)
        except ParameterError as error:
            self._refuse(error)
            return
        if byhand.leave_out(self.model, circle):
            self.center.value = ""

    def _refuse(self, error: ParameterError) -> None:
        """Say what is wrong with a text; that is no failure of the step."""
        self._session.warn(error.subject, error.problem, error.remedy)

    def _remove(self, row: str, _key: str, _value: Any) -> None:
        kind, _, name = row.partition(" ")
        if kind == "guess":
            byhand.forget_guess(self.model, name)
        else:
            byhand.restore(self.model, int(name))
