"""First guesses of all pointing errors, and the stars that exposures share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.alignment.matching import match_refined
from svmcore.alignment.merging import MergedStars, PointList, Stars, merge_stars
from svmcore.alignment.plane import Affine
from svmcore.alignment.reference import PlaneReference
from svmcore.alignment.search import find_map
from svmcore.alignment.shift import find_shift

__all__ = ["MIN_LINKS", "Linked", "link_exposures"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

_BRIGHTEST = 300  # of each list that the histogram looks at
_NEAR_MAS = 3500.0  # pointing errors looked for before the whole search radius
_BIN_MAS = 90.0
_BIN_WIDE_MAS = 250.0
_FAR_MAS = 30000.0  # looked for last, for what is nowhere else
MIN_LINKS = 4  # by chance in none of 570 pairs of unrelated lists of 8 to 300 stars


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """First guess of the map of each exposure into one frame.

    Parameters
    ----------
    maps : Mapping of int to Affine
        Map of each linked exposure, by its place in the list.
    component : Mapping of int to int
        Which exposures hang together through links.
    tied : frozenset of int
        Components that are tied to the reference catalog.
    notes : tuple of str
        How each exposure was found.
    """

    maps: Mapping[int, Affine]
    component: Mapping[int, int]
    tied: frozenset[int]
    notes: tuple[str, ...]


def link_exposures(
    lists: Sequence[PointList],
    reference: PlaneReference | None,
    *,
    first: int,
    radius_mas: float,
    min_reference: int,
) -> Linked:
    """Return a first guess of every exposure's map into one frame.

    Parameters
    ----------
    lists : sequence of PointList
        Sources of each exposure.
    reference : PlaneReference or None
        Reference stars, brightest first.
    first : int
        Exposure whose frame the relative maps start from.
    radius_mas : float
        Largest pointing error looked for [mas].
    min_reference : int
        Fewest reference stars that tie a component.

    Returns
    -------
    Linked
        Exposures that could not be found in any way have no map.

    Notes
    -----
    What neither the other exposures nor the catalog place within the radius
    is looked for once more within 30 arcsec, among the stars of the largest
    component that is tied, or the largest one without a catalog.
    """
    waiting = sorted(
        (e for e in range(len(lists)) if len(lists[e].position)),
        key=lambda e: (e != first, -len(lists[e].position), e),
    )
    maps: dict[int, Affine] = {}
    component: dict[int, int] = {}
    tied: set[int] = set()
    notes: list[str] = []
    count = 0
    while waiting:
        members = _grow_component(waiting, lists, maps, radius_mas, notes)
        for exposure in members:
            component[exposure] = count
        waiting = [e for e in waiting if e not in members]
        if reference is not None and _tie(
            members, lists, maps, reference, radius_mas, min_reference, notes
        ):
            tied.add(count)
        count += 1
    _rejoin(lists, (maps, component, tied), radius_mas, notes)
    return Linked(maps, component, frozenset(tied), tuple(notes))


def _grow_component(
    waiting: Sequence[int],
    lists: Sequence[PointList],
    maps: dict[int, Affine],
    radius_mas: float,
    notes: list[str],
) -> list[int]:
    """Add to `maps` all exposures that can be linked to the first one."""
    members = [waiting[0]]
    maps[waiting[0]] = Affine.identity()
    rest = list(waiting[1:])
    merged = MergedStars()
    merged.add(lists[waiting[0]], Affine.identity())
    grown = True
    while rest and grown:
        grown = False
        for exposure in list(rest):
            stars = _best_first(merged.stars())
            found = _locate(lists[exposure].position, stars, radius_mas)
            if found is None:
                continue
            maps[exposure], pairs, peak = found
            notes.append(
                f"exposure {exposure} linked by {pairs} pairs (histogram {peak})"
            )
            merged.add(lists[exposure], maps[exposure])
            members.append(exposure)
            rest.remove(exposure)
            grown = True
    return members


def _rejoin(
    lists: Sequence[PointList],
    found: tuple[dict[int, Affine], dict[int, int], set[int]],
    radius_mas: float,
    notes: list[str],
) -> None:
    """Link the components that are left to the main one, however far they are."""
    maps, component, tied = found
    numbers = tied or set(component.values())
    if len(set(component.values())) < 2:
        return
    sizes = {n: sum(c == n for c in component.values()) for n in numbers}
    main = max(sizes, key=lambda n: (sizes[n], -n))
    for number in sorted(set(component.values()) - tied - {main}):
        placed = [e for e, c in component.items() if c == main]
        members = [e for e, c in component.items() if c == number]
        fixed, moving = (
            _best_first(merge_stars([lists[e] for e in who], [maps[e] for e in who]))
            for who in (placed, members)
        )
        guess = _locate(moving, fixed, max(_FAR_MAS, radius_mas))
        if guess is None:
            continue
        for exposure in members:
            maps[exposure] = guess[0].after(maps[exposure])
            component[exposure] = main
        notes.append(
            f"{len(members)} exposures found by {guess[1]} pairs beyond the search "
            f"radius (histogram {guess[2]})"
        )


def _best_first(stars: Stars) -> FloatArray:
    """Return star positions, those seen most often first, then the brightest."""
    seen = np.bincount(stars.star, minlength=len(stars.position))
    rank = np.full(len(stars.position), np.iinfo(np.int64).max)
    np.minimum.at(rank, stars.star, stars.row)
    return stars.position[np.lexsort((rank, -np.minimum(seen, 2)))]


def _locate(
    moving: FloatArray, fixed: FloatArray, radius_mas: float
) -> tuple[Affine, int, str] | None:
    """Return the map of one list onto another, if it is beyond chance."""
    for radius, width in (
        (min(_NEAR_MAS, radius_mas), _BIN_MAS),
        (radius_mas, _BIN_WIDE_MAS),
    ):
        guess = find_shift(
            moving[:_BRIGHTEST],
            fixed[:_BRIGHTEST],
            radius_mas=radius,
            bin_mas=width,
            min_pairs=MIN_LINKS,
        )
        if guess is None or not guess.is_significant:
            continue
        found, rows, _ = match_refined(moving, fixed, Affine(np.eye(2), guess.shift))
        if len(rows) >= MIN_LINKS:
            return found, len(rows), f"{guess.pairs} against {guess.second:.0f}"
    radius = min(_NEAR_MAS, radius_mas)
    closer = find_map(
        moving[:_BRIGHTEST],
        fixed[:_BRIGHTEST],
        radius_mas=radius,
        bin_mas=_BIN_MAS,
        min_pairs=MIN_LINKS,
    )
    if closer is None:
        return None
    found, rows, _ = match_refined(moving, fixed, closer[0])
    return found, len(rows), "in a closer look"


def _tie(
    members: Sequence[int],
    lists: Sequence[PointList],
    maps: dict[int, Affine],
    reference: PlaneReference,
    radius_mas: float,
    min_reference: int,
    notes: list[str],
) -> bool:
    """Move a component onto the reference stars, if they can be found."""
    stars = merge_stars([lists[e] for e in members], [maps[e] for e in members])
    moving = _best_first(stars)
    for radius, width in (
        (min(_NEAR_MAS, radius_mas), _BIN_MAS),
        (radius_mas, _BIN_WIDE_MAS),
        (max(_FAR_MAS, radius_mas), _BIN_WIDE_MAS),
    ):
        guess = find_shift(
            moving[: 2 * _BRIGHTEST],
            reference.position[: 2 * _BRIGHTEST],
            radius_mas=radius,
            bin_mas=width,
            min_pairs=min_reference,
        )
        if guess is None or not guess.is_significant:
            continue
        found, rows, _ = match_refined(
            moving,
            reference.position,
            Affine(np.eye(2), guess.shift),
            last_radius_mas=reference.match_radius_mas,
        )
        if len(rows) < min_reference:
            continue
        for exposure in members:
            maps[exposure] = found.after(maps[exposure])
        notes.append(
            f"{len(members)} exposures tied to the catalog by {len(rows)} stars "
            f"(histogram {guess.pairs} against {guess.second:.0f})"
        )
        return True
    closer = find_map(
        moving[: 2 * _BRIGHTEST],
        reference.position[: 2 * _BRIGHTEST],
        radius_mas=min(_NEAR_MAS, radius_mas),
        bin_mas=_BIN_MAS,
        min_pairs=min_reference,
    )
    if closer is None:
        return False
    for exposure in members:
        maps[exposure] = closer[0].after(maps[exposure])
    notes.append(
        f"{len(members)} exposures tied to the catalog by {closer[1]} stars "
        "in a closer look"
    )
    return True
