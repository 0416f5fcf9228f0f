"""Exposure, filter and total products: what goes in, what files come out."""

from collections.abc import Sequence
from dataclasses import dataclass

from svmcore.model.detector import DetectorKey
from svmcore.model.exposure import Exposure
from svmcore.model.names import drizzle_suffix
from svmcore.model.verdict import Role

__all__ = [
    "ExposureProduct",
    "FilterProduct",
    "LeftOut",
    "Product",
    "ProductTree",
    "TotalProduct",
    "VisitId",
]


@dataclass(frozen=True, slots=True)
class VisitId:
    """Proposal and observation set that all names of a visit share.

    Parameters
    ----------
    proposal_id : str
        Proposal number without leading zeros.
    obset_id : str
        Two-character visit code, upper case.
    """

    proposal_id: str
    obset_id: str


def _base(visit: VisitId, detector_key: DetectorKey) -> str:
    parts = (
        "hst",
        visit.proposal_id,
        visit.obset_id,
        detector_key.instrument,
        detector_key.detector,
    )
    return "_".join(parts).lower()


@dataclass(frozen=True, slots=True)
class ExposureProduct:
    """The product of one exposure.

    Parameters
    ----------
    visit : VisitId
        Visit.
    exposure : Exposure
        The one input.
    role : Role
        Direct exposures are drizzled; ramp and grism exposures only get the
        renamed file, its headerlet and trailer.
    is_only_of_filter : bool
        Whether no other exposure shares its filter.
    """

    visit: VisitId
    exposure: Exposure
    role: Role
    is_only_of_filter: bool

    @property
    def detector_key(self) -> DetectorKey:
        """Instrument and detector."""
        return self.exposure.detector_key

    @property
    def filter_name(self) -> str:
        """Filter part of the names."""
        return self.exposure.filter_name

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """Inputs, as for the other kinds of product."""
        return (self.exposure,)

    @property
    def suffix(self) -> str:
        """``drz`` or ``drc``."""
        return drizzle_suffix(self.exposure.suffix)

    @property
    def basename(self) -> str:
        """Product name without suffix; key of the parameter files."""
        base = _base(self.visit, self.detector_key)
        return f"{base}_{self.filter_name}_{self.exposure.ipppssoo}"

    @property
    def drizzle_name(self) -> str:
        """File name of the drizzled image."""
        return f"{self.basename}_{self.suffix}.fits"

    @property
    def preview_name(self) -> str:
        """File name of the full-size preview."""
        return f"{self.basename}_{self.suffix}.jpg"

    @property
    def thumbnail_name(self) -> str:
        """File name of the small preview."""
        return f"{self.basename}_{self.suffix}_thumb.jpg"

    @property
    def calibrated_name(self) -> str:
        """File name of the renamed FLT or FLC file."""
        return f"{self.basename}_{self.exposure.suffix}.fits"

    @property
    def headerlet_name(self) -> str:
        """File name of the headerlet."""
        return f"{self.basename}_hlet.fits"

    @property
    def trailer_name(self) -> str:
        """File name of the processing log."""
        return f"{self.basename}_trl.txt"


@dataclass(frozen=True, slots=True)
class FilterProduct:
    """The product of all exposures of one detector and filter.

    Parameters
    ----------
    visit : VisitId
        Visit.
    detector_key : DetectorKey
        Instrument and detector.
    filter_name : str
        Filter part of the names.
    members : tuple of ExposureProduct
        Exposure products in processing order.
    """

    visit: VisitId
    detector_key: DetectorKey
    filter_name: str
    members: tuple[ExposureProduct, ...]

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """Inputs in processing order."""
        return tuple(member.exposure for member in self.members)

    @property
    def suffix(self) -> str:
        """``drz`` or ``drc``."""
        return self.members[0].suffix

    @property
    def basename(self) -> str:
        """Product name without suffix; key of the parameter files."""
        base = _base(self.visit, self.detector_key)
        return f"{base}_{self.filter_name}_{self.members[0].exposure.ipppss}"

    @property
    def drizzle_name(self) -> str:
        """File name of the drizzled image."""
        return f"{self.basename}_{self.suffix}.fits"

    @property
    def preview_name(self) -> str:
        """File name of the full-size preview."""
        return f"{self.basename}_{self.suffix}.jpg"

    @property
    def thumbnail_name(self) -> str:
        """File name of the small preview."""
        return f"{self.basename}_{self.suffix}_thumb.jpg"

    @property
    def point_catalog_name(self) -> str:
        """File name of the catalog of point sources."""
        return f"{self.basename}_point-cat.ecsv"

    @property
    def segment_catalog_name(self) -> str:
        """File name of the catalog of segments."""
        return f"{self.basename}_segment-cat.ecsv"

    @property
    def trailer_name(self) -> str:
        """File name of the processing log."""
        return f"{self.basename}_trl.txt"


