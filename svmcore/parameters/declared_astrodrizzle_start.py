"""Parameters of AstroDrizzle: inputs, static mask, sky, separate images."""

from svmcore.parameters.declaration import Declaration
from svmcore.parameters.rows import section_rows

__all__ = ["START"]

_STEP = "astrodrizzle"
_KERNELS = ("square", "point", "turbo", "gaussian", "lanczos3")
_INPUTS = "inputs are opened read-only and never copied over"
_DISPLAY = "a button of a former user interface"

_start = section_rows(_STEP, "INITIAL", "final", prefix="")
_state = section_rows(_STEP, "STATE OF INPUT FILES", "none", prefix="")
_static = section_rows(_STEP, "STEP 1: STATIC MASK", "static mask", prefix="")
_sky = section_rows(_STEP, "STEP 2: SKY SUBTRACTION", "sky", prefix="")
_separate = section_rows(
    _STEP, "STEP 3: DRIZZLE SEPARATE IMAGES", "separate", prefix=""
)

START: tuple[Declaration, ...] = (
    _start(
        "runfile",
        "str",
        "Name of the log file",
        inert_why="every product writes its own trailer file",
    ),
    _start(
        "wcskey",
        "str",
        "Letter of the alternate WCS to use",
        choices=("", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        inert_why="the alignment decides which WCS is used",
    ),
    _start(
        "proc_unit",
        "str",
        "Unit in which the inputs are processed",
        choices=("native", "electrons"),
        inert_why="products keep the unit of the inputs: electrons, or counts of WFPC2",
    ),
    _start("coeffs", "bool", "Apply the distortion model of the headers"),
    _start("context", "bool", "Write the context image: which chips made a pixel"),
    _start(
        "group", "str", "EXTVER of the SCI extensions to use, as 1,2; empty for all"
    ),
    _start(
        "build",
        "bool",
        "Write one multi-extension file",
        inert_why="products are always one multi-extension file",
    ),
    _start(
        "crbit",
        "int",
        "DQ flag that marks a cosmic ray",
        step_used="cosmic rays",
        minimum=0,
        maximum=32768,
    ),
    _start(
        "stepsize",
        "int",
        "Spacing of exactly computed points of the pixel map",
        unit="pixel",
        inert_why="the pixel map has a fixed accuracy, better than 1e-4 pixel",
    ),
    _start(
        "resetbits",
        "bits",
        "DQ flags cleared before cosmic rays are searched",
        step_used="cosmic rays",
        minimum=0,
        maximum=65535,
    ),
    _start(
        "num_cores",
        "int",
        "Processor cores for one product",
        is_nullable=True,
        inert_why="the number of workers is an option of the run",
    ),
    _start(
        "in_memory",
        "bool",
        "Keep temporary images in memory",
        inert_why="memory is bounded by working in bands of rows",
    ),
    _start("_mdriztab_btn_", "str", "No meaning", inert_why=_DISPLAY),
    _state("restore", "bool", "Restore inputs from copies", inert_why=_INPUTS),
    _state("preserve", "bool", "Keep copies of the inputs", inert_why=_INPUTS),
    _state("overwrite", "bool", "Replace older copies", inert_why=_INPUTS),
    _state(
        "clean",
        "bool",
        "Delete temporary files",
        inert_why="temporary files live in the result store",
    ),
    _static("static", "bool", "Mask pixels that are low in every exposure"),
    _static(
        "static_sig",
        "float",
        "How far below the mode a pixel must lie to be masked",
        unit="sigma",
        minimum=0.1,
        maximum=100.0,
    ),
    _sky("skysub", "bool", "Determine and subtract the sky"),
    _sky(
        "skymethod",
        "str",
        "Subtract each exposure's own sky, or equalize overlapping exposures",
        choices=("localmin", "globalmin", "match", "globalmin+match"),
    ),
    _sky(
        "skystat",
        "str",
        "Statistic that stands for the sky",
        choices=("median", "mode", "mean"),
    ),
    _sky(
        "skywidth",
        "float",
        "Bin width of the histogram for the mode",
        unit="sigma",
        minimum=1.0e-4,
        maximum=10.0,
        is_nullable=True,
    ),
    _sky(
        "skylower",
        "float",
        "Lowest pixel value that counts as sky",
        unit="electron",
        is_nullable=True,
    ),
    _sky(
        "skyupper",
        "float",
        "Highest pixel value that counts as sky",
        unit="electron",
        is_nullable=True,
    ),
    _sky(
        "skyclip",
        "int",
        "Rounds of clipping",
        minimum=0,
        maximum=100,
    ),
    _sky(
        "skylsigma",
        "float",
        "Clipping limit below the centre",
        unit="sigma",
        minimum=0.1,
        maximum=100.0,
    ),
    _sky(
        "skyusigma",
        "float",
        "Clipping limit above the centre",
        unit="sigma",
        minimum=0.1,
        maximum=100.0,
    ),
    _sky(
        "skymask_cat",
        "str",
        "File with a line for each exposure: its name, then a mask for each chip",
    ),
    _sky("use_static", "bool", "Leave statically masked pixels out of the sky"),
    _sky(
        "sky_bits",
        "bits",
        "DQ flags that do not exclude a pixel from the sky",
        minimum=0,
        maximum=65535,
    ),
    _sky(
        "skyfile",
        "str",
        "File with the sky of each exposure: name, then one value a chip",
    ),
    _sky("skyuser", "str", "Header keyword that holds the sky; empty to measure it"),
    _separate(
        "driz_separate",
        "bool",
        "Drizzle each exposure on its own, for cosmic-ray rejection",
        inert_why="it is done whenever driz_cr asks for it, and never else",
    ),
    _separate(
        "driz_sep_kernel",
        "str",
        "Shape of the drop in separate drizzling",
        choices=_KERNELS,
    ),
    _separate(
        "driz_sep_wt_scl",
        "scale",
        "Scale of the weights of separate images",
        choices=("exptime", "expsq"),
    ),
    _separate(
        "driz_sep_pixfrac",
        "float",
        "Side of the drop over side of the input pixel, separate images",
        minimum=0.01,
        maximum=1.0,
    ),
    _separate(
        "driz_sep_fillval",
        "float",
        "Value of empty pixels of separate images; null for automatic",
        is_nullable=True,
    ),
    _separate(
        "driz_sep_bits",
        "bits",
        "DQ flags that do not exclude a pixel from separate images",
        minimum=0,
        maximum=65535,
    ),
    _separate(
        "driz_sep_compress",
        "bool",
        "Compress separate images",
        inert_why="separate images are not products",
    ),
)
