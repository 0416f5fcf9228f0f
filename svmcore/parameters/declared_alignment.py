"""Parameters of the alignment: sources, fits and their judgement."""

from typing import Any

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.rows import Declare, section_rows

__all__ = ["ALIGNMENT"]

_STEP = "alignment"
_GEOMETRIES = ("shift", "rshift", "rscale", "general")
_CATALOGS = (
    "GAIAeDR3",
    "GAIADR3",
    "GAIADR2",
    "GAIADR1",
    "GSC242",
    "GSC241",
    "PS1DR2",
    "PS1BEST",
    "2MASS",
)
_METHODS = ("match_relative_fit", "match_2dhist_fit", "match_default_fit")
_BACKGROUNDS = (
    "MeanBackground",
    "MedianBackground",
    "ModeEstimatorBackground",
    "MMMBackground",
    "SExtractorBackground",
    "BiweightLocationBackground",
)
_SCATTERS = ("StdBackgroundRMS", "MADStdBackgroundRMS", "BiweightScaleBackgroundRMS")
_ASSOCIATIONS = "only the pipeline that aligns associations one by one reads it"
_COPY = "the value of the same name in determine_fit_quality replaces it"
_ONE_FIT = "all exposures are fitted together in one way; nothing is tried in turn"
_ONE_MATCHING = "one matching serves all fits; match_2dhist_fit bounds it"
_STAR_FIT = "sources are stars fitted one by one; blends fail that fit"
_BACKGROUND = (
    "every star is fitted with a background of its own; that of the boxes, a clipped "
    "median with robust scatter, only sets the threshold"
)
_NO_UPDATE = "inputs never change; the solution goes into the SVM-named copies"

_general = section_rows(_STEP, "general", "none")
_run = section_rows(_STEP, "run_align", "fit")
_sources = section_rows(_STEP, "generate_source_catalogs", "detect sources")
_reference = section_rows(_STEP, "generate_astrometric_catalog", "fit")
_quality = section_rows(_STEP, "determine_fit_quality", "fit")


def _matching(title: str, working: tuple[str, ...]) -> tuple[Declaration, ...]:
    """Return the rows that HAP's three ways of matching share.

    Each works in one of them, as there is one way of matching.
    """
    declare: Declare = section_rows(_STEP, title, "fit")

    def row(name: str, *facts: str, **more: Any) -> Declaration:
        why = "" if name in working else _ONE_MATCHING
        return declare(name, *facts, inert_why=why, **more)

    return (
        row(
            "fitgeom",
            "str",
            "Most general transformation; rscale lets the matches decide",
            choices=_GEOMETRIES,
        ),
        row(
            "searchrad",
            "float",
            "Largest offset at which a source and a star may match",
            unit="pixel",
            minimum=0.0,
            maximum=10000.0,
        ),
        row(
            "separation",
            "float",
            "Of two sources closer together the fainter is left out; 4 leaves all",
            unit="pixel",
            minimum=0.0,
            maximum=1000.0,
        ),
        row(
            "tolerance",
            "float",
            "Largest distance of a match; 2 stands for 80 mas on all detectors",
            unit="pixel",
            minimum=0.01,
            maximum=1000.0,
        ),
        row(
            "use2dhist",
            "bool",
            "Find the common offset first, as the peak of all pair offsets",
        ),
    )


