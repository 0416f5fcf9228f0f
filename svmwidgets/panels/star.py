"""One star before and after the fit, at the same place on the sky."""

from typing import Any

import ipywidgets as widgets
import numpy as np

from svmcore.model.fit import GroupFit
from svmwidgets.figures import MASK_CLASSES, ImageClick, ImageFrame, ImageViewer
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.panels.fittables import shift_text, signed
from svmwidgets.panels.parts import card, columns, set_facts, text
from svmwidgets.panels.starpixels import HALF_SIDE, Star, StarReader

__all__ = ["StarView"]

_RING, _CROSS = 13, 6  # CSS pixels: the star stays visible between them


class StarView(widgets.VBox):
    """The star of the focused match.

    Parameters
    ----------
    session : object
        Gives ``preview`` and ``guard``.
    model : AlignmentModel
        Fit and matches.
    beside : Widget
        Stands beside the image: the matches as rows.
    """

    def __init__(
        self, session: Any, model: AlignmentModel, *, beside: widgets.Widget
    ) -> None:
        self._session, self._model = session, model
        self._shown: tuple[str, Any] = ("", None)
        self._reader = StarReader()
        self.viewer = ImageViewer(
            align="sky", height=420, label="Star before and after the fit"
        )
        self.viewer.on_click(session.guard(self._clicked))
        self._corner = (0, 0)
        self.facts = text()
        self.hint = text(
            "Click a point in the residuals, or a row, to see its star before and "
            "after the fit. b and B blink between them; the sky stays in place."
        )
        body = columns([self.viewer], [self.hint, beside, self.facts])
        self._body, self._picture = body, body.children[0]
        super().__init__([card([body], heading="Matches and their stars")])
        self._show_picture(is_shown=False)

    def _clicked(self, click: ImageClick) -> None:
        """Focus the match whose marker was clicked."""
        if click.id:
            self._model.focused = str(click.id)

    def _show_picture(self, *, is_shown: bool) -> None:
        """Give the rows the whole width while there is no star beside them."""
        self._picture.layout.display = None if is_shown else "none"
        if is_shown:
            self._body.remove_class("svm-split-single")
        else:
            self._body.add_class("svm-split-single")

    def show(self, identifier: str) -> None:
        """Show the star of a match; nothing if it is empty."""
        fit = self._model.fit
        names = [] if fit is None else fit.matches.identifier.tolist()
        if not identifier or identifier not in names or fit is None:
            self._show_picture(is_shown=False)
            set_facts(self.facts, [])
            self._shown = ("", None)
            return
        self._show_picture(is_shown=True)
        row = names.index(identifier)
        self._describe(fit, row)
        if (identifier, fit.wcs) == self._shown:
            self._mark(fit, row)
            return
        rootname = str(fit.matches.rootname[row])
        exposures = {e.rootname: e for e in self._model.total_exposures}
        exposure = exposures.get(rootname)
        if exposure is None:
            return
        others = [e for name, e in exposures.items() if name != rootname]

        def answer(star: Star) -> None:
            if star.identifier == self._model.focused:
                self._shown = (star.identifier, fit.wcs)
                self._draw(star, fit, row)

        self._session.preview(
            "star",
            lambda: self._reader.read(fit, row, exposure, others),
            answer,
            delay_s=0.0,
        )

    def _draw(self, star: Star, fit: GroupFit, row: int) -> None:
        mask = (star.quality != 0).astype(np.uint8) * 2
        frames = [
            ImageFrame.from_array(
                star.pixels,
                name=f"{star.rootname} {word}",
                mask=mask,
                mask_classes=MASK_CLASSES[:2],
                sky=mapping,
            )
            for word, mapping in zip(("before", "after"), star.mappings, strict=True)
        ]
        if star.neighbour is not None:
            name, pixels, mapping = star.neighbour
            frames.append(
                ImageFrame.from_array(pixels, name=f"{name} after", sky=mapping)
            )
        old = self.viewer.frames
        self.viewer.set_frames(frames, frame=1)
        for frame in old:
            frame.close()
        self._corner = star.corner
        self._mark(fit, row)
        x, y = fit.matches.xy[row] - star.corner
        self.viewer.center_on(float(x), float(y), zoom=7.0)

    def _mark(self, fit: GroupFit, row: int) -> None:
        table = fit.matches
        same = (table.rootname == table.rootname[row]) & (
            table.extver == table.extver[row]
        )
        x0, y0 = self._corner
        side = 2 * HALF_SIDE + 1
        near = same & (np.abs(table.xy - (x0 + HALF_SIDE, y0 + HALF_SIDE)) < side).all(
            axis=1
        )
        for name, label, wanted in (
            ("matched", "matched source", near & table.is_used),
            ("rejected", "rejected source", near & ~table.is_used),
        ):
            self.viewer.set_layer(
                name,
                table.xy[wanted, 0] - x0,
                table.xy[wanted, 1] - y0,
                label=label,
                ids=[str(one) for one in table.identifier[wanted]],
                frame=1,
                size=_RING,
            )
        target = near & (table.is_reference == table.is_reference[row])
        what = "reference star" if table.is_reference[row] else "mean of others"
        self.viewer.set_layer(
            "reference",
            table.target_ra_deg[target],
            table.target_dec_deg[target],
            kind="cross",
            label=what,
            ids=[str(one) for one in table.identifier[target]],
            is_sky=True,
            size=_CROSS,
        )
        identifier = str(table.identifier[row])
        layers = ("matched", "rejected", "reference")
        self.viewer.highlight = {name: [identifier] for name in layers}

    def _describe(self, fit: GroupFit, row: int) -> None:
        table = fit.matches
        # As the plots have it: source minus reference.
        before, after = (
            shift_text(-float(off[0]), -float(off[1]), digits)
            for off, digits in (
                (table.before_mas[row], 1),
                (table.residual_mas[row], 2),
            )
        )
        used = "used" if table.is_used[row] else f"not used: {table.why_not[row]}"
        set_facts(
            self.facts,
            [
                ("Match", str(table.identifier[row])),
                ("State", used),
                ("Chip", f"extension {table.extver[row]}"),
                ("Pixel", f"{table.xy[row, 0]:.2f}, {table.xy[row, 1]:.2f}"),
                ("Sky", f"{table.ra_deg[row]:.7f}, {signed(table.dec_deg[row], 7)}"),
                ("Magnitude", f"{table.mag[row]:.2f}"),
                ("Before", before),
                ("After", after),
                ("Expected", f"± {table.sigma_mas[row]:.2f} mas per axis"),
            ],
        )
