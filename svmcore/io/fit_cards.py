"""The fit of an exposure as header cards."""

import numpy as np
from astropy.io import fits

from svmcore.model.fit import ExposureFit

__all__ = ["FIT_KEYWORDS", "fit_cards", "set_fit_cards"]

_MAS_PER_DEG = 3.6e6
FIT_KEYWORDS = (
    "RMS_RA",
    "RMS_DEC",
    "CRDER1",
    "CRDER2",
    "NMATCHES",
    "FITGEOM",
    "RELGEOM",
    "RELMATCH",
    "RELRMS_R",
    "RELRMS_D",
    "RELREFIM",
)


def fit_cards(fit: ExposureFit | None, catalog: str, reference: str) -> fits.Header:
    """Return what a fit was as header cards.

    Parameters
    ----------
    fit : ExposureFit or None
        Fit of the exposure; none, or one that kept the WCS, gives no cards.
    catalog : str
        Reference catalog; empty without one.
    reference : str
        Rootname of the first exposure of the group, for RELREFIM.

    Returns
    -------
    astropy.io.fits.Header
        RMS_RA, RMS_DEC, CRDER1, CRDER2 (absent without a reference catalog),
        NMATCHES, FITGEOM and REL*. Absolute and relative numbers are each
        their own.
    """
    header = fits.Header()
    if fit is None or fit.state == "kept":
        return header
    if catalog and np.isfinite(fit.rms_ra_mas):
        header["RMS_RA"] = (fit.rms_ra_mas, "[mas] rms of the fit in RA")
        header["RMS_DEC"] = (fit.rms_dec_mas, "[mas] rms of the fit in Dec")
        header["CRDER1"] = (fit.rms_ra_mas / _MAS_PER_DEG, "[deg] Random error")
        header["CRDER2"] = (fit.rms_dec_mas / _MAS_PER_DEG, "[deg] Random error")
    header["NMATCHES"] = (fit.n_reference, "Matches with the reference catalog")
    header["FITGEOM"] = (fit.terms.fitgeom, "Geometry of the fit")
    header["RELGEOM"] = (fit.terms.fitgeom, "Geometry of the relative fit")
    header["RELMATCH"] = (fit.n_links, "Matches with the other exposures")
    if np.isfinite(fit.relative_rms_ra_mas):
        header["RELRMS_R"] = (fit.relative_rms_ra_mas, "[mas] relative rms in RA")
        header["RELRMS_D"] = (fit.relative_rms_dec_mas, "[mas] relative rms in Dec")
    header["RELREFIM"] = (reference, "First image of the group")
    return header


def set_fit_cards(header: fits.Header, cards: fits.Header) -> None:
    """Put the cards of a fit into a SCI header in place of those of an older one.

    Parameters
    ----------
    header : astropy.io.fits.Header
        SCI header; changed.
    cards : astropy.io.fits.Header
        From `fit_cards`; empty leaves the header without any.
    """
    for keyword in FIT_KEYWORDS:
        header.remove(keyword, ignore_missing=True)
    for card in cards.cards:
        header[card.keyword] = (card.value, card.comment)
