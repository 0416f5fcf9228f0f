"""Cutouts under present and trial parameters as images and numbers."""

import math

import numpy as np
from numpy.typing import NDArray

from svmcore.model.cutout import Cutout
from svmcore.model.grid import GridWindow, MosaicGrid
from svmwidgets.figures import MASK_CLASSES, ImageFrame, tan_sky_mapping
from svmwidgets.models.trials import Trial

__all__ = [
    "cutout_outline",
    "present_frame",
    "trial_facts",
    "trial_frames",
    "uneven_notice",
]

_CLASSES = (MASK_CLASSES[0], {"label": "cosmic ray flagged", "colour": "#e8710a"})
_UNEVEN = 0.2  # rms over median of the weight above which drops are too small


def present_frame(tried: Trial) -> ImageFrame:
    """Return what the present parameters give."""
    return _image(tried.present, "present")


def trial_frames(tried: Trial, kept: Trial | None, single: str) -> list[ImageFrame]:
    """Return what is blinked with a trial.

    Parameters
    ----------
    tried : Trial
        The trial.
    kept : Trial or None
        An earlier one to compare with.
    single : str
        Rootname of an exposure to show alone; none if empty.

    Returns
    -------
    list of ImageFrame
        The trial first, then the present image, a kept trial, the difference
        where the grids agree, the weight, the standard deviation if it was
        made, and the single exposure with its cosmic rays.
    """
    present, trial = tried.present, tried.trial
    frames = [_image(trial, "trial"), _image(present, "present")]
    if kept is not None and kept is not tried:
        frames.append(_image(kept.trial, "kept trial"))
    if present.grid == trial.grid and present.window == trial.window:
        difference = trial.science - present.science
        name = "trial − present"
        frames.append(_frame(difference, name, trial.grid, trial.window, "difference"))
    weight = trial.weight
    frames.append(_frame(weight, "trial weight", trial.grid, trial.window, "weight"))
    if trial.error is not None:
        error = trial.error
        frames.append(_frame(error, "trial error", trial.grid, trial.window, "error"))
    if single in trial.separate:
        frames.append(_single(trial, single))
    return frames


def cutout_outline(tried: Trial) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the cutout on the sky, ICRS [deg]."""
    grid, window = tried.present.grid, tried.present.window
    x = np.array([window.x0, window.x1, window.x1, window.x0]) - 0.5
    y = np.array([window.y0, window.y0, window.y1, window.y1]) - 0.5
    mapping = tan_sky_mapping(grid.crpix, grid.crval_deg, np.array(grid.cd_deg))
    ra, dec = mapping.pixel_to_sky(x, y)
    return np.asarray(ra), np.asarray(dec)


def trial_facts(tried: Trial) -> list[tuple[str, str]]:
    """Return the numbers of both cutouts, and what to look at."""
    facts = [("", "present → trial")]
    present, trial = tried.present, tried.trial
    for name, value in (
        ("Pixel", lambda c: f"{c.grid.scale_arcsec:.4f} arcsec"),
        ("Mean weight", lambda c: f"{c.weight_statistics.mean:.4g}"),
        ("Rms / median of weight", lambda c: f"{c.weight_statistics.unevenness:.3f}"),
        ("Covered", lambda c: f"{100 * c.weight_statistics.covered_fraction:.1f} %"),
        ("Noise (robust rms)", lambda c: f"{_noise(c):.4g}"),
        ("Flagged input pixels", lambda c: f"{int(c.hits.sum())}"),
    ):
        facts.append((name, f"{value(present)} → {value(trial)}"))
    return facts


def uneven_notice(tried: Trial) -> str:
    """Return a warning where the weight of the trial varies too much."""
    ratio = tried.trial.weight_statistics.unevenness
    if not ratio > _UNEVEN:
        return ""
    return (
        f"The weight varies by {ratio:.2f} of its median, more than {_UNEVEN}: the "
        "drops are too small for the dithers. A larger final_pixfrac or a larger "
        "final_scale evens it out."
    )


def _single(cutout: Cutout, rootname: str) -> ImageFrame:
    """Return one exposure alone, with its cosmic rays."""
    image = cutout.separate[rootname]
    owner = cutout.separate_filter[rootname]
    mask = np.where(np.isfinite(image), 0, 1).astype(np.uint8)
    hits = cutout.separate_hits.get(rootname)
    if hits is not None:
        mask[hits > 0] = 2
    grid, window = cutout.separate_grid[owner], cutout.separate_window[owner]
    return _frame(image, f"{rootname} alone", grid, window, "single", mask=mask)


def _image(cutout: Cutout, name: str) -> ImageFrame:
    mask = np.isnan(cutout.science).astype(np.uint8)
    return _frame(
        cutout.science, name, cutout.grid, cutout.window, "product", mask=mask
    )


def _frame(
    pixels: NDArray[np.float32],
    name: str,
    grid: MosaicGrid,
    window: GridWindow,
    kind: str,
    *,
    mask: NDArray[np.uint8] | None = None,
) -> ImageFrame:
    crpix = (grid.crpix[0] - window.x0, grid.crpix[1] - window.y0)
    return ImageFrame.from_array(
        np.asarray(pixels, np.float32),
        name=name,
        scale_group=kind,
        mask=mask,
        mask_classes=_CLASSES[: 2 if kind == "single" else 1],
        sky=tan_sky_mapping(crpix, grid.crval_deg, np.array(grid.cd_deg)),
    )


def _noise(cutout: Cutout) -> float:
    values = cutout.science[np.isfinite(cutout.science)]
    if not values.size:
        return math.nan
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
