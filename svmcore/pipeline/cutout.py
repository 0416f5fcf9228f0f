"""Any part of any product under trial parameters, in a fraction of a second.

Nothing is written: sections of the exposures are read, drizzled, compared and
stacked in memory with the same functions that make the products.
"""

import math

import numpy as np
from numpy.typing import NDArray

from svmcore.drizzling.resample import drizzle_section
from svmcore.drizzling.settings import FinalSettings
from svmcore.drizzling.stack import Layer, Sum
from svmcore.drizzling.weights import good_pixels, weight_map
from svmcore.model.cutout import Comparison, Cutout, WeightStatistics
from svmcore.model.product import Product
from svmcore.pipeline.cutout_compare import (
    MARGIN,
    blank_image,
    count_hits,
    section_positions,
)
from svmcore.pipeline.cutout_source import CutoutSource, Section, SourceChip
from svmcore.pipeline.cutout_trial import (
    Parameters,
    Trial,
    cutout_window,
    prepare_trial,
    product_grid,
)
from svmcore.pipeline.drizzle_chips import make_drop
from svmcore.pipeline.drizzle_choices import (
    choose_masking,
)

__all__ = ["compare", "drizzle_cutout", "product_grid"]


def drizzle_cutout(
    source: CutoutSource,
    product: Product,
    *,
    center_deg: tuple[float, float],
    size: int | tuple[int, int],
    parameters: Parameters,
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

    Returns
    -------
    Cutout
        Image, weight, cosmic rays, and the separate images and model where
        exposures are compared.

    Raises
    ------
    DrizzleError
        If the place lies outside the product.
    ParameterError
        If a value is wrong.

    Notes
    -----
    Every ``astrodrizzle`` parameter acts as in a run. Where the last run had
    the same parameters up to the cosmic-ray flags, its static pixels, sky and
    flags are used, so that the pixels are those of the product. Where they
    differ, sky and static pixels are found in the whole exposures, cosmic
    rays around the place alone: there ``combine_maskpt`` refers to the mean
    weight of that part.
    """
    grid = product_grid(source, product, parameters)
    window = cutout_window(grid, center_deg, size, product.basename)
    trial, notes = prepare_trial(source, product, parameters, grid, window)
    total, flagged = _stack(source, trial)
    here = window.slices_within(total.window)
    band = total.finish()
    weight = band.weight[here]
    final = trial.settings.final
    found = {
        name: owner.compared
        for name, owner in trial.owners.items()
        if owner.compared is not None
    }
    return Cutout(
        grid,
        window,
        _filled(_in_units(band.science[here], final, trial), final),
        weight,
        flagged[here],
        _weight_statistics(weight),
        {name: one.grid for name, one in found.items()},
        {name: one.window for name, one in found.items()},
        {root: image for one in found.values() for root, image in one.separate.items()},
        {name: one.model for name, one in found.items()},
        (*source.notes, *notes),
        {
            root: mask
            for one in found.values()
            for root, mask in one.separate_hits.items()
        },
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


def _stack(source: CutoutSource, trial: Trial) -> tuple[Sum, NDArray[np.int16]]:
    """Return the stack of the product's exposures, and where hits fall."""
    window = trial.window.grown(MARGIN)
    chips = source.chips_of(trial.rootnames, trial.settings)
    total = Sum(window, len(chips))
    flagged = np.zeros(window.shape, np.int16)
    for number, chip in enumerate(chips):
        section = source.section(chip, trial.grid, window)
        if section is None:
            continue
        compared = trial.owners[chip.owner].compared
        mask = None if compared is None else compared.hits_in(section)
        positions = section_positions(source, section, trial.grid, window)
        image = blank_image(window)
        drizzle_section(
            image,
            section.pixels.science,
            _final_weights(section, trial, mask),
            positions,
            drop=make_drop(
                trial.settings.final,
                chip.calibration,
                trial.grid.scale_arcsec / chip.scale_arcsec,
            ),
        )
        total.add(
            Layer(window, image.science, image.weight, _rate(chip, trial), number)
        )
        if mask is not None:
            count_hits(flagged, positions[mask])
    return total, flagged


def _final_weights(
    section: Section, trial: Trial, hits: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Return the weights of a section's pixels in the final image."""
    chip = section.chip
    owner = trial.owners[chip.owner]
    masking = choose_masking(
        trial.settings,
        owner.settings,
        owner.product,
        is_own=trial.product is owner.product,
    )
    quality = section.pixels.quality & np.uint16(~masking.reset_bits & 0xFFFF)
    static = section.part_of(owner.static.get(chip.calibration.number))
    good = good_pixels(
        quality,
        masking.bits,
        static if masking.use_static else None,
        hits if masking.use_cosmic_rays else None,
    )
    rootname, extver = chip.key
    sky = owner.skies.get(rootname, {}).get(extver, chip.calibration.given_sky)
    return weight_map(
        trial.settings.final, section.pixels, good, chip.calibration, sky=sky
    )


def _rate(chip: SourceChip, trial: Trial) -> float:
    """Return the sky to subtract from drizzled values [1 / s]."""
    owner = trial.owners[chip.owner]
    if not trial.subtracts[chip.owner]:
        return owner.offset
    rootname, extver = chip.key
    sky = owner.skies.get(rootname, {}).get(extver, 0.0)
    ratio = trial.grid.scale_arcsec / chip.scale_arcsec
    return sky / chip.calibration.time_s * ratio**2 + owner.offset


def _in_units(
    science: NDArray[np.float32], final: FinalSettings, trial: Trial
) -> NDArray[np.float32]:
    if final.units != "counts":
        return science
    seconds = sum(
        one.exptime_s
        for one in trial.product.exposures
        if one.rootname in trial.rootnames
    )
    return science * np.float32(seconds)


def _filled(science: NDArray[np.float32], final: FinalSettings) -> NDArray[np.float32]:
    """Return an image with the value that empty pixels are to have."""
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
