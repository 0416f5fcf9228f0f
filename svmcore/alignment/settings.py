"""The alignment parameters that are used, typed, from HAP's names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "FIT_PARAMETERS",
    "GEOMETRIES",
    "AlignmentSettings",
    "alignment_settings",
]

_HAP_TOLERANCE_PIX, _HAP_SEPARATION_PIX = 2.0, 4.0

GEOMETRIES = ("shift", "rshift", "rscale", "general")
# Matches that shift and rshift need; the richer ones are parameters.
_BUILT_IN_MINIMA = {"shift": 1, "rshift": 3, "rscale": 12, "general": 25}


@dataclass(frozen=True, slots=True)
class AlignmentSettings:
    """What source finding, matching, fits and their judgement depend on.

    Parameters
    ----------
    box_size, win_size : int
        Side of a background block [pixel] and of the median filter over
        blocks (``generate_source_catalogs.box_size``, ``win_size``).
    threshold_sigma : float
        Detection limit in units of the noise: ``nsigma`` times the size of a
        negative ``threshold``, as in HAP.
    fwhm_arcsec : float
        Width of the star profile, ``fwhmpsf`` [arcsec]; HAP's 0.13, which is
        the same for all detectors, stands for the detector's own width.
    rejects_sharp : bool
        Whether peaks much sharper than a star are taken for cosmic rays,
        ``generate_source_catalogs.classify``.
    centering : {'starfind', 'segmentation'}
        Whether a source's place is that of a fitted star or the centroid of
        its light, ``generate_source_catalogs.centering_mode``.
    max_sources_per_chip : int
        Brightest sources of a chip that are matched with a catalog.
    catalogs : tuple of str
        Reference catalogs in order, ``run_align.mosaic_catalog_list``; with
        ``gaia_only`` those of Gaia.
    min_catalog_stars : int
        Stars with which a catalog is worth trying,
        ``determine_fit_quality.MIN_CATALOG_THRESHOLD``.
    first_geometry : str
        ``match_relative_fit.fitgeom``: ``shift`` and ``rshift`` are upper
        limits, ``general`` is fitted wherever matches suffice, and with
        ``rscale`` the evidence decides.
    minimum_matches : Mapping of str to int
        Matches that each geometry needs (``mosaic_fitgeom_list``); a geometry
        that is absent is not used.
    relative_minima : Mapping of str to int
        The same for terms that differ between exposures
        (``mosaic_relgeom_list``); one that is absent needs as many as above.
    search_radius_pix : float
        Largest pointing error looked for, ``match_2dhist_fit.searchrad``.
    separation_pix : float
        A source with a brighter one closer than this is left out,
        ``match_2dhist_fit.separation``; HAP's 4 stands for leaving none out,
        as a star fit bears neighbours that a segment does not.
    tolerance_pix : float
        ``match_2dhist_fit.tolerance``; HAP's 2 stands for matches within 80
        mas on all detectors.
    min_sources : int
        Sources with which an exposure takes part,
        ``determine_fit_quality.MIN_OBSERVABLE_THRESHOLD``.
    min_fit_matches : int
        Fewest reference matches of an absolute fit.
    max_fit_rms_mas, max_fit_limit_mas : float
        Rms above which a fit is only usable, and is not used at all [mas].
    min_cross_matches : int
        Fewest links of an exposure with the others.
    good_qualities : tuple of int
        Values of ``fit_qual`` with which a fit is applied.
    calibration_error_pix : float
        What distortion tables leave of a position, per axis [pixel]: the
        best published solution of WFC3/UVIS leaves 0.008 (Bellini, Anderson
        & Bedin 2011, PASP 123, 622), tables of the pipeline a few hundredths.
        It is in the errors that are reported, not in the fit.
    """

    box_size: int = 27
    win_size: int = 3
    threshold_sigma: float = 3.3
    fwhm_arcsec: float = 0.13
    rejects_sharp: bool = True
    centering: str = "starfind"
    max_sources_per_chip: int = 250
    catalogs: tuple[str, ...] = ("GAIAeDR3", "GSC242", "2MASS")
    min_catalog_stars: int = 3
    first_geometry: str = "rscale"
    minimum_matches: tuple[tuple[str, int], ...] = tuple(_BUILT_IN_MINIMA.items())
    relative_minima: tuple[tuple[str, int], ...] = (("rscale", 12),)
    search_radius_pix: float = 250.0
    separation_pix: float = 4.0
    tolerance_pix: float = 2.0
    min_sources: int = 4
    min_fit_matches: int = 4
    max_fit_rms_mas: float = 20.0
    max_fit_limit_mas: float = 150.0
    min_cross_matches: int = 3
    good_qualities: tuple[int, ...] = (1, 2, 3, 4)
    calibration_error_pix: float = 0.02

    def matches_needed(self, geometry: str) -> int | None:
        """Return the matches that a geometry needs; None if it is not used."""
        return dict(self.minimum_matches).get(geometry)

    def links_needed(self, geometry: str) -> int | None:
        """Return the matches that terms of each exposure need; None if not used."""
        needed = self.matches_needed(geometry)
        return (
            None if needed is None else dict(self.relative_minima).get(geometry, needed)
        )

    @property
    def fits_stars(self) -> bool:
        """Whether places are those of fitted stars, not of the light as such."""
        return self.centering != "segmentation"

    @property
    def match_radius_mas(self) -> float:
        """Largest distance of a match once the offsets are removed [mas]."""
        return 80.0 * self.tolerance_pix / _HAP_TOLERANCE_PIX

    @property
    def least_separation_pix(self) -> float:
        """Distance within which the fainter of two sources is left out [pixel]."""
        return (
            0.0 if self.separation_pix == _HAP_SEPARATION_PIX else (self.separation_pix)
        )

    def for_detection(self) -> "AlignmentSettings":
        """Return the settings with all that detection ignores at its default."""
        return AlignmentSettings(**{name: getattr(self, name) for name in _DETECTION})

    def for_refinement(self, shipped: "AlignmentSettings") -> "AlignmentSettings":
        """Return the settings with which positions are refined.

        Parameters
        ----------
        shipped : AlignmentSettings
            Settings without any change by hand.

        Returns
        -------
        AlignmentSettings
            With all that only concerns the fit as shipped: the positions of
            the sources are the same however they are fitted.
        """
        return replace(
            shipped,
            catalogs=self.catalogs,
            search_radius_pix=self.search_radius_pix,
            **{name: getattr(self, name) for name in _DETECTION},
        )

    def for_solution(self) -> "AlignmentSettings":
        """Return the settings with all that a solution ignores at its default."""
        return AlignmentSettings(
            first_geometry=self.first_geometry,
            minimum_matches=self.minimum_matches,
            relative_minima=self.relative_minima,
            search_radius_pix=self.search_radius_pix,
            separation_pix=self.separation_pix,
            tolerance_pix=self.tolerance_pix,
            min_sources=self.min_sources,
            min_fit_matches=self.min_fit_matches,
        )


_DETECTION = (
    "box_size",
    "win_size",
    "threshold_sigma",
    "fwhm_arcsec",
    "rejects_sharp",
    "centering",
    "max_sources_per_chip",
)

# Field of the settings, parameter, and how its value is read.
_FIELDS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("box_size", "generate_source_catalogs.box_size", int),
    ("win_size", "generate_source_catalogs.win_size", int),
    ("fwhm_arcsec", "generate_source_catalogs.fwhmpsf", float),
    ("rejects_sharp", "generate_source_catalogs.classify", bool),
    ("centering", "generate_source_catalogs.centering_mode", str),
    ("max_sources_per_chip", "determine_fit_quality.MAX_SOURCES_PER_CHIP", int),
    ("catalogs", "run_align.mosaic_catalog_list", lambda v: tuple(map(str, v))),
    ("min_catalog_stars", "determine_fit_quality.MIN_CATALOG_THRESHOLD", int),
    ("first_geometry", "match_relative_fit.fitgeom", str),
    (
        "relative_minima",
        "run_align.mosaic_relgeom_list",
        lambda v: tuple((str(name), int(count)) for name, count in dict(v).items()),
    ),
    ("search_radius_pix", "match_2dhist_fit.searchrad", float),
    ("separation_pix", "match_2dhist_fit.separation", float),
    ("tolerance_pix", "match_2dhist_fit.tolerance", float),
    ("min_sources", "determine_fit_quality.MIN_OBSERVABLE_THRESHOLD", int),
    ("min_fit_matches", "determine_fit_quality.MIN_FIT_MATCHES", int),
    ("max_fit_rms_mas", "determine_fit_quality.MAX_FIT_RMS", float),
    ("max_fit_limit_mas", "determine_fit_quality.MAX_FIT_LIMIT", float),
    ("min_cross_matches", "determine_fit_quality.MIN_CROSS_MATCHES", int),
    (
        "good_qualities",
        "determine_fit_quality.GOOD_FIT_QUALITY_VALUES",
        lambda v: tuple(map(int, v)),
    ),
)

# Parameters that change a fit but no source: those that may be tried at once.
FIT_PARAMETERS = frozenset(
    {"run_align.mosaic_fitgeom_list"}
    | {
        name
        for field, name, _ in _FIELDS
        if field
        not in (*_DETECTION, "catalogs", "min_catalog_stars", "search_radius_pix")
    }
)


def alignment_settings(section: Mapping[str, Any]) -> AlignmentSettings:
    """Return the settings of a parameter section in HAP's names.

    Parameters
    ----------
    section : Mapping
        Dotted names, such as ``run_align.mosaic_fitgeom_list``, to values.
        A name that is absent keeps the shipped value.

    Returns
    -------
    AlignmentSettings
        The parameters that the alignment uses.

    Examples
    --------
    >>> alignment_settings({"match_relative_fit.fitgeom": "shift"}).first_geometry
    'shift'
    """
    threshold = float(section.get("generate_source_catalogs.threshold", -1.1))
    nsigma = float(section.get("generate_source_catalogs.nsigma", 3.0))
    values = {
        field: read(section[name]) for field, name, read in _FIELDS if name in section
    }
    if section.get("generate_astrometric_catalog.gaia_only", False):
        listed = values.get("catalogs", AlignmentSettings().catalogs)
        values["catalogs"] = tuple(name for name in listed if name.startswith("GAIA"))
    return AlignmentSettings(
        threshold_sigma=-threshold * nsigma if threshold < 0 else threshold,
        minimum_matches=_minima(section),
        **values,
    )


def _minima(section: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return the matches that each permitted geometry needs, poorest first."""
    listed = section.get("run_align.mosaic_fitgeom_list")
    if listed is None:
        return tuple(_BUILT_IN_MINIMA.items())
    minima = {name: _BUILT_IN_MINIMA[name] for name in ("shift", "rshift")}
    minima.update({str(name): int(count) for name, count in dict(listed).items()})
    return tuple((name, minima[name]) for name in GEOMETRIES if name in minima)
