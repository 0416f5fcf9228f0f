"""What the catalog tasks are told."""

from dataclasses import dataclass

from svmcore.model.detector import DetectorKey
from svmcore.parameters import Section

__all__ = [
    "CatalogSections",
    "FilterEntry",
    "FindPayload",
    "MeasurePayload",
    "WritePayload",
]


@dataclass(frozen=True, slots=True)
class CatalogSections:
    """The two parameter sections that catalogs use.

    Parameters
    ----------
    generation, quality : Section
        Steps ``catalog generation`` and ``quality control`` of one product.
    """

    generation: Section
    quality: Section


@dataclass(frozen=True, slots=True)
class FindPayload:
    """Payload of finding sources on a total image.

    Parameters
    ----------
    drizzle_name : str
        Total product in the output folder.
    detector_key : DetectorKey
        Instrument and detector.
    sections : CatalogSections
        Parameters of the total product.
    """

    drizzle_name: str
    detector_key: DetectorKey
    sections: CatalogSections


@dataclass(frozen=True, slots=True)
class MeasurePayload:
    """Payload of measuring all sources in one filter.

    Parameters
    ----------
    drizzle_name : str
        Filter product in the output folder.
    detector_key : DetectorKey
        Instrument and detector.
    calibrated_names : tuple of str
        Aligned exposures of the filter in the output folder.
    sections : CatalogSections
        Parameters of the filter product.
    """

    drizzle_name: str
    detector_key: DetectorKey
    calibrated_names: tuple[str, ...]
    sections: CatalogSections


@dataclass(frozen=True, slots=True)
class FilterEntry:
    """One filter product as the writer of catalogs sees it.

    Parameters
    ----------
    filter_name : str
        Filter part of the names.
    drizzle_name : str
        Filter product in the output folder.
    point_name, segment_name : str
        Catalogs to write.
    n_exposures : int
        Exposures of the filter.
    sections : CatalogSections
        Parameters of the filter product.
    """

    filter_name: str
    drizzle_name: str
    point_name: str
    segment_name: str
    n_exposures: int
    sections: CatalogSections


@dataclass(frozen=True, slots=True)
class WritePayload:
    """Payload of writing all catalogs of one detector.

    Parameters
    ----------
    drizzle_name : str
        Total product in the output folder.
    detector_key : DetectorKey
        Instrument and detector.
    point_name, segment_name : str
        Total catalogs to write.
    filters : tuple of FilterEntry
        Filters in processing order.
    sections : CatalogSections
        Parameters of the total product.
    """

    drizzle_name: str
    detector_key: DetectorKey
    point_name: str
    segment_name: str
    filters: tuple[FilterEntry, ...]
    sections: CatalogSections
