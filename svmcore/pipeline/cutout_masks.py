"""Static pixels and sky for cutouts: those of the last run, or made anew."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.settings import DrizzleSettings
from svmcore.model.product import FilterProduct
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle_compare import (
    members_of,
    sky_made_with,
    sky_payload,
    static_made_with,
)
from svmcore.pipeline.drizzle_masks import static_pixels
from svmcore.pipeline.drizzle_sky import find_skies

__all__ = ["Skies", "skies_of", "static_of"]

BoolImage = NDArray[np.bool_]
Skies = Mapping[str, Mapping[int, float]]


def static_of(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> Mapping[int, BoolImage]:
    """Return the static pixels of a filter's exposures by chip number.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    owner : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.

    Notes
    -----
    Those of the last run if it had the same ``static_sig``; else they are
    found in the whole exposures and kept.
    """
    if not settings.static.is_on:
        return {}
    made_with = static_made_with(settings)
    key = ("static", owner.basename, made_with)
    if key not in source.made:
        stored = source.stored.static(owner, made_with)
        source.made[key] = stored or static_pixels(members_of(owner), settings.static)
    found: Mapping[int, BoolImage] = source.made[key]
    return found


def skies_of(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> Skies:
    """Return the sky of a filter's exposures by rootname and EXTVER.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    owner : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.

    Notes
    -----
    As in a run, nothing is measured for the only exposure of a filter. The
    sky is that of the last run if its parameters were the same; else it is
    measured on the whole exposures and kept.
    """
    if not settings.sky.is_on or len(owner.members) < 2:
        return {}
    made_with = sky_made_with(settings)
    key = ("sky", owner.basename, made_with)
    if key not in source.made:
        stored = source.stored.skies(owner, made_with)
        source.made[key] = (
            _measured(source, owner, settings) if stored is None else stored
        )
    found: Skies = source.made[key]
    return found


def _measured(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> Skies:
    rootnames = frozenset(one.rootname for one in owner.exposures)
    grid = source.grid(rootnames, settings.separate.frame, coeffs=settings.coeffs)
    static = static_of(source, owner, settings) if settings.sky.use_static else {}
    all_wcs = {one.member.rootname: one.wcs for one in source.exposures}
    payload = sky_payload(owner, members_of(owner), settings)
    return find_skies(payload, grid, all_wcs, static)[0]
