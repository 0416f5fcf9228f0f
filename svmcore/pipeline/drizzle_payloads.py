"""What the drizzling tasks are told: small frozen facts and parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from svmcore.drizzling.settings import (
    BlotSettings,
    CosmicRaySettings,
    FinalSettings,
    FrameSettings,
    InstrumentSettings,
    MedianSettings,
    SeparateSettings,
    SkySettings,
    StaticSettings,
)
from svmcore.io.sky_masks import SkyMask

__all__ = [
    "CombinePayload",
    "FlagPayload",
    "GridsPayload",
    "Masking",
    "Member",
    "ProductPayload",
    "ResamplePayload",
    "SeparatePayload",
    "SkyPayload",
    "StaticPayload",
]


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Member:
    """One exposure of a product.

    Parameters
    ----------
    rootname : str
        Exposure.
    path : Path
        The original file.
    name : str
        Product name of the exposure, without suffix.
    calibrated_name : str
        Name of the renamed exposure.
    exptime_s : float
        Exposure time [s].
    """

    rootname: str
    path: Path
    name: str
    calibrated_name: str
    exptime_s: float

    def found_in(self, table: Mapping[str, Found]) -> Found | None:
        """Return what a table says of this exposure, under any of its names."""
        for name in (self.path.name, self.calibrated_name, self.rootname):
            if name in table:
                return table[name]
        return None


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames a product wants: its own and that of separate images."""

    basename: str
    members: tuple[Member, ...]
    final: FrameSettings
    separate: FrameSettings
    refimage: Path | None
    separate_refimage: Path | None
    follows_total: bool


@dataclass(frozen=True, slots=True)
class GridsPayload:
    """Task "build grids": the total product first."""

    total: Frames
    others: tuple[Frames, ...]
    coeffs: bool


@dataclass(frozen=True, slots=True)
class StaticPayload:
    """Task "find static pixels"."""

    members: tuple[Member, ...]
    settings: StaticSettings


@dataclass(frozen=True, slots=True)
class SkyPayload:
    """Task "measure sky"."""

    product: str
    members: tuple[Member, ...]
    settings: SkySettings
    instrument: InstrumentSettings
    sky_file: Path | None
    made_with: str = ""
    masks: tuple[tuple[str, tuple[SkyMask, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class SeparatePayload:
    """Task "drizzle separately"."""

    product: str
    member: Member
    settings: SeparateSettings
    instrument: InstrumentSettings
    reset_bits: int
    coeffs: bool


@dataclass(frozen=True, slots=True)
class CombinePayload:
    """Task "combine images"."""

    product: str
    members: tuple[Member, ...]
    settings: MedianSettings


@dataclass(frozen=True, slots=True)
class FlagPayload:
    """Task "flag cosmic rays"."""

    product: str
    member: Member
    blot: BlotSettings
    settings: CosmicRaySettings
    instrument: InstrumentSettings
    reset_bits: int
    bit: int
    is_matched: bool
    coeffs: bool
    made_with: str = ""


@dataclass(frozen=True, slots=True)
class Masking:
    """Which pixels of an exposure a product uses.

    Parameters
    ----------
    bits : int or None
        DQ flags that do no harm; None takes all pixels.
    use_static : bool
        Whether static pixels are left out.
    use_cosmic_rays : bool
        Whether cosmic rays found by comparison are left out.
    reset_bits : int
        DQ flags that are cleared first.
    """

    bits: int | None
    use_static: bool
    use_cosmic_rays: bool
    reset_bits: int


@dataclass(frozen=True, slots=True)
class ResamplePayload:
    """Tasks "resample" and "change pixels".

    Parameters
    ----------
    product : str
        Basename of the product whose grid is used.
    member : Member
        Exposure.
    final : FinalSettings
        Kernel, weights; without what only matters for the file.
    masking : Masking
        Pixels to use.
    instrument : InstrumentSettings
        Values that replace those of the headers.
    coeffs : bool
        Whether distortion is removed.
    base : Masking or None
        What was used before; only for "change pixels".
    has_errors : bool
        Whether variances are propagated.
    """

    product: str
    member: Member
    final: FinalSettings
    masking: Masking
    instrument: InstrumentSettings
    coeffs: bool
    base: Masking | None = None
    has_errors: bool = False


@dataclass(frozen=True, slots=True)
class ProductPayload:
    """Tasks "drizzle product".

    Parameters
    ----------
    basename, file_name, trailer_name : str
        Names.
    level : int
        HAPLEVEL.
    filter_name : str
        Value of FILTER; empty to leave that of the inputs.
    members : tuple of Member
        Exposures that go in.
    final : FinalSettings
        How it is drizzled.
    sky : SkySettings
        Whether and how the sky is subtracted.
    instrument : InstrumentSettings
        Values that replace those of the headers.
    has_photometry : bool
        Whether all inputs share one filter.
    context : bool
        Whether the context image is written.
    filters : tuple of str
        File names of the filter products to add up; empty to add up chips.
    filter_sizes : tuple of int
        Number of exposures of each.
    has_changes : bool
        Whether other pixels are used than in the filter products.
    excluded : tuple of str
        Exposures that were left out and their filters, for the header.
    change : ResamplePayload or None
        Pixels to add to the one exposure, or take away.
    reference_rootname : str
        First exposure of the detector, for RELREFIM.
    version : str
        Version of this package.
    has_errors : bool
        Whether the product gets an ERR extension.
    aperture : str
        Value of APERTURE; empty to leave that of the inputs.
    singles : tuple of str
        Only exposures of a filter that are in the total product by choice,
        and their filters, for the header.
    """

    basename: str
    file_name: str
    trailer_name: str
    level: int
    filter_name: str
    members: tuple[Member, ...]
    final: FinalSettings
    sky: SkySettings
    instrument: InstrumentSettings
    has_photometry: bool
    context: bool
    version: str
    filters: tuple[str, ...] = ()
    filter_sizes: tuple[int, ...] = ()
    has_changes: bool = False
    excluded: tuple[str, ...] = ()
    change: ResamplePayload | None = None
    reference_rootname: str = ""
    has_errors: bool = False
    aperture: str = ""
    singles: tuple[str, ...] = ()

    def remarks(self, skies: Iterable[str]) -> tuple[str, ...]:
        """Return what header and trailer say: exposures left out, odd skies.

        Parameters
        ----------
        skies : iterable of str
            Remarks on the sky of exposures, each starting with a rootname.
        """
        rootnames = tuple(member.rootname for member in self.members)
        left_out = (
            f"{one}: left out of the total product, as the only exposure of its "
            "filter: its cosmic rays are not known"
            for one in self.excluded
        )
        taken_in = (
            f"{one}: in the total product by choice, as the only exposure of its "
            "filter: its cosmic rays are not known"
            for one in self.singles
        )
        skies = [one for one in skies if one.startswith(rootnames) and self.sky.is_on]
        return (*left_out, *taken_in, *(f"Sky of {one}" for one in skies))

    @property
    def adds_only(self) -> bool:
        """Whether the change adds pixels to the base, and takes none away."""
        if self.change is None or self.change.base is None:
            return True
        now, before = self.change.masking, self.change.base
        keeps_bits = now.bits is None or (
            before.bits is not None and before.bits & ~now.bits == 0
        )
        return (
            keeps_bits
            and now.reset_bits == before.reset_bits
            and now.use_static <= before.use_static
            and now.use_cosmic_rays <= before.use_cosmic_rays
        )
