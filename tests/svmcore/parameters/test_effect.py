"""Working parameters reach their steps, inert ones do not."""

import pytest

from svmcore.alignment.settings import alignment_settings
from svmcore.drizzling.settings import drizzle_settings
from svmcore.parameters import DECLARATIONS, select_parameters
from svmcore.parameters.section import Section

# AstroDrizzle takes these only in pairs, and only for a frame set by hand.
PAIRS = (("outnx", "outny"), ("ra", "dec"), ("crpix1", "crpix2"))


# What "other" is, where any text will not do.
OTHER_TEXT = {"group": "2"}
OTHER = {
    "bool": lambda value: not value,
    "int": lambda value: (value or 0) + 1,
    "float": lambda value: value / 2 if value else 1.0,
    "str": lambda _: "other",
    "scale": lambda _: "expsq",
    "number text": lambda _: "1.5",
    "bits": lambda _: "2",
    "pair": lambda _: "9.0 8.0",
    "names": lambda value: tuple(reversed(value)),
    "integers": lambda value: value[:-1],
    "counts": lambda value: Section({**value, "general": 99}),
}


def _other(row, value):
    """Return another value that the declaration allows."""
    if row.choices and row.type == "str":
        return next(choice for choice in row.choices if choice != value)
    if row.key in OTHER_TEXT:
        return OTHER_TEXT[row.key]
    return row.canonical(OTHER[row.type](value))


def _changed(section, row):
    names = [row.key]
    for pair in PAIRS:
        for prefix in ("driz_sep_", "final_"):
            both = [prefix + name for name in pair]
            if row.key in both:
                names = both
    rows = {d.key: d for d in DECLARATIONS if d.step == row.step}
    return section.with_values(
        {
            name: rows[name].canonical(_other(rows[name], section[name]))
            for name in names
        }
    )


@pytest.fixture(scope="module")
def found(make_tree):
    (total,) = make_tree({"wfc3_uvis": {"F606W": 3}}).totals
    return select_parameters(total.filters[0], total=total)


def _rows(step):
    return [row for row in DECLARATIONS if row.step == step]


@pytest.mark.parametrize("row", _rows("alignment"), ids=lambda row: row.key)
def test_alignment(row, found):
    section = found.section("alignment")
    before = alignment_settings(section)
    after = alignment_settings(_changed(section, row))
    assert (after == before) == row.is_inert


@pytest.mark.parametrize("row", _rows("astrodrizzle"), ids=lambda row: row.key)
def test_astrodrizzle(row, found):
    section = found.section("astrodrizzle")
    before = drizzle_settings(section, exposures=3)
    after = drizzle_settings(_changed(section, row), exposures=3)
    assert (after == before) == row.is_inert
