"""Drizzling alone: time per step, memory, and the multiple of the bare C calls.

    python benchmarks/drizzling.py                          # 8 WFC3/IR exposures
    python benchmarks/drizzling.py --visits uvis            # 6 UVIS full frames
    python benchmarks/drizzling.py --visits uvis --exposures 6 24 --rows 1000
                                                 # memory against the exposures

All steps run as in a visit, in one process per core, on the solutions that the
headers hold. The floor is what the resampling, blot and median calls of these
parameters cost, bare, once each: they are timed inside the tasks of the same run,
so that a busy machine slows both alike, and spread over the cores, plus one read of
the exposures' pixels and one write of the products' pixels, timed after the run.
The wall time is that of a new process after its imports: worker processes are started
and load their libraries, and the visit is read and planned.
Let scratch be in memory (``--scratch /dev/shm``) where the machine has the room.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from bare_calls import counted_task, read_bare_calls
from memory import MemoryWatch

from svmcore import prepare_visit, run_plan
from svmcore.io.sections import read_chip_planes, read_section
from svmcore.pipeline.drizzle import cosmic_ray_tasks, drizzling_tasks
from svmcore.pipeline.preload import preload_steps
from svmcore.pipeline.process import worker_count
from svmcore.pipeline.tasks import NamedFunction, Task
from svmcore.simulation import VisitConfig, write_visit

VISITS = {
    "ir": ("wfc3/ir", 8),
    "uvis": ("wfc3/uvis", 6),
    "wfc": ("acs/wfc", 6),
    "hrc": ("acs/hrc", 6),
}
FIT = "fit alignment: any"


def plan(source):
    """Return the tasks of drizzling, each counting its compiled calls."""
    prepared = prepare_visit(source)
    (total,) = prepared.tree.totals
    make = {"parameters": prepared.parameters, "fit_task": FIT}
    tasks = [*cosmic_ray_tasks(total, **make), *drizzling_tasks(total, **make)]
    fit = Task(
        "fit alignment",
        "any",
        NamedFunction("bare_calls", "take_header_solutions"),
        1,
        tuple((one.rootname, one.path) for one in total.exposures),
    )
    return total, (fit, *(counted_task(task) for task in tasks))


def measure(source, output):
    """Drizzle one visit and print what it cost."""
    workers = worker_count()
    start = time.perf_counter()
    preload_steps(("drizzling",), output=output)  # as process_visit does it
    total, tasks = plan(source)
    with MemoryWatch() as memory:
        outcome = run_plan(tasks, output=output, workers=workers)
    wall = time.perf_counter() - start
    if not outcome.is_complete:
        raise SystemExit("\n".join(outcome.messages.values()))
    cpu, bare = read_bare_calls(output)
    calls = {step: sum(bare[step].values()) for step in cpu}
    for step, seconds in sorted(cpu.items(), key=lambda item: -item[1]):
        share = f"{calls[step]:8.2f} s bare" if calls[step] > 0.005 else ""
        print(f"  {step:26} {seconds:8.2f} s CPU {share}")
    pixels = read_and_write(total, output)
    spent, floor = sum(cpu.values()), sum(calls.values())
    least = floor / workers + pixels / workers
    print(
        f"  sum {spent:.2f} s CPU, bare calls {floor:.2f} s: {spent / floor:.2f} times"
    )
    print(
        f"  wall {wall:.1f} s on {workers} cores; floor {least:.1f} s (bare calls, and "
        f"{pixels:.1f} s for one read and one write of the pixels): "
        f"{wall / least:.2f} times"
    )
    print(f"  peak memory of the process tree {memory.peak / 1e6:.0f} MB", flush=True)


def read_and_write(total, output):
    """Return the time of one read and one write of all pixels, in one process."""
    written = sum(path.stat().st_size for path in output.glob("hst_*.fits"))
    block = np.zeros(1 << 22, np.uint8)
    start = time.perf_counter()
    for exposure in total.exposures:
        for planes in read_chip_planes(exposure.path).values():
            ny, nx = planes.shape
            read_section(planes, slice(0, ny), slice(0, nx))
    with (output / "plain_write").open("wb") as stream:
        for _ in range(written // block.size + 1):
            stream.write(block.data)
    return time.perf_counter() - start


def config(name, exposures, rows):
    """Return the visit to simulate: two filters, or one for one exposure."""
    instrument, usual = VISITS[name]
    return VisitConfig(
        instrument=instrument,
        exposures=(exposures or usual) // 2,
        has_rejected=False,
        chip_shape=(rows, rows) if rows else None,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visits", nargs="+", default=["ir"], choices=VISITS)
    parser.add_argument(
        "--exposures",
        nargs="+",
        type=int,
        default=[0],
        help="numbers of exposures, in two filters; several are run in turn",
    )
    parser.add_argument("--rows", type=int, help="chips of so many rows and columns")
    parser.add_argument("--source", type=Path, help="a visit that is there already")
    parser.add_argument("--scratch", type=Path, help="work in this folder")
    arguments = parser.parse_args()
    for name in arguments.visits:
        for exposures in arguments.exposures:
            folder = Path(tempfile.mkdtemp(prefix="svm-bench-", dir=arguments.scratch))
            try:
                source = (
                    arguments.source
                    or write_visit(
                        folder / "visit", config(name, exposures, arguments.rows)
                    ).exposure_list
                )
                print(name, exposures or "usual", "exposures", flush=True)
                measure(source, folder / "products")
            finally:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
