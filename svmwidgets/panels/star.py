"""One star before and after the fit, at the same place on the sky."""

from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from svmcore.io.images import read_chip_pixels
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.exposure import Exposure
from svmcore.model.fit import GroupFit
from svmwidgets.figures import ImageClick, ImageFrame, ImageViewer, fit_sky_mapping
from svmwidgets.models.alignment import AlignmentModel
from svmwidgets.panels.parts import card, columns, set_facts, text

__all__ = ["StarView"]

HALF_SIDE = 100  # pixels of the cutout on each side of the star


@dataclass(frozen=True, slots=True, eq=False)
class _Star:
    """Pixels around a match, with the WCS before and after."""

    identifier: str
    rootname: str
    pixels: NDArray[np.float32]
    quality: NDArray[np.uint16]
    corner: tuple[int, int]
    mappings: tuple[Any, Any]
    neighbour: "tuple[str, NDArray[np.float32], Any] | None"


class StarView(widgets.VBox):
    """The star of the focused match.

    Parameters
    ----------
    session : object
        Gives ``preview`` and ``guard``.
    model : AlignmentModel
        Fit and matches.
    """

    def __init__(self, session: Any, model: AlignmentModel) -> None:
        self._session, self._model = session, model
        self._shown = ""
        self.viewer = ImageViewer(
            align="sky", height=420, label="Star before and after the fit"
        )
        self.viewer.on_click(session.guard(self._clicked))
        self._corner = (0, 0)
        self.facts = text()
        self.hint = text(
            "Click a point in the residuals to see its star. b and B blink between "
            "before and after; the markers stay where they are on the sky."
        )
        body = columns([self.viewer], [self.facts, self.hint])
        super().__init__([card([body], heading="The star of the focused match")])
        self.layout.display = "none"

    def _clicked(self, click: ImageClick) -> None:
        """Focus the match whose marker was clicked."""
        if click.id:
            self._model.focused = str(click.id)

    def show(self, identifier: str) -> None:
        """Show the star of a match; nothing if it is empty."""
        fit = self._model.fit
        names = [] if fit is None else fit.matches.identifier.tolist()
        if not identifier or identifier not in names or fit is None:
            self.layout.display = "none"
            self._shown = ""
            return
        self.layout.display = None
        row = names.index(identifier)
        self._describe(fit, row)
        if identifier == self._shown:
            self._mark(fit, row)
            return
        rootname = str(fit.matches.rootname[row])
        exposures = {e.rootname: e for e in self._model.total_exposures}
        exposure = exposures.get(rootname)
        if exposure is None:
            return
        others = [e for name, e in exposures.items() if name != rootname]

        def answer(star: _Star) -> None:
            if star.identifier == self._model.focused:
                self._shown = star.identifier
                self._draw(star, fit, row)

        self._session.preview(
            "star", lambda: read_star(fit, row, exposure, others), answer, delay_s=0.02
        )

    def _draw(self, star: _Star, fit: GroupFit, row: int) -> None:
        mask = (star.quality != 0).astype(np.uint8) * 2
        frames = [
            ImageFrame.from_array(
                star.pixels, name=f"{star.rootname} {word}", mask=mask, sky=mapping
            )
            for word, mapping in zip(("before", "after"), star.mappings, strict=True)
        ]
        if star.neighbour is not None:
            name, pixels, mapping = star.neighbour
            frames.append(
                ImageFrame.from_array(pixels, name=f"{name} after", sky=mapping)
            )
        self.viewer.set_frames(frames, frame=1)
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
                size=9,
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
            size=7,
        )
        identifier = str(table.identifier[row])
        layers = ("matched", "rejected", "reference")
        self.viewer.highlight = {name: [identifier] for name in layers}

    def _describe(self, fit: GroupFit, row: int) -> None:
        table = fit.matches
        before, after = table.before_mas[row], table.residual_mas[row]
        used = "used" if table.is_used[row] else f"not used: {table.why_not[row]}"
        set_facts(
            self.facts,
            [
                ("Match", str(table.identifier[row])),
                ("State", used),
                ("Chip", f"extension {table.extver[row]}"),
                ("Pixel", f"{table.xy[row, 0]:.2f}, {table.xy[row, 1]:.2f}"),
                ("Sky", f"{table.ra_deg[row]:.7f}, {table.dec_deg[row]:+.7f}"),
                ("Magnitude", f"{table.mag[row]:.2f}"),
                ("Before", f"{before[0]:+.1f} east, {before[1]:+.1f} north mas"),
                ("After", f"{after[0]:+.2f} east, {after[1]:+.2f} north mas"),
                ("Expected", f"± {table.sigma_mas[row]:.2f} mas per axis"),
            ],
        )


def read_star(
    fit: GroupFit, row: int, exposure: Exposure, others: list[Exposure]
) -> _Star:
    """Return the pixels around a match with the WCS before and after."""
    table = fit.matches
    extver = int(table.extver[row])
    solutions = {solution.rootname: solution for solution in fit.wcs}
    before = read_chip_wcs(exposure.path)[extver]
    after = read_chip_wcs(exposure.path, aligned=solutions[exposure.rootname])[extver]
    chip = read_chip_pixels(exposure.path, extver)
    x, y = (round(float(v)) for v in table.xy[row])
    pixels, corner = _cut(chip.science, x, y)
    quality, _ = _cut(chip.quality, x, y)
    sky = (float(table.ra_deg[row]), float(table.dec_deg[row]))
    return _Star(
        str(table.identifier[row]),
        exposure.rootname,
        pixels,
        quality,
        corner,
        (_mapping(before, corner, pixels.shape), _mapping(after, corner, pixels.shape)),
        _neighbour(sky, others, solutions),
    )


def _neighbour(
    sky: tuple[float, float], others: list[Exposure], solutions: dict[str, Any]
) -> tuple[str, NDArray[np.float32], Any] | None:
    """Return the same place in the first other exposure that shows it."""
    for exposure in others:
        solution = solutions.get(exposure.rootname)
        if solution is None:
            continue
        for extver, wcs in read_chip_wcs(exposure.path, aligned=solution).items():
            x, y = (float(v) for v in wcs.all_world2pix([sky], 0, quiet=True)[0])
            nx, ny = wcs.pixel_shape
            if 10 < x < nx - 10 and 10 < y < ny - 10:
                chip = read_chip_pixels(exposure.path, extver)
                pixels, corner = _cut(chip.science, round(x), round(y))
                mapping = _mapping(wcs, corner, pixels.shape)
                return exposure.rootname, pixels, mapping
    return None


def _cut(plane: NDArray[Any], x: int, y: int) -> tuple[NDArray[Any], tuple[int, int]]:
    x0, y0 = max(0, x - HALF_SIDE), max(0, y - HALF_SIDE)
    cut = plane[y0 : y + HALF_SIDE + 1, x0 : x + HALF_SIDE + 1]
    return np.ascontiguousarray(cut), (x0, y0)


def _mapping(wcs: Any, corner: tuple[int, int], shape: tuple[int, ...]) -> Any:
    def to_sky(x: Any, y: Any) -> Any:
        return wcs.all_pix2world(x + corner[0], y + corner[1], 0)

    return fit_sky_mapping(to_sky, (shape[0], shape[1]))
