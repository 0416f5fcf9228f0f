"""Headerlets: files and extensions that carry one astrometric solution."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from stwcs.wcsutil.headerlet import Headerlet, HeaderletHDU, create_headerlet

from svmcore.errors import AlignmentError

__all__ = ["HeaderletFacts", "archive_headerlet", "archived_names", "build_headerlet"]


@dataclass(frozen=True, slots=True)
class HeaderletFacts:
    """What a headerlet says about its solution besides the WCS.

    Parameters
    ----------
    hdrname : str
        HDRNAME.
    date : str
        DATE; taken from the exposure, so that equal input gives equal bytes.
    catalog : str
        Reference catalog; empty without one.
    matches : int
        Matched sources.
    rms_ra_mas, rms_dec_mas : float
        Rms per axis [mas].
    method : str
        FITMETH; empty if the solution was not fitted here.
    history : tuple of str
        HISTORY lines.
    """

    hdrname: str
    date: str
    catalog: str = ""
    matches: int = 0
    rms_ra_mas: float = 0.0
    rms_dec_mas: float = 0.0
    method: str = ""
    history: tuple[str, ...] = ()


def build_headerlet(
    hdus: fits.HDUList, facts: HeaderletFacts, *, wcskey: str = " "
) -> Headerlet:
    """Return a headerlet of a solution in an open exposure.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        Exposure with the solution in its SCI headers.
    facts : HeaderletFacts
        Keywords of the headerlet.
    wcskey : str, optional
        Key of an alternate solution; the primary one by default.

    Raises
    ------
    AlignmentError
        If stwcs cannot make one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            made = create_headerlet(
                hdus,
                sciext="SCI",
                hdrname=facts.hdrname,
                wcskey=wcskey,
                logging=False,  # or a log appears in the working folder
            )
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise AlignmentError(
            facts.hdrname,
            f"no headerlet can be made ({error})",
            "Check WCSNAME, IDCTAB and the WCS keywords of the exposure.",
        ) from error
    header = made[0].header
    header["DATE"] = facts.date
    if facts.method:
        header["RMS_RA"] = (facts.rms_ra_mas, "[mas] rms of the fit in RA")
        header["RMS_DEC"] = (facts.rms_dec_mas, "[mas] rms of the fit in Dec")
        header["NMATCH"] = facts.matches
        header["CATALOG"] = facts.catalog
        header["FITMETH"] = (facts.method, "how the solution was fitted")
        header["FIT_RMS"] = (
            (facts.rms_ra_mas**2 + facts.rms_dec_mas**2) ** 0.5,
            "[mas] rms of the separations",
        )
    for line in facts.history:
        header.add_history(line)
    return made


def archived_names(hdus: fits.HDUList) -> tuple[str, ...]:
    """Return the HDRNAMEs of the headerlet extensions of an exposure."""
    return tuple(
        str(hdu.header.get("HDRNAME", "")) for hdu in hdus if hdu.name == "HDRLET"
    )


def archive_headerlet(
    hdus: fits.HDUList, made: Headerlet, names: Iterable[str] = ()
) -> bool:
    """Append a headerlet as an extension, unless one of that name is there.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        Exposure to append to, in memory.
    made : Headerlet
        What to append.
    names : iterable of str, optional
        WCSNAMEs under which the solution may be there already.

    Returns
    -------
    bool
        Whether it was appended.
    """
    if str(made[0].header["HDRNAME"]) in archived_names(hdus):
        return False
    solutions = {
        str(hdu.header.get("WCSNAME", "")) for hdu in hdus if hdu.name == "HDRLET"
    }
    if solutions & set(names):
        return False
    unit = HeaderletHDU.fromheaderlet(made)
    unit.header["EXTVER"] = 1 + sum(hdu.name == "HDRLET" for hdu in hdus)
    hdus.append(unit)
    return True
