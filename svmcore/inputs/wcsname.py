"""What kind of astrometric solution a WCSNAME stands for."""

import re

from svmcore.model.exposure import WcsClass

__all__ = ["classify_wcsname"]

_APOSTERIORI = re.compile(
    r"-FIT(?:_(?:REL|IMG|EVM|SVM|MVM))?_?(?P<catalog>[^-]*)$", re.I
)
_DISTORTION_ONLY = re.compile(r"IDC_[^-]+", re.I)
_APRIORI = re.compile(r"IDC_[^-]+-(?P<catalog>(?:GSC|HSC|GAIA)[^-]*)", re.I)


def classify_wcsname(wcsname: str) -> WcsClass:
    """Return the class of a solution and the catalog that it rests on.

    Parameters
    ----------
    wcsname : str
        Value of WCSNAME; empty if the header has none.

    Returns
    -------
    WcsClass
        ``a posteriori``: fitted to stars; ``a priori``: guide stars moved to
        a newer catalog; ``distortion only``: telescope pointing with the
        distortion model; ``none``: neither, or no name at all; ``other``: a
        name that follows no convention.

    Examples
    --------
    >>> classify_wcsname("IDC_0461802ej-GSC240").kind
    'a priori'
    >>> classify_wcsname("IDC_w3m18525i-FIT_REL_GAIAeDR3").catalog
    'GAIAeDR3'
    """
    name = wcsname.strip()
    if not name or name.upper() == "OPUS":
        return WcsClass(name, "none")
    if fitted := _APOSTERIORI.search(name):
        return WcsClass(name, "a posteriori", fitted["catalog"])
    if guided := _APRIORI.fullmatch(name):
        return WcsClass(name, "a priori", guided["catalog"])
    if _DISTORTION_ONLY.fullmatch(name):
        return WcsClass(name, "distortion only")
    return WcsClass(name, "other")
