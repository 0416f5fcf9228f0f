"""Accuracy and speed of the alignment on simulated visits with known truth.

    python benchmarks/alignment.py [--seeds 901 902] [--keep FOLDER] [--cases ir uvis]

Prints, for every visit, the CPU seconds of each step and the distance of the
solutions from truth: median over the detector, mean and worst of the exposures.
Then the wall time of the whole command on 8 WFC3/IR and 6 WFC3/UVIS frames, see
``alignment_times.py``; ``--repeats 0`` leaves that out.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from alignment_times import VISITS, take_times
from astropy.table import Table

from svmcore.alignment.group import fit_group
from svmcore.alignment.problem import GroupProblem
from svmcore.io.alignment import (
    read_group_fit,
    read_reference_stars,
    read_source_lists,
)
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.reference import ReferenceChoice
from svmcore.model.wcs import AlignedChip, AlignedWcs
from svmcore.pipeline.align import alignment_tasks
from svmcore.pipeline.align_steps import read_members
from svmcore.pipeline.prepare import prepare_visit
from svmcore.pipeline.tasks import TaskCall
from svmcore.simulation.config import PointingErrors, ReferenceErrors, VisitConfig
from svmcore.simulation.visit import write_visit

FAR = PointingErrors(visit_offset_mas=(2000.0, -2100.0), visit_roll_deg=0.05)
CASES = {
    "ir": {"instrument": "wfc3/ir"},
    "ir far, wrong stars, empty frame": {
        "instrument": "wfc3/ir",
        "pointing": FAR,
        "reference": ReferenceErrors(wrong_fraction=0.1, proper_motion_masyr=15.0),
        "starless_exposure": 2,
    },
    "ir gross": {
        "instrument": "wfc3/ir",
        "exposures": 3,
        "pointing": PointingErrors(gross_exposure=1, gross_shift_arcsec=8.0),
    },
    "ir sparse": {
        "instrument": "wfc3/ir",
        "density": 60.0,
        "reference": ReferenceErrors(maximum_stars=14),
    },
    "uvis": {"instrument": "wfc3/uvis", "exposures": 3},
    "wfc": {"instrument": "acs/wfc", "exposures": 2, "pointing": FAR},
    "hrc": {"instrument": "acs/hrc", "exposures": 3},
}


def run(folder, output):
    """Run the tasks one after the other; return fit, folder, CPU per step."""
    prepared = prepare_visit(folder)
    total = prepared.tree.totals[0]
    tasks = alignment_tasks(
        total,
        parameters=prepared.parameters[total.basename],
        reference=ReferenceChoice.from_user(folder / "gaia.ecsv"),
        decisions=AlignmentDecisions(),
    )
    folders, seconds = {}, {}
    for number, task in enumerate(tasks):
        result = output / f"{number:02d}"
        result.mkdir(parents=True)
        folders[task.identifier] = result
        inputs = {
            role: tuple(folders[name] for name in names)
            for role, names in task.needs.items()
        }
        start = time.process_time()
        task.function(TaskCall(task.payload, inputs, result, output))
        seconds.setdefault(task.step, []).append(time.process_time() - start)
    fit_task = next(task for task in tasks if task.step == "fit alignment")
    return fit_task, folders[fit_task.identifier], seconds


def distances(folder, fit):
    """Return the distance of every fitted solution from truth on a grid [mas]."""
    truth = Table.read(folder / "truth.ecsv")
    states = {each.rootname: each.state for each in fit.exposures}
    found = []
    for solution in fit.wcs:
        if states.get(solution.rootname) != "fitted":
            continue
        rows = truth[truth["rootname"] == solution.rootname]
        chips = tuple(
            AlignedChip(
                int(r["extver"]),
                (float(r["crval1"]), float(r["crval2"])),
                (
                    (float(r["cd1_1"]), float(r["cd1_2"])),
                    (float(r["cd2_1"]), float(r["cd2_2"])),
                ),
            )
            for r in rows
        )
        path = next(folder.glob(f"{solution.rootname}_fl?.fits"))
        true = AlignedWcs(solution.rootname, "truth", chips)
        right, got = (read_chip_wcs(path, aligned=a) for a in (true, solution))
        delta = []
        for extver, wcs in right.items():
            nx, ny = wcs.pixel_shape
            grid = np.stack(
                np.meshgrid(np.linspace(0, nx - 1, 15), np.linspace(0, ny - 1, 15)), -1
            ).reshape(-1, 2)
            sky = wcs.all_pix2world(grid, 0)
            step = (got[extver].all_pix2world(grid, 0) - sky) * 3.6e6
            delta.append(step * [np.cos(np.radians(sky[0, 1])), 1.0])
        found.append(np.concatenate(delta))
    return np.array(found)


def refit_seconds(fit_task, folder):
    """Return the CPU time of a fit from stored sources, as after a lasso."""
    lists = read_source_lists(folder)
    facts = fit_task.payload.members
    members = read_members(facts, [lists[each.rootname] for each in facts])
    problem = GroupProblem(
        fit_task.subject,
        members,
        read_reference_stars(folder),
        fit_task.payload.settings,
        AlignmentDecisions(),
    )
    fit_group(problem)
    start = time.process_time()
    fit_group(problem)
    return time.process_time() - start


def report(name, seed, folder, output):
    """Print one visit's numbers."""
    fit_task, result, seconds = run(folder, output)
    fit = read_group_fit(result)
    delta = distances(folder, fit)
    absolute = np.hypot(*np.moveaxis(delta, -1, 0))
    relative = np.hypot(*np.moveaxis(delta - delta.mean(axis=0), -1, 0))
    medians = [np.median(each, axis=1) for each in (absolute, relative)]
    times = ", ".join(f"{step} {sum(each):.2f}" for step, each in seconds.items())
    states = ",".join(e.state for e in fit.exposures if e.state != "fitted") or "all"
    print(
        f"{name:34s} seed {seed}: {fit.kind} q{fit.quality.fit_qual} fitted {states}; "
        f"abs {medians[0].mean():.2f} ({medians[0].max():.2f}) mas, "
        f"rel {medians[1].mean():.2f} ({medians[1].max():.2f}, worst point "
        f"{relative.max():.2f}) mas; CPU s: {times}, refit "
        f"{refit_seconds(fit_task, result):.2f}",
        flush=True,
    )


def main():
    """Simulate, align, score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[901])
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--repeats", type=int, default=3, help="of the timed command")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="svm_alignment_"))
    for seed in options.seeds:
        for name in options.cases:
            folder = root / f"{name.replace(' ', '_').replace(',', '')}_{seed}"
            if not (folder / "truth.ecsv").exists():
                write_visit(
                    folder, VisitConfig(seed=seed, has_rejected=False, **CASES[name])
                )
            output = root / "output"
            report(name, seed, folder, output)
            shutil.rmtree(output)
            if options.keep is None:
                shutil.rmtree(folder)
    if options.repeats:
        take_times(VISITS, repeats=options.repeats, keep=options.keep)
    if options.keep is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
