"""The visit: open it, see how far its exposures are calibrated, where they lie."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets

from svmcore.inputs import CalibrationState
from svmwidgets.figures import FootprintFigure, Table, badge, column, outline
from svmwidgets.models.inputs import InputsModel
from svmwidgets.models.products import ProductsModel
from svmwidgets.panels.grids import grid_outline, grid_words
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    menu,
    rows,
    set_facts,
    set_text,
    text,
    toolbar,
)
from svmwidgets.panels.thumbnail import Thumbnail

__all__ = ["InputsPanel"]

_ENTRY_COLUMNS = (
    column("name", "Name", "code"),
    column("kind", "Kind"),
    column("size", "Size", "number", digits=0, unit="kB"),
)
_LIST_SUFFIXES = (".out", ".lst", ".txt", ".csv", ".json", ".dat", ".list")


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
        self.output_row = toolbar(label("Products in", self.output))
        self.entries = Table(
            _ENTRY_COLUMNS, height="240px", label="Files", has_filter=True
        )
        self.entries.on_activate(guard(self._activate))
        self.entries.observe(guard(self._mark), "selected")
        self.folder = Path.home()
        self.folder_above = act("Folder above", guard(self._go_up))
        self.folder_line = text(css="svm-path")
        self.browser = card(
            [
                toolbar(self.folder_above, self.folder_line),
                self.entries,
            ],
            css="svm-browser",
        )
        self.browser.layout.display = "none"
        self.reading = text(css="svm-note")
        self.table = Table(
            [],
            label="Exposures and their calibration",
            height="470px",
            empty_text="No visit is open. Enter a path above and press Open.",
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
        self.sky.on_click(guard(self._clicked))
        self.facts = text(css="svm-note")
        self.thumbnail = Thumbnail(session)
        self.details = card([self.facts, self.thumbnail], heading="Exposure")
        super().__init__(
            [
                rows(
                    toolbar(self.path, self.open_button, self.browse, self.recent),
                    self.output_row,
                    self.reading,
                    self.browser,
                ),
                columns(
                    [card([self.table], heading="Exposures"), self.details],
                    [card([self.sky], heading="On the sky"), self.remarks_card],
                ),
            ]
        )
        self.add_class("svm-panel")
        model.observe(guard(lambda _: self.refresh()), ["visit", "source", "output"])
        model.observe(guard(lambda _: self._list_recent()), "recent")
        for source, names in (
            (model, ["coverage"]),
            (products, ["grids", "tree"]),
            (session, ["step"]),
        ):
            source.observe(guard(lambda _: self._draw_sky()), names)
        session.observe(guard(lambda _: self._say_reading()), "is_reading")
        self.refresh()
        self._list_recent()

    def refresh(self) -> None:
        """Show the visit as the model has it."""
        shown = self.model.rows
        several = len({row["detector"] for row in shown}) > 1
        self.table.columns = [
            column("file", "Exposure", "code"),
            *([column("detector", "Detector")] if several else []),
            column("filter", "Filter"),
            column("exptime", "Time", "number", digits=1, unit="s"),
            column("target", "Target", "code"),
            column("calibration", "Calibration", "badge"),
            column("wcs", "WCS", "badge"),
        ]
        self.table.rows = [_row(row) for row in shown]
        remarks = self.model.remarks
        self.remarks.rows = [
            {"id": str(number), "subject": subject, "text": said}
            for number, (subject, said) in enumerate(remarks)
        ]
        self.remarks_card.layout.display = None if remarks else "none"
        self._draw_sky()
        self.output_row.layout.display = None if self.model.visit else "none"
        self.output.value = self.model.output
        if self.model.source and self.path.value != self.model.source:
            self.path.value = self.model.source
        self._select()

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
        outlines = [
            outline(
                name,
                [[corner[0] for corner in ring] for ring in rings],
                [[corner[1] for corner in ring] for ring in rings],
                label=f"{name} {groups[name]}",
                group=groups[name],
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
            set_facts(self.facts, [("", "Open a visit to see its exposures.")])
            self.thumbnail.show(None)
            return
        name = names[0]
        self.sky.highlighted = [name]
        exposure = self.model.exposure(name)
        facts = [("File", exposure.path.name), ("Aperture", exposure.aperture)]
        facts += [
            (
                state.name,
                f"{_value(state)} — {state.sentence}" if state.sentence else "",
            )
            for state in self.model.calibration(name)
        ]
        facts += [(note.subject, note.text) for note in exposure.notes]
        set_facts(self.facts, facts)
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
            typed = Path(self.path.value).expanduser()
            if self.path.value and typed.parent.is_dir():
                self.folder = typed if typed.is_dir() else typed.parent
            self._list_folder()

    def _go_up(self) -> None:
        self.folder = self.folder.absolute().parent
        self._list_folder()

    def _list_folder(self) -> None:
        set_text(self.folder_line, str(self.folder))
        self.entries.selected = []
        self.entries.rows = [
            {
                "id": "",
                "name": ". (this folder as a visit)",
                "kind": "folder",
                "size": None,
            },
            *(_entry(path) for path in _listed(self.folder)),
        ]

    def _mark(self, change: Any) -> None:
        for name in change["new"]:
            chosen = self.folder / name if name else self.folder
            if not name or not chosen.is_dir():
                self.path.value = str(chosen)

    def _activate(self, name: str) -> None:
        chosen = self.folder / name if name else self.folder
        if name and chosen.is_dir():
            self.folder = chosen
            self._list_folder()
        else:
            self.browse.value = False
            self.path.value = str(chosen)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "id": row["rootname"],
        "file": row["file"],
        "detector": row["detector"],
        "filter": row["filter"],
        "exptime": row["exptime_s"],
        "target": row["target"],
        "_status": "warn" if row["notes"] else "",
        "_tooltip": "\n".join(row["notes"]),
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


def _value(state: CalibrationState) -> str:
    if state.value is None:
        return "missing"
    if isinstance(state.value, bool):
        return "yes" if state.value else "no"
    if isinstance(state.value, float):
        return f"{state.value:.4f}".rstrip("0").rstrip(".")
    return str(state.value) or "none"


def _listed(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir(), key=lambda p: (not p.is_dir(), p.name.lower()))
    except OSError:
        return []
    return [
        path
        for path in paths
        if not path.name.startswith(".")
        and (
            path.is_dir()
            or path.suffix.lower() in _LIST_SUFFIXES
            or "." not in path.name
        )
    ]


def _entry(path: Path) -> dict[str, Any]:
    is_folder = path.is_dir()
    kind = "folder" if is_folder else path.suffix.lstrip(".") or "file"
    size = None if is_folder else path.stat().st_size / 1000.0
    return {"id": path.name, "name": path.name, "kind": kind, "size": size}
