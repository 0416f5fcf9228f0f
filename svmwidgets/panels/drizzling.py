"""Drizzling: run it, look at the products, try parameters on a cutout."""

import time
from typing import Any

import ipywidgets as widgets

from svmcore.io.mosaic_wcs import mosaic_wcs
from svmcore.io.mosaics import read_mosaic
from svmwidgets.figures import ImageClick, ImageViewer, Table, badge, column
from svmwidgets.models.drizzling import PLANES, DrizzlingModel
from svmwidgets.panels.bound import bound
from svmwidgets.panels.frames import colour_frame, difference_frame, product_frame
from svmwidgets.panels.parts import (
    act,
    card,
    choice,
    columns,
    menu,
    set_facts,
    set_text,
    switch,
    text,
    toolbar,
)
from svmwidgets.panels.tasklist import statistics_facts, task_rows, task_table
from svmwidgets.panels.trial import TrialCard
from svmwidgets.panels.trialframes import cutout_outline

__all__ = ["DrizzlingPanel"]

_LINK = "svm products"
_ALONE = ("nothing beside", "")
_CATALOGUES = (("no overlay", ""), ("point sources", "point"), ("segments", "segment"))
_LIST_EVERY_S = 1.0  # hundreds of rows are not to be sent with every event


class DrizzlingPanel(widgets.VBox):
    """View of `DrizzlingModel`.

    Parameters
    ----------
    model : DrizzlingModel
        State.
    session : object
        Gives ``guard``, ``run``, ``preview``, ``run_model``.
    """

    def __init__(self, model: DrizzlingModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self._listed_s = 0.0
        self._frames: dict[tuple[str, str, int, str], list[Any]] = {}
        self.run = act(
            "Drizzle", guard(lambda: self._run("drizzle product")), kind="primary"
        )
        self.run_all = act("Run everything", guard(self._run))
        self._build_choices(guard)
        self._build_viewers(guard)
        self._build_tables(guard)
        self.trial = TrialCard(model, session)
        images = card(
            [self.choices, self.images, self.image_line], heading="Products as images"
        )
        beside = [card([self.states], heading="Products"), self.coverage]
        run = toolbar(self.run, self.run_all)
        self._looks = columns([images], beside)
        super().__init__([run, self._looks, self.task_card, self.trial])
        self.add_class("svm-panel")
        names = ["selected", "beside", "plane", "version", "shows_difference"]
        model.observe(guard(lambda _: self._show_products()), "products")
        model.observe(guard(lambda _: self._show_images()), names)
        model.observe(guard(lambda _: self._show_catalogue()), "catalogue")
        model.observe(guard(lambda _: self._show_place()), "tried")
        model.observe(guard(lambda _: self._show_statistics()), "statistics")
        session.run_model.observe(guard(lambda _: self._show_tasks()), "rows")
        session.run_model.observe(guard(lambda _: self._show_run()), "is_running")
        session.observe(guard(lambda _: self._show_step()), "step")
        self._show_products()
        self._show_statistics()
        self._show_tasks()

    # ---- building ----

    def _build_choices(self, guard: Any) -> None:
        def bind(control: Any, trait: str, **options: Any) -> Any:
            return bound(control, self.model, trait, guard, **options)

        model = self.model
        products = menu([], label="Product")
        self.product = bind(products, "selected", needs_value=True)
        self.plane = bind(choice(PLANES, value=model.plane), "plane")
        beside = menu([_ALONE], value="", label="Second product")
        self.beside = bind(beside, "beside")
        catalogues = menu(_CATALOGUES, value="", label="Catalogue overlay")
        self.catalogue = bind(catalogues, "catalogue")
        difference = switch(
            "Difference", tooltip="Second product minus the first, to blink with it"
        )
        self.difference = bind(difference, "shows_difference")
        self.choices = toolbar(
            self.product, self.plane, self.beside, self.difference, self.catalogue
        )

    def _build_viewers(self, guard: Any) -> None:
        self.viewer = ImageViewer(height=520, link=_LINK, label="Product")
        self.viewer.on_click(guard(self._clicked))
        self.second = ImageViewer(height=520, link=_LINK, label="Second product")
        self.second.layout.display = "none"
        self.images = widgets.HBox([self.viewer, self.second])
        self.images.add_class("svm-pair")
        self.image_line = text()

    def _build_tables(self, guard: Any) -> None:
        self.statistics = text()
        self.coverage = card([self.statistics], heading="Coverage and weight")
        self.states = Table(
            [
                column("label", "Product"),
                column("kind", "Kind"),
                column("state", "State", "badge"),
            ],
            has_filter=False,
            height="250px",
            label="Drizzled products",
            empty_text="Open a visit first.",
        )
        self.states.observe(guard(self._picked), "selected")
        self.tasks = task_table()
        self.task_card = card([self.tasks], heading="Tasks of the run")

    # ---- acting ----

    def _run(self, *steps: str) -> None:
        self.session.run(*steps, label="Drizzle" if steps else "Run everything")

    def _clicked(self, click: ImageClick) -> None:
        """Take the cutout where the product was clicked."""
        path = self.model.path(self.model.selected)
        if path is None or click.id is not None:
            return
        wcs = mosaic_wcs(read_mosaic(path))
        ra, dec = wcs.all_pix2world(click.x, click.y, 0)
        self.model.look_at(float(ra), float(dec))

    def _show_place(self) -> None:
        """Outline the cutout on the product."""
        tried = self.model.tried
        if tried is None or tried.product != self.model.selected:
            self.viewer.remove_layer("cutout")
            return
        ra, dec = cutout_outline(tried)
        self.viewer.set_layer(
            "cutout",
            [*ra, ra[0]],
            [*dec, dec[0]],
            kind="polygon",
            colour="#ff8a3d",
            is_sky=True,
        )

    def _picked(self, change: Any) -> None:
        for name in change["new"]:
            self.model.selected = name

    # ---- showing ----

    def _show_step(self) -> None:
        self._show_images()
        self._show_tasks()

    def _show_run(self) -> None:
        self._listed_s = 0.0
        self._show_tasks()
        busy = self.session.run_model.is_running
        self.run.disabled = self.run_all.disabled = busy or not self.model.products
        if self.model.selected and self.model.path(self.model.selected) is None:
            set_text(self.image_line, self._missing())

    def _show_products(self) -> None:
        states = self.model.products
        names = [(state.label, state.basename) for state in states]
        if tuple(self.product.options) != tuple(names):
            self.product.options = names
            self.beside.options = [_ALONE, *names]
        if self.model.selected:
            self.product.value = self.model.selected
        self.beside.value = self.model.beside
        words = {"ok": "up to date", "stale": "stale", "todo": "not made yet"}
        self.states.rows = [
            {
                "id": state.basename,
                "label": state.label,
                "kind": state.kind,
                "state": badge(state.status, words[state.status]),
                "_tooltip": state.file,
            }
            for state in states
        ]
        is_made = any(state.status != "todo" for state in states)
        self.choices.layout.display = None if is_made else "none"
        self._show_run()
        self._show_images()

    def _show_images(self) -> None:
        """Load what is looked at, if this step is."""
        if self.session.step != "drizzling":
            return
        model = self.model
        if model.selected and self.product.value != model.selected:
            self.product.value = model.selected
        self.beside.value, self.plane.value = model.beside, model.plane
        self.difference.value = model.shows_difference
        has_pair = bool(model.beside) and model.plane == "SCI"
        self.difference.layout.display = None if has_pair else "none"
        # Two images want the whole width; the tables then stand below.
        widen = self._looks.add_class if model.beside else self._looks.remove_class
        widen("svm-split-single")
        model.warm_up()
        self.trial.warm_up()
        self._load(self.viewer, model.selected)
        if model.beside:
            self._load(self.second, model.beside)
        else:
            self.second.layout.display = "none"
        model.ask_statistics()

    def _load(self, viewer: ImageViewer, basename: str) -> None:
        model = self.model
        path, plane = model.path(basename), model.plane
        viewer.layout.display = None if path is not None else "none"
        if path is None:
            viewer.set_frames([])
            set_text(self.image_line, self._missing() if basename else "")
            return
        other = model.subtracted if viewer is self.second else None
        key = (basename, plane, path.stat().st_mtime_ns, str(other or ""))
        if key in self._frames:
            set_text(self.image_line, "")
            viewer.set_frames(self._frames[key])
            self._show_catalogue()
            return
        set_text(self.image_line, "Reading the image …")
        labels = {state.basename: state.label for state in model.products}
        words = f"{labels[basename]} − {labels.get(model.selected, '')}"

        def read() -> list[Any]:
            if plane == "colour":
                return [colour_frame(model, basename)]
            frames = [product_frame(path, plane)]
            if other is not None:
                frames[0].name = labels[basename]
                frames.append(difference_frame(path, other, name=words))
            return frames

        def answer(frames: list[Any]) -> None:
            self._frames = {k: v for k, v in self._frames.items() if k[0] != basename}
            self._frames[key] = frames
            if viewer is self.viewer and basename != model.selected:
                return
            set_text(self.image_line, "")
            viewer.set_frames(frames, frame=len(frames) - 1)
            self._show_catalogue()
            if other is not None:
                model.note_difference(path, other)

        topic = "image" if viewer is self.viewer else "second image"
        self.session.preview(topic, read, answer, delay_s=0.01)

    def _missing(self) -> str:
        if self.session.run_model.is_running:
            return "This product is not made yet; the run below makes it."
        return "This product is not made yet. Press Drizzle."

    def _show_catalogue(self) -> None:
        kind = self.model.catalogue
        if self.catalogue.value != kind:
            self.catalogue.value = kind
        if not kind:
            self.viewer.remove_layer("detected")
            self.second.remove_layer("detected")
            return

        def answer(found: Any) -> None:
            if found is None:
                set_text(self.image_line, "There is no catalogue of this product yet.")
                return
            ra, dec, names = found
            words = f"{kind} sources"
            for viewer in (self.viewer, self.second):
                viewer.set_layer(
                    "detected", ra, dec, label=words, ids=names, size=6, is_sky=True
                )

        self.session.preview(
            "catalogue", lambda: self.model.read_catalogue(kind), answer, delay_s=0.01
        )

    def _show_statistics(self) -> None:
        found = self.model.statistics
        self.coverage.layout.display = "none" if found is None else None
        if found is None:
            return
        set_facts(self.statistics, statistics_facts(found))

    def _show_tasks(self) -> None:
        run, now = self.session.run_model, time.monotonic()
        if self.session.step != "drizzling":
            return
        if run.is_running and now - self._listed_s < _LIST_EVERY_S:
            return  # the end of the run lists them once more
        tasks, self._listed_s = run.rows, now
        self.task_card.layout.display = None if tasks else "none"
        self.tasks.rows = task_rows(tasks)
