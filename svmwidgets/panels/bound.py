"""Controls whose value is a value of a model."""

from collections.abc import Callable
from typing import Any, TypeVar

import ipywidgets as widgets
import traitlets as T  # noqa: N812

__all__ = ["bound"]

Control = TypeVar("Control", bound=widgets.ValueWidget)


def bound(
    control: Control,
    model: T.HasTraits,
    trait: str,
    guard: Callable[[Any], Any],
    *,
    needs_value: bool = False,
) -> Control:
    """Let what is picked in a control become a value of a model.

    Parameters
    ----------
    control : ValueWidget
        A menu, a switch or a row of buttons.
    model : HasTraits
        Has the value.
    trait : str
        Its name.
    guard : callable
        Wraps the callback.
    needs_value : bool, optional
        Pass over nothing and an empty text, which a menu has while it is filled.

    Returns
    -------
    ValueWidget
        The control itself. The other way round, its panel shows the model.
    """

    def take(change: Any) -> None:
        value = "" if change["new"] is None else change["new"]
        if value != "" or not needs_value:
            model.set_trait(trait, value)

    control.observe(guard(take), "value")
    return control