ALIGNMENT: tuple[Declaration, ...] = (
    _general("MIN_FIT_MATCHES", "int", "Copy of a limit below", inert_why=_COPY),
    _general("MAX_FIT_RMS", "float", "Copy of a limit below", inert_why=_COPY),
    _general("MAX_SOURCES_PER_CHIP", "int", "Copy of a limit below", inert_why=_COPY),
    _run("update_hdr_wcs", "bool", "Write the WCS to the inputs", inert_why=_NO_UPDATE),
    _run(
        "catalog_list",
        "names",
        "Reference catalogs in order, for single associations",
        choices=_CATALOGS,
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "fit_algorithm_list_ngt1",
        "names",
        "Methods in order for an association of several exposures",
        choices=_METHODS,
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "fit_algorithm_list_n1",
        "names",
        "Methods in order for a single exposure",
        choices=_METHODS,
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "MIN_CATALOG_THRESHOLD",
        "int",
        "Fewest stars that make a reference catalog usable",
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "MIN_OBSERVABLE_THRESHOLD",
        "int",
        "Fewest sources that make an exposure usable",
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "MAX_FIT_LIMIT",
        "float",
        "Largest scatter of a fit",
        unit="mas",
        inert_why=_ASSOCIATIONS,
    ),
    _run(
        "mosaic_catalog_list",
        "names",
        "Reference catalogs in the order in which they are tried",
        choices=_CATALOGS,
    ),
    _run(
        "mosaic_fit_list",
        "names",
        "Fit methods in the order in which they are tried",
        choices=_METHODS,
        inert_why=_ONE_FIT,
    ),
    _run(
        "mosaic_fitgeom_list",
        "counts",
        "Transformations and the fewest reference stars each needs",
        choices=_GEOMETRIES,
        minimum=1,
        maximum=100000,
    ),
    _run(
        "mosaic_relgeom_list",
        "counts",
        "Matches that terms which differ between exposures need",
        choices=_GEOMETRIES,
        minimum=1,
        maximum=100000,
    ),
    _sources(
        "box_size",
        "int",
        "Side of the boxes in which the background is estimated",
        unit="pixel",
        minimum=3,
        maximum=4096,
    ),
    _sources(
        "win_size",
        "int",
        "Side of the median filter over the background boxes",
        unit="box",
        minimum=1,
        maximum=101,
    ),
    _sources(
        "nsigma",
        "float",
        "Detection threshold above the background",
        unit="sigma",
        minimum=0.1,
        maximum=1000.0,
    ),
    _sources(
        "centering_mode",
        "str",
        "Place of a source: of the star fitted to it, or the centroid of its light",
        choices=("starfind", "segmentation"),
    ),
    _sources(
        "bkg_estimator",
        "str",
        "Estimator of the background level in a box",
        choices=_BACKGROUNDS,
        inert_why=_BACKGROUND,
    ),
    _sources(
        "rms_estimator",
        "str",
        "Estimator of the background scatter in a box",
        choices=_SCATTERS,
        inert_why=_BACKGROUND,
    ),
    _sources(
        "num_sources",
        "int",
        "Number of sources to keep for single associations",
        inert_why="determine_fit_quality.MAX_SOURCES_PER_CHIP sets the number",
    ),
    _sources(
        "deblend",
        "bool",
        "Separate sources whose segments touch",
        inert_why=_STAR_FIT,
    ),
    _sources(
        "fwhmpsf",
        "float",
        "Width of the star image with which detection starts",
        unit="arcsec",
        minimum=0.01,
        maximum=2.0,
    ),
    _sources(
        "classify",
        "bool",
        "Tell cosmic rays from stars by their sharpness and leave them out",
    ),
    _sources(
        "threshold",
        "float",
        "Absolute threshold; a negative value multiplies the automatic one",
        minimum=-1000.0,
        maximum=1.0e6,
    ),
    _reference(
        "gaia_only",
        "bool",
        "Try only those catalogs of the list that Gaia measured",
    ),
    _reference(
        "existing_wcs",
        "str",
        "WCS that bounds the catalog query",
        is_nullable=True,
        inert_why="the query always covers the footprint of the exposures",
    ),
    *_matching("match_relative_fit", ("fitgeom",)),
    *_matching("match_default_fit", ()),
    *_matching("match_2dhist_fit", ("searchrad", "separation", "tolerance")),
    _quality(
        "MIN_CATALOG_THRESHOLD",
        "int",
        "Fewest stars that make a reference catalog usable",
        minimum=0,
        maximum=100000,
    ),
    _quality(
        "MIN_OBSERVABLE_THRESHOLD",
        "int",
        "Fewest sources that make an exposure usable",
        minimum=0,
        maximum=100000,
    ),
    _quality(
        "MIN_CROSS_MATCHES",
        "int",
        "Fewest matches at which a fit is tried",
        minimum=1,
        maximum=100000,
    ),
    _quality(
        "MIN_FIT_MATCHES",
        "int",
        "Fewest matches with which a fit counts as valid",
        minimum=1,
        maximum=100000,
    ),
    _quality(
        "MAX_FIT_RMS",
        "float",
        "Scatter below which a fit counts as good",
        unit="mas",
        minimum=0.001,
        maximum=1.0e6,
    ),
    _quality(
        "MAX_FIT_LIMIT",
        "float",
        "Scatter above which a fit counts as failed",
        unit="mas",
        minimum=0.001,
        maximum=1.0e6,
    ),
    _quality(
        "MAX_SOURCES_PER_CHIP",
        "int",
        "Number of brightest sources kept on each chip",
        minimum=1,
        maximum=100000,
        step_used="detect sources",
    ),
    _quality(
        "MAS_TO_ARCSEC",
        "float",
        "Milliarcseconds in an arcsecond",
        inert_why="a unit conversion, not a choice",
    ),
    _quality(
        "GOOD_FIT_QUALITY_VALUES",
        "integers",
        "Quality classes (1 best to 5 failed) whose fit is applied",
        minimum=1,
        maximum=5,
    ),
)
