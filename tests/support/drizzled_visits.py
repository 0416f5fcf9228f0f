"""Small simulated visits, drizzled without the engine."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from single_tasks import run_task

from svmcore.io.raw import write_json
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.fit import ExposureFit, FitQuality, FitTerms
from svmcore.pipeline.drizzle import cosmic_ray_tasks, drizzling_tasks
from svmcore.pipeline.prepare import decide, prepare_visit

__all__ = ["DrizzledVisit", "drizzle_visit", "write_header_solutions"]

FIT = "fit alignment: any"


@dataclass(frozen=True)
class DrizzledVisit:
    """Products of one detector and the results of all tasks."""

    total: object
    parameters: dict
    output: Path
    folders: dict
    keys: dict

    def file(self, product):
        return self.output / product.drizzle_name

    def result(self, step, subject):
        return self.folders[f"{step}: {subject}"]


def drizzle_visit(
    source,
    output,
    changes=(),
    *,
    known=None,
    has_errors=False,
    only_filters=False,
    singles_in_total=False,
):
    """Run all drizzling tasks one after the other, on the WCS of the headers.

    Tasks that ``known`` has run with the same payload and needs are not run
    again. ``only_filters`` leaves out exposure products and the total.
    """
    prepared = prepare_visit(source)
    decisions = replace(prepared.decisions, singles_in_total=singles_in_total)
    for change in changes:
        decisions = decisions.with_parameter(change)
    prepared = decide(prepared.visit, decisions)
    (total,) = prepared.tree.totals
    output.mkdir(parents=True, exist_ok=True)
    folders = {FIT: _header_solutions(total, output / "fit")}
    keys = {FIT: ""}
    tasks = [
        *cosmic_ray_tasks(total, parameters=prepared.parameters, fit_task=FIT),
        *drizzling_tasks(
            total,
            parameters=prepared.parameters,
            fit_task=FIT,
            has_errors=has_errors,
        ),
    ]
    if only_filters:
        tasks = _tasks_of_filters(tasks, total)
    for number, task in enumerate(tasks):
        needed = {role: [keys[n] for n in names] for role, names in task.needs.items()}
        key = hashlib.sha256(repr((task.payload, sorted(needed.items()))).encode())
        keys[task.identifier] = key.hexdigest()
        if known and known.keys.get(task.identifier) == keys[task.identifier]:
            folders[task.identifier] = known.folders[task.identifier]
            for name in task.outputs:
                (output / name).hardlink_to(known.output / name)
            continue
        folder = output / f"result{number:03d}"
        run_task(task, folder, results=folders, output=output)
    return DrizzledVisit(total, prepared.parameters, output, folders, keys)


def _tasks_of_filters(tasks, total):
    wanted = {f"drizzle product: {one.basename}" for one in total.filters}
    wanted |= {t.identifier for t in tasks if t.step == "flag cosmic rays"}
    for task in reversed(tasks):
        if task.identifier in wanted:
            wanted.update(name for names in task.needs.values() for name in names)
    return [task for task in tasks if task.identifier in wanted]


def _header_solutions(total, folder):
    folder.mkdir()
    write_header_solutions(
        [(one.rootname, one.path) for one in total.exposures], folder
    )
    return folder


def write_header_solutions(exposures, folder):
    """Write the solutions of the headers as if they had been fitted."""
    solutions = [
        as_aligned(rootname, "IDC_TEST", read_chip_wcs(path))
        for rootname, path in exposures
    ]
    write_json(
        folder / "wcs.json",
        {"solutions": [asdict(one) for one in solutions], "set_aside": []},
    )
    write_json(
        folder / "fit.json",
        {"catalog": "GAIA", "exposures": [_fit(one.rootname) for one in solutions]},
    )


def _fit(rootname):
    terms = FitTerms("rscale", 1.0, 2.0, 0.1, 0.0, 0.0, 0.0, 0.0)
    quality = FitQuality(1, "good")
    return asdict(
        ExposureFit(rootname, "fitted", 50, 40, 30, terms, 3.0, 4.0, 1.0, 2.0, quality)
    )
