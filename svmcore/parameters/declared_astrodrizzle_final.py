"""Parameters of AstroDrizzle's last step and of the instruments."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.rows import section_rows

__all__ = ["FINAL"]

_STEP = "astrodrizzle"
_KERNELS = ("square", "point", "gaussian", "turbo", "lanczos3")

_final = section_rows(_STEP, "STEP 7: DRIZZLE FINAL COMBINED IMAGE", "final", prefix="")
_frame = section_rows(_STEP, "STEP 7a: CUSTOM WCS FOR FINAL OUTPUT", "final", prefix="")
_chip = section_rows(_STEP, "INSTRUMENT PARAMETERS", "cosmic rays", prefix="")

FINAL: tuple[Declaration, ...] = (
    _final(
        "driz_combine",
        "bool",
        "Make the product; if not, neither its preview nor catalogs that need it",
    ),
    _final(
        "final_wht_type",
        "str",
        "Weight of a pixel: exposure time, inverse error, or inverse variance",
        choices=("EXP", "ERR", "IVM"),
    ),
    _final(
        "final_kernel",
        "str",
        "Shape of the drop",
        choices=_KERNELS,
    ),
    _final(
        "final_wt_scl",
        "scale",
        "Scale of the weights between exposures",
        choices=("exptime", "expsq"),
    ),
    _final(
        "final_pixfrac",
        "float",
        "Side of the drop over side of the input pixel",
        minimum=0.01,
        maximum=1.0,
    ),
    _final(
        "final_fillval",
        "float",
        "Value of empty pixels; null for NaN",
        is_nullable=True,
    ),
    _final(
        "final_maskval",
        "float",
        "Value of empty pixels if final_fillval is null; null for NaN",
        is_nullable=True,
    ),
    _final(
        "final_bits",
        "bits",
        "DQ flags that do not exclude a pixel from the product; 65535 for all",
        minimum=0,
        maximum=65535,
    ),
    _final(
        "final_units",
        "str",
        "Rates per second, or counts",
        choices=("cps", "counts"),
    ),
    _frame("final_wcs", "bool", "Use the frame that the next parameters describe"),
    _frame(
        "final_refimage",
        "str",
        "Image whose WCS defines the frame; empty for the detector's mosaic grid",
    ),
    _frame(
        "final_rot",
        "float",
        "Position angle of the y axis; 0 for north up",
        unit="deg",
        minimum=-360.0,
        maximum=360.0,
        is_nullable=True,
    ),
    _frame(
        "final_scale",
        "float",
        "Pixel size; null for the detector's own",
        unit="arcsec",
        minimum=0.001,
        maximum=10.0,
        is_nullable=True,
    ),
    *(
        _frame(
            name,
            "int",
            f"Size along {axis}; null to cover all exposures",
            unit="pixel",
            minimum=1,
            maximum=100000,
            is_nullable=True,
        )
        for name, axis in (("final_outnx", "x"), ("final_outny", "y"))
    ),
    _frame(
        "final_ra",
        "float",
        "Right ascension of the reference point; null for automatic",
        unit="deg",
        minimum=0.0,
        maximum=360.0,
        is_nullable=True,
    ),
    _frame(
        "final_dec",
        "float",
        "Declination of the reference point; null for automatic",
        unit="deg",
        minimum=-90.0,
        maximum=90.0,
        is_nullable=True,
    ),
    *(
        _frame(
            name,
            "float",
            f"Pixel of the reference point along {axis}; null for automatic",
            unit="pixel",
            minimum=-1.0e6,
            maximum=1.0e6,
            is_nullable=True,
        )
        for name, axis in (("final_crpix1", "x"), ("final_crpix2", "y"))
    ),
    _chip(
        "gain",
        "number text",
        "Detector gain; empty to read it from the header",
        minimum=0.0,
        maximum=1000.0,
    ),
    _chip("gnkeyword", "str", "Header keywords that hold the gain"),
    _chip(
        "rdnoise",
        "number text",
        "Read noise; empty to read it from the header",
        unit="electron",
        minimum=0.0,
        maximum=1.0e6,
    ),
    _chip("rnkeyword", "str", "Header keywords that hold the read noise"),
    _chip(
        "exptime",
        "number text",
        "Exposure time; empty to read it from the header",
        unit="s",
        minimum=0.0,
        maximum=1.0e7,
        step_used="final",
    ),
    _chip(
        "expkeyword",
        "str",
        "Header keyword that holds the exposure time",
        step_used="final",
    ),
)
