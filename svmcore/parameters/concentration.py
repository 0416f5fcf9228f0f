"""Limits of the concentration index by detector and filter."""

from dataclasses import dataclass

from svmcore.model.detector import DetectorKey
from svmcore.parameters.defaults import read_table

__all__ = ["ConcentrationLimits", "concentration_limits"]


@dataclass(frozen=True, slots=True)
class ConcentrationLimits:
    """What the magnitude difference of two apertures says about a source.

    Parameters
    ----------
    lower : float
        Below it a source is too sharp for a star [mag].
    peak : float
        Value of a typical star [mag].
    upper : float
        Above it a source is extended [mag].
    aperture_correction_mag : float
        From the large aperture to all of the light; not applied [mag].
    """

    lower: float
    peak: float
    upper: float
    aperture_correction_mag: float


def concentration_limits(
    detector_key: DetectorKey, filter_name: str
) -> ConcentrationLimits | None:
    """Return the table's limits for a detector and filter.

    Parameters
    ----------
    detector_key : DetectorKey
        Instrument and detector.
    filter_name : str
        Filter part of a product name.

    Returns
    -------
    ConcentrationLimits or None
        None where the table has no row: total products, SBC, two filters at
        once, uncommon filters.

    Notes
    -----
    Measured on stars in archive source lists, April 2016 and June 2017.

    Examples
    --------
    >>> concentration_limits(DetectorKey("wfc3", "ir"), "f160w").upper
    0.84
    """
    table = read_table("concentration_limits.json")["detectors"]
    row = table.get(detector_key.slug, {}).get(filter_name)
    return None if row is None else ConcentrationLimits(*row)
