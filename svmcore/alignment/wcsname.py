"""Names and descriptions of astrometric solutions."""

from pathlib import PurePosixPath

__all__ = ["fit_wcs_name", "wcs_type"]

_RELATIVE = "VISIT_REL"
_FIT_TYPES = {
    "REL": "a posteriori solution relatively aligned to",
    "IMG": "a posteriori solution aligned image-by-image to",
    "EVM": "a posteriori solution aligned by visit-exposures to",
    "SVM": "a posteriori solution aligned by visit to",
}


def fit_wcs_name(old_name: str, idctab: str, catalog: str) -> str:
    """Return the WCSNAME of a fitted solution.

    Parameters
    ----------
    old_name : str
        WCSNAME that the exposure came with; may be empty.
    idctab : str
        IDCTAB keyword, which names the distortion if `old_name` does not.
    catalog : str
        Reference catalog; empty for a relative fit.

    Returns
    -------
    str
        ``IDC_xxx-FIT_SVM_<catalog>``, or ``IDC_xxx-VISIT_REL`` for exposures
        that are aligned to each other only. The pipeline's ``FIT_REL_<cat>``
        means a fit to a catalog, and so would be wrong for the latter.

    Examples
    --------
    >>> fit_wcs_name("IDC_w3m18525i-GSC240", "", "GAIAeDR3")
    'IDC_w3m18525i-FIT_SVM_GAIAeDR3'
    >>> fit_wcs_name("", "jref$n721640fj_idc.fits", "")
    'IDC_n721640fj-VISIT_REL'
    """
    stem = old_name.split("-", maxsplit=1)[0].strip()
    if not stem:
        table = PurePosixPath(idctab.replace("$", "/")).name.split("_")[0]
        stem = f"IDC_{table}" if table and table != "N" else "NODISTORTION"
    return f"{stem}-FIT_SVM_{catalog}" if catalog else f"{stem}-{_RELATIVE}"


def wcs_type(name: str) -> str:
    """Return the WCSTYPE text that describes a WCSNAME.

    Examples
    --------
    >>> wcs_type("IDC_w3m18525i-FIT_SVM_GAIAeDR3")
    'undistorted a posteriori solution aligned by visit to GAIAEDR3'
    >>> wcs_type("IDC_w3m18525i")
    'undistorted not aligned'
    """
    if name == "OPUS":
        return "pipeline default not aligned"
    stem, _, rest = name.partition("-")
    if not stem.startswith("IDC"):
        return "user-defined"
    if not rest:
        return "undistorted not aligned"
    return _fitted_type(rest)


def _fitted_type(rest: str) -> str:
    """Return the text for what stands behind the distortion's name."""
    if rest == _RELATIVE:
        return "undistorted relatively aligned within the visit only"
    if not rest.startswith("FIT_"):
        return f"undistorted a priori solution based on {rest.upper()}"
    kind, _, catalog = rest[4:].partition("_")
    if kind not in _FIT_TYPES:
        return "user-defined"
    return f"undistorted {_FIT_TYPES[kind]} {catalog.upper()}"
