"""Static pixels, sky and mean weights for cutouts: of the last run, or estimated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.settings import DrizzleSettings
from svmcore.drizzling.static import static_limit
from svmcore.io.packed_masks import PackedMask
from svmcore.io.sections import read_section, sample_pixels
from svmcore.model.image import ChipPixels
from svmcore.model.product import FilterProduct
from svmcore.pipeline.cutout_pieces import Piece, Region
from svmcore.pipeline.cutout_sky import estimate_skies
from svmcore.pipeline.cutout_source import CutoutSource, SourceChip
from svmcore.pipeline.drizzle_chips import weights_made_with
from svmcore.pipeline.drizzle_compare import (
    members_of,
    sky_made_with,
    sky_payload,
    static_made_with,
)
from svmcore.pipeline.drizzle_masks import static_pixels
from svmcore.pipeline.drizzle_sky import find_skies

__all__ = ["Numbers", "StaticPixels", "find_numbers", "static_parts"]

# Chips of more pixels are not read whole for a trial, only about so many of them.
SAMPLED_PIXELS = 1 << 16
BoolImage = NDArray[np.bool_]
Skies = Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, slots=True, eq=False)
class StaticPixels:
    """Static pixels of a filter's chips: masks, or the limits that make them.

    Parameters
    ----------
    masks : Mapping of int to PackedMask
        By chip number.
    limits : Mapping of (str, int) to float or None
        Value below which a pixel is static in every exposure, by rootname and
        EXTVER; used where there are no masks.
    """

    masks: Mapping[int, PackedMask]
    limits: Mapping[tuple[str, int], float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """What is known of the whole exposures of a filter under a parameter set.

    Parameters
    ----------
    static : StaticPixels or None
        Static pixels; None if they are not looked for.
    skies : Mapping of str to Mapping of int to float
        Sky by rootname and EXTVER, in the unit of the files.
    mean_weights : Mapping of str to float
        Mean weight of the separate images by rootname, of the exposures for
        which a run has found it.
    notes : tuple of str
        What is estimated.
    """

    static: StaticPixels | None
    skies: Skies
    mean_weights: Mapping[str, float]
    notes: tuple[str, ...]

    def sky(self, chip: SourceChip, *, otherwise: float = 0.0) -> float:
        """Return the sky of a chip in the unit of the file."""
        rootname, extver = chip.key
        return self.skies.get(rootname, {}).get(extver, otherwise)


def find_numbers(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> Numbers:
    """Return what a cutout must know of the whole exposures of a filter.

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
    Each number is that of the last run if its parameters were the same. Else
    static pixels and sky are found in the exposures: in all of their pixels,
    or in some 65 000 of each chip if it has more.
    """
    static, static_notes = _static_of(source, owner, settings)
    skies, sky_notes = _skies_of(source, owner, settings)
    weights = {}
    if settings.cosmic_rays.is_on:
        made_with = weights_made_with(
            settings.separate,
            settings.instrument,
            settings.resetbits,
            coeffs=settings.coeffs,
            static=static_made_with(settings) if settings.static.is_on else "",
        )
        weights = source.latest(
            ("weights", owner.basename),
            made_with,
            lambda: source.stored.mean_weights(owner, made_with),
        )
    notes = tuple(f"{owner.basename}: {one}" for one in (*static_notes, *sky_notes))
    return Numbers(static, skies, weights, notes)


def static_parts(
    source: CutoutSource,
    owner: FilterProduct,
    settings: DrizzleSettings,
    numbers: Numbers,
    pieces: Sequence[Piece],
    region: Region,
) -> Mapping[tuple[str, int], BoolImage]:
    """Return the static pixels of some pieces by rootname and EXTVER.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    owner : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    numbers : Numbers
        What is known of its exposures.
    pieces : sequence of Piece
        Pieces of these exposures.
    region : Region
        What they were cut for.
    """
    static = numbers.static
    if static is None or not pieces:
        return {}
    if not static.limits:
        return {
            piece.chip.key: mask.part(piece.rows, piece.columns)
            for piece in pieces
            for mask in [static.masks.get(piece.chip.calibration.number)]
            if mask is not None
        }
    keys = tuple((piece.chip.key, piece.chip.has_distortion) for piece in pieces)
    return source.latest(
        ("static parts", owner.basename),
        (static_made_with(settings), settings.instrument, region, keys),
        lambda: _below_limits(source, owner, settings, static.limits, pieces),
    )


def _static_of(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> tuple[StaticPixels | None, tuple[str, ...]]:
    if not settings.static.is_on:
        return None, ()
    made_with = static_made_with(settings)

    def find() -> tuple[StaticPixels, tuple[str, ...]]:
        stored = source.stored.static(owner, made_with)
        if stored:
            return StaticPixels(stored, {}), ()
        chips = _chips_of(source, owner, settings)
        if _stride(chips) == 1:
            made = static_pixels(members_of(owner), settings.static)
            packed = {n: PackedMask.packed(mask) for n, mask in made.items()}
            return StaticPixels(packed, {}), ()
        limits = {
            chip.key: static_limit(_lattice(source, chip).science, sigma=sigma)
            for chip in chips
        }
        return StaticPixels({}, limits), (
            f"static pixels are those below limits from {_share(chips)}.",
        )

    sigma = settings.static.sigma
    return source.latest(("static", owner.basename), made_with, find)


def _skies_of(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> tuple[Skies, tuple[str, ...]]:
    """Return the sky of a filter's exposures; none for an only exposure."""
    sky = settings.sky
    if not sky.is_on or len(owner.members) < 2:
        return {}, ()
    made_with = sky_made_with(settings)

    def find() -> tuple[Skies, tuple[str, ...]]:
        stored = source.stored.skies(owner, made_with)
        if stored is not None:
            return stored, ()
        roots = frozenset(one.rootname for one in owner.exposures)
        grid = source.grid(roots, settings.separate.frame, coeffs=settings.coeffs)
        payload = sky_payload(owner, members_of(owner), settings)
        chips = _chips_of(source, owner, settings)
        is_given = bool(sky.file or sky.keyword)
        if is_given or sky.mask_list or _stride(chips) == 1:
            static = _whole_static(source, owner, settings)
            return find_skies(payload, grid, source.wcs_of(roots), static)[0], ()

        def estimate() -> Skies:
            lattices = {chip.key: _lattice(source, chip) for chip in chips}
            return estimate_skies(source, payload, grid, chips, lattices)

        # Estimates leave static pixels in.
        key = (sky, settings.instrument, grid)
        skies = source.latest(("estimated sky", owner.basename), key, estimate)
        return skies, (f"the sky is that of {_share(chips)}.",)

    return source.latest(("sky", owner.basename), made_with, find)


