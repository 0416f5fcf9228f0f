"""The exposures of one filter compared around a place, for cutouts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.combine import SeparateNoise, combine_rows
from svmcore.drizzling.cosmic_rays import find_hits, grow_hits
from svmcore.drizzling.resample import blot_rows, drizzle_section
from svmcore.drizzling.settings import DrizzleSettings
from svmcore.drizzling.weights import good_pixels
from svmcore.model.grid import GridWindow, MosaicGrid
from svmcore.model.image import DrizzledChip
from svmcore.model.product import FilterProduct
from svmcore.pipeline.cutout_numbers import Numbers
from svmcore.pipeline.cutout_pieces import Piece, Region, blank_image, count_hits
from svmcore.pipeline.cutout_source import CutoutSource
from svmcore.pipeline.drizzle_compare import hits_made_with
from svmcore.pipeline.drizzle_masks import separate_drop

__all__ = ["Compared", "compare_filter"]

EDGE = 9  # what interpolation needs beyond the outermost pixels
BoolImage = NDArray[np.bool_]
ChipKey = tuple[str, int]
Hits = Mapping[ChipKey, tuple[slice, slice, BoolImage]]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What comparing the exposures of one filter gave.

    Parameters
    ----------
    grid : MosaicGrid
        Grid of the separate images.
    window : GridWindow
        Part of it.
    separate : Mapping of str to ndarray of float32
        Each exposure alone, by rootname.
    separate_hits : Mapping of str to ndarray of int16
        Number of its pixels that were flagged at each place.
    model : ndarray of float32
        Their combination.
    hits : Mapping of (str, int) to (slice, slice, ndarray of bool)
        Rows, columns and mask of the flagged pixels, by rootname and EXTVER.
    is_as_in_run : bool
        Whether the flags are those that a run finds, which sees the whole
        exposures.
    """

    grid: MosaicGrid
    window: GridWindow
    separate: Mapping[str, NDArray[np.float32]]
    separate_hits: Mapping[str, NDArray[np.int16]]
    model: NDArray[np.float32]
    hits: Hits
    is_as_in_run: bool

    def hits_in(self, piece: Piece) -> BoolImage:
        """Return the flagged pixels of a piece of a chip."""
        found = np.zeros(piece.near.shape, bool)
        if piece.chip.key not in self.hits:
            return found
        rows, columns, mask = self.hits[piece.chip.key]
        target, origin = [], []
        for mine, theirs in ((piece.rows, rows), (piece.columns, columns)):
            low = max(mine.start, theirs.start)
            high = max(low, min(mine.stop, theirs.stop))
            target.append(slice(low - mine.start, high - mine.start))
            origin.append(slice(low - theirs.start, high - theirs.start))
        found[tuple(target)] = mask[tuple(origin)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Filter:
    """One filter's exposures around a place, and how they are compared.

    ``places`` tells where the pixels of each piece fall, counted from the
    corner of ``window``, which is a part of ``frame``.
    """

    source: CutoutSource
    owner: FilterProduct
    settings: DrizzleSettings
    numbers: Numbers
    static: Mapping[ChipKey, BoolImage]
    pieces: Sequence[Piece]
    frame: MosaicGrid
    window: GridWindow
    places: Mapping[ChipKey, NDArray[np.float64]]


def compare_filter(
    source: CutoutSource,
    owner: FilterProduct,
    settings: DrizzleSettings,
    numbers: Numbers,
    static: Mapping[ChipKey, BoolImage],
    pieces: Sequence[Piece],
    region: Region,
) -> Compared | None:
    """Find the cosmic rays of one filter's exposures around a place.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures.
    owner : FilterProduct
        Product of the filter.
    settings : DrizzleSettings
        Its settings.
    numbers : Numbers
        What is known of the whole exposures.
    static : Mapping of (str, int) to ndarray of bool
        Static pixels of the pieces.
    pieces : sequence of Piece
        Pieces of the filter's exposures.
    region : Region
        What they were cut for.

    Returns
    -------
    Compared or None
        None where the exposures are not compared, or none reaches the place.
    """
    if not settings.cosmic_rays.is_on or not pieces:
        return None
    roots = frozenset(one.rootname for one in owner.exposures)
    frame = source.grid(roots, settings.separate.frame, coeffs=settings.coeffs)
    window, places = source.latest(
        ("separate places", owner.basename),
        (region, frame, settings.coeffs, tuple(piece.chip.key for piece in pieces)),
        lambda: _places(source, pieces, frame),
    )
    work = _Filter(
        source, owner, settings, numbers, static, pieces, frame, window, places
    )
    # Each step is made anew only if something that it depends on has changed.
    name = owner.basename
    before: tuple[Any, ...] = (
        region,
        settings.separate,
        settings.sky,
        settings.static,
        settings.instrument,
        settings.resetbits,
        settings.coeffs,
    )
    images = source.latest(("separate", name), before, lambda: _separate(work))
    combined = (*before, settings.median)
    model = source.latest(("model", name), combined, lambda: _model(work, images))
    hits, is_as_in_run = source.latest(
        ("hits", name),
        (*combined, settings.blot, settings.cosmic_rays, settings.crbit),
        lambda: _hits(work, images, model),
    )
    separate_hits = source.latest(
        ("separate hits", name),
        (*combined, settings.blot, settings.cosmic_rays, settings.crbit),
        lambda: _counted(work, images, hits),
    )
    separate = {root: image.science for root, image in images.items()}
    return Compared(frame, window, separate, separate_hits, model, hits, is_as_in_run)


def _places(
    source: CutoutSource, pieces: Sequence[Piece], frame: MosaicGrid
) -> tuple[GridWindow, dict[ChipKey, NDArray[np.float64]]]:
    """Return where pieces fall on the frame of the separate images."""
    places = {}
    rows, columns = [], []
    for piece in pieces:
        there = source.pixel_map(piece.chip, frame).block(piece.rows, piece.columns)
        # one complex number a pixel: half the work of two numbers
        there.view(np.complex128)[..., 0][~piece.near] = complex(np.nan, np.nan)
        columns += _range(there[..., 0])
        rows += _range(there[..., 1])
        places[piece.chip.key] = there
    y0, x0 = (math.floor(min(side)) - EDGE for side in (rows, columns))
    y1, x1 = (math.ceil(max(side)) + EDGE + 1 for side in (rows, columns))
    window = GridWindow(y0, x0, y1 - y0, x1 - x0).intersect(frame.window)
    corner = np.array([window.x0, window.y0], float)
    for key in places:
        places[key] -= corner
    return window, places


def _range(values: NDArray[np.float64]) -> list[float]:
    return [float(np.fmin.reduce(values, None)), float(np.fmax.reduce(values, None))]


def _separate(work: _Filter) -> dict[str, DrizzledChip]:
    """Return every exposure alone, by rootname."""
    settings = work.settings
    images: dict[str, DrizzledChip] = {}
    for piece in work.pieces:
        chip, pixels = piece.chip, piece.pixels
        quality = pixels.quality & np.uint16(~settings.resetbits & 0xFFFF)
        good = good_pixels(quality, settings.separate.bits, work.static.get(chip.key))
        drizzle_section(
            images.setdefault(chip.member.rootname, blank_image(work.window)),
            pixels.science - np.float32(work.numbers.sky(chip)),
            good * np.float32(chip.calibration.exptime_s),
            work.places[chip.key],
            drop=separate_drop(
                settings.separate, chip.calibration, chip.wcs, work.frame
            ),
        )
    if settings.separate.fillval is not None:
        for image in images.values():
            image.science[image.weight == 0] = settings.separate.fillval
    return images


def _model(work: _Filter, images: Mapping[str, DrizzledChip]) -> NDArray[np.float32]:
    """Return the combination of the separate images."""
    return combine_rows(
        np.stack([image.science for image in images.values()]),
        np.stack([image.weight for image in images.values()]),
        work.settings.median,
        _noise(work, images),
    )


def _noise(work: _Filter, images: Mapping[str, DrizzledChip]) -> SeparateNoise:
    """Return the noise of whole separate images, whatever the cutout shows."""
    chips = work.source.chips_of(frozenset(images), work.settings)
    means, rates, noises = [], [], []
    for root, image in images.items():
        mean = work.numbers.mean_weights.get(root)
        if mean is None:
            used = image.weight[image.weight > 1e-8]
            mean = float(used.mean(dtype=np.float64)) if used.size else 0.0
        mine = [chip for chip in chips if chip.member.rootname == root]
        facts = [chip.calibration for chip in mine]
        means.append(mean)
        rates.append(
            min(
                work.numbers.sky(chip) * fact.to_electrons / fact.exptime_s
                for chip, fact in zip(mine, facts, strict=True)
            )
        )
        noises.append(math.sqrt(sum(f.read_noise**2 for f in facts) / len(facts)))
    return SeparateNoise(tuple(means), tuple(rates), tuple(noises))


def _hits(
    work: _Filter, images: Mapping[str, DrizzledChip], model: NDArray[np.float32]
) -> tuple[Hits, bool]:
    """Return the flagged pixels of every piece, and whether a run finds them."""
    source, settings = work.source, work.settings
    made_with = hits_made_with(settings)
    stored = source.latest(
        ("stored hits", work.owner.basename),
        made_with,
        lambda: source.stored.hits(work.owner, made_with),
    )
    found = {}
    for piece in work.pieces:
        key = piece.chip.key
        if stored is not None and key in stored:
            mask = stored[key].part(piece.rows, piece.columns)
        else:
            mask = _piece_hits(work, piece, model)
        found[key] = (piece.rows, piece.columns, mask)
    has_weights = images.keys() <= work.numbers.mean_weights.keys()
    return found, stored is not None or (has_weights and not work.numbers.notes)


def _piece_hits(work: _Filter, piece: Piece, model: NDArray[np.float32]) -> BoolImage:
    """Return the pixels of a piece that differ from the model."""
    chip, settings = piece.chip, work.settings
    calibration = chip.calibration
    ratio = work.frame.scale_arcsec / chip.scale_arcsec
    sky = work.numbers.sky(chip)
    level = sky if settings.blot.addsky else settings.blot.skyval
    blotted = np.full(piece.near.shape, np.nan, np.float32)
    blotted[piece.near] = blot_rows(
        model,
        work.places[chip.key][piece.near][np.newaxis],
        factor=calibration.exptime_s * calibration.gain / ratio**2,
        interpolation=settings.blot.interp,
        sinc_scale=settings.blot.sinscl,
    )[0]
    blotted += np.float32(level * calibration.to_electrons)
    matched = settings.sky.method.endswith("match")
    hits = find_hits(
        piece.pixels.science * np.float32(calibration.to_electrons),
        blotted,
        settings.cosmic_rays,
        read_noise=calibration.read_noise,
        extra_sky=sky * calibration.to_electrons if matched else 0.0,
    )
    return grow_hits(
        hits, settings.cosmic_rays, cte_direction=calibration.cte_direction
    )


def _counted(
    work: _Filter, images: Mapping[str, DrizzledChip], hits: Hits
) -> dict[str, NDArray[np.int16]]:
    """Return how many pixels were flagged at each place of the separate images."""
    found = {root: np.zeros(work.window.shape, np.int16) for root in images}
    for (rootname, extver), (_, _, mask) in hits.items():
        count_hits(found[rootname], work.places[rootname, extver][mask])
    return found
