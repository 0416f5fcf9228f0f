"""Trial parameters on a cutout, beside what they would replace."""

import math
from typing import Any

import ipywidgets as widgets
import numpy as np

from svmcore.model.cutout import Cutout
from svmcore.model.grid import GridWindow, MosaicGrid
from svmwidgets.figures import (
    MASK_CLASSES,
    HistogramFigure,
    ImageFrame,
    ImageViewer,
    tan_sky_mapping,
)
from svmwidgets.forms import ParameterForm
from svmwidgets.models.drizzling import DrizzlingModel, Trial
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

__all__ = ["TrialCard"]

_SIZES = (150, 300, 500, 800)
_CLASSES = (MASK_CLASSES[0], {"label": "cosmic ray flagged", "colour": "#e8710a"})


class TrialCard(widgets.VBox):
    """A form of the parameters worth trying, and the cutout that they give.

    Parameters
    ----------
    model : DrizzlingModel
        State.
    session : object
        Gives ``guard``.
    """

    def __init__(self, model: DrizzlingModel, session: Any) -> None:
        self.model = model
        guard = session.guard
        self.form = ParameterForm(label="Trial parameters", height="360px")
        self.form.on_change(guard(lambda _step, key, raw: self._changed(key, raw)))
        self.form.on_revert(guard(lambda _step, key: self._reverted(key)))
        self.size = menu(
            [(f"{size} pixels", size) for size in _SIZES], value=300, label="Size"
        )
        self.size.observe(guard(self._resize), "value")
        self.single = menu([("no single exposure", "")], value="", label="Single")
        self.single.observe(guard(lambda _: self._show_cutout()), "value")
        self.start = act("Try on a cutout", guard(model.ask_trial), kind="primary")
        self.keep = act("Keep this trial beside", guard(model.keep_trial), kind="quiet")
        self.adopt = act("Adopt these values", guard(model.adopt_trial))
        self.viewer = ImageViewer(align="sky", height=440, label="Cutout")
        self.weights = HistogramFigure(x_label="weight", y_label="pixels", height=150)
        self.line = text()
        self.facts = text()
        self.notes = text(css="svm-warning")
        self.hint = text(
            "Click into the product above to choose the place. b and B blink "
            "between present, trial, difference, weight and single exposures."
        )
        body = columns(
            [
                toolbar(
                    self.start,
                    self.adopt,
                    self.keep,
                    label("Size", self.size),
                    self.single,
                ),
                self.viewer,
                self.line,
                self.hint,
            ],
            [self.form, self.facts, self.weights, self.notes],
        )
        super().__init__([card([body], heading="Try parameters on a cutout")])
        model.observe(
            guard(lambda _: self._show_form()), ["trial", "errors", "selected"]
        )
        model.observe(guard(lambda _: self._show_cutout()), ["tried", "kept"])
        model.observe(guard(lambda _: self._show_state()), "is_trying")
        self._show_form()
        self._show_cutout()

    def _changed(self, key: str, raw: str) -> None:
        self.model.change_trial(key, raw)
        self._show_form()

    def _reverted(self, key: str) -> None:
        self.model.change_trial(key, self.model.default_trial()[key])
        self._show_form()

    def _resize(self, change: Any) -> None:
        self.model.size = change["new"]
        if self.model.tried is not None:
            self.model.ask_trial()

    def _show_form(self) -> None:
        errors = {("astrodrizzle", k): why for k, why in self.model.errors.items()}
        self.form.show(self.model.trial_fields(), errors)
        self.adopt.disabled = not self.model.trial_changes()

    def _show_state(self) -> None:
        set_text(self.line, "Drizzling the cutout …" if self.model.is_trying else "")

    def _show_cutout(self) -> None:
        tried = self.model.tried
        is_there = tried is not None
        for part in (self.viewer, self.weights, self.keep, self.single):
            part.layout.display = None if is_there else "none"
        if tried is None:
            set_facts(self.facts, [])
            set_text(self.notes, "")
            return
        names = list(tried.trial.separate)
        options = [("no single exposure", ""), *((name, name) for name in names)]
        if tuple(self.single.options) != tuple(options):
            self.single.options = options
        frames = _frames(tried, self.model.kept, self.single.value)
        last = len(frames) - 1
        shown = last if self.single.value else min(self.viewer.frame or 1, last)
        self.viewer.set_frames(frames, frame=shown)
        set_facts(self.facts, _facts(tried))
        set_text(self.notes, " ".join(tried.trial.notes))
        self._show_weights(tried.trial)

    def _show_weights(self, cutout: Cutout) -> None:
        weight = cutout.weight[cutout.weight > 0]
        if not weight.size:
            return
        counts, edges = np.histogram(weight, bins=60)
        middle = float(np.median(weight))
        guides = [{"axis": "x", "value": middle, "label": "median"}]
        self.weights.set_counts(counts, edges, title="Weight", guides=guides)


