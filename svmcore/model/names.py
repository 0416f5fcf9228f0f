"""HAP file names, made from facts and read back into facts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = [
    "FileKind",
    "Level",
    "ProductName",
    "drizzle_suffix",
    "filter_string",
    "parse_name",
]


class Level(StrEnum):
    """What a product is made of."""

    EXPOSURE = "exposure"
    FILTER = "filter"
    TOTAL = "total"


class FileKind(StrEnum):
    """Kinds of file that single-visit processing writes."""

    DRIZZLE = "drizzled image"
    CALIBRATED = "calibrated exposure"
    HEADERLET = "headerlet"
    TRAILER = "trailer"
    POINT_CATALOG = "point catalog"
    SEGMENT_CATALOG = "segment catalog"
    PREVIEW = "preview"
    THUMBNAIL = "thumbnail"
    COLOR_PREVIEW = "color preview"
    COLOR_THUMBNAIL = "color thumbnail"


_ALL = frozenset(Level)
_COMBINED = frozenset({Level.FILTER, Level.TOTAL})

# What follows the product's basename, and which products have such a file.
# {dr} stands for drz or drc, {fl} for flt or flc.
_ENDINGS: dict[FileKind, tuple[str, frozenset[Level]]] = {
    FileKind.DRIZZLE: ("_{dr}.fits", _ALL),
    FileKind.CALIBRATED: ("_{fl}.fits", frozenset({Level.EXPOSURE})),
    FileKind.HEADERLET: ("_hlet.fits", frozenset({Level.EXPOSURE})),
    FileKind.TRAILER: ("_trl.txt", _ALL),
    FileKind.POINT_CATALOG: ("_point-cat.ecsv", _COMBINED),
    FileKind.SEGMENT_CATALOG: ("_segment-cat.ecsv", _COMBINED),
    FileKind.PREVIEW: ("_{dr}.jpg", _ALL),
    FileKind.THUMBNAIL: ("_{dr}_thumb.jpg", _ALL),
    FileKind.COLOR_PREVIEW: ("_{color}_{dr}.jpg", frozenset({Level.TOTAL})),
    FileKind.COLOR_THUMBNAIL: ("_{color}_{dr}_thumb.jpg", frozenset({Level.TOTAL})),
}
_FILTERS = r"[0-9a-z]+(?:-[0-9a-z]+)*"
_BASENAME = re.compile(
    r"hst_(?P<proposal_id>[0-9]+)_(?P<obset_id>[0-9a-z]{2})"
    r"_(?P<instrument>acs|wfc3|wfpc2)_(?P<detector>wfc|hrc|sbc|uvis|ir|pc)"
    rf"_(?P<filter_name>{_FILTERS})_(?P<root>[0-9a-z]{{8}}|[0-9a-z]{{6}})"
    r"(?P<ending>_.*)?"
)


def _ending_pattern(template: str) -> re.Pattern[str]:
    pattern = re.escape(template.replace("{", "<").replace("}", ">"))
    groups = {"dr": "dr[cz]", "fl": "fl[ct]", "color": _FILTERS}
    for name, expression in groups.items():
        pattern = pattern.replace(f"<{name}>", f"(?P<{name}>{expression})")
    return re.compile(pattern)


_ENDING_PATTERNS = {
    kind: _ending_pattern(template) for kind, (template, _) in _ENDINGS.items()
}


@dataclass(frozen=True, slots=True)
class ProductName:
    """The facts that a HAP file name states, all in lower case.

    Parameters
    ----------
    proposal_id : str
        Proposal number without leading zeros.
    obset_id : str
        Two-character visit code.
    instrument, detector : str
        As in `DetectorKey`.
    filter_name : str
        Filter part; ``total`` for a total product.
    root : str
        ``ipppssoo`` of an exposure product, ``ipppss`` of the others.
    kind : FileKind or None
        Kind of file; None for the product itself (its basename).
    suffix : str
        ``drz``, ``drc``, ``flt`` or ``flc`` where the kind has one.
    color_filters : str
        Filters of a color preview, joined by hyphens.
    """

    proposal_id: str
    obset_id: str
    instrument: str
    detector: str
    filter_name: str
    root: str
    kind: FileKind | None = None
    suffix: str = ""
    color_filters: str = ""

    @property
    def level(self) -> Level:
        """Exposure, filter or total product."""
        if self.filter_name == "total":
            return Level.TOTAL
        return Level.EXPOSURE if len(self.root) == 8 else Level.FILTER

    @property
    def basename(self) -> str:
        """Name of the product, without suffix."""
        parts = (
            "hst",
            self.proposal_id,
            self.obset_id,
            self.instrument,
            self.detector,
            self.filter_name,
            self.root,
        )
        return "_".join(parts).lower()

    @property
    def text(self) -> str:
        """The file name."""
        if self.kind is None:
            return self.basename
        ending = _ENDINGS[self.kind][0].format(
            dr=self.suffix, fl=self.suffix, color=self.color_filters
        )
        return f"{self.basename}{ending}"


def parse_name(text: str) -> ProductName | None:
    """Return the facts that a HAP file name or product basename states.

    Parameters
    ----------
    text : str
        File name without folder.

    Returns
    -------
    ProductName or None
        None if the name follows none of the conventions.

    Examples
    --------
    >>> name = parse_name("hst_9029_01_acs_wfc_f606w-pol0v_j8f301ab_drc.fits")
    >>> name.level.value, name.kind.value, name.filter_name
    ('exposure', 'drizzled image', 'f606w-pol0v')
    >>> parse_name("ib4606c5q_flc.fits") is None
    True
    """
    match = _BASENAME.fullmatch(text)
    if match is None:
        return None
    product = ProductName(
        proposal_id=match["proposal_id"],
        obset_id=match["obset_id"],
        instrument=match["instrument"],
        detector=match["detector"],
        filter_name=match["filter_name"],
        root=match["root"],
    )
    ending = match["ending"]
    if product.filter_name == "total" and len(product.root) == 8:
        return None
    if ending is None:
        return product
    for kind, pattern in _ENDING_PATTERNS.items():
        found = pattern.fullmatch(ending)
        if found and product.level in _ENDINGS[kind][1]:
            parts = found.groupdict()
            return replace(
                product,
                kind=kind,
                suffix=parts.get("dr") or parts.get("fl") or "",
                color_filters=parts.get("color") or "",
            )
    return None


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
