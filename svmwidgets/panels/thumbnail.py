"""Pixels of one exposure, shown when they are asked for."""

import io
from typing import Any

import ipywidgets as widgets
import numpy as np
from PIL import Image

from svmcore.io.images import read_chip_pixels
from svmcore.model.exposure import Exposure
from svmcore.previews.stretch import render_gray, robust_limits
from svmwidgets.figures import block_average
from svmwidgets.panels.parts import act, set_text, text

__all__ = ["Thumbnail", "render_exposure"]

LONGEST_PIXELS = 420


def render_exposure(exposure: Exposure, longest: int = LONGEST_PIXELS) -> bytes:
    """Return all chips of an exposure as one JPEG.

    Parameters
    ----------
    exposure : Exposure
        Exposure; its file is only read.
    longest : int
        Largest width or height of a chip [pixel].

    Returns
    -------
    bytes
        JPEG, higher extensions on top, rows from the bottom up.
    """
    chips = []
    for chip in sorted(exposure.chips, key=lambda chip: -chip.extver):
        pixels = read_chip_pixels(exposure.path, chip.extver)
        science = np.where(pixels.quality == 0, pixels.science, np.nan)
        block = max(1, -(-max(science.shape) // longest))
        chips.append(block_average(science, block)[::-1])
    sample = np.concatenate([chip.ravel() for chip in chips])
    limits = robust_limits(sample)
    width = max(chip.shape[1] for chip in chips)
    drawn = [render_gray(_widened(chip, width), limits) for chip in chips]
    gap = np.full((3, width), 128, np.uint8)
    stacked = [part for one in drawn for part in (one, gap)][:-1]
    stream = io.BytesIO()
    Image.fromarray(np.concatenate(stacked)).save(stream, format="JPEG", quality=88)
    return stream.getvalue()


def _widened(chip: np.ndarray, width: int) -> np.ndarray:
    padding = ((0, 0), (0, width - chip.shape[1]))
    return np.pad(chip, padding, constant_values=np.nan)


class Thumbnail(widgets.VBox):
    """A button that becomes a picture.

    Parameters
    ----------
    session : object
        Gives ``preview(topic, question, on_answer)`` and ``guard(call)``.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._exposure: Exposure | None = None
        self._pictures: dict[str, bytes] = {}
        self.button = act("Show pixels", session.guard(self._ask), kind="quiet")
        self.picture = widgets.Image(format="jpeg")
        self.picture.add_class("svm-thumbnail")
        self.line = text()
        super().__init__([self.button, self.line, self.picture])
        self.show(None)

    def show(self, exposure: Exposure | None) -> None:
        """Offer the pixels of an exposure, or show them if they are known."""
        self._exposure = exposure
        known = self._pictures.get(exposure.rootname, b"") if exposure else b""
        self.picture.value = known
        self.picture.layout.display = None if known else "none"
        self.button.layout.display = None if exposure and not known else "none"
        set_text(self.line, "")

    def _ask(self) -> None:
        exposure = self._exposure
        if exposure is None:
            return
        set_text(self.line, "Reading pixels …")

        def answer(picture: bytes) -> None:
            self._pictures[exposure.rootname] = picture
            self.show(self._exposure)

        self._session.preview(
            "thumbnail", lambda: render_exposure(exposure), answer, delay_s=0.0
        )
