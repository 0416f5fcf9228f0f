"""Trial parameters on a cutout, beside what they would replace."""

import html
from typing import Any

import ipywidgets as widgets
import numpy as np

from svmcore.model.cutout import Cutout
from svmwidgets.figures import ImageViewer
from svmwidgets.forms import ParameterForm
from svmwidgets.models.drizzling import DrizzlingModel
from svmwidgets.models.trials import SIZES
from svmwidgets.panels.bound import bound
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    label,
    menu,
    set_facts,
    set_text,
    text,
    toolbar,
)
from svmwidgets.panels.trialframes import (
    present_frame,
    trial_facts,
    trial_frames,
    uneven_notice,
)

__all__ = ["TrialCard"]

_LINK = "svm cutouts"
_NO_SINGLE = ("no single exposure", "")


class TrialCard(widgets.VBox):
    """A form of the parameters worth trying, and the cutout that they give.

    Parameters
    ----------
    model : DrizzlingModel
        State.
    session : object
        Gives ``guard`` and ``preview``.
    """

    def __init__(self, model: DrizzlingModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.weights: Any = None
        self.form = ParameterForm(label="Trial parameters", height="400px")
        self.form.on_change(guard(lambda _step, key, raw: self._changed(key, raw)))
        self.form.on_revert(guard(lambda _step, key: self._reverted(key)))
        sizes = [(f"{size} pixels", size) for size in SIZES]
        menus = (
            menu(sizes, value=model.size, label="Size"),
            menu([_NO_SINGLE], value="", label="Single exposure"),
        )
        self.size = bound(menus[0], model, "size", guard)
        self.single = bound(menus[1], model, "single", guard)
        self.start = act("Try on a cutout", guard(model.ask_trial), kind="primary")
        self.keep = act("Keep this trial beside", guard(model.keep_trial), kind="quiet")
        self.adopt = act("Adopt these values", guard(model.adopt_trial))
        self._build_images()
        self.line = text()
        self.facts = text()
        self.notes = text(css="svm-warning")
        self.hint = text(
            "A click into the product above moves the cutout there. b and B blink "
            "between trial, present, difference, weight and single exposure."
        )
        controls = toolbar(
            self.start,
            self.adopt,
            self.keep,
            label("Size", self.size),
            self.single,
            self.line,
        )
        self.numbers = widgets.VBox([self.notes, self.facts])
        self.numbers.add_class("svm-rows")
        body = columns([self.form], [self.numbers, self.hint])
        inside = [controls, self.images, body]
        super().__init__([card(inside, heading="Try parameters on a cutout")])
        model.observe(
            guard(lambda _: self._show_form()), ["trial", "errors", "selected"]
        )
        model.observe(guard(lambda _: self._show_cutout()), ["tried", "kept", "single"])
        model.observe(guard(lambda _: self._show_state()), ["is_trying", "size"])
        self._show_form()
        self._show_cutout()

    def _build_images(self) -> None:
        options = {"align": "sky", "height": 380, "link": _LINK}
        self.present = ImageViewer(label="Present cutout", **options)
        self.viewer = ImageViewer(label="Trial cutout", **options)
        self.images = widgets.HBox([self.present, self.viewer])
        self.images.add_class("svm-pair")

    def warm_up(self) -> None:
        """Load the histogram's library once the step stands there."""
        if self.weights is None:
            self.session.preview("histogram", _load_histogram, self._take_histogram)

    def _take_histogram(self, make: Any) -> None:
        if self.weights is None:
            self.weights = make(x_label="weight", y_label="pixels", height=170)
            self.numbers.children = (*self.numbers.children, self.weights)
        if self.model.tried is not None:
            self._show_weights(self.model.tried.trial)

    def _changed(self, key: str, raw: str) -> None:
        self.model.change_trial(key, raw)
        self._show_form()

    def _reverted(self, key: str) -> None:
        self.model.revert_trial(key)
        self._show_form()

    def _show_form(self) -> None:
        errors = {("astrodrizzle", k): why for k, why in self.model.errors.items()}
        self.form.show(self.model.trial_fields(), errors)
        self.adopt.disabled = not self.model.trial_changes()

    def _show_state(self) -> None:
        set_text(self.line, "Drizzling the cutout …" if self.model.is_trying else "")
        self.size.value = self.model.size

    def _show_cutout(self) -> None:
        model = self.model
        tried = model.tried
        is_there = tried is not None
        for part in (self.images, self.numbers, self.keep, self.single):
            part.layout.display = None if is_there else "none"
        if tried is None:
            gone = (self.present.frames, self.viewer.frames)
            self.present.set_frames([])
            self.viewer.set_frames([])
            self._close(*gone)
            return
        names = list(tried.trial.separate)
        options = [_NO_SINGLE, *((name, name) for name in names)]
        if tuple(self.single.options) != tuple(options):
            self.single.options = options
        if model.single in ("", *names):
            self.single.value = model.single
        old = (self.present.frames, self.viewer.frames)
        frames = trial_frames(tried, model.kept, model.single)
        shown = len(frames) - 1 if model.single else 0
        self.present.set_frames([present_frame(tried)])
        self.viewer.set_frames(frames, frame=shown)
        self._close(*old)
        set_facts(self.facts, trial_facts(tried))
        notes = [note for note in (uneven_notice(tried), *tried.trial.notes) if note]
        self.notes.value = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        self.notes.layout.display = None if notes else "none"
        self._show_weights(tried.trial)

    def _close(self, *groups: Any) -> None:
        for frames in groups:
            for frame in frames:
                frame.close()

    def _show_weights(self, cutout: Cutout) -> None:
        if self.weights is None:
            self.warm_up()
            return
        weight = cutout.weight[cutout.weight > 0]
        if not weight.size:
            return
        counts, edges = np.histogram(weight, bins=60)
        middle = float(np.median(weight))
        self.weights.set_counts(
            counts, edges, title="Trial weight", guide=middle, guide_label="median"
        )


def _load_histogram() -> Any:
    # Half a second of processor time: it must not hold the kernel's loop.
    from svmwidgets.figures.histogram import HistogramFigure  # noqa: PLC0415

    return HistogramFigure
