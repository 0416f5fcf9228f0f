"""Parameters of the quality flags of catalog sources."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.rows import section_rows

__all__ = ["QUALITY_CONTROL"]

_STEP = "quality control"
_NO_SWARMS = "swarms are not flagged; the parameter only completes a file"

_swarm = section_rows(_STEP, "swarm filter", "none")


def _concentration(kind: str) -> tuple[Declaration, ...]:
    row = section_rows(_STEP, f"ci filter.{kind}", "catalog")
    return (
        row(
            "bthresh",
            "float",
            f"Signal-to-noise below which a {kind} source counts as faint",
            minimum=0.0,
            maximum=1000.0,
        ),
        row(
            "lookup_ci_limits_from_table",
            "bool",
            "Take both limits from the table of detectors and filters",
        ),
        row(
            "ci_lower_limit",
            "float",
            "Concentration index below which a source is no star",
            unit="mag",
            minimum=-10.0,
            maximum=10.0,
        ),
        row(
            "ci_upper_limit",
            "float",
            "Concentration index above which a source is extended",
            unit="mag",
            minimum=-10.0,
            maximum=10.0,
        ),
    )


QUALITY_CONTROL: tuple[Declaration, ...] = (
    *_concentration("aperture"),
    *_concentration("segment"),
    *(
        _swarm(name, kind, meaning, inert_why=_NO_SWARMS)
        for name, kind, meaning in (
            ("HLA_plate_scale", "float", "Pixel size for the swarm test"),
            ("upper_epp_limit", "float", "Counts of a bright centre"),
            ("lower_epp_limit", "float", "Counts of a faint centre"),
            ("eppsky_limit", "float", "Counts over sky of a centre"),
            ("selfradius", "float", "Radius around a centre"),
            ("cuts_list", "numbers", "Brightness classes of centres"),
            ("selfradii_list", "numbers", "Radius of each class"),
            ("swarm_thresh", "float", "Threshold of a swarm"),
            ("clip_radius_list", "numbers", "Radii of clipping"),
            ("scale_factor_list_orig", "numbers", "Former brightness factors"),
            ("scale_factor_list", "numbers", "Brightness factor of each radius"),
            ("proximity_binary", "bool", "Flag sources near bright centres"),
            ("ctrList_radiusList", "integers", "Radii around bright centres"),
            ("ctrList_thresholdList", "numbers", "Counts of those centres"),
        )
    ),
)
