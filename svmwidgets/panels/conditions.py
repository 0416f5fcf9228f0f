"""Why a set of default parameters was selected, in words."""

import re
from collections.abc import Sequence

from svmcore.parameters.conditions import FILTER_CONDITIONS

__all__ = ["selection_facts"]

_PLAIN = {
    "total_basic": "every total product",
    "total_basic_pre": "total products of UVIS before its post-flash of November 2012",
    "total_basic_post": "total products of UVIS since its post-flash of November 2012",
    "filter_basic": "every filter product",
    "single_basic": "every product of a single exposure",
    "any_n1": "products of a single exposure",
}
_MANY = 10**6


def selection_facts(conditions: Sequence[str]) -> list[tuple[str, str]]:
    """Return name and meaning of each set, in the order in which they are applied.

    Parameters
    ----------
    conditions : sequence of str
        Names of the sets; the detector's own one if there is none.

    Examples
    --------
    >>> selection_facts(["filter_basic", "wfc3_ir_any_n4"])[1]
    ('wfc3_ir_any_n4', 'over it: WFC3/IR, 4 or more exposures')
    """
    if not conditions:
        return [("detector", "the one set of the detector")]
    told = []
    for place, name in enumerate(conditions):
        words = _PLAIN.get(name) or _filter_words(name) or "a set of HAP's files"
        told.append((name, f"over it: {words}" if place else words))
    return told


def _filter_words(name: str) -> str:
    row = next((row for row in FILTER_CONDITIONS if row.condition == name), None)
    if row is None:
        return ""
    detector = re.sub(r"^(\w+)_(\w+)$", r"\1/\2", row.detector).upper()
    if row.most >= _MANY:
        many = f"{row.least} or more exposures"
    elif row.least == row.most:
        many = f"{row.least} exposures"
    else:
        many = f"{row.least} to {row.most} exposures"
    eras = {"pre": ", before the post-flash", "post": ", since the post-flash", "": ""}
    filters = f", {', '.join(row.filters).upper()}" if row.filters else ""
    return f"{detector}, {many}{filters}{eras[row.era]}"
