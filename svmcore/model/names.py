"""HAP file names, made from facts."""

from collections.abc import Sequence

__all__ = ["drizzle_suffix", "filter_string"]


def filter_string(filters: Sequence[str]) -> str:
    """Return the filter part of a HAP name.

    Parameters
    ----------
    filters : sequence of str
        Optical elements as the header lists them.

    Returns
    -------
    str
        Lower-case names joined by a hyphen, a polarizer last, ``clear`` if
        nothing but clear positions is left.

    Notes
    -----
    Only the first two elements count: SBC headers list three, of which the
    third repeats the first.

    Examples
    --------
    >>> filter_string(["F850LP", "CLEAR2L"])
    'f850lp'
    >>> filter_string(["POL0V", "F606W"])
    'f606w-pol0v'
    >>> filter_string(["CLEAR1S", "CLEAR2S"])
    'clear'
    """
    elements = [name.strip().lower() for name in filters[:2]]
    kept = [
        name for name in elements if name and "clear" not in name and "n/a" not in name
    ]
    if not kept:
        return "clear"
    if kept[0].startswith("pol"):
        kept.reverse()
    return "-".join(kept).strip("-")


def drizzle_suffix(exposure_suffix: str) -> str:
    """Return ``drc`` for CTE-corrected inputs (``flc``), else ``drz``."""
    return "drc" if exposure_suffix == "flc" else "drz"
