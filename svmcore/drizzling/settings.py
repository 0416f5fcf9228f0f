"""The ``astrodrizzle`` parameters of one product, typed and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from svmcore.drizzling.setting_values import SettingValues
from svmcore.errors import ParameterError

__all__ = [
    "BlotSettings",
    "CosmicRaySettings",
    "DrizzleSettings",
    "FinalSettings",
    "FrameSettings",
    "InstrumentSettings",
    "MedianSettings",
    "SeparateSettings",
    "SkySettings",
    "StaticSettings",
    "drizzle_settings",
]

KERNELS = ("square", "turbo", "point", "gaussian", "lanczos3")
COMBINATIONS = ("median", "mean", "sum", "minmed", "imedian", "imean", "iminmed")
INTERPOLATIONS = (
    "nearest",
    "linear",
    "poly3",
    "poly5",
    "sinc",
    "lan3",
    "lan5",
    "lanczos3",
    "lanczos5",
)


@dataclass(frozen=True, slots=True)
class FrameSettings:
    """A grid set by hand (steps 3a and 7a); None leaves a property open."""

    is_custom: bool = False
    refimage: str = ""
    rot_deg: float | None = None
    scale_arcsec: float | None = None
    nx: int | None = None
    ny: int | None = None
    ra_deg: float | None = None
    dec_deg: float | None = None
    crpix1: float | None = None
    crpix2: float | None = None


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """Step 1: pixels that are low in every exposure."""

    is_on: bool = False
    sigma: float = 4.0


@dataclass(frozen=True, slots=True)
class SkySettings:
    """Step 2: the sky to subtract from every chip."""

    is_on: bool = False
    method: str = "match"
    statistic: str = "median"
    width: float = 0.1
    lower: float | None = None
    upper: float | None = None
    clip: int = 5
    lower_sigma: float = 4.0
    upper_sigma: float = 4.0
    mask_list: str = ""
    use_static: bool = True
    bits: int | None = 0
    file: str = ""
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class SeparateSettings:
    """Step 3: every exposure alone, on a common frame."""

    kernel: str = "turbo"
    wt_scl: str = "exptime"
    pixfrac: float = 1.0
    fillval: float | None = None
    bits: int | None = 0
    frame: FrameSettings = field(default_factory=FrameSettings)


@dataclass(frozen=True, slots=True)
class MedianSettings:
    """Step 4: the model of the sky without cosmic rays."""

    newmasks: bool = True
    maskpt: float = 0.3
    kind: str = "minmed"
    nsigma: tuple[float, float] = (4.0, 3.0)
    nlow: int = 0
    nhigh: int = 0
    lthresh: float | None = None
    hthresh: float | None = None
    grow: int = 1


@dataclass(frozen=True, slots=True)
class BlotSettings:
    """Step 5: the model on the pixels of each chip."""

    interp: str = "poly5"
    addsky: bool = True
    skyval: float = 0.0
    sinscl: float = 1.0


@dataclass(frozen=True, slots=True)
class CosmicRaySettings:
    """Step 6: pixels that differ from the model."""

    is_on: bool = False
    snr: tuple[float, float] = (3.5, 3.0)
    scale: tuple[float, float] = (1.2, 0.7)
    grow: int = 1
    ctegrow: int = 0


@dataclass(frozen=True, slots=True)
class FinalSettings:
    """Step 7: the product."""

    weight: str = "EXP"
    kernel: str = "square"
    wt_scl: str = "exptime"
    pixfrac: float = 1.0
    fillval: float | None = None
    maskval: float | None = None
    bits: int | None = 0
    units: str = "cps"
    frame: FrameSettings = field(default_factory=FrameSettings)


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """Values given by hand, or the keywords that hold them; chips to use."""

    gain: float | None = None
    read_noise: float | None = None
    exptime_s: float | None = None
    gain_keywords: tuple[str, ...] = ()
    read_noise_keywords: tuple[str, ...] = ()
    exptime_keyword: str = "EXPTIME"
    chips: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DrizzleSettings:
    """All that drizzling one product depends on, by AstroDrizzle's steps."""

    static: StaticSettings = field(default_factory=StaticSettings)
    sky: SkySettings = field(default_factory=SkySettings)
    separate: SeparateSettings = field(default_factory=SeparateSettings)
    median: MedianSettings = field(default_factory=MedianSettings)
    blot: BlotSettings = field(default_factory=BlotSettings)
    cosmic_rays: CosmicRaySettings = field(default_factory=CosmicRaySettings)
    final: FinalSettings = field(default_factory=FinalSettings)
    instrument: InstrumentSettings = field(default_factory=InstrumentSettings)
    resetbits: int = 4096
    crbit: int = 4096
    coeffs: bool = True
    context: bool = True
    combine: bool = True


