"""What the last run found about the exposures of a detector, for cutouts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from svmcore.io.drizzle_results import (
    read_made_with,
    read_mean_weights,
    read_offsets,
    read_skies,
)
from svmcore.io.packed_masks import PackedMask, read_packed_masks
from svmcore.model.product import FilterProduct, TotalProduct

__all__ = ["StoredResults"]


@dataclass(frozen=True, slots=True)
class StoredResults:
    """Results of the last run, given out where they fit a parameter set.

    Parameters
    ----------
    folders : Mapping of str to Path
        Result folders of tasks by identifier. A folder that is gone counts
        as a result that never was.
    """

    folders: Mapping[str, Path]

    def static(self, owner: FilterProduct, made_with: str) -> dict[int, PackedMask]:
        """Return the static pixels by chip number; empty if they do not fit."""
        folder = self._fitting(f"find static pixels: {owner.basename}", made_with)
        return {} if folder is None else read_packed_masks(folder / "static.npz")

    def skies(
        self, owner: FilterProduct, made_with: str
    ) -> dict[str, dict[int, float]] | None:
        """Return the sky by rootname and EXTVER; None if it does not fit."""
        folder = self._fitting(f"measure sky: {owner.basename}", made_with)
        return None if folder is None else read_skies(folder)

    def hits(
        self, owner: FilterProduct, made_with: str
    ) -> dict[tuple[str, int], PackedMask] | None:
        """Return cosmic rays by rootname and EXTVER; None if they do not fit."""
        found: dict[tuple[str, int], PackedMask] = {}
        for member in owner.members:
            rootname = member.exposure.rootname
            folder = self._fitting(f"flag cosmic rays: {rootname}", made_with)
            if folder is None:
                return None
            masks = read_packed_masks(folder / "cosmic_rays.npz")
            found.update({(rootname, extver): mask for extver, mask in masks.items()})
        return found

    def mean_weights(self, owner: FilterProduct, made_with: str) -> dict[str, float]:
        """Return the mean weight of separate images by rootname, where it fits."""
        found: dict[str, float] = {}
        for member in owner.members:
            folder = self._folder(f"flag cosmic rays: {member.exposure.rootname}")
            if folder is not None:
                weights, known = read_mean_weights(folder)
                found |= weights if known == made_with else {}
        return found

    def offsets(self, total: TotalProduct) -> dict[str, float] | None:
        """Return what is subtracted from each filter in the total product [1 / s].

        None if no total product was stacked from filter products yet.
        """
        folder = self._folder(f"drizzle product: {total.basename}")
        return None if folder is None else read_offsets(folder)

    def _fitting(self, identifier: str, made_with: str) -> Path | None:
        folder = self._folder(identifier)
        if folder is None or read_made_with(folder) != made_with:
            return None
        return folder

    def _folder(self, identifier: str) -> Path | None:
        folder = self.folders.get(identifier)
        return folder if folder is not None and folder.is_dir() else None
