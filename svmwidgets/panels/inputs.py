"""The visit: open it, see how far its exposures are calibrated, where they lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from astropy.time import Time

from svmcore.inputs import CalibrationState
from svmwidgets.figures import FootprintFigure, Table, badge, column, outline
from svmwidgets.models.inputs import InputsModel
from svmwidgets.models.products import ProductsModel
from svmwidgets.panels.filebrowser import FileBrowser
from svmwidgets.panels.grids import grid_outline, grid_words
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    menu,
    rows,
    set_states,
    set_text,
    text,
    title,
    toolbar,
)
from svmwidgets.panels.thumbnail import Thumbnail

__all__ = ["InputsPanel"]

_WELCOME = """
<p>Write a path above and press Enter, look for one with Browse, or take one of the
recent visits. A visit is one of</p>
<ul>
<li>a poller file (<code>…_input.out</code>) or any list of exposures,</li>
<li>a folder of calibrated exposures (<code>*_flt.fits</code>,
<code>*_flc.fits</code>),</li>
<li>a session that was saved here (<code>svm_session.json</code>).</li>
</ul>
<p>Nothing is written to the exposures. For a simulated visit to try things on, run
<code>svm demo FOLDER</code> in a terminal.</p>
"""


class InputsPanel(widgets.VBox):
    """View of `InputsModel`.

    Parameters
    ----------
    model : InputsModel
        State.
    products : ProductsModel
        Read only: grids of the products.
    session : object
        Gives ``open_later(source)``, ``guard(call)`` and ``preview``.
    """

    def __init__(
        self, model: InputsModel, products: ProductsModel, session: Any
    ) -> None:
        self.model, self.products, self.session = model, products, session
        guard = session.guard
        self.path = field(
            "Visit", placeholder="Poller file, list, folder or svm_session.json"
        )
        self.path.observe(guard(lambda _: self._typed()), "value")
        self.open_button = act("Open", guard(self._open), kind="primary")
        self.browse = widgets.ToggleButton(description="Browse", value=False)
        self.browse.add_class("svm-button")
        self.browse.observe(guard(lambda _: self._show_browser()), "value")
        self.recent = menu([("Recent visits", "")], value="", label="Recent visits")
        self.recent.observe(guard(self._pick_recent), "value")
        self.output = field("Output", placeholder="Folder for products")
        self.output.observe(guard(self._change_output), "value")
        self.output_row = label("Products in", self.output)
        self.browser = FileBrowser(session, self._marked, self._picked)
        self.browser.layout.display = "none"
        self.reading = text(css="svm-note")
        self.table = Table(
            [],
            label="Exposures and their calibration",
            height="470px",
        )
        self.table.observe(guard(lambda _: self._select()), "selected")
        self.remarks = Table(
            [column("subject", "About", "code"), column("text", "Remark")],
            label="Remarks on the input",
            height="180px",
            has_filter=False,
        )
        self.remarks_card = card([self.remarks], heading="Remarks on the input")
        self.sky = FootprintFigure(height=330, label="Footprints of the exposures")
        self.sky.hover_group = self.table.hover_group = self.sky.model_id
        self.sky.on_click(guard(self._clicked))
        self.facts = text(css="svm-note")
        self.thumbnail = Thumbnail(session)
        self.details_title = title("Exposure")
        self.welcome = widgets.HTML(_WELCOME)
        self.welcome_card = card([self.welcome], heading="No visit is open")
        opening = toolbar(
            label("Visit", self.path), self.open_button, self.browse, self.recent
        )
        self._content = columns(
            [
                card([self.table], heading="Exposures"),
                card([self.details_title, self.facts]),
            ],
            [
                card([self.sky], heading="On the sky"),
                card([self.thumbnail], heading="Pixels"),
                self.remarks_card,
            ],
        )
        top = rows(opening, self.output_row, self.reading, self.browser)
        top.add_class("svm-aligned")
        super().__init__([top, self.welcome_card, self._content])
        self.add_class("svm-panel")
        self._observe()
        self.refresh()
        self._list_recent()

    def _observe(self) -> None:
        model, products, session = self.model, self.products, self.session
        guard = session.guard
        model.observe(guard(lambda _: self.refresh()), ["visit", "source", "output"])
        model.observe(guard(lambda _: self._list_recent()), "recent")
        for source, names in (
            (model, ["coverage"]),
            (products, ["grids", "tree"]),
            (session, ["step"]),
            (session.filtering, ["rows"]),
        ):
            source.observe(guard(lambda _: self._draw_sky()), names)
        session.filtering.observe(guard(lambda _: self._show_rows()), "rows")
        session.observe(guard(lambda _: self._say_reading()), "is_reading")

    def refresh(self) -> None:
        """Show the visit as the model has it."""
        is_open = self.model.visit is not None
        self.welcome_card.layout.display = "none" if is_open else None
        for part in (self._content, self.output_row):
            part.layout.display = None if is_open else "none"
        self._show_rows()
        remarks = self.model.remarks
        self.remarks.rows = [
            {"id": str(number), "subject": subject, "text": said}
            for number, (subject, said) in enumerate(remarks)
        ]
        self.remarks_card.layout.display = None if remarks else "none"
        self._draw_sky()
        self.output.value = self.model.output
        if self.model.source and self.path.value != self.model.source:
            self.path.value = self.model.source
        self._select()

    def _show_rows(self) -> None:
        """Show the exposures; those that are rejected are grey."""
        shown = self.model.rows
        rejected = self._rejected
        self.table.columns = [
            column("file", "Exposure", "code"),
            *_where_varied(shown, "detector", column("detector", "Detector")),
            column("filter", "Filter"),
            column("exptime", "Time", "number", digits=1, unit="s"),
            *_where_varied(shown, "target", column("target", "Target", "code")),
            column("calibration", "Calibration", "badge"),
            column("wcs", "WCS", "badge", tooltip="Kind of astrometric solution"),
            column("use", "Verdict", "badge", tooltip="Decided in the step Filtering"),
        ]
        self.table.rows = [_row(row, rejected.get(row["rootname"])) for row in shown]

    @property
    def _rejected(self) -> dict[str, str]:
        """Why exposures are rejected, by rootname."""
        return {
            row["rootname"]: "\n".join((row["by_hand"], *row["reasons"])).strip()
            for row in self.session.filtering.rows
            if not row["accepted"]
        }

    def _draw_sky(self) -> None:
        visit = self.model.visit
        if visit is None:
            self.sky.outlines = []
            return
        if self.session.step != self.model.name:
            return
        self.products.ask_grids()
        self.model.ask_coverage()
        coverage = self.model.coverage
        if coverage is None:
            return  # comes back here
        groups = {e.rootname: e.filter_name.upper() for e in visit.exposures}
        rejected = self._rejected
        outlines = [
            outline(
                name,
                [[corner[0] for corner in ring] for ring in rings],
                [[corner[1] for corner in ring] for ring in rings],
                label=f"{name} {groups[name]}"
                + (" rejected" if name in rejected else ""),
                group=groups[name],
                is_muted=name in rejected,
            )
            for name, rings in zip(coverage.rootnames, coverage.outlines, strict=True)
            if rings
        ]
        grids = self.products.grids
        outlines += [grid_outline(grid, key=name) for name, grid in grids.items()]
        self.sky.outlines = outlines
        area = coverage.union_area_arcsec2 / 3600.0
        alone = ", ".join(coverage.isolated)
        apart = f"Apart from the rest: {alone}." if alone else ""
        covered = f"Covered area {area:.2f} square arcminutes."
        words = [grid_words(grid) for grid in grids.values()]
        self.sky.caption = " ".join(filter(None, [*words, covered, apart]))

    def _select(self) -> None:
        names = [
            n for n in self.table.selected if n in {r["id"] for r in self.table.rows}
        ]
        if not names and self.table.rows:
            self.table.selected = [self.table.rows[0]["id"]]  # comes back here
            return
        if not names:
            self.thumbnail.show(None)
            return
        name = names[0]
        self.sky.highlighted = [name]
        exposure = self.model.exposure(name)
        set_text(self.details_title, exposure.path.name)
        states = [("Aperture", exposure.aperture, "", "APERTURE", False)]
        states += [_told(state) for state in self.model.calibration(name)]
        states += [
            ("Remark", note.subject, note.text, "", True) for note in exposure.notes
        ]
        set_states(self.facts, states)
        self.thumbnail.show(exposure)

    def _clicked(self, key: str) -> None:
        if key in {row["id"] for row in self.table.rows}:
            self.table.selected = [key]

    def _typed(self) -> None:
        if self.browse.value or not self.path.value:
            return
        if self.path.value != self.model.source:
            self._open()

    def _open(self) -> None:
        source = self.path.value.strip()
        if source and not self.session.is_reading:
            self.browse.value = False
            self.session.open_later(source)

    def _change_output(self, change: Any) -> None:
        if self.model.visit is not None and change["new"].strip():
            self.session.change_output(change["new"].strip())

    def _say_reading(self) -> None:
        busy = self.session.is_reading
        set_text(self.reading, f"Reading {self.path.value} …" if busy else "")
        self.open_button.disabled = busy

    def _list_recent(self) -> None:
        names = [(Path(name).name, name) for name in self.model.recent]
        self.recent.options = [("Recent visits", ""), *names]
        self.recent.value = ""

    def _pick_recent(self, change: Any) -> None:
        if change["new"]:
            self.path.value = change["new"]
            self.recent.value = ""

    def _show_browser(self) -> None:
        self.browser.layout.display = None if self.browse.value else "none"
        if self.browse.value:
            self.browser.show(self._nearby())

    def _nearby(self) -> Path:
        """Return the folder of what is typed, of what is open, or the last one."""
        for name in filter(None, (self.path.value, self.model.source)):
            path = Path(name).expanduser()
            if path.is_dir():
                return path
            if path.parent.is_dir():
                return path.parent
        return self.browser.folder

    def _marked(self, chosen: Path) -> None:
        self.path.value = str(chosen)

    def _picked(self, chosen: Path) -> None:
        self.browse.value = False
        self._marked(chosen)
        self._open()


def _where_varied(
    shown: Sequence[dict[str, Any]], key: str, made: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a column if its values differ; the title names what all share."""
    return [made] if len({row[key] for row in shown}) > 1 else []


