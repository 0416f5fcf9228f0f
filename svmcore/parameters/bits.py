"""Sums of DQ flags, taken apart."""

__all__ = ["flags_of"]


def flags_of(bits: str) -> tuple[int, ...]:
    """Return the flags that a bit sum consists of, smallest first.

    Parameters
    ----------
    bits : str
        Sum as in ``final_bits``.

    Returns
    -------
    tuple of int
        Powers of two; empty for ``0``.

    Examples
    --------
    >>> flags_of("336")
    (16, 64, 256)
    """
    total = int(bits)
    return tuple(1 << n for n in range(total.bit_length()) if total >> n & 1)