@dataclass(frozen=True, slots=True)
class TotalProduct:
    """The product of all filters of one detector.

    Parameters
    ----------
    visit : VisitId
        Visit.
    detector_key : DetectorKey
        Instrument and detector.
    filters : tuple of FilterProduct
        Filter products in processing order; empty for a detector with grism
        exposures only.
    ramps : tuple of ExposureProduct
        Ramp and quad exposures: aligned with the others, not drizzled.
    grisms : tuple of ExposureProduct
        Grism and prism exposures: they only share the WCS.
    has_singles : bool
        Whether filters with one exposure go into the product even where
        others have more.
    """

    visit: VisitId
    detector_key: DetectorKey
    filters: tuple[FilterProduct, ...]
    ramps: tuple[ExposureProduct, ...] = ()
    grisms: tuple[ExposureProduct, ...] = ()
    has_singles: bool = False

    @property
    def used_filters(self) -> tuple[FilterProduct, ...]:
        """Filters that go into the product.

        Those with two exposures or more, if there is any: single exposures
        hold cosmic rays that cannot be told from stars. All if none has
        more than one, or if `has_singles`.
        """
        several = tuple(one for one in self.filters if len(one.members) > 1)
        return self.filters if self.has_singles else several or self.filters

    @property
    def members(self) -> tuple[ExposureProduct, ...]:
        """Drizzled exposure products of all filters."""
        return tuple(member for product in self.filters for member in product.members)

    @property
    def aligned_members(self) -> tuple[ExposureProduct, ...]:
        """Exposure products that take part in the alignment."""
        return self.members + self.ramps

    @property
    def all_members(self) -> tuple[ExposureProduct, ...]:
        """Every exposure product of this detector."""
        return self.members + self.ramps + self.grisms

    @property
    def first_member(self) -> ExposureProduct:
        """The first of all in processing order: the product is named after it."""
        return min(self.all_members, key=lambda member: member.exposure.processing_key)

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """Drizzled inputs in processing order."""
        return tuple(member.exposure for member in self.members)

    @property
    def suffix(self) -> str:
        """``drz`` or ``drc``."""
        return self.first_member.suffix

    @property
    def basename(self) -> str:
        """Product name without suffix; key of the parameter files."""
        base = _base(self.visit, self.detector_key)
        return f"{base}_total_{self.first_member.exposure.ipppss}"

    @property
    def drizzle_name(self) -> str:
        """File name of the drizzled image."""
        return f"{self.basename}_{self.suffix}.fits"

    @property
    def preview_name(self) -> str:
        """File name of the full-size preview."""
        return f"{self.basename}_{self.suffix}.jpg"

    @property
    def thumbnail_name(self) -> str:
        """File name of the small preview."""
        return f"{self.basename}_{self.suffix}_thumb.jpg"

    def color_preview_name(self, filters: Sequence[str]) -> str:
        """Return the file name of the full-size colour preview.

        Parameters
        ----------
        filters : sequence of str
            Filter parts of names, from red to blue.
        """
        return f"{self.basename}_{'-'.join(filters)}_{self.suffix}.jpg"

    def color_thumbnail_name(self, filters: Sequence[str]) -> str:
        """Return the file name of the small colour preview.

        Parameters
        ----------
        filters : sequence of str
            Filter parts of names, from red to blue.
        """
        return f"{self.basename}_{'-'.join(filters)}_{self.suffix}_thumb.jpg"

    @property
    def point_catalog_name(self) -> str:
        """File name of the catalog of point sources."""
        return f"{self.basename}_point-cat.ecsv"

    @property
    def segment_catalog_name(self) -> str:
        """File name of the catalog of segments."""
        return f"{self.basename}_segment-cat.ecsv"

    @property
    def trailer_name(self) -> str:
        """File name of the processing log."""
        return f"{self.basename}_trl.txt"


Product = ExposureProduct | FilterProduct | TotalProduct


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An accepted exposure that no product uses, and why.

    Parameters
    ----------
    rootname : str
        Exposure.
    sentence : str
        Why it is left out and how to change that.
    """

    rootname: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ProductTree:
    """All products of a visit.

    Parameters
    ----------
    totals : tuple of TotalProduct
        One per detector, in processing order.
    left_out : tuple of LeftOut
        Accepted exposures that no product uses.
    """

    totals: tuple[TotalProduct, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def products(self) -> tuple[Product, ...]:
        """Every product in processing order: total, its filters, their exposures."""
        found: list[Product] = []
        for total in self.totals:
            found.append(total)
            for filter_product in total.filters:
                found.append(filter_product)
                found.extend(filter_product.members)
            found.extend(total.ramps)
            found.extend(total.grisms)
        return tuple(found)

    def find(self, basename: str) -> Product:
        """Return the product of that name.

        Parameters
        ----------
        basename : str
            Product name without suffix.

        Raises
        ------
        KeyError
            If no product has that name.
        """
        for product in self.products:
            if product.basename == basename:
                return product
        raise KeyError(basename)
