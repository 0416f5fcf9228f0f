"""Names of the files that hold exposures."""

import re

__all__ = ["ROOTNAME", "file_name_spellings", "split_file_name"]

ROOTNAME = re.compile(r"[a-z][0-9a-z]{8}")  # ipppssoot
_FILE_NAME = re.compile(
    r"(?P<stem>.+)_(?P<suffix>fl[tc])\.fits(?:\.gz)?", re.IGNORECASE
)


def split_file_name(file_name: str) -> tuple[str, str] | None:
    """Return stem and suffix (``flt`` or ``flc``) of an exposure's file name.

    Parameters
    ----------
    file_name : str
        File name without folder.

    Returns
    -------
    tuple of str or None
        None if the name is not that of an FLT or FLC file.

    Examples
    --------
    >>> split_file_name("ib4606c5q_flc.fits")
    ('ib4606c5q', 'flc')
    >>> split_file_name("ib4606010_asn.fits") is None
    True
    """
    match = _FILE_NAME.fullmatch(file_name)
    return (match["stem"], match["suffix"].lower()) if match else None


def file_name_spellings(listed: str) -> tuple[str, ...]:
    """Return the names that a file may have which a list names like that.

    Parameters
    ----------
    listed : str
        Name as listed, with or without folder.

    Returns
    -------
    tuple of str
        The name itself, then in lower case as the archive writes it; where
        ``.fits`` is left out, with it; for a bare rootname its FLC file, then
        its FLT file.

    Examples
    --------
    >>> file_name_spellings("IB4606C5Q")
    ('IB4606C5Q', 'ib4606c5q_flc.fits', 'ib4606c5q_flt.fits')
    """
    folder, slash, name = listed.rpartition("/")
    usual = name.lower()
    if ROOTNAME.fullmatch(usual):
        others = [f"{usual}_flc.fits", f"{usual}_flt.fits"]
    elif split_file_name(f"{usual}.fits"):
        others = [f"{name}.fits", f"{usual}.fits"]
    else:
        others = [usual]
    return tuple(dict.fromkeys(folder + slash + each for each in (name, *others)))
