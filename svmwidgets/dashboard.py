"""The dashboard: rail, panels, banner, progress, log."""

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import ipywidgets as widgets

from svmwidgets.banner import Banner
from svmwidgets.controls import Controls
from svmwidgets.figures import LogPane, ProgressStrip, Rail, ThemeStyle, rail_step
from svmwidgets.panels.alignment import AlignmentPanel
from svmwidgets.panels.drizzling import DrizzlingPanel
from svmwidgets.panels.export import ExportPanel
from svmwidgets.panels.filtering import FilteringPanel
from svmwidgets.panels.inputs import InputsPanel
from svmwidgets.panels.nothing import nothing_open
from svmwidgets.panels.parameters import ParametersPanel
from svmwidgets.panels.parts import act, toolbar
from svmwidgets.panels.products import ProductsPanel
from svmwidgets.replay import LOG_HEAD
from svmwidgets.saved import user_folder
from svmwidgets.session import Session

__all__ = ["Dashboard"]

_SHEET = Path(__file__).parent / "panels" / "panels.css"
_TICK_S = 0.5
_WORDS = {"ok": "done", "failed": "failed", "cancelled": "cancelled"}


class Dashboard(widgets.VBox):
    """A visit from its file list to products and parameter files.

    Parameters
    ----------
    visit : str, Path or sequence of these, optional
        Poller file, list, folder, exposures, or a session file to resume.
    output : Path, optional
        Folder for products; by default ``products`` in a visit's folder, or
        ``<visit>_products`` beside a list. Decisions of an earlier session in
        it come back.
    reference : str or Path, optional
        Reference catalog: a file, the name of a service, or ``none``; by
        default ``gaia.ecsv`` beside the visit where there is one.
    data_folder : Path, optional
        Where exposures are looked for besides the folder of the list.
    workers : int, optional
        Worker processes; one per core by default.
    state_folder : Path, optional
        Where the list of recent visits is kept; in ``~/.local/state/svm`` by
        default.

    Notes
    -----
    Whatever is done with the mouse has its line of Python in the log. A
    decision, a run, an export is a call of the `session`. What only changes
    the look of things - a search, a sorted table, a stretch - is a value of a
    named control: ``dashboard.set("parameters.search", "pixfrac")``. Pan and
    zoom of pictures stay in the page, which asks the kernel nothing for them.
    `script` repeats it all in a new kernel.

    Examples
    --------
    >>> from svmwidgets import Dashboard
    >>> Dashboard("demo/visit.lst")  # doctest: +SKIP
    """

    def __init__(
        self,
        visit: str | Path | Sequence[str | Path] | None = None,
        *,
        output: str | Path | None = None,
        reference: str | Path | None = None,
        data_folder: str | Path | None = None,
        workers: int | None = None,
        state_folder: str | Path | None = None,
    ) -> None:
        self.session = Session(
            workers=workers,
            state_folder=Path(state_folder) if state_folder else user_folder(),
        )
        self._ticking: asyncio.Task[None] | None = None
        self._build()
        if visit is not None:
            self._call(
                lambda: self.session.open(
                    visit,
                    output=Path(output) if output else None,
                    reference=reference,
                    data_folder=Path(data_folder) if data_folder else None,
                )
            )

    @classmethod
    def resume(cls, path: str | Path, **options: Any) -> Self:
        """Return a dashboard with the decisions of a saved session.

        Parameters
        ----------
        path : str or Path
            The session file, or the output folder that holds it.
        **options
            As for `Dashboard`.
        """
        path = Path(path)
        if path.is_dir():
            path = path / "svm_session.json"
        return cls(path, **options)

    # ---- the same from Python ----

    def set(self, name: str, value: Any) -> None:
        """Give a control a value, as the mouse would.

        Parameters
        ----------
        name : str
            Name of the control, as the log has it.
        value : object
            The value.

        Raises
        ------
        KeyError
            If there is no such control; the message names those there are.
        """
        self.controls.set(name, value)

    def press(self, name: str) -> None:
        """Press the button of that name.

        Raises
        ------
        KeyError
            If there is no such control; the message names those there are.
        """
        self.controls.press(name)

    def send(self, name: str, content: Mapping[str, Any]) -> None:
        """Have something happen to a table, form or figure, as the log has it.

        Raises
        ------
        KeyError
            If there is no such control; the message names those there are.
        """
        self.controls.send(name, content)

    def undo(self) -> bool:
        """Take back the last decision; False if there is none."""
        return self.session.undo()

    def redo(self) -> bool:
        """Make an undone decision again; False if there is none."""
        return self.session.redo()

    def script(self) -> str:
        """Return Python that repeats every action in a new kernel.

        Its ``dashboard.to_dict()`` then equals that of this one. For a script
        that needs the library alone, see ``session.script()``.
        """
        return self.session.replay(view=self.controls.lines())

    def to_dict(self) -> dict[str, Any]:
        """Return everything that was decided and set by hand, as JSON values."""
        return {**self.session.to_dict(), "view": self.controls.values()}

    def __repr__(self) -> str:
        visit = self.session.inputs.visit
        return f"Dashboard({visit.name if visit else ''})"

    # ---- building ----

    def _build(self) -> None:
        session = self.session
        guard = session.guard
        self.rail = Rail([], selected=session.step)
        self.rail.observe(guard(self._go), "selected")
        makers: Mapping[str, Callable[[], widgets.Widget]] = {
            "inputs": lambda: InputsPanel(session.inputs, session.products, session),
            "filtering": lambda: FilteringPanel(
                session.filtering, session.products, session
            ),
            "products": lambda: ProductsPanel(session.products, session),
            "parameters": lambda: ParametersPanel(session.parameters, session),
            "alignment": lambda: AlignmentPanel(session.alignment, session),
            "drizzling": lambda: DrizzlingPanel(session.drizzling, session),
            "export": lambda: ExportPanel(session.export, session),
        }
        self.panels = {name: self._made(name, make) for name, make in makers.items()}
        self.nothing = nothing_open(guard(lambda: session.set_trait("step", "inputs")))
        self.stack = widgets.Stack(
            [*self.panels.values(), self.nothing], selected_index=0
        )
        self.stack.add_class("svm-stack-of-steps")
        self.banner = Banner(session)
        self.undo_button = act("Undo", guard(session.undo))
        self.redo_button = act("Redo", guard(session.redo))
        self.title = widgets.HTML()
        self.title.add_class("svm-app-title")
        self.title.layout.flex = "1"
        head = toolbar(self.title, self.undo_button, self.redo_button)
        head.add_class("svm-head")
        self.progress = ProgressStrip()
        self.progress.on_cancel(guard(session.cancel))
        self.log_pane = LogPane(is_open=False, head=LOG_HEAD)
        style = widgets.HTML(f"<style>{_SHEET.read_text(encoding='utf-8')}</style>")
        style.layout.display = "none"
        foot = widgets.VBox([self.progress, self.log_pane])
        foot.add_class("svm-foot")
        super().__init__(
            [ThemeStyle(), style, head, self.rail, self.banner, self.stack, foot]
        )
        self.add_class("svm-app")
        self.controls = Controls(session, self._keep_view)
        self._unseen: dict[str, Any] = {}  # of the earlier view, not shown yet
        for name, panel in self.panels.items():
            self.controls.adopt(name, panel)
        for name, one in (
            ("steps", self.rail),
            ("undo", self.undo_button),
            ("redo", self.redo_button),
            ("dismiss", self.banner.dismiss),
            ("run_again", self.banner.run_again),
            ("align_alone", self.banner.align_alone),
            ("to_visit", self.nothing),
            ("progress", self.progress),
            ("log", self.log_pane),
        ):
            self.controls.adopt(name, one)
        self._observe()

    def _made(self, name: str, make: Callable[[], widgets.Widget]) -> widgets.Widget:
        """Make a panel; what goes wrong in it then belongs to its step."""
        with self.session.within(name):
            return make()

    def _observe(self) -> None:
        session = self.session
        guard = session.guard
        for step in session.steps:
            step.observe(guard(lambda _: self._show_rail()), ["status", "summary"])
        session.observe(guard(lambda _: self._show_step()), "step")
        session.observe(guard(lambda _: self._show_log()), "lines")
        session.observe(
            guard(lambda _: self._show_undo()), ["undo_label", "redo_label"]
        )
        for name in ("visit", "output"):
            session.inputs.observe(guard(lambda _: self._show_title()), name)
        session.inputs.observe(guard(lambda _: self._show_step()), "visit")
        session.observe(guard(lambda _: self._restore_view()), "opened")
        session.observe(guard(lambda _: self._restore_rest()), "is_surveying")
        names = ["is_running", "fraction", "message", "elapsed_s", "remaining_s"]
        session.run_model.observe(guard(lambda _: self._show_progress()), names)
        session.run_model.observe(guard(lambda _: self._tick()), "is_running")
        self._show_rail()
        self._show_step()
        self._show_undo()
        self._show_title()
        self._show_progress()

    # ---- showing ----

    def _show_rail(self) -> None:
        self.rail.steps = [
            rail_step(step.name, step.title, status=step.status, summary=step.summary)
            for step in self.session.steps
        ]

    def _show_step(self) -> None:
        name = self.session.step
        self.rail.selected = name
        is_open = self.session.inputs.visit is not None or name == "inputs"
        place = list(self.panels).index(name) if is_open else len(self.panels)
        self.stack.selected_index = place

    def _show_log(self) -> None:
        self.log_pane.lines = [
            {
                "text": line.text,
                "code": line.python,
                "level": line.level,
                "time": line.time,
                "detail": line.detail,
            }
            for line in self.session.lines
        ]

    def _show_undo(self) -> None:
        session = self.session
        for button, name in ((self.undo_button, "undo"), (self.redo_button, "redo")):
            label = getattr(session, f"{name}_label")
            button.disabled = not label
            button.tooltip = f"{name.capitalize()}: {label}" if label else ""

    def _show_title(self) -> None:
        name, with_what = self.session.inputs.heading
        is_open = self.session.inputs.visit is not None
        where = html.escape(str(self.session.output)) if is_open else ""
        told = f"<span>{html.escape(with_what)}</span>" if with_what else ""
        place = f"<span>products in <code>{where}</code></span>" if where else ""
        self.title.value = f"<h2>{html.escape(name)}</h2>{told}{place}"

    def _show_progress(self) -> None:
        run = self.session.run_model
        strip = self.progress
        with strip.hold_sync():
            strip.fraction = run.fraction
            strip.text = run.message or "Nothing is running."
            strip.elapsed_s = run.elapsed_s
            known = run.remaining_s == run.remaining_s  # nan
            strip.remaining_s = run.remaining_s if known else -1.0
            strip.can_cancel = run.is_running
            strip.status = "running" if run.is_running else run.outcome or "todo"

    # ---- what was looked at ----

    def _keep_view(self) -> None:
        self.session.view = self.controls.values()

    def _restore_view(self) -> None:
        """Show again what a saved session looked at."""
        self._unseen = self.controls.restore(self.session.view)

    def _restore_rest(self) -> None:
        """Try once more what had to wait for the results of earlier runs."""
        if self._unseen and not self.session.is_surveying:
            unseen, self._unseen = self._unseen, {}
            self.controls.restore(unseen)

    # ---- acting ----

    def _go(self, change: Any) -> None:
        if change["new"]:
            self.session.step = change["new"]

    def _call(self, call: Callable[[], Any]) -> None:
        self.session.guard(call)()

    def _tick(self) -> None:
        """Keep the clock of a run going while no event comes."""
        if not self.session.run_model.is_running:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # no loop: a script or a test, which does not watch the clock
        self._ticking = loop.create_task(self._tick_on())

    async def _tick_on(self) -> None:
        while self.session.run_model.is_running:
            await asyncio.sleep(_TICK_S)
            self.session.tick()
