"""Write a simulated visit with known truth, as the archive would deliver it."""

import argparse
import shlex
from pathlib import Path

from rich.console import Console

from svmcore.errors import ParameterError
from svmcore.simulation import (
    PointingErrors,
    ReferenceErrors,
    SimulatedVisit,
    VisitConfig,
    write_visit,
)
from svmcore.simulation.instruments import INSTRUMENTS

__all__ = ["HELP", "NAME", "add_arguments", "run"]

NAME = "demo"
HELP = "write a simulated visit with known truth"
MOST_VISITS = 99


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm demo``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of this command.
    """
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to write")
    parser.add_argument(
        "--instrument",
        "--detector",
        default="wfc3/ir",
        metavar="NAME",
        help=f"one of {', '.join(INSTRUMENTS)}, or one of their halves such as "
        "'sbc' or 'wfpc2' (default: wfc3/ir)",
    )
    parser.add_argument(
        "--second",
        default="",
        metavar="NAME",
        help="another detector of that instrument, in the same visit",
    )
    parser.add_argument(
        "--field",
        nargs=2,
        type=float,
        default=[84.6762, -69.1009],
        metavar=("RA", "DEC"),
        help="where to point [deg]",
    )
    parser.add_argument(
        "--pa", type=float, default=118.0, help="position angle of V3 [deg]"
    )
    parser.add_argument(
        "--filters",
        nargs="+",
        default=[],
        metavar="NAME",
        help="filters (default: the instrument's usual two)",
    )
    parser.add_argument(
        "--exposures", type=int, default=4, help="per filter (default: 4)"
    )
    parser.add_argument(
        "--density", type=float, help="stars per square arcminute down to 27 mag"
    )
    parser.add_argument(
        "--galaxies", type=float, default=40.0, help="galaxies per square arcminute"
    )
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--exptime", type=float, default=0.0, help="seconds")
    parser.add_argument(
        "--chip",
        nargs=2,
        type=int,
        metavar=("NY", "NX"),
        help="subarray of each chip, for small visits",
    )
    parser.add_argument(
        "--grism", action="store_true", help="add a grism exposure (wfc3/ir)"
    )
    parser.add_argument(
        "--no-rejected",
        action="store_true",
        help="leave out the three exposures that filtering rejects",
    )
    parser.add_argument(
        "--visits", type=int, default=1, help="write several, in DIR/visit_01, …"
    )
    _add_error_arguments(parser)


def _add_error_arguments(parser: argparse.ArgumentParser) -> None:
    errors = parser.add_argument_group("what is wrong with the visit")
    errors.add_argument(
        "--offset",
        nargs=2,
        type=float,
        metavar=("EAST", "NORTH"),
        help="pointing error of all exposures [mas]",
    )
    errors.add_argument(
        "--shift", type=float, default=12.0, help="scatter of the exposures [mas]"
    )
    errors.add_argument("--roll", type=float, help="roll error of all exposures [deg]")
    errors.add_argument(
        "--scale", type=float, default=0.0, help="scale error of all exposures [ppm]"
    )
    errors.add_argument(
        "--distortion",
        type=float,
        default=0.0,
        help="what the distortion model leaves, rms per axis [pixel]",
    )
    errors.add_argument(
        "--gross",
        type=int,
        default=-1,
        metavar="INDEX",
        help="exposure off by 6 arcsec",
    )
    errors.add_argument(
        "--starless",
        type=int,
        default=-1,
        metavar="INDEX",
        help="exposure without stars",
    )
    errors.add_argument(
        "--wrong-gaia", type=float, default=0.0, help="fraction of wrong entries"
    )
    errors.add_argument(
        "--max-gaia", type=int, default=0, help="brightest entries kept; 0 for all"
    )
    errors.add_argument(
        "--motion", type=float, default=3.0, help="proper motions [mas / yr]"
    )


def _config(arguments: argparse.Namespace, seed: int) -> VisitConfig:
    if arguments.chip and min(arguments.chip) < 64:
        raise ParameterError(
            "--chip", f"is {arguments.chip}, expected at least 64 64", ""
        )
    _check_index("--gross", arguments.gross)
    _check_index("--starless", arguments.starless)
    offset = arguments.offset
    return VisitConfig(
        instrument=_full_name(arguments.instrument),
        second_instrument=_full_name(arguments.second),
        ra_deg=arguments.field[0] % 360.0,
        dec_deg=arguments.field[1],
        pa_v3_deg=arguments.pa,
        filters=tuple(name.upper() for name in arguments.filters),
        exposures=arguments.exposures,
        density=arguments.density,
        galaxy_density=arguments.galaxies,
        seed=seed,
        has_grism=arguments.grism,
        has_rejected=not arguments.no_rejected,
        chip_shape=(arguments.chip[0], arguments.chip[1]) if arguments.chip else None,
        exptime_s=arguments.exptime,
        starless_exposure=arguments.starless,
        pointing=PointingErrors(
            visit_offset_mas=(offset[0], offset[1]) if offset else None,
            exposure_shift_mas=arguments.shift,
            visit_roll_deg=arguments.roll,
            scale_ppm=arguments.scale,
            gross_exposure=arguments.gross,
            distortion_error_pix=arguments.distortion,
        ),
        reference=ReferenceErrors(
            maximum_stars=arguments.max_gaia,
            wrong_fraction=arguments.wrong_gaia,
            proper_motion_masyr=arguments.motion,
        ),
    )


def _full_name(name: str) -> str:
    """Return instrument and detector for the name of one of them, if it is clear.

    Examples
    --------
    >>> _full_name("SBC"), _full_name("wfpc2"), _full_name("acs")
    ('acs/sbc', 'wfpc2/pc', 'acs')
    """
    wanted = name.lower().strip()
    found = [full for full in INSTRUMENTS if wanted in full.split("/")]
    return found[0] if len(found) == 1 else wanted


def _check_index(option: str, index: int) -> None:
    if index < -1:
        raise ParameterError(
            option,
            f"is {index}, expected the number of an exposure, 0 for the first",
            "Leave the option out for none.",
        )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the visit and say what to do with it.

    Parameters
    ----------
    arguments : argparse.Namespace
        Options of this command.
    console : rich.console.Console
        Where to print.

    Returns
    -------
    int
        0.
    """
    if not 1 <= arguments.visits <= MOST_VISITS:
        raise ParameterError(
            "--visits",
            f"is {arguments.visits}, expected 1 to {MOST_VISITS}",
            "Give the number of visits to write.",
        )
    several = arguments.visits > 1
    for number in range(arguments.visits):
        folder = arguments.folder
        if several:
            folder = folder / f"visit_{number + 1:02d}"
        with console.status(f"writing {folder}"):
            visit = write_visit(folder, _config(arguments, arguments.seed + number))
        _report(visit, console)
    return 0


def _report(visit: SimulatedVisit, console: Console) -> None:
    folder = visit.folder
    console.print(
        f"{len(visit.exposures)} exposures in {folder}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for text, path in (
        ("poller file", visit.poller),
        ("plain list", visit.exposure_list),
        ("reference catalog", visit.reference),
        ("truth", visit.truth),
        ("true stars", visit.stars),
    ):
        console.print(f"  {text:18s}{path.name}", highlight=False)
    listed, reference, given, products = (
        shlex.quote(str(path))
        for path in (
            visit.exposure_list,
            visit.reference,
            folder,
            folder / "products",
        )
    )
    console.print(
        f"Process it:   svm run {listed} --output {products} "
        f"--reference {reference}\n"
        f"Score it:     svm score {given} {products}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
