"""Any part of any product under trial parameters, in a fraction of a second.

Nothing is written: sections of the exposures are read, drizzled, compared and
stacked in memory with the same functions that make the products. The place comes
from `cutout_place`, what goes in from `cutout_ingredients`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.resample import drizzle_section
from svmcore.drizzling.stack import Layer, Sum
from svmcore.drizzling.weights import good_pixels, variance_map, weight_map
from svmcore.model.cutout import Comparison, Cutout, WeightStatistics
from svmcore.model.grid import GridWindow
from svmcore.model.product import Product
from svmcore.pipeline.cutout_ingredients import Ingredients, find_ingredients
from svmcore.pipeline.cutout_pieces import Piece, blank_image, count_hits
from svmcore.pipeline.cutout_place import Parameters, cutout_window, product_grid
from svmcore.pipeline.cutout_source import CutoutSource, SourceChip
from svmcore.pipeline.drizzle_chips import make_drop
from svmcore.pipeline.drizzle_choices import choose_masking

__all__ = ["compare", "drizzle_cutout", "product_grid"]

EDGE = 4  # pixels at the edge of an output array lose weight


def drizzle_cutout(
    source: CutoutSource,
    product: Product,
    *,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
    parameters: Parameters,
    with_error: bool = False,
) -> Cutout:
    """Return a part of a product as some parameters would make it.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures of the product's detector.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    size : int or tuple of int
        Side, or (ny, nx) [output pixel].
    parameters : Mapping of str to ParameterSet
        Of the product, its filters and its total, by basename.
    with_error : bool
        Whether the standard deviation of every pixel is propagated too.

    Returns
    -------
    Cutout
        Image, weight, cosmic rays, and the separate images and model where
        exposures are compared.

    Raises
    ------
    DrizzleError
        If the place lies outside the product, or the product is none of the
        opened ones.
    ParameterError
        If a value is wrong, or the size is not that of a part.

    Notes
    -----
    Every ``astrodrizzle`` parameter acts as in a run, and where the results of
    a run are known the pixels are those that a run makes: also under other
    parameters of final drizzling, combination, blot and cosmic rays. What
    other parameters of static pixels, sky and separate images give is known
    of whole exposures only; it is estimated, and the notes of the cutout say so.
    """
    grid = product_grid(source, product, parameters)
    window = cutout_window(grid, center_deg, size, product.basename)
    made_of = find_ingredients(source, product, parameters, grid, window)
    total, flagged = _stack(made_of, has_errors=with_error)
    here = window.slices_within(total.window)
    band = total.finish()
    science, weight = band.science[here], band.weight[here]
    error = None if band.error is None else band.error[here]
    outside = _outside(window, grid.window)
    for plane, empty in ((science, np.nan), (weight, 0.0), (error, np.nan)):
        if plane is not None:
            plane[outside] = empty
    found = {
        name: used.compared
        for name, used in made_of.filters.items()
        if used.compared is not None
    }
    return Cutout(
        grid,
        window,
        _filled(_in_units(science, made_of), made_of),
        weight,
        flagged[here],
        _weight_statistics(weight),
        {name: one.grid for name, one in found.items()},
        {name: one.window for name, one in found.items()},
        {root: image for one in found.values() for root, image in one.separate.items()},
        {name: one.model for name, one in found.items()},
        (*source.notes, *made_of.notes),
        {
            root: hits
            for one in found.values()
            for root, hits in one.separate_hits.items()
        },
        None if error is None else _in_units(error, made_of),
        {root: name for name, one in found.items() for root in one.separate},
    )


def compare(
    source: CutoutSource,
    product: Product,
    parameters_a: Parameters,
    parameters_b: Parameters,
    *,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
) -> Comparison:
    """Return the same part of a product under two sets of parameters.

    Parameters
    ----------
    source : CutoutSource
        Opened exposures of the product's detector.
    product : ExposureProduct, FilterProduct or TotalProduct
        Product.
    parameters_a, parameters_b : Mapping of str to ParameterSet
        The two sets, by basename.
    center_deg : tuple of float
        ICRS (ra, dec) of the middle [deg].
    size : int or tuple of int
        Side, or (ny, nx) [output pixel].
    """
    first, second = (
        drizzle_cutout(
            source, product, center_deg=center_deg, size=size, parameters=parameters
        )
        for parameters in (parameters_a, parameters_b)
    )
    changed = int(second.hits.sum()) - int(first.hits.sum())
    if first.grid != second.grid:
        return Comparison(first, second, None, math.nan, math.nan, changed)
    difference = second.science - first.science
    finite = difference[np.isfinite(difference)]
    rms = float(np.sqrt(np.mean(finite**2))) if finite.size else math.nan
    largest = float(np.abs(finite).max()) if finite.size else math.nan
    return Comparison(first, second, difference, rms, largest, changed)


def _stack(made_of: Ingredients, *, has_errors: bool) -> tuple[Sum, NDArray[np.int16]]:
    """Return the stack of the pieces, and where hits fall."""
    region, final = made_of.region, made_of.settings.final
    window = region.window.grown(EDGE)
    total = Sum(window, made_of.chips, has_errors)
    flagged = np.zeros(window.shape, np.int16)
    for number, piece in enumerate(made_of.pieces):
        chip = piece.chip
        compared = made_of.filters[chip.owner].compared
        hits = None if compared is None else compared.hits_in(piece)
        image = blank_image(window, has_errors=has_errors)
        places = piece.places + EDGE
        ratio = region.grid.scale_arcsec / chip.scale_arcsec
        drizzle_section(
            image,
            piece.pixels.science,
            _final_weights(made_of, piece, hits),
            places,
            drop=make_drop(final, chip.calibration, ratio),
            variance=variance_map(piece.pixels, chip.calibration)
            if has_errors
            else None,
        )
        rate = _sky_rate(made_of, chip, ratio)
        total.add(
            Layer(
                window,
                image.science,
                image.weight,
                rate,
                number,
                variance=image.variance,
            )
        )
        if hits is not None:
            count_hits(flagged, places[hits])
    return total, flagged


def _final_weights(
    made_of: Ingredients, piece: Piece, hits: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Return the weights of a piece's pixels in the final image."""
    chip = piece.chip
    used = made_of.filters[chip.owner]
    masking = choose_masking(
        made_of.settings,
        used.settings,
        used.product,
        is_own=made_of.product is used.product,
    )
    quality = piece.pixels.quality & np.uint16(~masking.reset_bits & 0xFFFF)
    good = good_pixels(
        quality,
        masking.bits,
        made_of.static.get(chip.key) if masking.use_static else None,
        hits if masking.use_cosmic_rays else None,
    )
    sky = used.numbers.sky(chip, otherwise=chip.calibration.given_sky)
    return weight_map(
        made_of.settings.final, piece.pixels, good, chip.calibration, sky=sky
    )