def _frames(tried: Trial, kept: Trial | None, single: str) -> list[ImageFrame]:
    present, trial = tried.present, tried.trial
    frames = [
        _image(present, "present"),
        _image(trial, "trial"),
    ]
    if kept is not None and kept is not tried:
        frames.append(_image(kept.trial, "kept trial"))
    if present.grid == trial.grid and present.window == trial.window:
        frames.append(
            _frame(
                trial.science - present.science,
                "trial − present",
                present.grid,
                present.window,
            )
        )
    frames.append(_frame(trial.weight, "weight of trial", trial.grid, trial.window))
    if single in trial.separate:
        frames.append(_single(trial, single))
    return frames


def _single(cutout: Cutout, rootname: str) -> ImageFrame:
    """Return one exposure alone, its cosmic rays marked where the grids agree."""
    image = cutout.separate[rootname]
    owner = next(
        name
        for name, window in cutout.separate_window.items()
        if window.shape == image.shape
    )
    grid, window = cutout.separate_grid[owner], cutout.separate_window[owner]
    mask = None
    if grid == cutout.grid and window == cutout.window:
        mask = np.where(cutout.hits > 0, 2, 0).astype(np.uint8)
    return _frame(image, f"single {rootname}", grid, window, mask=mask)


def _image(cutout: Cutout, name: str) -> ImageFrame:
    mask = np.where(np.isnan(cutout.science), 1, np.where(cutout.hits > 0, 2, 0))
    return _frame(
        cutout.science, name, cutout.grid, cutout.window, mask=mask.astype(np.uint8)
    )


def _frame(
    pixels: np.ndarray,
    name: str,
    grid: MosaicGrid,
    window: GridWindow,
    *,
    mask: np.ndarray | None = None,
) -> ImageFrame:
    crpix = (grid.crpix[0] - window.x0, grid.crpix[1] - window.y0)
    return ImageFrame.from_array(
        np.asarray(pixels, np.float32),
        name=name,
        mask=mask,
        mask_classes=_CLASSES,
        sky=tan_sky_mapping(crpix, grid.crval_deg, np.array(grid.cd_deg)),
    )


def _facts(tried: Trial) -> list[tuple[str, str]]:
    facts = [("", "present → trial")]
    pairs = [(tried.present, tried.trial)]
    for name, value in (
        ("Pixel", lambda c: f"{c.grid.scale_arcsec:.4f} arcsec"),
        ("Mean weight", lambda c: f"{c.weight_statistics.mean:.4g}"),
        ("Rms / median of weight", lambda c: f"{c.weight_statistics.unevenness:.3f}"),
        ("Noise (robust rms)", lambda c: f"{_noise(c):.4g}"),
        ("Flagged input pixels", lambda c: f"{int(c.hits.sum())}"),
    ):
        facts += [(name, f"{value(a)} → {value(b)}") for a, b in pairs]
    if tried.trial.weight_statistics.unevenness > 0.2:
        facts.append(("Look at", "weights vary by more than 0.2: a larger pixfrac"))
    return facts


def _noise(cutout: Cutout) -> float:
    values = cutout.science[np.isfinite(cutout.science)]
    if not values.size:
        return math.nan
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
