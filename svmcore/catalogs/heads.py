"""What stands above the columns of a catalog file."""

from collections.abc import Mapping
from typing import Any

from svmcore.catalogs.flags import FLAG_MEANINGS
from svmcore.catalogs.settings import CatalogSettings

__all__ = ["catalog_head"]

_KEYWORDS = (
    ("WCSNAME", "WCSNAME"),
    ("WCSTYPE", "WCSTYPE"),
    ("Proposal ID", "PROPOSID"),
    ("Target Name", "TARGNAME"),
    ("Date Observed", "DATE-OBS"),
    ("Time Observed", "TIME-OBS"),
    ("Instrument", "INSTRUME"),
    ("Detector", "DETECTOR"),
    ("Target RA", "RA_TARG"),
    ("Target DEC", "DEC_TARG"),
    ("Orientation", "ORIENTAT"),
    ("Aperture RA", "RA_APER"),
    ("Aperture DEC", "DEC_APER"),
    ("Aperture PA", "PA_V3"),
    ("Exposure Start", "EXPSTART"),
    ("Total Exposure Time", "EXPTIME"),
    ("CCD Gain", "CCDGAIN"),
    ("Filter 1", "FILTER1"),
    ("Filter 2", "FILTER2"),
    ("Filter", "FILTER"),
)
# WFPC2 headers give numbers of filters there, and the gain elsewhere.
_WFPC2_NAMES = {"FILTER1": "FILTNAM1", "FILTER2": "FILTNAM2", "CCDGAIN": "ATODGAIN"}
_WCS = (
    *("WCSAXES", "CRPIX1", "CRPIX2", "CUNIT1", "CUNIT2", "CTYPE1", "CTYPE2"),
    *("CRVAL1", "CRVAL2", "RADESYS", "CD1_1", "CD1_2", "CD2_1", "CD2_2"),
)


def catalog_head(
    kind: str,
    file_name: str,
    keywords: Mapping[str, Any],
    settings: CatalogSettings,
    *,
    n_sources: int,
    pixel_scale_arcsec: float,
    remarks: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the head of a catalog file.

    Parameters
    ----------
    kind : {'point', 'segment'}
        Kind of sources.
    file_name : str
        Drizzled product that was measured.
    keywords : Mapping
        Headers of that product.
    settings : CatalogSettings
        Parameters of the product.
    n_sources : int
        Rows of the catalog.
    pixel_scale_arcsec : float
        Size of a pixel [arcsec].
    remarks : tuple of str
        What a reader must know about this catalog.

    Returns
    -------
    dict
        Texts and numbers in order; notes as lists of one text each.
    """
    head: dict[str, Any] = {"Image File Name": file_name.upper()}
    for label, keyword in _KEYWORDS:
        value = keywords.get(_WFPC2_NAMES.get(keyword, ""), keywords.get(keyword))
        if isinstance(value, str | int | float):
            head[label] = value
    threshold = "nsigma" if kind == "point" else "sourcex.segm_nsigma"
    head["Aper1 (arcsec)"] = settings.number("aperture_1")
    head["Aper2 (arcsec)"] = settings.number("aperture_2")
    head["Threshold (sigma)"] = settings.number(threshold)
    head |= {name: keywords[name] for name in _WCS if name in keywords}
    head["Number of sources"] = n_sources
    notes = [*_notes(kind, settings, pixel_scale_arcsec), *remarks]
    head |= {f"h{number:02d}": [note] for number, note in enumerate(notes)}
    return head


def _notes(kind: str, settings: CatalogSettings, scale: float) -> list[str]:
    limits = settings.limits(kind)
    radii = [settings.number(f"aperture_{number}") for number in (1, 2)]
    in_pixels = ", ".join(f"{radius / scale:.3f}" for radius in radii)
    in_arcsec = ", ".join(f"{radius:g}" for radius in radii)
    return [
        "Magnitudes are in the AB system, without aperture corrections.",
        "Pixel positions are 0-based: the centre of the first pixel is (0, 0).",
        "Positions are in the ICRS, at the epoch of the exposures.",
        f"Aperture radii: {in_arcsec} arcsec; {in_pixels} pixel.",
        "The sky ring begins no further in than the larger aperture.",
        "Errors hold the photon noise of source and sky, and correlated pixels.",
        "CI is the magnitude in the small less that in the large aperture.",
        f"CI of stars: {limits.lower:g} to {limits.upper:g} mag.",
        f"Faint: flux below {limits.signal_to_noise:g} times its error.",
        *(f"Flag {meaning.value}: {meaning.text}." for meaning in FLAG_MEANINGS),
        "Missing values are -9999.",
    ]
