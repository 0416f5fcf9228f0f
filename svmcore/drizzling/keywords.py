"""Keywords that only the product itself can give."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from astropy.io import fits
from astropy.time import Time

from svmcore.drizzling.settings import FinalSettings
from svmcore.drizzling.statistics import CoverageStatistics

__all__ = [
    "DrizzleRecord",
    "ProductFacts",
    "add_coverage_keywords",
    "add_product_keywords",
    "error_header",
]


# Raised when the same inputs would give other headers.
RULES_VERSION = 1.2


@dataclass(frozen=True, slots=True)
class DrizzleRecord:
    """How one chip went into a product: the D-keywords.

    Parameters
    ----------
    file_name : str
        Name of the input, renamed.
    extver : int
        EXTVER of the chip.
    exptime_s : float
        Exposure time [s].
    weight_scale : float
        Factor of the weights.
    input_scale_arcsec : float
        Size of an undistorted input pixel [arcsec].
    sky : float
        Sky that was subtracted, in the unit of the file.
    """

    file_name: str
    extver: int
    exptime_s: float
    weight_scale: float
    input_scale_arcsec: float
    sky: float


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """Facts about a product that its inputs' headers do not hold.

    Parameters
    ----------
    file_name : str
        Name of the product.
    rootname : str
        The same without suffix.
    trailer_name : str
        Name of its processing log.
    level : int
        HAPLEVEL: 1 for the product of one exposure, else 2.
    filter_name : str
        Value of FILTER; empty to leave what the inputs have.
    rootnames : tuple of str
        Inputs in the order of the D-keywords.
    final : FinalSettings
        How it was drizzled.
    scale_arcsec : float
        Size of an output pixel [arcsec].
    chips : tuple of DrizzleRecord
        Every chip that went in, in the order of context bits.
    version : str
        Version of this package.
    aperture : str
        Value of APERTURE; empty to leave what the inputs have.
    """

    file_name: str
    rootname: str
    trailer_name: str
    level: int
    filter_name: str
    rootnames: tuple[str, ...]
    final: FinalSettings
    scale_arcsec: float
    chips: tuple[DrizzleRecord, ...]
    version: str
    aperture: str = ""


def add_product_keywords(header: fits.Header, facts: ProductFacts) -> None:
    """Set a product's own keywords in its primary header.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Primary header; changed.
    facts : ProductFacts
        What the keywords say.
    """
    header["ROOTNAME"] = (facts.rootname, "root of the file name")
    header["FILENAME"] = (facts.file_name, "name of file")
    header["FILETYPE"] = ("SCI", "type of data found in data file")
    header["HAPLEVEL"] = (facts.level, "Classification level of this product")
    header["NUMEXP"] = (len(facts.rootnames), "number of input exposures")
    if facts.level == 1:
        header["IPPPSSOO"] = (";".join(facts.rootnames), "rootnames of the inputs")
    if "EXPTIME" in header:
        header.set(
            "TEXPTIME", header["EXPTIME"], "[s] sum of exposure times", after="EXPTIME"
        )
    if facts.aperture:
        header["APERTURE"] = (facts.aperture, "aperture, as the list of the visit says")
    if facts.filter_name:
        header["FILTER"] = (facts.filter_name, "element selected from filter wheel")
    if "PR_INV_L" in header:
        header["PINAME"] = (header["PR_INV_L"], "last name of principal investigator")
    if "EQUINOX" not in header:
        header["EQUINOX"] = (2000.0, "equinox of celestial coord. system")
    _add_dates(header)
    header["ASN_MTYP"] = ("PROD-DTH", "Role of the Member in the Association")
    header["DRIZCORR"] = ("COMPLETE", "drizzle processing")
    header["PROD_VER"] = (f"svmcore {facts.version}", "software that made this product")
    header["RULESVER"] = (RULES_VERSION, "version of the rules for header keywords")
    header["BLENDVER"] = (version("fitsblender"), "version of fitsblender")
    header["RULEFILE"] = ("svmcore.drizzling.header_rules", "rules for header keywords")
    header["DRIZPARS"] = (facts.trailer_name, "processing log")
    header["NDRIZIM"] = (
        len(facts.chips),
        "Drizzle, number of images drizzled onto output",
    )
    for number, chip in enumerate(facts.chips, start=1):
        _add_drizzle_keywords(header, number, chip, facts)


def _add_dates(header: fits.Header) -> None:
    for keyword, source in (("DATE-BEG", "EXPSTART"), ("DATE-END", "EXPEND")):
        if source in header:
            when = Time(float(header[source]), format="mjd", scale="utc")
            header[keyword] = (
                when.isot,
                f"UT of {'start' if source == 'EXPSTART' else 'end'} of observations",
            )


def add_coverage_keywords(header: fits.Header, coverage: CoverageStatistics) -> None:
    """Set what a product's pixels hold: time, exposures and weight per pixel.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Primary header; changed.
    coverage : CoverageStatistics
        Counted while the product was written.
    """
    for keyword, value, comment in (
        ("NPIXFRAC", coverage.covered_fraction, "fraction of pixels with data"),
        ("MEANEXPT", coverage.mean_exptime_s, "[s] mean exposure time per pixel"),
        ("MEDEXPT", coverage.median_exptime_s, "[s] median exposure time per pixel"),
        ("MEANNEXP", coverage.mean_exposures, "mean number of exposures per pixel"),
        ("MEDNEXP", coverage.median_exposures, "median number of exposures per pixel"),
        ("MEANWHT", coverage.mean_weight, "mean weight per pixel with data"),
        ("MEDWHT", coverage.median_weight, "median weight per pixel with data"),
    ):
        place = {"before": "NDRIZIM"} if "NDRIZIM" in header else {}
        header.set(keyword, round(value, 6), comment, **place)


def _add_drizzle_keywords(
    header: fits.Header, number: int, chip: DrizzleRecord, facts: ProductFacts
) -> None:
    final = facts.final
    cards: Sequence[tuple[str, str | float, str]] = (
        ("VER", "drizzle 3", "Drizzle, task version"),
        ("GEOM", "wcs", "Drizzle, source of geometric information"),
        ("DATA", f"{chip.file_name}[sci,{chip.extver}]", "Drizzle, input data image"),
        ("DEXP", chip.exptime_s, "Drizzle, input image exposure time (s)"),
        ("OUDA", f"{facts.file_name}[sci,1]", "Drizzle, output data image"),
        ("OUWE", f"{facts.file_name}[wht,1]", "Drizzle, output weighting image"),
        ("OUCO", f"{facts.file_name}[ctx,1]", "Drizzle, output context image"),
        ("MASK", f"{chip.file_name}[dq,{chip.extver}]", "Drizzle, input mask"),
        ("WTSC", chip.weight_scale, "Drizzle, weighting factor for input image"),
        ("KERN", final.kernel, "Drizzle, form of weight distribution kernel"),
        ("PIXF", final.pixfrac, "Drizzle, linear size of drop"),
        ("COEF", "SIP", "Drizzle, source of coefficients"),
        ("OUUN", final.units, "Drizzle, units of output image"),
        (
            "FVAL",
            "INDEF" if final.fillval is None else final.fillval,
            "Drizzle, fill value for zero weight output pix",
        ),
        ("WKEY", " ", "Input image WCS Version used"),
        ("SCAL", facts.scale_arcsec, "Drizzle, pixel size (arcsec) of output image"),
        ("ISCL", chip.input_scale_arcsec, "Drizzle, default IDCTAB pixel size(arcsec)"),
        ("SKY", chip.sky, "sky subtracted, in the unit of the input"),
    )
    for stem, value, comment in cards:
        header[f"D{number:03d}{stem}"] = (value, comment)


def error_header(
    weight: fits.Header, unit: str, final: FinalSettings, scale_ratio: float
) -> fits.Header:
    """Return the header of the ERR extension.

    Parameters
    ----------
    weight : astropy.io.fits.Header
        Header of WHT, whose WCS it shares.
    unit : str
        BUNIT of SCI.
    final : FinalSettings
        Kernel and size of the drops.
    scale_ratio : float
        Undistorted input over output pixel size.

    Notes
    -----
    Neighbouring pixels share light of the same input pixels: the noise of a
    sum over many pixels is larger than that of independent ones, by the factor
    of Casertano et al. (2000, AJ 120, 2747, appendix), which holds for many
    dithers and the square kernel.
    """
    header = weight.copy()
    header["BUNIT"] = (unit, "units of the values")
    header.add_comment(
        "Standard deviation of each pixel by itself, propagated from the errors "
        "of the exposures. Neighbouring pixels are correlated: the noise of a "
        "sum over many pixels is larger than these values say."
    )
    if final.kernel == "square":
        drop = final.pixfrac * scale_ratio
        factor = drop / (1 - 1 / (3 * drop)) if drop >= 1 else 1 / (1 - drop / 3)
        header["NOISCORR"] = (
            round(factor, 4),
            "noise of sums over many pixels / ERR alone",
        )
    return header
