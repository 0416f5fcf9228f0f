"""What the last run found about the exposures of a detector, for cutouts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from svmcore.io.drizzle_results import (
    read_cosmic_rays,
    read_made_with,
    read_masks,
    read_offsets,
    read_skies,
)
from svmcore.model.product import FilterProduct, TotalProduct

__all__ = ["StoredMasks"]

BoolImage = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StoredMasks:
    """Results of the last run, given out where they fit a parameter set.

    Parameters
    ----------
    folders : Mapping of str to Path
        Result folders of tasks by identifier.
    """

    folders: Mapping[str, Path]

    def static(self, owner: FilterProduct, made_with: str) -> dict[int, BoolImage]:
        """Return the static pixels by chip number; empty if they do not fit."""
        folder = self._fitting(f"find static pixels: {owner.basename}", made_with)
        return {} if folder is None else read_masks(folder / "static.npz")

    def skies(
        self, owner: FilterProduct, made_with: str
    ) -> dict[str, dict[int, float]] | None:
        """Return the sky by rootname and EXTVER; None if it does not fit."""
        folder = self._fitting(f"measure sky: {owner.basename}", made_with)
        return None if folder is None else read_skies(folder)

    def hits(
        self, owner: FilterProduct, made_with: str
    ) -> dict[tuple[str, int], BoolImage] | None:
        """Return cosmic rays by rootname and EXTVER; None if they do not fit."""
        found: dict[tuple[str, int], BoolImage] = {}
        for member in owner.members:
            rootname = member.exposure.rootname
            folder = self._fitting(f"flag cosmic rays: {rootname}", made_with)
            if folder is None:
                return None
            for extver, mask in read_cosmic_rays(folder).hits.items():
                found[rootname, extver] = mask
        return found

    def offsets(self, total: TotalProduct) -> dict[str, float] | None:
        """Return what is subtracted from each filter in the total product [1 / s].

        None if no total product was stacked from filter products yet.
        """
        folder = self.folders.get(f"drizzle product: {total.basename}")
        return None if folder is None else read_offsets(folder)

    def _fitting(self, identifier: str, made_with: str) -> Path | None:
        folder = self.folders.get(identifier)
        if folder is None or read_made_with(folder) != made_with:
            return None
        return folder
