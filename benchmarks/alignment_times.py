"""Time of ``svm align`` from start to exit: 8 WFC3/IR frames, 6 WFC3/UVIS frames.

    python benchmarks/alignment_times.py [--visits ir uvis] [--repeats 3]

For each visit, with an empty output folder and no worker process there yet:

command
    Wall seconds of the whole command, best of the repeats.
again
    The same with nothing left to do.
engine
    Wall seconds from the start of the first task to the end of the last one.
tasks, coordinator
    CPU seconds of all tasks, and of the process that hands them out.
free cores
    Cores that two idling processes got at that moment; with fewer than two,
    wall seconds say more about the machine than about the alignment.

All figures of one run are from the same machine and minute: compare ratios only.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.events import TaskFinished, TaskStarted
from svmcore.pipeline.plan import make_plan, with_residual_reports
from svmcore.pipeline.pool import start_server
from svmcore.pipeline.prepare import prepare_visit
from svmcore.pipeline.run import run_plan
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

VISITS = {
    "ir": {"instrument": "wfc3/ir"},
    "uvis": {
        "instrument": "wfc3/uvis",
        "filters": ("F555W", "F814W"),
        "exposures": 3,
    },
}
MARKS_S = {"ir": 3.0, "uvis": 10.0}
WORKERS = 2
SPIN = """
import time
end = time.time() + 1
while time.time() < end:
    pass
print(time.process_time())
"""


def free_cores():
    """Return how many cores two processes get that do nothing but count."""
    spinning = [
        subprocess.Popen(
            [sys.executable, "-c", SPIN], stdout=subprocess.PIPE, text=True
        )
        for _ in range(WORKERS)
    ]
    return sum(float(each.communicate()[0]) for each in spinning)


def command_seconds(folder, output):
    """Return the wall time of the command."""
    words = ["align", folder, "--reference", folder / "gaia.ecsv", "-o", output]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "svmcore.cli", *map(str, words)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def engine_seconds(folder, output):
    """Return wall time of the tasks, CPU of each step, CPU of this process."""
    plan = with_residual_reports(
        make_plan(
            prepare_visit(folder),
            reference=ReferenceChoice.from_user(folder / "gaia.ecsv"),
            steps=("alignment",),
        )
    )
    ends, cpu = [], defaultdict(float)

    def note(event):
        match event:
            case TaskStarted():
                ends.append(time.perf_counter())
            case TaskFinished():
                ends.append(time.perf_counter())
                cpu[event.step] += event.cpu_seconds

    start = time.process_time()
    run_plan(plan.tasks, output=output, workers=WORKERS, on_event=note)
    return ends[-1] - ends[0], dict(cpu), time.process_time() - start


def report(name, folder, scratch, repeats):
    """Print one visit's times."""
    first, again, engines = [], [], []
    cores = free_cores()
    for number in range(repeats):
        output = scratch / f"{name}{number}"
        first.append(command_seconds(folder, output))
        again.append(command_seconds(folder, output))
        shutil.rmtree(output)
        engines.append(engine_seconds(folder, output))
        shutil.rmtree(output)
    cores = (cores + free_cores()) / 2
    engine, cpu, coordinator = min(engines, key=lambda found: found[0])
    steps = ", ".join(f"{step} {seconds:.2f}" for step, seconds in cpu.items())
    print(
        f"{name:5s} command {min(first):.2f} s, again {min(again):.2f} s, engine "
        f"{engine:.2f} s (mark {MARKS_S[name]:.0f} s); CPU s: tasks "
        f"{sum(cpu.values()):.2f} ({steps}), coordinator {coordinator:.2f}; "
        f"free cores {cores:.1f}",
        flush=True,
    )


def take_times(names, *, repeats, keep=None):
    """Simulate, align, print.

    Parameters
    ----------
    names : sequence of str
        Some of `VISITS`.
    repeats : int
        How often each visit is aligned; the best time counts.
    keep : Path, optional
        Folder with simulated visits.
    """
    # Loaded before anything is timed, for the engine alone: commands have their own.
    start_server(["svmcore.pipeline.align_steps", "svmcore.pipeline.residual_steps"])
    scratch = Path(tempfile.mkdtemp(prefix="svm_alignment_"))
    for name in names:
        folder = (keep or scratch) / f"{name}_times"
        if not (folder / "visit.lst").exists():
            write_visit(
                folder, VisitConfig(seed=20, has_rejected=False, **VISITS[name])
            )
        report(name, folder, scratch, repeats)
    shutil.rmtree(scratch)


def main():
    """Take the times that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", nargs="+", default=list(VISITS), choices=VISITS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder with simulated visits")
    options = parser.parse_args()
    take_times(options.visits, repeats=options.repeats, keep=options.keep)


if __name__ == "__main__":
    main()
