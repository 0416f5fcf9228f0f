"""Drizzling alone: time per step, memory, and the multiple of the bare C calls.

    python benchmarks/drizzling.py                    # 8 WFC3/IR exposures
    python benchmarks/drizzling.py --visits uvis      # 6 WFC3/UVIS full frames

The floor is what the resampling, blot and combination of these parameters cost
without anything around them: the C calls of ``drizzle`` are timed inside the
tasks of the same run, so that a busy machine slows both alike. Scratch is kept in
memory (``--scratch``) where the machine has room for it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import drizzle.cdrizzle as compiled
import drizzle.resample
import numpy as np
import psutil

from svmcore.pipeline import drizzle as planning
from svmcore.pipeline import drizzle_masks
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from drizzled_visits import drizzle_visit

VISITS = {
    "ir": VisitConfig(instrument="wfc3/ir", has_rejected=False),
    "uvis": VisitConfig(instrument="wfc3/uvis", exposures=3, has_rejected=False),
    "wfc": VisitConfig(instrument="acs/wfc", exposures=3, has_rejected=False),
    "hrc": VisitConfig(instrument="acs/hrc", exposures=3, has_rejected=False),
}


class Meter:
    """CPU seconds of tasks by step, and of the C calls inside them."""

    def __init__(self):
        self.steps = defaultdict(float)
        self.floor = defaultdict(float)
        self.peak_mb = 0.0

    def count(self, name, function):
        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.floor[name] += time.process_time() - start

        return timed

    def step(self, name, function):
        def timed(call):
            start = time.process_time()
            function(call)
            self.steps[name] += time.process_time() - start
            memory = psutil.Process().memory_info()
            self.peak_mb = max(self.peak_mb, memory.rss / 2**20)

        return timed


def measure(source, scratch):
    """Drizzle one visit in this process and print what it cost."""
    meter = Meter()
    for name in ("tdriz", "tblot"):
        setattr(compiled, name, meter.count(name, getattr(compiled, name)))
    drizzle.resample.cdrizzle = compiled
    drizzle_masks.combine_rows = meter.count("combine", drizzle_masks.combine_rows)
    tasks = planning.Task

    def timed_task(**facts):
        facts["function"] = meter.step(facts["step"], facts["function"])
        return tasks(**facts)

    planning.Task = timed_task
    for module in (planning, sys.modules["svmcore.pipeline.drizzle_compare"]):
        module.Task = timed_task
    start = time.perf_counter()
    visit = drizzle_visit(source, scratch)
    wall = time.perf_counter() - start
    report(meter, visit, wall)


def report(meter, visit, wall):
    """Print time per step, the floor, and what was written."""
    total, floor = sum(meter.steps.values()), sum(meter.floor.values())
    for name, seconds in sorted(meter.steps.items(), key=lambda item: -item[1]):
        print(f"  {name:26} {seconds:7.2f} s")
    calls = ", ".join(f"{name} {s:.1f}" for name, s in meter.floor.items())
    written = sum(path.stat().st_size for path in visit.output.glob("*.fits"))
    print(f"  {'sum (CPU, one process)':26} {total:7.2f} s, wall {wall:.1f} s")
    print(f"  {'floor (CPU)':26} {floor:7.2f} s: {calls}")
    print(f"  {'multiple of the floor':26} {total / floor:7.2f}")
    print(f"  {'memory of the process':26} {meter.peak_mb:7.0f} MB")
    print(f"  {'written':26} {written / 1e6:7.0f} MB")
    exposures = np.array([len(one.exposures) for one in visit.total.filters])
    print(f"  {exposures.sum()} exposures, {len(exposures)} filters")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visits", nargs="+", default=["ir"], choices=VISITS)
    parser.add_argument("--scratch", type=Path, default=None)
    arguments = parser.parse_args()
    for name in arguments.visits:
        folder = Path(tempfile.mkdtemp(dir=arguments.scratch))
        try:
            visit = write_visit(folder / "visit", VISITS[name])
            print(name)
            measure(visit.exposure_list, folder / "products")
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