def _sky_rate(made_of: Ingredients, chip: SourceChip, ratio: float) -> float:
    """Return the sky to subtract from drizzled values [1 / s]."""
    used = made_of.filters[chip.owner]
    if not used.has_sky:
        return used.offset
    rate = used.numbers.sky(chip) / chip.calibration.time_s
    return rate * ratio**2 + used.offset


def _outside(window: GridWindow, grid: GridWindow) -> NDArray[np.bool_]:
    """Return the pixels of a window that lie beyond a grid."""
    found = np.ones(window.shape, bool)
    found[window.intersect(grid).slices_within(window)] = False
    return found


def _in_units(values: NDArray[np.float32], made_of: Ingredients) -> NDArray[np.float32]:
    if made_of.settings.final.units != "counts":
        return values
    return values * np.float32(made_of.exptime_s)


def _filled(science: NDArray[np.float32], made_of: Ingredients) -> NDArray[np.float32]:
    """Return an image with the value that empty pixels are to have."""
    final = made_of.settings.final
    empty = final.maskval if final.fillval is None else final.fillval
    if empty is None:
        return science
    return np.where(np.isnan(science), np.float32(empty), science)


def _weight_statistics(weight: NDArray[np.float32]) -> WeightStatistics:
    used = weight[weight > 0].astype(float)
    if not used.size:
        return WeightStatistics(0.0, 0.0, 0.0, 0.0)
    return WeightStatistics(
        float(used.mean()),
        float(np.median(used)),
        float(used.std()),
        used.size / weight.size,
    )
