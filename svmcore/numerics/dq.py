"""Data-quality bits: which pixels a measurement must leave out."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from svmcore.model.detector import DetectorKey

__all__ = ["HARMLESS_BITS", "flagged"]

# Bits that do not spoil the position of a star. Saturation (256, and 2048 for
# the CCDs' converters) is handled apart. IR: 64 warm, 512 blob, 2048 signal in
# the zeroth read, 8192 cosmic ray removed up the ramp. CCD: 64 warm (dark
# subtracted), 512 small blemish of the flat, 128 bias level.
# Sources: WFC3 data handbook table 3.3, ACS data handbook table 3.2.
_CCD = 64 | 128 | 256 | 512 | 2048
HARMLESS_BITS: Mapping[DetectorKey, int] = MappingProxyType(
    {
        DetectorKey("acs", "wfc"): _CCD,
        DetectorKey("acs", "hrc"): _CCD,
        DetectorKey("acs", "sbc"): 64 | 256 | 512,
        DetectorKey("wfc3", "uvis"): _CCD,
        DetectorKey("wfc3", "ir"): 64 | 256 | 512 | 2048 | 8192,
        DetectorKey("wfpc2", "pc"): 8 | 2048,
    }
)


def flagged(dq: NDArray[np.integer], bits: int) -> NDArray[np.bool_]:
    """Return where any of some data-quality bits is set.

    Parameters
    ----------
    dq : ndarray of int
        Data-quality array.
    bits : int
        Sum of bits to look for.

    Examples
    --------
    >>> flagged(np.array([0, 16, 272], dtype=np.int16), 256).tolist()
    [False, False, True]
    """
    mask = np.array(bits & 0xFFFF, dtype=np.uint16).view(np.int16)
    if dq.dtype.itemsize == 2:
        bits_of_type = mask.astype(dq.dtype.newbyteorder("="))
        return np.asarray((dq & bits_of_type) != 0, dtype=np.bool_)
    return np.asarray((dq & bits) != 0, dtype=np.bool_)