def _whole_static(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> dict[int, BoolImage]:
    """Return the masks of whole chips, for measuring the sky beside them."""
    if not settings.sky.use_static:
        return {}
    static, _ = _static_of(source, owner, settings)
    return {n: mask.whole() for n, mask in static.masks.items()} if static else {}


def _chips_of(
    source: CutoutSource, owner: FilterProduct, settings: DrizzleSettings
) -> tuple[SourceChip, ...]:
    roots = frozenset(one.rootname for one in owner.exposures)
    return source.chips_of(roots, settings)


def _stride(chips: Sequence[SourceChip]) -> int:
    """Return the distance of the pixels that are read for an estimate."""
    largest = max(math.prod(chip.calibration.shape) for chip in chips)
    return math.ceil(math.sqrt(largest / SAMPLED_PIXELS))


def _share(chips: Sequence[SourceChip]) -> str:
    stride = _stride(chips)
    return f"every {stride}th pixel of every {stride}th row"


def _lattice(source: CutoutSource, chip: SourceChip) -> ChipPixels:
    """Return every n-th pixel of every n-th row of a chip."""
    step = _stride((chip,))
    every = slice(None, None, step)
    return source.latest(
        ("lattice", chip.key),
        step,
        lambda: sample_pixels(source.planes(chip), every, every),
    )


def _below_limits(
    source: CutoutSource,
    owner: FilterProduct,
    settings: DrizzleSettings,
    limits: Mapping[tuple[str, int], float | None],
    pieces: Sequence[Piece],
) -> dict[tuple[str, int], BoolImage]:
    """Return which pixels of pieces are below the limit in any exposure."""
    found = {}
    chips = _chips_of(source, owner, settings)
    numbers = {piece.chip.calibration.number for piece in pieces}
    for number in sorted(numbers):
        mine = [one for one in pieces if one.chip.calibration.number == number]
        rows, columns = (
            slice(min(side.start for side in sides), max(side.stop for side in sides))
            for sides in ([one.rows for one in mine], [one.columns for one in mine])
        )
        low: BoolImage | None = None
        for chip in chips:
            limit = limits[chip.key]
            if chip.calibration.number != number or limit is None:
                continue
            if chip.calibration.shape != mine[0].chip.calibration.shape:
                continue  # a subarray: its pixels are others
            pixels = read_section(source.planes(chip), rows, columns).science
            low = pixels < limit if low is None else low | (pixels < limit)
        if low is None:
            continue
        for piece in mine:
            here = tuple(
                slice(own.start - all_.start, own.stop - all_.start)
                for own, all_ in ((piece.rows, rows), (piece.columns, columns))
            )
            found[piece.chip.key] = low[here]
    return found