def _row(row: dict[str, Any], rejected: str | None) -> dict[str, Any]:
    is_used = rejected is None
    cells: dict[str, Any] = {
        "id": row["rootname"],
        "file": row["file"],
        "detector": row["detector"],
        "filter": row["filter"],
        "exptime": row["exptime_s"],
        "target": row["target"],
        "use": badge("ok", "used") if is_used else badge("off", "rejected", rejected),
        "_status": "warn" if row["notes"] else "",
        "_muted": not is_used,
        "_tooltip": "\n".join(filter(None, (*row["notes"], rejected))),
    }
    states = row["calibration"]
    wcs = next(state for state in states if state.keyword == "WCSNAME")
    words = f"{_value(wcs)}: {wcs.sentence}"
    cells["wcs"] = badge("ok" if wcs.is_expected else "warn", row["wcs_kind"], words)
    odd = [s for s in states if s.is_expected is False and s is not wcs]
    cells["calibration"] = badge(
        "warn" if odd else "ok",
        ", ".join(f"{state.name} {_value(state)}" for state in odd) or "complete",
        "\n".join(f"{s.name}: {_value(s)}. {s.sentence}" for s in odd or states),
    )
    return cells


def _told(state: CalibrationState) -> tuple[str, str, str, str, bool]:
    """Return name, value, meaning, keyword, and whether it is odd."""
    value, meaning = _value(state), state.sentence
    if state.keyword == "EXPSTART" and isinstance(state.value, float):
        moment = Time(state.value, format="mjd")
        value, meaning = moment.isot[:19].replace("T", " "), f"UTC, MJD {value}."
    elif state.keyword == "PA_V3" and state.value is not None:
        value, meaning = f"{value}°", "Position angle of the telescope's V3 axis."
    is_odd = state.is_expected is False
    return _title(state.name), value, meaning, state.keyword, is_odd


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _value(state: CalibrationState) -> str:
    if state.value is None:
        return "missing"
    if isinstance(state.value, bool):
        return "yes" if state.value else "no"
    if isinstance(state.value, float):
        return f"{state.value:.4f}".rstrip("0").rstrip(".")
    return str(state.value) or "none"
