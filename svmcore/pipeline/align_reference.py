"""The reference catalogs that a fit may try, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from svmcore.alignment.member import GroupMember, group_plane
from svmcore.alignment.settings import AlignmentSettings
from svmcore.errors import ReferenceCatalogError
from svmcore.io.archive_service import SkyRegion, query_catalog
from svmcore.io.reference import read_reference_file
from svmcore.model.fit import ReferenceCatalog
from svmcore.model.reference import ReferenceChoice

__all__ = ["ReferenceOffers"]

_MARGIN_DEG = 10.0 / 3600.0  # around the chips, for pointing errors and motions


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceOffers:
    """What a choice of reference amounts to for some exposures.

    Parameters
    ----------
    choice : ReferenceChoice
        File, services or nothing.
    settings : AlignmentSettings
        Names the catalogs that ``auto`` stands for.
    members : tuple of GroupMember
        Exposures, for the region.
    """

    choice: ReferenceChoice
    settings: AlignmentSettings
    members: tuple[GroupMember, ...]

    def catalogs(self, warnings: list[str]) -> Iterator[ReferenceCatalog | None]:
        """Yield catalogs in order; None, for a relative fit, if there is no other.

        Parameters
        ----------
        warnings : list of str
            Gets a sentence for every catalog that is out of reach.

        Raises
        ------
        ReferenceCatalogError
            If a file cannot be used, or no service answers and the choice
            says that a catalog is required.
        """
        if self.choice.file is not None:
            yield self._worth_trying(read_reference_file(self.choice.file), warnings)
            return
        offered = is_tried = False
        last: ReferenceCatalogError | None = None
        for name in self._names():
            try:
                found = query_catalog(name, self._region(), self.choice)
            except ReferenceCatalogError as error:
                warnings.append(f"Catalog {name} is not used: {error}")
                last = error
                continue
            offered = True
            if self._worth_trying(found, warnings) is not None:
                yield found
                is_tried = True
        if is_tried:
            return
        if last is not None and self.choice.is_required and not offered:
            raise last
        yield None

    def _worth_trying(
        self, found: ReferenceCatalog, warnings: list[str]
    ) -> ReferenceCatalog | None:
        """Return a catalog, or None and a warning if it holds too few stars."""
        needed = self.settings.min_catalog_stars
        if len(found) >= needed:
            return found
        warnings.append(
            f"Catalog {found.name} is not used: it has {len(found)} star(s), "
            f"MIN_CATALOG_THRESHOLD asks for {needed}."
        )
        return None

    def _names(self) -> tuple[str, ...]:
        names: list[str] = []
        for name in self.choice.services:
            names.extend([name] if name else self.settings.catalogs)
        return tuple(dict.fromkeys(names))

    def _region(self) -> SkyRegion:
        """Return the circle around all chips."""
        plane = group_plane(self.members)
        farthest = 0.0
        for member in self.members:
            for wcs in member.chips.values():
                nx, ny = wcs.pixel_shape
                corners = [[0, 0], [nx - 1, 0], [nx - 1, ny - 1], [0, ny - 1]]
                at = plane.project(*wcs.all_pix2world(corners, 0).T)
                farthest = max(farthest, float(np.hypot(*at.T).max()))
        return SkyRegion(plane.ra_deg, plane.dec_deg, farthest / 3.6e6 + _MARGIN_DEG)