def drizzle_settings(
    section: Mapping[str, Any], *, exposures: int = 2
) -> DrizzleSettings:
    """Return the typed settings of one product.

    Parameters
    ----------
    section : Mapping of str to JSON value
        The ``astrodrizzle`` section of a parameter set, AstroDrizzle's names
        without the step titles.
    exposures : int
        Number of exposures of the product. With one, no cosmic rays are
        searched.

    Returns
    -------
    DrizzleSettings
        Typed settings. Separate images, their combination and its blot are
        made whenever cosmic rays are searched, and never else.

    Raises
    ------
    ParameterError
        If a value has the wrong type, form or range.

    Examples
    --------
    >>> drizzle_settings({"final_pixfrac": 0.8, "final_bits": "64, 32"}).final.bits
    96
    """
    values = SettingValues(section)
    rejects = exposures > 1 and values.flag("driz_cr", default=False)
    return DrizzleSettings(
        static=StaticSettings(
            values.flag("static", default=False),
            values.number("static_sig", 4.0, minimum=0.0),
        ),
        sky=_sky(values),
        separate=_separate(values),
        median=_median(values),
        blot=BlotSettings(
            values.choice("blot_interp", INTERPOLATIONS, "poly5"),
            values.flag("blot_addsky", default=True),
            values.number("blot_skyval", 0.0),
            values.number("blot_sinscl", 1.0, minimum=1e-6),
        ),
        cosmic_rays=CosmicRaySettings(
            rejects,
            values.pair("driz_cr_snr", (3.5, 3.0)),
            values.pair("driz_cr_scale", (1.2, 0.7)),
            values.count("driz_cr_grow", 1),
            values.count("driz_cr_ctegrow", 0),
        ),
        final=_final(values),
        instrument=_instrument(values),
        resetbits=values.bits("resetbits", 4096) or 0,
        crbit=values.count("crbit", 4096),
        coeffs=values.flag("coeffs", default=True),
        context=values.flag("context", default=True),
        combine=values.flag("driz_combine", default=True),
    )


def _sky(values: SettingValues) -> SkySettings:
    return SkySettings(
        values.flag("skysub", default=True),
        values.choice(
            "skymethod", ("localmin", "globalmin", "match", "globalmin+match"), "match"
        ),
        values.choice("skystat", ("median", "mean", "mode", "midpt"), "median"),
        values.number("skywidth", 0.1, minimum=1e-6),
        values.optional("skylower"),
        values.optional("skyupper"),
        values.count("skyclip", 5),
        values.number("skylsigma", 4.0, minimum=1e-6),
        values.number("skyusigma", 4.0, minimum=1e-6),
        values.text("skymask_cat"),
        values.flag("use_static", default=True),
        values.bits("sky_bits", 0),
        values.text("skyfile"),
        values.text("skyuser"),
    )


def _separate(values: SettingValues) -> SeparateSettings:
    return SeparateSettings(
        values.choice("driz_sep_kernel", KERNELS, "turbo"),
        values.weight_scale("driz_sep_wt_scl"),
        values.number("driz_sep_pixfrac", 1.0, minimum=0.0, maximum=1e3),
        values.optional("driz_sep_fillval"),
        values.bits("driz_sep_bits", 0),
        _frame(values, "driz_sep", is_default=False),
    )


def _median(values: SettingValues) -> MedianSettings:
    return MedianSettings(
        values.flag("median_newmasks", default=True),
        values.number("combine_maskpt", 0.3, minimum=0.0, maximum=1.0),
        values.choice("combine_type", COMBINATIONS, "minmed"),
        values.pair("combine_nsigma", (4.0, 3.0)),
        values.count("combine_nlow", 0),
        values.count("combine_nhigh", 0),
        values.optional("combine_lthresh"),
        values.optional("combine_hthresh"),
        values.count("combine_grow", 1),
    )


def _final(values: SettingValues) -> FinalSettings:
    return FinalSettings(
        values.choice("final_wht_type", ("EXP", "ERR", "IVM"), "EXP"),
        values.choice("final_kernel", KERNELS, "square"),
        values.weight_scale("final_wt_scl"),
        values.number("final_pixfrac", 1.0, minimum=0.0, maximum=1e3),
        values.optional("final_fillval"),
        values.optional("final_maskval"),
        values.bits("final_bits", 0),
        values.choice("final_units", ("cps", "counts"), "cps"),
        _frame(values, "final", is_default=True),
    )


def _frame(values: SettingValues, prefix: str, *, is_default: bool) -> FrameSettings:
    frame = FrameSettings(
        values.flag(f"{prefix}_wcs", default=is_default),
        values.text(f"{prefix}_refimage"),
        values.optional(f"{prefix}_rot"),
        values.optional(f"{prefix}_scale", minimum=1e-6),
        values.optional_count(f"{prefix}_outnx"),
        values.optional_count(f"{prefix}_outny"),
        values.optional(f"{prefix}_ra", minimum=0.0, maximum=360.0),
        values.optional(f"{prefix}_dec", minimum=-90.0, maximum=90.0),
        values.optional(f"{prefix}_crpix1"),
        values.optional(f"{prefix}_crpix2"),
    )
    for first, second, names in (
        (frame.nx, frame.ny, ("outnx", "outny")),
        (frame.ra_deg, frame.dec_deg, ("ra", "dec")),
        (frame.crpix1, frame.crpix2, ("crpix1", "crpix2")),
    ):
        if (first is None) != (second is None):
            raise ParameterError(
                f"{prefix}_{names[0]}, {prefix}_{names[1]}",
                "only one of the two is given",
                "Give both or none.",
            )
    return frame


def _instrument(values: SettingValues) -> InstrumentSettings:
    return InstrumentSettings(
        values.optional("gain", minimum=0.0),
        values.optional("rdnoise", minimum=0.0),
        values.optional("exptime", minimum=0.0),
        values.keywords("gnkeyword"),
        values.keywords("rnkeyword"),
        values.text("expkeyword") or "EXPTIME",
        values.extensions("group"),
    )
