"""Parameters of AstroDrizzle that find cosmic rays."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.rows import section_rows

__all__ = ["REJECTION"]

_STEP = "astrodrizzle"

_frame = section_rows(
    _STEP, "STEP 3a: CUSTOM WCS FOR SEPARATE OUTPUTS", "separate", prefix=""
)
_median = section_rows(_STEP, "STEP 4: CREATE MEDIAN IMAGE", "median", prefix="")
_blot = section_rows(_STEP, "STEP 5: BLOT BACK THE MEDIAN IMAGE", "blot", prefix="")
_rays = section_rows(
    _STEP,
    "STEP 6: REMOVE COSMIC RAYS WITH DERIV, DRIZ_CR",
    "cosmic rays",
    prefix="",
)

REJECTION: tuple[Declaration, ...] = (
    _frame("driz_sep_wcs", "bool", "Use the frame that the next parameters describe"),
    _frame(
        "driz_sep_refimage",
        "str",
        "Image whose WCS defines the frame; empty for none",
    ),
    _frame(
        "driz_sep_rot",
        "float",
        "Position angle of the frame's y axis",
        unit="deg",
        minimum=-360.0,
        maximum=360.0,
        is_nullable=True,
    ),
    _frame(
        "driz_sep_scale",
        "float",
        "Pixel size of the frame",
        unit="arcsec",
        minimum=0.001,
        maximum=10.0,
        is_nullable=True,
    ),
    *(
        _frame(
            name,
            "int",
            f"Size of the frame along {axis}",
            unit="pixel",
            minimum=1,
            maximum=100000,
            is_nullable=True,
        )
        for name, axis in (("driz_sep_outnx", "x"), ("driz_sep_outny", "y"))
    ),
    _frame(
        "driz_sep_ra",
        "float",
        "Right ascension of the frame's reference point",
        unit="deg",
        minimum=0.0,
        maximum=360.0,
        is_nullable=True,
    ),
    _frame(
        "driz_sep_dec",
        "float",
        "Declination of the frame's reference point",
        unit="deg",
        minimum=-90.0,
        maximum=90.0,
        is_nullable=True,
    ),
    *(
        _frame(
            name,
            "float",
            f"Pixel of the frame's reference point along {axis}",
            unit="pixel",
            minimum=-1.0e6,
            maximum=1.0e6,
            is_nullable=True,
        )
        for name, axis in (("driz_sep_crpix1", "x"), ("driz_sep_crpix2", "y"))
    ),
    _median(
        "median",
        "bool",
        "Make a median image free of cosmic rays",
        inert_why="it is done whenever driz_cr asks for it, and never else",
    ),
    _median(
        "median_newmasks",
        "bool",
        "Leave pixels of low weight out of the median",
    ),
    _median(
        "combine_maskpt",
        "float",
        "Fraction of the mean weight below which a pixel is left out",
        minimum=0.0,
        maximum=1.0,
    ),
    _median(
        "combine_type",
        "str",
        "How the separate images are combined",
        choices=("minmed", "iminmed", "median", "imedian", "mean", "imean", "sum"),
    ),
    _median(
        "combine_nsigma",
        "pair",
        "minmed: significances at which the minimum replaces the median",
        unit="sigma",
        minimum=0.0,
        maximum=1000.0,
    ),
    _median(
        "combine_nlow",
        "int",
        "Number of lowest values left out of each pixel",
        minimum=0,
        maximum=1000,
    ),
    _median(
        "combine_nhigh",
        "int",
        "Number of highest values left out of each pixel",
        minimum=0,
        maximum=1000,
    ),
    _median(
        "combine_lthresh",
        "float",
        "Values below this are left out",
        is_nullable=True,
    ),
    _median(
        "combine_hthresh",
        "float",
        "Values above this are left out",
        is_nullable=True,
    ),
    _median(
        "combine_grow",
        "int",
        "minmed: radius around a replaced pixel with the second significance",
        unit="pixel",
        minimum=0,
        maximum=100,
    ),
    _median(
        "combine_bufsize",
        "float",
        "Memory for each image",
        unit="MB",
        is_nullable=True,
        inert_why="memory is bounded by working in bands of rows",
    ),
    _blot(
        "blot",
        "bool",
        "Transform the median image back to each chip",
        inert_why="it is done whenever driz_cr asks for it, and never else",
    ),
    _blot(
        "blot_interp",
        "str",
        "Interpolation of the median image",
        choices=("nearest", "linear", "poly3", "poly5", "sinc"),
    ),
    _blot(
        "blot_sinscl",
        "float",
        "Sinc only: factor of the distance from the nearest pixel; 1 interpolates",
        minimum=0.01,
        maximum=100.0,
    ),
    _blot("blot_addsky", "bool", "Add each chip's own sky to the blotted image"),
    _blot("blot_skyval", "float", "Sky to add if each chip's own is not added"),
    _rays("driz_cr", "bool", "Flag cosmic rays by comparison with the blotted image"),
    _rays(
        "driz_cr_corr",
        "bool",
        "Write images without cosmic rays",
        inert_why="cleaned single exposures are not products",
    ),
    _rays(
        "driz_cr_snr",
        "pair",
        "Significances of a cosmic ray: of it or a neighbour, and of it",
        unit="sigma",
        minimum=0.0,
        maximum=1000.0,
    ),
    _rays(
        "driz_cr_grow",
        "int",
        "Side of the box that is flagged around each hit; 1 for the hit alone",
        unit="pixel",
        minimum=1,
        maximum=101,
    ),
    _rays(
        "driz_cr_ctegrow",
        "int",
        "Length of the charge-transfer tail flagged with a cosmic ray",
        unit="pixel",
        minimum=0,
        maximum=4096,
    ),
    _rays(
        "driz_cr_scale",
        "pair",
        "Factors of the image gradient that excuse a difference",
        minimum=0.0,
        maximum=1000.0,
    ),
)
