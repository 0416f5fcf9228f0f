"""Time, memory and accuracy of whole visits, beside the peer where it is given.

    python benchmarks/run.py                       # 8 WFC3/IR exposures
    python benchmarks/run.py --visits ir uvis      # and 6 WFC3/UVIS full frames
    python benchmarks/run.py --peer PYTHON         # and drizzlepac on the same files

All figures of one run are from the same machine and minute: compare ratios only.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil
from bare_calls import counted_task, read_bare_calls
from memory import MemoryWatch
from peer import run_peer

from svmcore import prepare_visit, run_plan
from svmcore.model.reference import ReferenceChoice
from svmcore.pipeline.events import TaskFinished
from svmcore.pipeline.plan import make_plan
from svmcore.pipeline.process import report_run, worker_count
from svmcore.simulation import VisitConfig, write_visit

VISITS = {
    "ir": {"instrument": "wfc3/ir"},
    "uvis": {
        "instrument": "wfc3/uvis",
        "filters": ("F555W", "F814W"),
        "exposures": 3,
    },
    "wfc": {"instrument": "acs/wfc", "filters": ("F606W", "F814W"), "exposures": 3},
}


def cpu_of_children():
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def run_ours(folder, output):
    steps = defaultdict(lambda: [0.0, 0.0, 0])

    def note(event):
        if isinstance(event, TaskFinished):
            entry = steps[event.step]
            entry[0] += event.seconds
            entry[1] += event.cpu_seconds
            entry[2] += 1

    wall = time.perf_counter()
    with MemoryWatch() as memory:
        prepared = prepare_visit(folder / "visit.lst")
        plan = make_plan(
            prepared, reference=ReferenceChoice.from_user(folder / "gaia.ecsv")
        )
        tasks = tuple(
            counted_task(task)
            if task.function.module.startswith("svmcore.pipeline.drizzle_")
            else task
            for task in plan.tasks
        )
        outcome = run_plan(tasks, output=output, workers=worker_count(), on_event=note)
        report_run(plan, outcome, output)
    if not outcome.is_complete:
        raise SystemExit("\n".join(outcome.messages.values()))
    spent, bare = read_bare_calls(output)
    return {
        "wall_s": time.perf_counter() - wall,
        "drizzling_cpu_s": sum(spent.values()),
        "drizzling_bare_s": sum(sum(calls.values()) for calls in bare.values()),
        "cpu_s": sum(cpu for _, cpu, _ in steps.values()),
        "peak_mb": memory.peak / 1e6,
        "steps": {
            name: {"seconds": wall_s, "cpu_s": cpu, "tasks": count}
            for name, (wall_s, cpu, count) in steps.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", nargs="+", default=["ir"], choices=sorted(VISITS))
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--peer", help="Python of an environment with drizzlepac")
    parser.add_argument("--folder", type=Path, help="work here and keep everything")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="svm-bench-"))
    figures = {}
    for name in arguments.visits:
        visit = folder / name
        write_visit(visit, VisitConfig(seed=arguments.seed, **VISITS[name]))
        figures[name] = {"ours": run_ours(visit, visit / "ours")}
        show(name, "ours", figures[name]["ours"])
        if arguments.peer:
            figures[name]["peer"] = run_peer(arguments.peer, visit, visit / "peer")
            show(name, "peer", figures[name]["peer"])
            ours, peer = figures[name]["ours"], figures[name]["peer"]
            print(
                f"{name}: peer / ours: wall {peer['wall_s'] / ours['wall_s']:.1f}, "
                f"CPU {peer['cpu_s'] / ours['cpu_s']:.1f}"
            )
        for who in figures[name]:
            print(f"{name} {who}", flush=True)
            score(visit, visit / who)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))
    if arguments.folder is None:
        shutil.rmtree(folder)


def score(visit, output):
    words = ["score", str(visit), str(output)]
    done = subprocess.run([sys.executable, "-m", "svmcore.cli", *words], check=False)
    if done.returncode:
        print(f"{output}: the alignment could not be scored")


def show(visit, who, figures):
    print(
        f"{visit} {who}: wall {figures['wall_s']:.1f} s, CPU {figures['cpu_s']:.1f} s, "
        f"peak {figures['peak_mb']:.0f} MB"
    )
    for step, part in figures.get("steps", {}).items():
        print(
            f"    {step:28s} {part['tasks']:3d} tasks {part['seconds']:8.2f} s "
            f"{part['cpu_s']:8.2f} s CPU"
        )
    if "drizzling_bare_s" in figures:
        spent, bare = figures["drizzling_cpu_s"], figures["drizzling_bare_s"]
        print(
            f"    drizzling: {spent:.1f} s CPU, of which the bare resampling, blot and "
            f"median calls {bare:.1f} s: {spent / bare:.2f} times"
        )


if __name__ == "__main__":
    main()
