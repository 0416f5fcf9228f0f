"""Independent random numbers for every part of a visit."""

import zlib

import numpy as np

__all__ = ["generator"]


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for one purpose.

    Parameters
    ----------
    seed : int
        Seed of the visit.
    *names : str or int
        Purpose, for example ``"noise", rootname, extver``.

    Notes
    -----
    Streams of different purposes are independent, so that a change in one
    part of a visit leaves the others as they were.

    Examples
    --------
    >>> a, b = generator(1, "sky"), generator(1, "sky")
    >>> a.random() == b.random()
    True
    """
    key = zlib.crc32("/".join(str(name) for name in names).encode())
    return np.random.default_rng([seed, key])
