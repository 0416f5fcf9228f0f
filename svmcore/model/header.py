"""The header of one FITS extension, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass

from svmcore.model.exposure import KeywordValue

__all__ = ["HeaderUnit"]


@dataclass(frozen=True, slots=True)
class HeaderUnit:
    """One header-data unit of a FITS file, without its pixels.

    Parameters
    ----------
    index : int
        Position in the file; 0 is the primary header.
    name : str
        EXTNAME in upper case; empty where there is none.
    extver : int
        EXTVER; 1 where there is none.
    shape : tuple of int
        Shape of the data as numpy has it, (ny, nx) for an image; that of
        NPIX1, NPIX2 for an image whose pixels all equal PIXVALUE.
    bitpix : int
        BITPIX: bits of a pixel, negative for floating point.
    data_start : int
        Offset of the first data byte in the (uncompressed) file [byte].
    data_bytes : int
        Number of data bytes without padding [byte].
    values : Mapping of str to str, int, float, bool or None
        Values by keyword; only what tells how to read the pixels for
        extensions other than the primary and the science ones.
    header_start : int
        Offset of the first header byte in the (uncompressed) file [byte].
    """

    index: int
    name: str
    extver: int
    shape: tuple[int, ...]
    bitpix: int
    data_start: int
    data_bytes: int
    values: Mapping[str, KeywordValue]
    header_start: int = 0
