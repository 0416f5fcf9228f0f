"""How many exposures cover each pixel of a product."""

import ipywidgets as widgets
import numpy as np
from matplotlib import colormaps

from svmcore.pipeline.explore import DepthMap
from svmwidgets.figures import MASK_CLASSES, ImageFrame, ImageViewer, tan_sky_mapping
from svmwidgets.panels.parts import set_text, text

__all__ = ["DepthView"]

_MOST_ENTRIES = 16


class DepthView(widgets.VBox):
    """A depth map with its range in words."""

    def __init__(self) -> None:
        self.viewer = ImageViewer(
            colour_map="viridis",
            stretch="linear",
            preset="min–max",
            height=240,
            has_controls=False,
            label="Exposures per pixel",
        )
        self.line = text()
        self.key = widgets.HTML()
        super().__init__([self.viewer, self.line, self.key])
        self.show(None)

    def show(self, depth: DepthMap | None) -> None:
        """Show a map, or nothing until it is known."""
        self.viewer.layout.display = None if depth is not None else "none"
        if depth is None:
            set_text(self.line, "")
            self.key.value = ""
            return
        grid, block = depth.grid, depth.block
        crpix = tuple((p - 0.5) / block + 0.5 for p in grid.crpix)
        mapping = tan_sky_mapping(crpix, grid.crval_deg, np.array(grid.cd_deg) * block)
        frame = ImageFrame.from_array(
            depth.counts.astype(np.float32),
            name="exposures per pixel",
            unit="exposures",
            sky=mapping,
            mask=(depth.counts == 0).astype(np.uint8),
            mask_classes=MASK_CLASSES[:1],
        )
        self.viewer.set_frames([frame])
        most = int(depth.counts.max())
        covered = depth.counts[depth.counts > 0]
        shares = np.bincount(covered.ravel(), minlength=most + 1) / max(covered.size, 1)
        self.key.value = _key(shares)
        deepest = float(shares[most])
        set_text(
            self.line,
            f"Up to {most} exposure{'' if most == 1 else 's'} per pixel, "
            f"on {deepest:.0%} of the covered area.",
        )


def _key(shares: np.ndarray) -> str:
    """Return colours with the number of exposures and the share of the area."""
    most = len(shares) - 1
    least = int(np.flatnonzero(shares)[0]) if shares.any() else 0
    entries = []
    for count in range(most, 0, -1):
        if not shares[count]:
            continue
        place = (count - least) / max(most - least, 1)
        red, green, blue, _ = colormaps["viridis"](place, bytes=True)
        entries.append(
            f'<span><i style="background:rgb({red},{green},{blue})"></i>'
            f"{count}: {shares[count]:.1%}</span>"
        )
    if len(entries) > _MOST_ENTRIES:
        half = _MOST_ENTRIES // 2
        entries = [*entries[:half], "<span>…</span>", *entries[-half:]]
    return f'<div class="svm-depth-key">{"".join(entries)}</div>'
