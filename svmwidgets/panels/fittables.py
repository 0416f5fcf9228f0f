"""What the tables and numbers of the alignment have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from svmwidgets.figures import Table, column

__all__ = ["SHIFT_COLUMNS", "close_table", "rms_columns", "shift_text", "signed"]

SHIFT_COLUMNS = tuple(
    column(key, label, "number", digits=digits, unit=unit)
    for key, label, digits, unit in (
        ("east", "East", 2, "mas"),
        ("north", "North", 2, "mas"),
        ("roll", "Roll", 2, "arcsec"),
        ("scale", "Scale", 1, "ppm"),
    )
)
"""Terms of a fit: a shift, a roll and a scale."""


def rms_columns(name: str = "Rms", key: str = "rms") -> tuple[dict[str, Any], ...]:
    """Return the columns of the rms along both axes of the sky [mas].

    Parameters
    ----------
    name, key : str
        What stands before the axis in the label, and in the key.
    """
    return tuple(
        column(f"{key}_{axis}", f"{name} {side}", "number", digits=2, unit="mas")
        for axis, side in (("ra", "E"), ("dec", "N"))
    )


def close_table(
    columns: Sequence[Mapping[str, Any]],
    *,
    label: str,
    height: str,
    on_pick: Callable[[Any], None],
    empty_text: str = "",
) -> Table:
    """Return a table with narrow columns and no filter.

    Parameters
    ----------
    columns : sequence of mapping
        Made by `column`.
    label, height, empty_text : str
        As for `Table`.
    on_pick : callable
        Takes the identifiers of the selected rows, whenever they change.
    """
    options = {"empty_text": empty_text} if empty_text else {}
    table = Table(columns, has_filter=False, height=height, label=label, **options)
    table.add_class("svm-close-table")
    table.observe(lambda change: on_pick(change["new"]), "selected")
    return table


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as it is printed: +1.20, −0.31.

    Parameters
    ----------
    value : float
        Any number.
    digits : int
        After the point.
    """
    return f"{value:+.{digits}f}".replace("-", "−")


def shift_text(east: float, north: float, digits: int = 2) -> str:
    """Return a shift on the sky in words: +1.20 east, −0.31 north mas.

    Parameters
    ----------
    east, north : float
        Shift [mas].
    digits : int, optional
        After the point.
    """
    return f"{signed(east, digits)} east, {signed(north, digits)} north mas"
